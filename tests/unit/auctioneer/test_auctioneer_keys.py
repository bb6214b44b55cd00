"""Keys of a state directory, secrets of a local run, statuses of refusals, and an observer's checks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import grpc
import pytest

from auctioneer.keys import CHECKPOINT_KEY_FILE, MESSAGE_KEY_FILE, derive_opening_key, read_or_make_keys
from auctioneer.local import derive_secret, derive_secrets
from auctioneer.statuses import CallRefused, status_of
from auctioneer.watching import Watcher
from openoutcry.errors import ConfigurationError, PeerError, StorageError, TranscriptError
from openoutcry.mechanisms.specification import decode_specification
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import SessionOpen
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.bidder_values import Opened, Specified
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.values import Received
from tests.participants.bidders import CODEC, new_session
from tests.participants.scenarios import make_specification

READER = EnvelopeReader(CODEC)


def test_keys_are_made_once_and_belong_to_their_owner_alone(tmp_path: Path):
    """The second reading gives the keys of the first; nobody else can read the files."""
    first, second = read_or_make_keys(tmp_path), read_or_make_keys(tmp_path)
    assert first.message.public_key == second.message.public_key
    assert first.checkpoint.public_key == second.checkpoint.public_key
    assert first.message.public_key != first.checkpoint.public_key
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == sorted([MESSAGE_KEY_FILE, CHECKPOINT_KEY_FILE])
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_file_that_is_no_key_is_refused_and_left_alone(tmp_path: Path):
    """The message names the file."""
    (tmp_path / MESSAGE_KEY_FILE).write_text("no key")
    with pytest.raises(ConfigurationError, match=MESSAGE_KEY_FILE):
        read_or_make_keys(tmp_path)
    assert (tmp_path / MESSAGE_KEY_FILE).read_text() == "no key"


@pytest.mark.parametrize("lost", [MESSAGE_KEY_FILE, CHECKPOINT_KEY_FILE])
def test_a_key_that_was_lost_is_not_made_anew_beside_sessions(tmp_path: Path, lost: str):
    """Sessions that began under a key can go on under no other; nothing is written, and the file is named."""
    read_or_make_keys(tmp_path)
    (tmp_path / lost).unlink()
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ConfigurationError, match=rf"{lost}: is missing, and 2 sessions .* began under it"):
        read_or_make_keys(tmp_path, session_count=2)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
    # Whoever knows what is lost with it, or has no session, gets a new one.
    read_or_make_keys(tmp_path)
    assert (tmp_path / lost).exists()


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path):
    """Keys are not made in a place that nobody has prepared."""
    with pytest.raises(ConfigurationError, match="check the state directory"):
        read_or_make_keys(tmp_path / "nowhere")


def test_secrets_of_a_local_run_follow_from_its_seed():
    """The same seed gives the same; seeds and purposes do not share anything."""
    again, other = derive_secrets("spring"), derive_secrets("autumn")
    assert derive_secrets("spring").seed_part == again.seed_part
    assert derive_secrets("spring").keys.message.public_key == again.keys.message.public_key
    secrets = {derive_secret(seed, purpose) for seed in ("spring", "autumn") for purpose in ("a", "b", "ab")}
    assert len(secrets) == 6
    assert again.seed_part != other.seed_part


@pytest.mark.parametrize("code", DeviationCode)
def test_every_deviation_has_a_status(code: DeviationCode):
    """No refusal of a peer's bytes looks like a fault of the service, or invites to try the same again."""
    status, text = status_of(PeerError(code.value, "because"))
    assert status not in (grpc.StatusCode.OK, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNAVAILABLE)
    assert text == f"{code.value}: because"


def test_what_the_store_says_stays_here():
    """A stranger learns that the log cannot be reached, not where it is."""
    status, text = status_of(StorageError("/var/lib/secret.db: the disk is full"))
    assert status is grpc.StatusCode.UNAVAILABLE
    assert "secret" not in text
    refusal = CallRefused(grpc.StatusCode.NOT_FOUND, "no such session")
    assert status_of(refusal) == (grpc.StatusCode.NOT_FOUND, "no such session")


def log_of_enrolment() -> tuple[bytes, list[bytes]]:
    """Return the id of a session and its log up to an enrolment."""
    specification = make_specification(2)
    digest = hashlib.sha256(specification).digest()
    local = derive_secrets("watch")
    key = local.keys.message
    opening_key = derive_opening_key(key, b"any")
    session = AuctioneerSession(
        specification=decode_specification(specification),
        opening=SessionOpen(
            specification_digest=digest,
            seed_commitment=seed_commitment(context=digest, sender_id=key.sender_id, secret=local.seed_part),
            message_key=key.public_key,
            checkpoint_key=local.keys.checkpoint.public_key,
            opening_key=opening_key.public_key,
            code_version="test",
        ),
        seed_part=local.seed_part,
        opening_key=opening_key,
        author=SigningAuthor(key, CODEC),
        reader=READER,
    )
    entries = list(session.start().entries)
    for name in ("b0", "b1"):
        bidder = new_session(name)
        bidder.apply(Opened(session_open=entries[0]), 1)
        (envelope,) = bidder.apply(Specified(specification=specification), 1).send
        entries += session.apply(Received(data=envelope), 2).entries
    return session.session_id, entries


def test_an_observer_takes_a_log_as_it_is_and_in_no_other_way():
    """Every entry in order is taken; one left out, changed or of another session is not."""
    session_id, entries = log_of_enrolment()
    watcher = Watcher(session_id, READER)
    assert [watcher.take(entry)[0] for entry in entries] == ["auctioneer", "b0", "b1", "auctioneer"]
    for taken, wrong in (
        ([], entries[1]),
        ([entries[0], entries[2]], entries[3]),
        (entries[:1], entries[1][:-40] + bytes(40)),
    ):
        watcher = Watcher(session_id, READER)
        for entry in taken:
            watcher.take(entry)
        with pytest.raises(TranscriptError):
            watcher.take(wrong)
    with pytest.raises(TranscriptError, match="not of the session"):
        Watcher(bytes(32), READER).take(entries[0])
