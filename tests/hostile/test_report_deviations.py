"""Reports of types: whoever withholds, changes, garbles or contradicts one loses it, and the log says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Joint, Product
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import AskReport, CommitClosed, ReportOpening
from openoutcry.session.evidence import decode_evidence, encode_evidence, gather, judge
from openoutcry.session.values import Phase
from tests.simulation.crowd_stage import (
    Reporter,
    begin,
    correlated,
    go_on,
    knowledge,
    make_type_specification,
    shape_of,
    truthful,
)
from tests.simulation.stage import CODEC, READER, Stage

PROFILE = (2, 1, 0)
L, L_PLUS, M = "crowdsourced-lookahead", "crowdsourced-lookahead-plus", "crowdsourced-optimal"
OPENINGS = ("public", "private")


def play_to_openings(
    mechanism: str, openings: str = "public", *, reports: dict[str, bytes] | None = None
) -> tuple[Stage, dict[str, Reporter]]:
    """Return a stage on which everybody has committed, to the truthful report unless told otherwise."""
    parameters = {} if mechanism == L else {"openings": openings}
    stage, reporters = begin(
        make_type_specification(mechanism, parameters=parameters), knowledge(correlated(), PROFILE)
    )
    for name, reporter in reporters.items():
        stage.send(reporter.commit((reports or {}).get(name)))
    return stage, reporters


def other_report(stage: Stage, reporter: Reporter) -> bytes:
    """Return another report than the truthful one, to the newest question of this bidder."""
    ask = reporter.asked[-1]
    other = replace(reporter.known, value=(reporter.known.value + 1) % 3)
    return truthful(stage, reporter.hand, ask, other)


def finish_and_prove(
    stage: Stage, reporters: dict[str, Reporter], code: DeviationCode, name: str, *, proofs: int = 1
) -> None:
    """Play on: the deviation is recorded, everybody else's session goes on, and a stranger can judge it."""
    go_on(stage, reporters)
    assert stage.session.phase is Phase.CLOSED
    assert [(found.code, found.accused) for found in stage.session.deviations] == [(code, name)]
    assert stage.verify().is_valid
    found = gather(stage.entries, READER, specification=stage.specification)
    assert [evidence.code for _, evidence in found] == [code] * proofs
    for _, evidence in found:
        assert judge(decode_evidence(encode_evidence(evidence)), READER).startswith(
            f"{code.value} of bidder {name!r}"
        )


@pytest.mark.parametrize("openings", OPENINGS)
@pytest.mark.parametrize("mechanism", [L_PLUS, M, L])
def test_another_report_than_was_committed_to_is_none(mechanism: str, openings: str) -> None:
    """A wrong opening has the effect of a withheld one, public or sealed, and its evidence stands alone."""
    stage, reporters = play_to_openings(mechanism, openings)
    reporter = reporters["ben"]
    informant = mechanism == M and stage.hands["ben"] and not _asks_value(reporter.asked[-1])
    report = _another_belief(stage, reporter) if informant else other_report(stage, reporter)
    for data in reporter.open(instead=report):
        stage.send(data)
    finish_and_prove(stage, reporters, DeviationCode.OPENING_MISMATCH, "ben")
    assert stage.session.outcome is not None
    assert stage.session.outcome.payments[1] == 0


@pytest.mark.parametrize("openings", OPENINGS)
@pytest.mark.parametrize(
    "report",
    [b"\xff\xff", b"\x08\x09", b"\x08\x04\x12\x00"],
    ids=["no message", "a type outside the list", "an empty belief"],
)
def test_a_report_that_is_none_is_refused_at_its_opening(report: bytes, openings: str) -> None:
    """What was committed to and cannot be read is recorded, with the question that says what it should have been."""
    stage, reporters = play_to_openings(L_PLUS, openings, reports={"ben": report})
    for data in reporters["ben"].open():
        stage.send(data)
    finish_and_prove(stage, reporters, DeviationCode.MALFORMED_REPORT, "ben")


def test_an_opening_that_was_not_sealed_is_none() -> None:
    """A private opening in clear does not unseal: it counts as none, although everybody could read it."""
    stage, reporters = play_to_openings(L_PLUS, "private")
    reporter = reporters["ben"]
    ask = reporter.asked[-1]
    clear = b"n" * 32 + truthful(stage, reporter.hand, ask, reporter.known)
    stage.send(reporter.hand.say(ReportOpening(wave=ask.wave, part=0, part_count=1, content=clear)))
    finish_and_prove(stage, reporters, DeviationCode.MALFORMED_REPORT, "ben")


def test_somebody_elses_sealed_opening_opens_nothing() -> None:
    """A sealed opening is bound to its sender and commitment: copied, it cannot be unsealed."""
    stage, reporters = play_to_openings(L_PLUS, "private")
    for data in reporters["ada"].open():
        stage.send(data)
    _, body = READER.read_message(READER.read_envelope(stage.entries[-1]))
    assert isinstance(body, ReportOpening)
    stage.send(reporters["ben"].hand.say(body))
    finish_and_prove(stage, reporters, DeviationCode.MALFORMED_REPORT, "ben")


def test_a_belief_that_contradicts_the_own_value_is_inconsistent() -> None:
    """In L the belief comes with the value: another value than before contradicts the bidder's own report."""
    stage, reporters = play_to_openings(L)
    for reporter in reporters.values():
        for data in reporter.open():
            stage.send(data)
    liar = reporters["cyd"]
    assert [hand.name for hand in stage.awaited()] == ["ben", "cyd"]
    ask, _ = liar.hand.question()
    assert isinstance(ask, AskReport)
    lie = truthful(stage, liar.hand, ask, replace(liar.known, value=1))
    stage.send(liar.commit(lie))
    stage.send(reporters["ben"].commit())
    for data in liar.open():
        stage.send(data)
    finish_and_prove(stage, reporters, DeviationCode.INCONSISTENT_REPORT, "cyd")
    assert stage.session.outcome is not None
    assert stage.session.outcome.payments[2] == 0


@pytest.mark.parametrize("mechanism", [L_PLUS, M, L])
@pytest.mark.parametrize("step", ["commitment", "opening"])
def test_a_withheld_report_is_recorded_and_the_others_go_on(mechanism: str, step: str) -> None:
    """Silence has one fixed effect: that bidder gets nothing and is paid nothing, and the session settles."""
    stage, reporters = begin(make_type_specification(mechanism), knowledge(correlated(), PROFILE))
    silent = reporters.pop("ben")
    if step == "opening":
        for reporter in (*reporters.values(), silent):
            stage.send(reporter.commit())
    go_on(stage, reporters)
    code = DeviationCode.OPENING_MISSING if step == "opening" else DeviationCode.SILENT
    assert (code, "ben") in [(found.code, found.accused) for found in stage.session.deviations]
    assert {found.accused for found in stage.session.deviations} == {"ben"}
    assert stage.session.outcome is not None
    assert stage.session.outcome.payments[1] == 0
    assert stage.verify().is_valid
    assert gather(stage.entries, READER, specification=stage.specification) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"part": 1, "part_count": 2}, DeviationCode.OPENING_MISMATCH),
        ({"wave": 5}, DeviationCode.OPENING_MISMATCH),
        ({"part_count": 9999}, DeviationCode.MALFORMED),
        ({"part_count": 2}, DeviationCode.MALFORMED),
    ],
    ids=["begins with the second", "another wave", "too many", "not full"],
)
def test_parts_must_follow_each_other(changes: dict[str, Any], code: DeviationCode) -> None:
    """An opening whose parts are out of order is a wrong one; parts that no opening has are no messages at all."""
    stage, reporters = play_to_openings(L_PLUS)
    reporter = reporters.pop("ben")
    ask = reporter.asked[-1]
    content = b"n" * 32 + truthful(stage, reporter.hand, ask, reporter.known)
    whole = ReportOpening(wave=ask.wave, part=0, part_count=1, content=content)
    stage.send(reporter.hand.say(replace(whole, **changes)))
    go_on(stage, reporters)
    assert next(found.code for found in stage.session.deviations) == code
    assert {found.accused for found in stage.session.deviations} == {"ben"}
    assert stage.session.outcome is not None
    assert stage.session.outcome.payments[1] == 0
    assert stage.verify().is_valid


def test_nothing_is_opened_before_all_commitments_are_closed() -> None:
    """An opening that comes while others have not committed is not asked: it is no answer to anything."""
    stage, reporters = begin(make_type_specification(), knowledge(correlated(), PROFILE))
    eager = reporters["ada"]
    stage.send(eager.commit())
    for data in eager.open():
        stage.send(data)
    assert [found.code for found in stage.session.deviations] == [DeviationCode.NOT_ASKED]
    assert not stage.session.play.opened if stage.session.play else False


def test_a_belief_about_others_than_the_question_names_is_malformed() -> None:
    """A belief has a factor for each of its subjects: one about fewer bidders does not fit the shape."""
    stage, reporters = begin(make_type_specification(), knowledge(correlated(), PROFILE))
    for name, reporter in reporters.items():
        ask, _ = reporter.hand.question()
        assert isinstance(ask, AskReport)
        if name != "ben":
            stage.send(reporter.commit())
            continue
        shape = shape_of(stage, reporter.hand, ask)
        short = replace(shape, subjects=(0,), type_counts=(3,))
        report = TypeReport(value=1, belief=Product.of({0: {0: 1, 2: 1}}))
        stage.send(reporter.commit(CODEC.encode_type_report(report, short)))
    for data in reporters["ben"].open():
        stage.send(data)
    finish_and_prove(stage, reporters, DeviationCode.MALFORMED_REPORT, "ben")


def test_an_honest_bidder_cannot_be_framed_by_its_reports() -> None:
    """From an honest session with sealed reports nobody can make evidence, whatever code is claimed."""
    stage, reporters = begin(make_type_specification(L), knowledge(correlated(), PROFILE))
    go_on(stage, reporters)
    assert stage.session.deviations == []
    assert gather(stage.entries, READER, specification=stage.specification) == []
    question, _ = reporters["ada"].hand.question()
    assert isinstance(question, AskReport | CommitClosed)


def _asks_value(ask: AskReport) -> bool:
    return ask.kind.name != "BELIEF"


def _another_belief(stage: Stage, reporter: Reporter) -> bytes:
    ask = reporter.asked[-1]
    shape = shape_of(stage, reporter.hand, ask)
    certain = Joint.of(shape.subjects, {(0,) * len(shape.subjects): 1})
    return CODEC.encode_type_report(TypeReport(value=None, belief=certain), shape)
