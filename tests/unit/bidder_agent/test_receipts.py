"""Receipts survive what machines do to files, and are never somebody else's."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidder_agent.receipts import JOURNAL, Receipts, read_receipts
from bidder_agent.status import AgentState, make_status, read_health
from openoutcry.errors import ConfigurationError, StorageError
from openoutcry.protocol.deviations import Deviation, DeviationCode
from openoutcry.session.bidder_values import (
    BidderInput,
    Concluded,
    Decided,
    Delivered,
    Opened,
    SignalChosen,
    Specified,
)
from openoutcry.session.values import Delivery
from openoutcry.wire.journal import (
    JournalEntry,
    JournalHeader,
    decode_journal,
    encode_entry,
    encode_header,
)

HEADER = JournalHeader(name="ada", session_id=b"s" * 32, public_key=b"k" * 32, entropy=b"e" * 32)
DELIVERY = Delivery(
    index=7, envelope=b"words", consistency_from=3, consistency=(b"c" * 32,), own_index=None, inclusion=()
)
INPUTS: list[BidderInput] = [
    Opened(session_open=b"open"),
    Specified(specification=b"{}"),
    Delivered(delivery=DELIVERY),
    Delivered(
        delivery=Delivery(
            index=9,
            envelope=b"x",
            consistency_from=0,
            consistency=(),
            own_index=0,
            inclusion=(b"i" * 32,) * 2,
        )
    ),
    Decided(question=b"q" * 32, accepts=True),
    Decided(question=b"q" * 32, accepts=False),
    Decided(question=b"q" * 32, accepts=None),
    SignalChosen(question=b"q" * 32, signal=0),
    SignalChosen(question=b"q" * 32, signal=None),
    Concluded(note=b"note", consistency_from=9, consistency=(b"c" * 32,)),
]
ENTRIES = tuple(
    JournalEntry(at_ns=number, given=given, said=(b"a", b"b")[: number % 3], failure="slow" * (number % 2))
    for number, given in enumerate(INPUTS)
)
JOURNAL_BYTES = encode_header(HEADER) + b"".join(map(encode_entry, ENTRIES))


def test_every_input_comes_back() -> None:
    """A journal gives back exactly what was written, absent answers included."""
    assert decode_journal(JOURNAL_BYTES) == (HEADER, ENTRIES, len(JOURNAL_BYTES))


@given(st.integers(0, len(JOURNAL_BYTES)))
def test_torn_record_is_dropped(length: int) -> None:
    """However much of a journal was written, its whole records are read and the torn one is not."""
    header, entries, end = decode_journal(JOURNAL_BYTES[:length])
    assert entries == ENTRIES[: len(entries)]
    assert end <= length
    assert decode_journal(JOURNAL_BYTES[:end]) == (header, entries, end)
    assert (header is None) == (length < len(encode_header(HEADER)))


@given(st.integers(0, 4096))
def test_unwritten_tail_is_dropped(length: int) -> None:
    """Zeros that a file system left at the end are no damage."""
    assert decode_journal(JOURNAL_BYTES + bytes(length)) == (HEADER, ENTRIES, len(JOURNAL_BYTES))


@given(st.integers(0, len(JOURNAL_BYTES) - len(encode_entry(ENTRIES[-1])) - 1), st.integers(1, 255))
def test_damage_before_the_end_is_refused(position: int, change: int) -> None:
    """A changed byte in any record but the last is found: what follows is never dropped for it."""
    damaged = bytearray(JOURNAL_BYTES)
    damaged[position] ^= change
    with pytest.raises(StorageError):
        decode_journal(bytes(damaged))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """A file that is no journal gives a StorageError and nothing else."""
    try:
        _, _, end = decode_journal(data)
    except StorageError:
        return
    assert end <= len(data)


def test_receipts_go_on_where_they_were(tmp_path: Path) -> None:
    """What was persisted is there at the next start; what was only appended is not."""
    receipts = Receipts.open(tmp_path / "ada")
    receipts.begin(HEADER)
    receipts.append(ENTRIES[0])
    receipts.persist()
    receipts.append(ENTRIES[1])
    receipts.close()
    with (tmp_path / "ada" / JOURNAL).open("ab") as file:
        file.write(encode_entry(ENTRIES[2])[:-1])
    again = Receipts.open(tmp_path / "ada")
    assert (again.header, again.entries) == (HEADER, ENTRIES[:1])
    again.begin(HEADER)
    again.append(ENTRIES[3])
    again.persist()
    again.close()
    assert read_receipts(tmp_path / "ada") == (HEADER, (ENTRIES[0], ENTRIES[3]))


def test_receipts_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Nobody else can read the journal or what lies beside it."""
    receipts = Receipts.open(tmp_path / "ada")
    receipts.begin(HEADER)
    receipts.persist()
    path = receipts.write_json("outcome.json", {"winner": None})
    receipts.close()
    files = [tmp_path / "ada" / JOURNAL, path]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert stat.S_IMODE((tmp_path / "ada").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("field", "what"),
    [("name", "bidder"), ("session_id", "session"), ("public_key", "key"), ("entropy", "seed")],
)
def test_receipts_of_somebody_else_are_refused(tmp_path: Path, field: str, what: str) -> None:
    """Another bidder, session or key cannot write into these receipts."""
    receipts = Receipts.open(tmp_path)
    receipts.begin(HEADER)
    fields = {name: getattr(HEADER, name) for name in ("name", "session_id", "public_key", "entropy")}
    other = JournalHeader(**fields | {field: "bob" if field == "name" else b"x" * 32})
    with pytest.raises(ConfigurationError, match=f"receipts for another {what}"):
        receipts.begin(other)
    receipts.close()


def test_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """Receipts below a file are refused with the path."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot keep receipts"):
        Receipts.open(tmp_path / "file" / "ada")


def test_missing_receipts_are_one_line(tmp_path: Path) -> None:
    """Reading receipts that are not there says which."""
    with pytest.raises(ConfigurationError, match="no receipts can be read"):
        read_receipts(tmp_path / "nowhere")


def test_evidence_is_kept_whole(tmp_path: Path) -> None:
    """A complaint leaves its description and the offending bytes, under names that say what and where."""
    receipts = Receipts.open(tmp_path)
    receipts.begin(HEADER)
    complaint = Deviation(
        code=DeviationCode.WRONG_QUESTION, accused="auctioneer", index=7, detail="why", evidence=b"bytes"
    )
    path = receipts.keep_evidence(complaint)
    receipts.close()
    assert path == tmp_path / "evidence" / "wrong-question-7.json"
    content = json.loads(path.read_text())
    assert (content["code"], content["index"], content["complainant"]) == ("WRONG_QUESTION", 7, "ada")
    assert (path.parent / content["evidence"]).read_bytes() == b"bytes"


@pytest.mark.parametrize(
    ("state", "is_healthy"),
    [
        (AgentState.CONNECTING, False),
        (AgentState.ATTACHED, True),
        (AgentState.ENDED, True),
        (AgentState.STOPPED, False),
    ],
)
def test_health_follows_the_state(tmp_path: Path, state: AgentState, is_healthy: bool) -> None:
    """An agent is healthy while attached and after the end."""
    receipts = Receipts.open(tmp_path)
    receipts.write_json("status.json", make_status(state, session_id=b"s" * 32, name="ada"))
    receipts.close()
    assert read_health(tmp_path)[0] == is_healthy


def test_dead_process_is_not_healthy(tmp_path: Path) -> None:
    """A status left behind by a process that is gone is no sign of life."""
    # No process has so high a number: the kernel's greatest is 2^22.
    status = make_status(AgentState.ATTACHED, session_id=b"s" * 32, name="ada") | {"process": 2**22 + 1}
    (tmp_path / "status.json").write_text(json.dumps(status))
    assert read_health(tmp_path) == (False, f"process {2**22 + 1} is gone")
    (tmp_path / "status.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="is no status"):
        read_health(tmp_path)
