"""Tampering with a recorded session of reports is found: public, private, sealed, with the disclosure and without it.

The attackers are those of the other sessions' tests: one without a key, one with the checkpoint key, and an auctioneer
that rewrites its own history with all its keys. What it may want here: another reward, another buyer, another
informant, a price from beliefs that suit it better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache

import pytest

from openoutcry.errors import TranscriptError
from openoutcry.mechanisms.conversation import NOTHING, Award
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import seal
from openoutcry.protocol.messages import (
    AskReport,
    Body,
    CommitClosed,
    Lapse,
    LapseSubject,
    OpeningKeyDisclosed,
    OutcomeDeclared,
    ReportKind,
    ReportOpening,
)
from openoutcry.protocol.transcript import Transcript, decode_transcript, encode_transcript
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.verdicts import Verdict, Verification
from openoutcry.session.verification import verify_transcript
from tests.simulation.crowd_stage import (
    begin,
    correlated,
    go_on,
    independent,
    knowledge,
    make_type_specification,
)
from tests.simulation.forging import Rewriter, read, rebuild
from tests.simulation.stage import CODEC, READER, Stage, key_of

L, L_PLUS, M = "crowdsourced-lookahead", "crowdsourced-lookahead-plus", "crowdsourced-optimal"
PROFILE = (2, 1, 1)
PRIVATE: dict[str, object] = {"openings": "private"}
# Mechanism, parameters, and whether reports stay sealed.
FORMS: dict[str, tuple[str, dict[str, object], str]] = {
    "public": (L_PLUS, {}, "settlement"),
    "private": (L, {}, "settlement"),
    "sealed": (L_PLUS, PRIVATE, "sealed"),
    "informed": (M, {}, "settlement"),
}
every_form = pytest.mark.parametrize("form", FORMS)
# Every byte of a small file is another test's work; here a prime stride meets every part of a whole session's.
STRIDE = 23
CHECKPOINTS = key_of("checkpoints")
ATTACKERS = {"without a key": key_of("an attacker"), "with the checkpoint key": CHECKPOINTS}


def play(form: str, prior: Distribution) -> Stage:
    """Return an honest session of three bidders who know their types and this prior."""
    mechanism, parameters, disclosure = FORMS[form]
    stage, reporters = begin(
        make_type_specification(mechanism, parameters={"delta": "0"} | parameters, disclosure=disclosure),
        knowledge(prior, PROFILE),
    )
    go_on(stage, reporters)
    return stage


@cache
def recorded(form: str) -> Stage:
    """Return the session that is tampered with."""
    return play(form, correlated())


def disclosure_of(stage: Stage) -> Disclosure:
    """Return the file that opens a sealed session."""
    return Disclosure(session_id=stage.session.session_id, opening_key=stage.opening_key)


def verify(transcript: Transcript, form: str = "", *, disclosed: bool = True) -> Verification:
    """Verify the file of a transcript, with the disclosure unless told otherwise."""
    disclosure = disclosure_of(recorded(form)) if form == "sealed" and disclosed else None
    return verify_transcript(
        decode_transcript(encode_transcript(transcript)), codec=CODEC, disclosure=disclosure
    )


def flip(data: bytes, at: int = -1) -> bytes:
    """Return an entry with one bit of its payload changed."""
    envelope = READER.read_envelope(data)
    payload = bytearray(envelope.payload)
    payload[at] ^= 1
    return CODEC.encode_envelope(replace(envelope, payload=bytes(payload)))


def take_over(data: bytes) -> bytes:
    """Return an entry signed with another key in the name of that key's holder."""
    envelope = READER.read_envelope(data)
    return CODEC.encode_envelope(seal(key_of("an attacker"), envelope.payload_type, envelope.payload))


Tampering = Callable[[list[bytes], int], list[bytes]]
TAMPERINGS: dict[str, Tampering] = {
    "edited": lambda entries, at: [*entries[:at], flip(entries[at]), *entries[at + 1 :]],
    "taken over": lambda entries, at: [*entries[:at], take_over(entries[at]), *entries[at + 1 :]],
    "dropped": lambda entries, at: entries[:at] + entries[at + 1 :],
    "repeated": lambda entries, at: [*entries[: at + 1], *entries[at:]],
    "swapped": lambda entries, at: [*entries[:at], *entries[at : at + 2][::-1], *entries[at + 2 :]],
    "cut off": lambda entries, at: entries[:at],
}


# --- Anybody. ---


@every_form
def test_the_recorded_reports_verify(form: str) -> None:
    """Before anything is changed: all levels, or without the disclosure the first two."""
    stage = recorded(form)
    assert stage.session.outcome is not None
    assert stage.session.outcome.awards
    assert [level.verdict for level in verify(stage.transcript(), form).levels] == [Verdict.VALID] * 4
    assert verify(stage.transcript(), form, disclosed=False).is_valid
    assert verify(rebuild(stage, stage.entries, CHECKPOINTS), form).is_valid


@every_form
@pytest.mark.parametrize("attacker", ATTACKERS)
@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_with_reports_is_found_at_every_record(name: str, attacker: str, form: str) -> None:
    """Whichever record is tampered with, the rebuilt file does not verify."""
    entries = recorded(form).entries
    for at in range(1, len(entries)):
        tampered = TAMPERINGS[name](list(entries), at)
        if tampered != list(entries):
            verification = verify(rebuild(recorded(form), tampered, ATTACKERS[attacker]), form)
            assert not verification.is_valid, f"record {at} was {name} unnoticed"
            assert verification.first_failure is not None


@pytest.mark.parametrize(("form", "disclosed"), [*((form, True) for form in FORMS), ("sealed", False)])
def test_one_changed_byte_of_a_file_of_reports_is_found(form: str, disclosed: bool) -> None:
    """Wherever in the file it is; nobody needs the disclosure to find it."""
    data = encode_transcript(recorded(form).transcript())
    for at in range(0, len(data), STRIDE):
        changed = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        try:
            transcript = decode_transcript(changed)
        except TranscriptError:
            continue
        disclosure = disclosure_of(recorded(form)) if disclosed and form == "sealed" else None
        verification = verify_transcript(transcript, codec=CODEC, disclosure=disclosure)
        assert not verification.is_valid, f"byte {at} was changed unnoticed"


@pytest.mark.long
@every_form
def test_every_changed_byte_of_an_opening_is_found(form: str) -> None:
    """Whichever byte of whichever opening: the report cannot be read as another one."""
    entries = recorded(form).entries
    for index in places(form, ReportOpening):
        for at in range(len(READER.read_envelope(entries[index]).payload)):
            tampered = [*entries[:index], flip(entries[index], at), *entries[index + 1 :]]
            try:
                transcript = rebuild(recorded(form), tampered, CHECKPOINTS)
            except TranscriptError:
                continue
            assert not verify(transcript, form, disclosed=False).is_valid


# --- An auctioneer that rewrites its own history. ---


def places(form: str, kind: type[Body]) -> list[int]:
    """Return where records of this kind stand."""
    return [index for index, data in enumerate(recorded(form).entries) if isinstance(read(data)[1], kind)]


def rewrite(form: str, change: Callable[[Body], Body | None]) -> Transcript:
    """Return the file of the log with other records of the auctioneer, all freshly signed; None leaves one out."""
    rewriter = Rewriter(recorded(form))
    for data in recorded(form).entries:
        who, body = read(data)
        changed = change(body) if who == "AUCTIONEER" else body
        if changed is not None:
            rewriter.write(data, changed)
    return rewriter.transcript()


def outcome_of(stage: Stage) -> OutcomeDeclared:
    """Return the outcome that was declared."""
    assert stage.session.outcome is not None
    return stage.session.outcome


def _reward(outcome: OutcomeDeclared) -> OutcomeDeclared:
    # A farthing more for the first that was rewarded, and nothing else.
    paid = list(outcome.payments)
    rewarded = next(place for place, payment in enumerate(paid) if payment < 0)
    paid[rewarded] += Fraction(1, 1000)
    return replace(outcome, payments=tuple(paid))


def _no_rewards(outcome: OutcomeDeclared) -> OutcomeDeclared:
    prices = dict.fromkeys(range(len(outcome.payments)), NOTHING)
    prices |= {award.bidder: award.price for award in outcome.awards}
    return replace(outcome, payments=tuple(prices.values()))


def _buyer(outcome: OutcomeDeclared) -> OutcomeDeclared:
    (award,) = outcome.awards
    other = (award.bidder + 1) % len(outcome.payments)
    paid = list(outcome.payments)
    paid[award.bidder] -= award.price
    paid[other] += award.price
    return replace(outcome, awards=(replace(award, bidder=other),), payments=tuple(paid))


def _price(outcome: OutcomeDeclared) -> OutcomeDeclared:
    (award,) = outcome.awards
    paid = list(outcome.payments)
    paid[award.bidder] += 1
    return replace(outcome, awards=(replace(award, price=award.price + 1),), payments=tuple(paid))


def _unsold(outcome: OutcomeDeclared) -> OutcomeDeclared:
    (award,) = outcome.awards
    paid = list(outcome.payments)
    paid[award.bidder] -= award.price
    return replace(outcome, awards=(), payments=tuple(paid))


def _swapped_rewards(outcome: OutcomeDeclared) -> OutcomeDeclared:
    gets = {award.bidder: award for award in outcome.awards}
    first, second = sorted(
        (place for place in range(len(outcome.payments)) if place not in gets),
        key=lambda place: outcome.payments[place],
    )[:2]
    paid = list(outcome.payments)
    paid[first], paid[second] = paid[second], paid[first]
    if paid == list(outcome.payments):
        paid[first] -= 1
    return replace(outcome, payments=tuple(paid))


def _given_away(outcome: OutcomeDeclared) -> OutcomeDeclared:
    return replace(
        outcome,
        awards=(Award(bidder=0, goods=(0,), price=NOTHING),),
        payments=(NOTHING,) * len(outcome.payments),
    )


OUTCOMES = {
    "reward": _reward,
    "no rewards": _no_rewards,
    "buyer": _buyer,
    "price": _price,
    "unsold": _unsold,
    "swapped rewards": _swapped_rewards,
    "given away": _given_away,
}


@every_form
@pytest.mark.parametrize("change", OUTCOMES)
def test_an_auctioneer_of_reports_cannot_declare_another_outcome(form: str, change: str) -> None:
    """Freshly signed, it fails the last level, at its record, under the auctioneer's code."""
    right = outcome_of(recorded(form))
    assert OUTCOMES[change](right) != right
    transcript = rewrite(
        form, lambda body: OUTCOMES[change](body) if isinstance(body, OutcomeDeclared) else body
    )
    failure = verify(transcript, form).first_failure
    assert failure is not None
    assert (failure.name, failure.code) == ("outcome", DeviationCode.WRONG_OUTCOME)
    assert failure.index == places(form, OutcomeDeclared)[0]


@every_form
def test_an_auctioneer_cannot_price_by_other_beliefs_than_were_reported(form: str) -> None:
    """The outcome of other beliefs, right in itself and with rewards that fit them, is not this session's."""
    other = outcome_of(play(form, independent()))
    assert other != outcome_of(recorded(form))
    transcript = rewrite(form, lambda body: other if isinstance(body, OutcomeDeclared) else body)
    failure = verify(transcript, form).first_failure
    assert failure is not None
    assert (failure.name, failure.code) == ("outcome", DeviationCode.WRONG_OUTCOME)


def test_an_auctioneer_cannot_choose_its_informant() -> None:
    """The coin chose: asking another for its belief is no question that follows."""
    asked = [read(recorded("informed").entries[index])[1] for index in places("informed", AskReport)]
    kinds = [body.kind for body in asked if isinstance(body, AskReport)]
    assert sorted(kinds) == [ReportKind.VALUE, ReportKind.VALUE, ReportKind.BELIEF]
    turned = iter([*asked[1:], asked[0]])
    transcript = rewrite("informed", lambda body: next(turned) if isinstance(body, AskReport) else body)
    failure = verify(transcript, "informed").first_failure
    assert failure is not None
    assert (failure.name, failure.code) in [
        ("conduct", DeviationCode.WRONG_QUESTION),
        ("integrity", None),
    ]


def _coarser(body: Body) -> Body | None:
    return replace(body, weight_bits=body.weight_bits - 1) if isinstance(body, AskReport) else body


def _other_eyes(body: Body) -> Body | None:
    return replace(body, is_private=not body.is_private) if isinstance(body, AskReport) else body


def _another_wave(body: Body) -> Body | None:
    return replace(body, wave=body.wave + 1) if isinstance(body, AskReport) else body


def _first_left_out(body: Body) -> Body | None:
    if not isinstance(body, CommitClosed):
        return body
    return replace(body, commitment_indexes=body.commitment_indexes[1:])


def _other_records(body: Body) -> Body | None:
    if not isinstance(body, CommitClosed):
        return body
    return replace(body, commitment_indexes=tuple(index + 1 for index in body.commitment_indexes))


@pytest.mark.parametrize(
    ("form", "change"),
    [
        *((form, change) for form in FORMS for change in (_other_eyes, _another_wave)),
        *((form, change) for form in FORMS for change in (_first_left_out, _other_records)),
        ("public", _coarser),
        ("sealed", _coarser),
    ],
)
def test_an_auctioneer_cannot_ask_otherwise_than_the_rules_say(
    form: str, change: Callable[[Body], Body | None]
) -> None:
    """Coarser weights, other eyes, another wave, a list that leaves one out: freshly signed, they are found."""
    assert not verify(rewrite(form, change), form).is_valid


def test_an_auctioneer_cannot_disclose_another_key() -> None:
    """What it discloses must be the key to which bidders were told to seal."""
    transcript = rewrite(
        "private",
        lambda body: OpeningKeyDisclosed(secret=b"x" * 32) if isinstance(body, OpeningKeyDisclosed) else body,
    )
    failure = verify(transcript).first_failure
    assert failure is not None
    assert (failure.name, failure.code) == ("conduct", DeviationCode.OPENING_KEY_MISSING)


def test_an_auctioneer_cannot_disclose_what_is_to_stay_sealed_or_nothing_at_all() -> None:
    """A key in the log is no record that follows, where reports stay sealed and where none was private."""
    for form in ("sealed", "public"):
        rewriter = Rewriter(recorded(form))
        for data in recorded(form).entries:
            rewriter.write(data)
        rewriter.say(
            recorded(form).entries[-1], OpeningKeyDisclosed(secret=recorded(form).opening_key.secret)
        )
        assert not verify(rewriter.transcript(), form).is_valid


@every_form
def test_an_auctioneer_cannot_pass_an_opening_off_as_silence(form: str) -> None:
    """A Lapse in place of an opening is found as soon as anybody has signed a head that holds it."""
    entries = recorded(form).entries
    for place in places(form, ReportOpening):
        header, _ = READER.read_message(READER.read_envelope(entries[place]))
        member = [party.sender_id for party in recorded(form).session.members].index(header.sender_id)
        rewriter = Rewriter(recorded(form))
        for data in entries[:place]:
            rewriter.write(data)
        rewriter.say(
            entries[places(form, CommitClosed)[0]],
            Lapse(subject=LapseSubject.OPENING, bidder=member),
            reply_to=header.reply_to,
        )
        for data in entries[place + 1 :]:
            rewriter.write(data)
        # Even where nobody has signed it yet, the outcome then is not the one that is declared.
        assert not verify(rewriter.transcript(), form).is_valid


def test_a_sealed_session_without_its_disclosure_is_only_as_good_as_the_auctioneers_word() -> None:
    """Another outcome, freshly signed, is not found by who has no disclosure, and the verification says so."""
    transcript = rewrite("sealed", lambda body: _price(body) if isinstance(body, OutcomeDeclared) else body)
    found = verify(transcript, "sealed", disclosed=False)
    assert [level.verdict for level in found.levels] == [Verdict.VALID] * 2 + [Verdict.UNCHECKED] * 2
    assert found.is_sealed
    assert not verify(transcript, "sealed").is_valid
