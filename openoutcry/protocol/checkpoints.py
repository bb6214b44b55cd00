"""Checkpoints: the signed statement that a log had this size and this root.

An auctioneer signs them; a bidder or an auditor who holds two of one log, and no proof that leads from one to
the other, holds evidence against it. Strict: three lines, each in its only spelling, and no extension lines,
since nobody could audit what they say.

Source: C2SP tlog-checkpoint.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass

from openoutcry.errors import TranscriptError, UsageError
from openoutcry.protocol.keys import SigningKey, VerifyKey
from openoutcry.protocol.merkle import HASH_BYTES
from openoutcry.protocol.notes import NoteSigner, NoteVerifier, sign_note, verify_note

_SIZE_RANGE = 2**64
_TEXT = re.compile(r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,19})\n(?P<root>[A-Za-z0-9+/]{43}=)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Head of a log.

    Attributes:
        origin: Name of the log, one line.
        size: Number of entries, 0..2^64-1.
        root: Root of the Merkle tree over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes


def session_origin(session_id: bytes) -> str:
    """Return the name of a session's log."""
    return f"openoutcry/session/{session_id.hex()}"


def encode_checkpoint(checkpoint: Checkpoint) -> str:
    """Return the text that is signed.

    Raises:
        UsageError: A field is not what it must be.
    """
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{b64encode(checkpoint.root).decode()}\n"
    if _parse(text) != checkpoint:
        raise UsageError("a checkpoint has an origin of one line, a size of 0..2^64-1 and a root of 32 bytes")
    return text


def decode_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a text describes; whether anybody signed it is another question.

    Raises:
        TranscriptError: The text is not exactly one checkpoint.
    """
    checkpoint = _parse(text)
    if checkpoint is None:
        raise TranscriptError("the checkpoint is not an origin, a size and a root, each on a line")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """Return the signed note that carries a checkpoint, signed in the name of its origin.

    Raises:
        UsageError: A field is not what it must be, or the origin holds spaces or plus signs.
    """
    return sign_note(encode_checkpoint(checkpoint), NoteSigner(checkpoint.origin, key))


def verify_checkpoint(data: bytes, key: VerifyKey, origin: str) -> Checkpoint:
    """Return the checkpoint in a signed note, once this key is known to have signed it for this log.

    Raises:
        TranscriptError: The bytes are no checkpoint, or one of another log, or the signature does not hold.
    """
    checkpoint = decode_checkpoint(verify_note(data, NoteVerifier(origin, key)))
    if checkpoint.origin != origin:
        raise TranscriptError(f"the checkpoint is of the log {checkpoint.origin!r}, not of {origin!r}")
    return checkpoint


def _parse(text: str) -> Checkpoint | None:
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    root = b64decode(match["root"])
    size = int(match["size"])
    # The last digit of the root has bits to spare, and the size one digit too many for 64 bits.
    if len(root) != HASH_BYTES or b64encode(root).decode() != match["root"] or size >= _SIZE_RANGE:
        return None
    return Checkpoint(origin=match["origin"], size=size, root=root)
