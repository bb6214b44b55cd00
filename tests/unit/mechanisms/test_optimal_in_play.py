"""The optimal mechanism in play: no peer makes it slow, and no machine decides otherwise than another."""

from __future__ import annotations

import sys
import time
from itertools import product

import pytest

from openoutcry.errors import Undecided
from openoutcry.mechanisms.crowd.distributions import Joint
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.crowd.optimal import TooLarge, optimal_mechanism
from openoutcry.session.report import verification_lines
from openoutcry.session.values import Phase
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation.session import SimulatedSession, simulate_session
from tests.simulation.crowd_stage import correlated, knowledge, make_type_market, make_type_specification
from tests.simulation.stage import CODEC

PROFILE = (2, 1, 0, 2)


def market(*types: tuple[tuple[int, ...], ...], goods: int = 1) -> TypeMarket:
    """Return a market of bidders with these types, for one good or for unit demand."""
    sold = (
        Environment.single_good() if goods == 1 else Environment.unit_demand([f"g{i}" for i in range(goods)])
    )
    return TypeMarket(
        lot="x",
        currency="USD",
        minor_units=0,
        environment=sold,
        bidders=tuple(TypedBidder(name=f"b{i}", types=own) for i, own in enumerate(types)),
    )


def four_bidders() -> SimulatedSession:
    """Return a session of M in which the informant's belief is correlated, so that a program must be solved."""
    specification = make_type_specification("crowdsourced-optimal", market=make_type_market(4))
    return simulate_session(specification, knowledge(correlated(4), PROFILE), seed="four", codec=CODEC)


def test_weights_too_fine_are_refused_at_once() -> None:
    """A belief whose weights have thousands of bits would take seconds of exact arithmetic: its size alone decides."""
    one = ((1,), (3,), (7,))
    profiles = product(range(3), repeat=2)
    weights: dict[tuple[int, ...], int] = {(a, b): (1 << 2000) + 7 * a + 3 * b + a * b for a, b in profiles}
    began = time.monotonic()
    with pytest.raises(TooLarge, match="bits in the total weight of its distribution"):
        optimal_mechanism(market(one, one), Joint.of((0, 1), weights))
    assert time.monotonic() - began < 1


def test_nobody_is_given_what_it_does_not_want() -> None:
    """A bundle that is worth nothing to its taker brings no revenue and is not awarded."""
    types = ((0, 1), (2, 0))
    sold = market(types, types, goods=2)
    prior = Joint.of((0, 1), {(0, 0): 1, (0, 1): 2, (1, 0): 3, (1, 1): 5})
    mechanism = optimal_mechanism(sold, prior)
    for profile in ((a, b) for a in range(2) for b in range(2)):
        for segment in mechanism.lottery(profile):
            for award in segment.awards:
                assert sold.value(award.bidder, profile[award.bidder], award.goods[0])


def test_without_a_solver_nothing_is_decided_and_nobody_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the solver voids its own session, and says that it cannot judge another's."""
    honest = four_bidders()
    assert verify_transcript(honest.transcript, codec=CODEC).is_valid
    optimal_mechanism.cache_clear()
    monkeypatch.setitem(sys.modules, "highspy", None)
    one = ((1,), (3,))
    prior = Joint.of((0, 1), {(0, 0): 2, (0, 1): 1, (1, 0): 1, (1, 1): 2})
    with pytest.raises(Undecided, match="highspy"):
        optimal_mechanism(market(one, one), prior)
    found = verify_transcript(honest.transcript, codec=CODEC)
    assert (found.is_valid, found.is_undecided, found.first_failure) == (False, True, None)
    assert verification_lines(found)[-1].startswith("cannot be checked here")
    voided = four_bidders()
    assert voided.phase is Phase.VOID
    assert verify_transcript(voided.transcript, codec=CODEC).is_valid
    optimal_mechanism.cache_clear()
