"""The auctioneer's two keys: one signs messages, the other checkpoints of logs.

Decides: where they are kept, and that nobody else can read them. Refuses: a file that holds no such key, and to make a
key anew beside sessions that were opened under the lost one. A service with a state directory makes them on first use
and keeps them for good: bidders pin them, and a session that was opened under a key can only go on under it.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from openoutcry.errors import ConfigurationError
from openoutcry.protocol.framing import lp
from openoutcry.protocol.keys import SEED_BYTES, SigningKey
from openoutcry.protocol.opening import OpeningKey

MESSAGE_KEY_FILE = "message.key"
CHECKPOINT_KEY_FILE = "checkpoint.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuctioneerKeys:
    """What one auctioneer signs with.

    Attributes:
        message: Signs every envelope.
        checkpoint: Signs the heads of logs.
    """

    message: SigningKey
    checkpoint: SigningKey


def derive_opening_key(message_key: SigningKey, commitment: bytes) -> OpeningKey:
    """Return the key of one session's private openings.

    It follows from the message key and from what only this session has, so it is kept nowhere and is there again after
    a restart; disclosing it tells nothing of the message key or of other sessions.

    Args:
        message_key: The auctioneer's.
        commitment: The session's seed commitment, 32 bytes.
    """
    return OpeningKey(message_key.derive(lp(b"openoutcry.opening-key.v1") + lp(commitment)))


def make_keys() -> AuctioneerKeys:
    """Return new keys that nobody has seen."""
    return AuctioneerKeys(message=_make(), checkpoint=_make())


def read_or_make_keys(directory: Path, *, session_count: int = 0) -> AuctioneerKeys:
    """Return the keys in a state directory; those that are not there yet are made, readable by their owner only.

    Args:
        directory: The state directory.
        session_count: Sessions in it; where there are any, a key that is missing was lost, and none is made.

    Raises:
        ConfigurationError: A file cannot be read or written, holds no key, or was lost.
    """
    paths = (directory / MESSAGE_KEY_FILE, directory / CHECKPOINT_KEY_FILE)
    for path in paths:
        # Looked at before any is made: a refusal leaves everything as it was.
        if session_count and not path.exists():
            sessions = "1 session" if session_count == 1 else f"{session_count} sessions"
            raise ConfigurationError(
                f"{path}: is missing, and {sessions} in this directory began under it: bring it back, or say "
                "--new-keys to go on without them"
            )
    message, checkpoint = map(_read_or_make, paths)
    return AuctioneerKeys(message=message, checkpoint=checkpoint)


def _make() -> SigningKey:
    return SigningKey.from_seed(secrets.token_bytes(SEED_BYTES))


def _read_or_make(path: Path) -> SigningKey:
    try:
        return SigningKey.from_pem(path.read_bytes())
    except FileNotFoundError:
        key = _make()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}): check who may read it"
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    try:
        write_private(path, key.to_pem())
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be written ({error.strerror}): check the state directory"
        ) from error
    return key


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; after a crash it is there whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
