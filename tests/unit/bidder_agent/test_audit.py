"""The check at the end finds whatever a transcript hides from a bidder or changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bidder_agent import join
from bidder_agent.audit import Audit, CheckedTranscript, Finding, audit_receipts, check_transcript
from bidder_agent.receipts import read_receipts
from openoutcry.protocol.messages import Lapse, LapseSubject
from openoutcry.protocol.transcript import decode_transcript
from openoutcry.session.bidder_values import BidderInput, Delivered, Opened, Specified
from openoutcry.wire.journal import JournalEntry
from openoutcry.wire.v1 import service_pb2 as wire
from tests.unit.bidder_agent.fake_servicer import CODEC, READER, FakeAuctioneer, make_specification, serve
from tests.unit.bidder_agent.scripted_servicer import Hand, ScriptedAuctioneer

Played = tuple[CheckedTranscript, tuple[JournalEntry, ...]]


@pytest.fixture
async def played(tmp_path: Path) -> Played:
    """Play a session and give its transcript and a bidder's journal."""
    fake = FakeAuctioneer(make_specification(form="sealed"))
    async with serve(fake) as address:
        await join(
            address, session=fake.session_id, name="ada", signal=2, seed="test", receipts=tmp_path / "ada"
        )
    checked = check_transcript(
        decode_transcript(fake.make_transcript()),
        codec=CODEC,
        session_id=fake.session_id,
        auctioneer_key=None,
    )
    return checked, read_receipts(tmp_path / "ada")[1]


def problem(checked: CheckedTranscript, entries: Sequence[JournalEntry]) -> str:
    """Say what the receipts find, or nothing."""
    finding = audit_receipts(checked, entries, READER).findings[-1]
    assert finding.name == "receipts"
    return "" if finding.is_valid else finding.detail


async def test_honest_transcript_holds(played: Played) -> None:
    """Nothing is found where there is nothing."""
    checked, entries = played
    assert problem(checked, entries) == ""
    assert audit_receipts(checked, entries, READER).is_valid


async def test_suppressed_message_is_found(played: Played) -> None:
    """An own message that the log neither holds nor refuses was suppressed."""
    checked, entries = played
    number = max(number for number, entry in enumerate(entries) if entry.said)
    changed = [*entries]
    changed[number] = replace(entries[number], said=(*entries[number].said, b"said and never logged"))
    assert "neither in the log nor refused in it" in problem(checked, changed)


async def test_refused_message_is_not_suppressed(played: Played) -> None:
    """A message that the log quotes as refused was dealt with."""
    checked, entries = played
    changed = [*entries, replace(entries[-1], given=entries[0].given, said=(b"refused",))]
    assert problem(replace(checked, quoted=frozenset({b"refused"})), changed) == ""
    assert problem(checked, changed) != ""


async def test_other_words_than_were_told_are_found(played: Played) -> None:
    """Each thing that the bidder was shown must stand in the transcript as it was."""
    checked, entries = played
    others: list[BidderInput] = [Opened(session_open=b"other"), Specified(specification=b"other")]
    for other in others:
        changed = [
            replace(entry, given=other) if type(entry.given) is type(other) else entry for entry in entries
        ]
        assert problem(checked, changed) != ""
    for number, entry in enumerate(entries):
        if isinstance(entry.given, Delivered):
            delivery = replace(entry.given.delivery, envelope=b"other")
            changed = [*entries]
            changed[number] = replace(entry, given=Delivered(delivery=delivery))
            assert "is not what this bidder was told" in problem(checked, changed)


async def test_other_end_is_found(played: Played) -> None:
    """The transcript must be of the log over which the final checkpoint was signed."""
    checked, entries = played
    assert "final checkpoint" in problem(replace(checked, size=checked.size + 1), entries)
    assert "final checkpoint" in problem(replace(checked, root=b"x" * 32), entries)


async def nobody() -> AsyncIterator[wire.ParticipateRequest]:
    """Send nothing."""
    requests: list[wire.ParticipateRequest] = []
    for request in requests:
        yield request


async def nothing(hand: Hand) -> None:
    """Do nothing."""


async def test_lapse_excuses_what_was_said_before(played: Played) -> None:
    """What was said before a deadline lapsed may be missing: it may have come too late. What came after may not."""
    checked, entries = played
    lapse = Hand(nobody(), ScriptedAuctioneer(nothing)).write(Lapse(subject=LapseSubject.ANSWER, bidder=0))
    log = [*checked.transcript.entries]
    log[lapse.index] = lapse.envelope
    held = replace(checked, transcript=replace(checked.transcript, entries=tuple(log)))
    others = [entry for entry in entries if not isinstance(entry.given, Delivered)]
    late = replace(others[-1], said=(b"too late",))
    excusing = JournalEntry(at_ns=0, given=Delivered(delivery=lapse))
    assert problem(held, [*others, late, excusing]) == ""
    assert "suppressed" in problem(held, [*others, excusing, late])


@pytest.mark.parametrize(
    ("verdicts", "is_valid", "expected"),
    [
        ((True, True, True, True, True), True, "(integrity, authorship, conduct, outcome, receipts): "),
        ((True, True, None, None, True), True, "(integrity, authorship, receipts, the rest is sealed): "),
        ((True, False, None, None, True), False, "does NOT hold: authorship: "),
        ((True, True, None, None, False), False, "does NOT hold: receipts: "),
    ],
)
def test_what_is_sealed_is_no_fault(verdicts: tuple[bool | None, ...], is_valid: bool, expected: str) -> None:
    """A check that could not be made does not fail an audit; one that was made and fails does."""
    names = ("integrity", "authorship", "conduct", "outcome", "receipts")
    findings = [
        Finding(name=name, is_valid=valid, detail="...") for name, valid in zip(names, verdicts, strict=True)
    ]
    audit = Audit(findings=tuple(findings))
    assert (audit.is_valid, expected in audit.summary) == (is_valid, True)
