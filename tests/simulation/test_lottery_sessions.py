"""Whole sessions of the threshold lottery over failing networks: they verify, and come to what play comes to.

The cases are those of the other sessions over signals, with this mechanism, over sums and over counts.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from openoutcry.mechanisms import Specification
from openoutcry.protocol.draws import DrawStream
from openoutcry.protocol.messages import Lapse, LapseSubject
from openoutcry.session.values import Phase
from openoutcry.simulation import SimulatedSession, read_seed
from tests.simulation.markets import make_counted_market, make_specification
from tests.simulation.stage import READER
from tests.simulation.test_simulated_sessions import STRATEGIES, WEATHERS, Case, broken_promises, run

CASES = 30


def make_lottery(number: int) -> Case:
    """Make up a case: up to seven bidders, so that hashes colour some of them."""
    seed = read_seed(f"lottery session {number}")
    draws = DrawStream(seed, "case")
    count, levels = 1 + draws.below(7), 2 + draws.below(3)
    groups = min(count, 1 + draws.below(2))
    parameters: dict[str, object] = {
        "pricing": ("welfare", "revenue")[draws.below(2)],
        "slots": ("colour", "colour", "uniform")[draws.below(3)],
    }
    specification: Specification = make_specification(
        count, levels=levels, groups=groups, mechanism="threshold-lottery", parameters=parameters
    )
    if draws.below(2):
        specification = replace(
            specification, market=make_counted_market(count, levels=levels, groups=groups)
        )
    names = tuple(bidder.name for bidder in specification.market.bidders)
    return Case(
        seed=seed,
        specification=specification,
        signals=tuple(draws.below(levels) for _ in names),
        strategies=tuple(STRATEGIES[draws.below(len(STRATEGIES))] for _ in names),
        faults=WEATHERS[number % len(WEATHERS)],
        absent=tuple(name for name in names if draws.below(12) == 0),
    )


def withheld(session: SimulatedSession) -> set[str]:
    """Return who reported nothing."""
    bodies = (READER.read_message(READER.read_envelope(data))[1] for data in session.entries)
    return {
        session.roster[body.bidder]
        for body in bodies
        if isinstance(body, Lapse)
        and body.bidder is not None
        and body.subject in (LapseSubject.COMMITMENT, LapseSubject.OPENING)
    }


@pytest.mark.parametrize("number", range(CASES))
def test_a_session_of_the_lottery_is_what_play_comes_to(number: int) -> None:
    """The transcript verifies at all levels, and winner, price, payments and reason are those of in-process play."""
    case = make_lottery(number)
    session = run(case)
    assert broken_promises(case, session) == []
    assert session.winner not in withheld(session)


def test_the_sessions_see_what_they_are_to_see() -> None:
    """Sales, no sales, withheld reports, absent bidders, counts, and both colourings."""
    cases = [make_lottery(number) for number in range(CASES)]
    sessions = [run(case) for case in cases]
    assert {bool(session.winner) for session in sessions if session.phase is Phase.CLOSED} == {True, False}
    assert any(withheld(session) for session in sessions)
    assert any(len(session.players) < len(case.names) for case, session in zip(cases, sessions, strict=True))
    reasons = " ".join(session.outcome.reason for session in sessions if session.outcome is not None)
    assert "colour" in reasons
    assert "may buy" in reasons
    assert "reported nothing" in reasons
    forms = {getattr(case.specification.market, "state_form", None) for case in cases}
    assert forms == {"sums", "counts"}
