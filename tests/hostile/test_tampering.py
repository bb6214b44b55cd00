"""Tampering with a recorded session is found wherever it is, whatever keys the attacker holds.

The attacker edits, drops, repeats, swaps, cuts or signs records anew, and then rebuilds tree, manifest and checkpoint
around them so that the file as a file is perfect. Three attackers: one without any key, one with the auctioneer's
checkpoint key, and one with both keys of the auctioneer, which is a dishonest auctioneer that rewrites history and
signs every later record of its own anew. What none of them has is a bidder's key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from openoutcry.errors import TranscriptError
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import seal
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.messages import (
    Accept,
    AskReport,
    Body,
    Exit,
    Header,
    Lapse,
    LapseSubject,
    OutcomeDeclared,
    Raise,
    ReportCommit,
    ReportOpening,
    RosterClosed,
    SeedOpening,
)
from openoutcry.protocol.transcript import Transcript, decode_transcript, encode_transcript
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.verdicts import Verdict, Verification
from openoutcry.session.verification import verify_transcript
from tests.simulation.forging import Rewriter, read, rebuild
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, READER, Stage, key_of

FORMS = ("clock", "sealed")
# Every byte of a small file is another test's work; here a prime stride meets every part of a whole session's.
STRIDE = 13
AUCTIONEER = key_of("auctioneer")
CHECKPOINTS = key_of("checkpoints")
ATTACKERS = {"without a key": key_of("an attacker"), "with the checkpoint key": CHECKPOINTS}


@cache
def recorded(form: str) -> Stage:
    """Return an honest session of four bidders, one of which is silent in play."""
    stage = Stage(make_specification(4, groups=1, levels=3, parameters={"form": form}))
    stage.begin_play()
    stage.finish({"ada": 0, "ben": 0, "cyd": 2})
    assert stage.verify().is_valid
    return stage


def verify(transcript: Transcript, codec: Codec = CODEC) -> Verification:
    """Verify the file of a transcript."""
    return verify_transcript(decode_transcript(encode_transcript(transcript)), codec=codec)


def flip(data: bytes) -> bytes:
    """Return an entry with one bit of its payload changed, as far as it can still be read as an envelope."""
    envelope = READER.read_envelope(data)
    payload = envelope.payload[:-1] + bytes([envelope.payload[-1] ^ 1])
    return CODEC.encode_envelope(replace(envelope, payload=payload))


def sign_anew(data: bytes) -> bytes:
    """Return an entry signed with another key in its sender's name."""
    envelope = READER.read_envelope(data)
    signature = seal(key_of("an attacker"), envelope.payload_type, envelope.payload).signature
    return CODEC.encode_envelope(replace(envelope, signature=signature))


def take_over(data: bytes) -> bytes:
    """Return an entry signed with another key in the name of that key's holder."""
    envelope = READER.read_envelope(data)
    return CODEC.encode_envelope(seal(key_of("an attacker"), envelope.payload_type, envelope.payload))


SUBJECTS: dict[type[Body], LapseSubject] = {
    SeedOpening: LapseSubject.SEED_OPENING,
    Accept: LapseSubject.ANSWER,
    Exit: LapseSubject.ANSWER,
    ReportCommit: LapseSubject.COMMITMENT,
    ReportOpening: LapseSubject.OPENING,
}

Tampering = Callable[[list[bytes], int], list[bytes]]

TAMPERINGS: dict[str, Tampering] = {
    "edited": lambda entries, at: [*entries[:at], flip(entries[at]), *entries[at + 1 :]],
    "signed anew": lambda entries, at: [*entries[:at], sign_anew(entries[at]), *entries[at + 1 :]],
    "taken over": lambda entries, at: [*entries[:at], take_over(entries[at]), *entries[at + 1 :]],
    "dropped": lambda entries, at: entries[:at] + entries[at + 1 :],
    "repeated": lambda entries, at: [*entries[: at + 1], *entries[at:]],
    "repeated at the end": lambda entries, at: [*entries, entries[at]],
    "swapped": lambda entries, at: [*entries[:at], *entries[at : at + 2][::-1], *entries[at + 2 :]],
    "cut off": lambda entries, at: entries[:at],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("attacker", ATTACKERS)
@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found_at_every_record(name: str, attacker: str, form: str) -> None:
    """Whichever record is tampered with, the rebuilt file does not verify, and the failure is placed."""
    entries = recorded(form).entries
    for at in range(1, len(entries)):
        tampered = TAMPERINGS[name](list(entries), at)
        if tampered == list(entries):
            # The last record has none behind it to be swapped with.
            continue
        verification = verify(rebuild(recorded(form), tampered, ATTACKERS[attacker]))
        assert not verification.is_valid, f"record {at} was {name} unnoticed"
        assert verification.first_failure is not None
        assert [level.verdict for level in verification.levels].count(Verdict.INVALID) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("change", [flip, take_over])
def test_another_beginning_is_another_session(form: str, change: Callable[[bytes], bytes]) -> None:
    """Whoever changes SessionOpen has a session of another name, or a bad signature."""
    stage = recorded(form)
    entries = [change(stage.entries[0]), *stage.entries[1:]]
    tree = MerkleTree()
    for data in entries:
        tree.append(data)
    transcript = replace(stage.transcript(), entries=tuple(entries))
    assert not verify(transcript).is_valid


def test_nothing_tampered_verifies() -> None:
    """The attackers' way of rebuilding a file is sound: left alone, the records still verify."""
    for form in FORMS:
        assert verify(rebuild(recorded(form), recorded(form).entries, CHECKPOINTS)).is_valid


@pytest.mark.parametrize("form", FORMS)
def test_without_the_checkpoint_key_a_rebuilt_tree_is_found(form: str) -> None:
    """Even the honest records do not verify under a checkpoint that somebody else signed."""
    verification = verify(rebuild(recorded(form), recorded(form).entries, key_of("an attacker")))
    assert verification.first_failure is not None
    assert verification.first_failure.name == "integrity"


def test_an_expected_session_or_key_can_be_pinned() -> None:
    """A perfect transcript of another session, or of another auctioneer, is not taken for the expected one."""
    transcript = recorded("clock").transcript()
    session_id = recorded("clock").session.session_id
    pinned: dict[str, Any] = {"session_id": session_id, "auctioneer_key": AUCTIONEER.public_key}
    assert verify_transcript(transcript, codec=CODEC, **pinned).is_valid
    for pin in ({"session_id": b"s" * 32}, {"auctioneer_key": key_of("another").public_key}):
        assert not verify_transcript(transcript, codec=CODEC, **(pinned | pin)).is_valid


@pytest.mark.parametrize("change", ["specification", "manifest", "checkpoint"])
def test_what_stands_beside_the_records_is_bound_to_them(change: str) -> None:
    """Specification, manifest and checkpoint of another session do not fit."""
    mine, other = recorded("clock").transcript(), recorded("sealed").transcript()
    assert not verify(replace(mine, **{change: getattr(other, change)})).is_valid


@pytest.mark.parametrize("form", FORMS)
def test_one_changed_byte_of_the_file_is_found(form: str) -> None:
    """Wherever in the file it is: the container, the manifest, the specification, a tile, a signature."""
    data = encode_transcript(recorded(form).transcript())
    for at in range(0, len(data), STRIDE):
        changed = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        try:
            verification = verify_transcript(decode_transcript(changed), codec=CODEC)
        except TranscriptError:
            continue
        assert not verification.is_valid, f"byte {at} was changed unnoticed"


# --- An auctioneer that rewrites its own history. ---


def places(form: str, kind: type[Body], role: str = "AUCTIONEER") -> list[int]:
    """Return where records of this kind stand."""
    found = [(index, read(data)) for index, data in enumerate(recorded(form).entries)]
    return [index for index, (who, body) in found if who == role and isinstance(body, kind)]


@pytest.mark.parametrize("form", FORMS)
def test_rewriting_without_a_change_verifies(form: str) -> None:
    """The rewriter itself is sound: the same log written again is the same log."""
    rewriter = Rewriter(recorded(form))
    for data in recorded(form).entries:
        rewriter.write(data)
    assert rewriter.entries == recorded(form).entries
    assert verify(rewriter.transcript()).is_valid


@pytest.mark.parametrize("form", FORMS)
def test_an_auctioneer_cannot_drop_what_was_said(form: str) -> None:
    """Whichever record the auctioneer leaves out and signs around, its own included, is missed."""
    entries = recorded(form).entries
    for left_out in range(1, len(entries)):
        rewriter = Rewriter(recorded(form))
        for index, data in enumerate(entries):
            if index != left_out:
                rewriter.write(data)
        assert not verify(rewriter.transcript()).is_valid, f"record {left_out} was left out unnoticed"


def outcome_of(form: str) -> OutcomeDeclared:
    """Return the outcome that was declared."""
    (index,) = places(form, OutcomeDeclared)
    body = read(recorded(form).entries[index])[1]
    assert isinstance(body, OutcomeDeclared)
    return body


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "change",
    [
        lambda outcome: replace(outcome, awards=(replace(outcome.awards[0], price=outcome.price + 1),)),
        lambda outcome: replace(
            outcome, payments=(outcome.payments[0] + Fraction(1, 3), *outcome.payments[1:])
        ),
        lambda outcome: replace(
            outcome, awards=(replace(outcome.awards[0], bidder=2 if outcome.winner != 2 else 1),)
        ),
        lambda outcome: replace(outcome, reason="as it pleased the auctioneer"),
    ],
    ids=["price", "payment", "winner", "reason"],
)
def test_an_auctioneer_cannot_declare_another_outcome(
    form: str, change: Callable[[OutcomeDeclared], OutcomeDeclared]
) -> None:
    """Even freshly signed, an outcome that does not follow fails the last level, with the auctioneer's own code."""
    rewriter = Rewriter(recorded(form))
    for data in recorded(form).entries:
        _, body = read(data)
        rewriter.write(data, change(body) if isinstance(body, OutcomeDeclared) else None)
    verification = verify(rewriter.transcript())
    failure = verification.first_failure
    assert failure is not None
    assert (failure.name, failure.code) == ("outcome", DeviationCode.WRONG_OUTCOME)
    assert failure.index == places(form, OutcomeDeclared)[0]


@pytest.mark.parametrize("form", FORMS)
def test_an_auctioneer_cannot_choose_its_seed_part_afterwards(form: str) -> None:
    """Another seed part than the committed one is found, so that no draw can be steered."""
    rewriter = Rewriter(recorded(form))
    for data in recorded(form).entries:
        who, body = read(data)
        is_own = who == "AUCTIONEER" and isinstance(body, SeedOpening)
        rewriter.write(data, SeedOpening(part=b"x" * 32) if is_own else None)
    failure = verify(rewriter.transcript()).first_failure
    assert failure is not None
    assert failure.code is DeviationCode.SEED_MISSING


@pytest.mark.parametrize("form", FORMS)
def test_an_auctioneer_cannot_keep_its_seed_part_to_itself(form: str) -> None:
    """Without the auctioneer's opening no draw can be repeated, and the transcript says whose fault that is."""
    rewriter = Rewriter(recorded(form))
    for data in recorded(form).entries:
        who, body = read(data)
        if not (who == "AUCTIONEER" and isinstance(body, SeedOpening)):
            rewriter.write(data)
    assert not verify(rewriter.transcript()).is_valid


def test_an_auctioneer_cannot_ask_another_level() -> None:
    """A question that does not follow from the rules and the draws fails conduct."""
    first = places("clock", Raise)[0]
    rewriter = Rewriter(recorded("clock"))
    for index, data in enumerate(recorded("clock").entries):
        rewriter.write(data, Raise(bidder=0, wave=5, level=1) if index == first else None)
        if index == first:
            break
    failure = verify(rewriter.transcript()).first_failure
    assert failure is not None
    assert failure.name in ("conduct", "outcome")


class Misaddressing:
    """An author that signs every question for a level or a report for the first of the roster, whoever is asked."""

    def __init__(self) -> None:
        self._author = SigningAuthor(AUCTIONEER, CODEC)

    def seal(self, header: Header, body: Body) -> bytes:
        """Return the envelope."""
        return self._author.seal(
            header, replace(body, bidder=0) if isinstance(body, Raise | AskReport) else body
        )


@pytest.mark.parametrize(("form", "kind"), [("clock", Raise), ("sealed", AskReport)])
def test_an_auctioneer_cannot_put_a_question_to_another_bidder(
    form: str, kind: type[Raise] | type[AskReport]
) -> None:
    """A session that is right but for whom a question names fails conduct, though everybody has signed it."""
    specification = make_specification(4, groups=1, levels=3, parameters={"form": form})
    stage = Stage(specification, author=Misaddressing())
    stage.begin_play()
    stage.finish({"ada": 0, "ben": 0, "cyd": 2, "dan": 1})
    failure = stage.verify().first_failure
    assert failure is not None
    assert (failure.name, failure.code) == ("conduct", DeviationCode.WRONG_QUESTION)
    assert failure.index is not None
    assert isinstance(read(stage.entries[failure.index])[1], kind)


@pytest.mark.parametrize("kind", [Accept, Exit, ReportCommit, ReportOpening, SeedOpening])
def test_an_auctioneer_cannot_pass_an_answer_off_as_silence(kind: type[Body]) -> None:
    """A Lapse in place of an answer is found as soon as any bidder has signed a head that holds the answer.

    Only what nobody has seen yet can be denied to a stranger; the bidder itself then holds the receipts.
    """
    form = "sealed" if kind in (ReportCommit, ReportOpening) else "clock"
    entries = recorded(form).entries
    found = places(form, kind, role="BIDDER")
    assert found
    for place in found:
        header, _ = READER.read_message(READER.read_envelope(entries[place]))
        member = [party.sender_id for party in recorded(form).session.members].index(header.sender_id)
        rewriter = Rewriter(recorded(form))
        for data in entries[:place]:
            rewriter.write(data)
        rewriter.say(
            entries[places(form, RosterClosed)[0]],
            Lapse(subject=SUBJECTS[kind], bidder=member),
            reply_to=header.reply_to,
        )
        for data in entries[place + 1 :]:
            rewriter.write(data)
        was_seen = any(
            READER.read_message(READER.read_envelope(data))[0].seen_size > place
            for data in entries[place + 1 :]
            if read(data)[0] == "BIDDER"
        )
        assert not (was_seen and verify(rewriter.transcript()).is_valid)
