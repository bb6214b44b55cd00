"""Beliefs that no report could hold are found before an auction begins, and no others are refused."""

from __future__ import annotations

import pytest

from openoutcry.errors import ScenarioError, UsageError
from openoutcry.mechanisms.conversation import Outcome, ReportedType, ReportType, TypeReport
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.registry import MECHANISMS, find_mechanism
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol import limits
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.draws import SeededChance
from openoutcry.protocol.messages import ReportKind
from openoutcry.protocol.reportable import why_prior_unreportable, why_unreportable
from openoutcry.scenario.model import Scenario
from openoutcry.simulation import draw_private, play_scenario
from openoutcry.simulation.expectation import expect_scenario
from openoutcry.strategies import PrivateKnowledge
from openoutcry.wire import WireCodec

PLUS = "crowdsourced-lookahead-plus"
ASKING = [name for name, mechanism in MECHANISMS.items() if name.startswith("crowdsourced-")]

MANY = 200
"""Bidders: with so many exact rewards in one outcome, a belief has too few bits for ten types of each."""


def make_market(bidders: int, types: int = 10) -> TypeMarket:
    """Return a market of one good."""
    values = tuple((value,) for value in range(1, types + 1))
    return TypeMarket(
        lot="a bond",
        currency="USD",
        minor_units=0,
        environment=Environment.single_good(),
        bidders=tuple(TypedBidder(name=f"bidder-{index}", types=values) for index in range(bidders)),
    )


def make_scenario(
    bidders: int,
    *,
    mechanism: str = PLUS,
    payment: str = "exact",
    prior: Distribution | None = None,
    beliefs: dict[str, PrivateKnowledge] | None = None,
) -> Scenario:
    """Return a scenario whose bidders know the prior, or what is given."""
    market = make_market(bidders)
    specification = Specification(
        title="Too fine?", market=market, mechanism=mechanism, parameters={"payment": payment}
    )
    known = prior or uniform(dict(enumerate(market.type_counts)))
    return Scenario(specification=specification, prior=known, private=beliefs or {})


def test_prior_whose_posteriors_do_not_fit_is_refused() -> None:
    """Two hundred bidders cannot be paid exactly for beliefs about all others; the way out is named."""
    scenario = make_scenario(MANY)
    for run in (lambda: draw_private(scenario, "a seed"), lambda: play_scenario(scenario)):
        with pytest.raises(
            ScenarioError, match=r"prior: .* 662 bits, .* 200 bidders the limit is 534: .*lottery"
        ):
            run()


def test_expectation_over_such_a_prior_is_refused() -> None:
    """An exact expectation refuses what no session could do, by the same reason."""
    prior = Joint.of(range(3), {(0, 0, 0): 2**6001, (1, 1, 1): 1, (0, 1, 1): 3})
    scenario = make_scenario(3, prior=prior)
    with pytest.raises(ScenarioError, match="6002 bits"):
        expect_scenario(scenario)


@pytest.mark.parametrize(("bidders", "payment"), [(MANY, "lottery"), (20, "exact")])
def test_prior_that_fits_is_drawn_from(bidders: int, payment: str) -> None:
    """Rewards by lottery need no room, and few exact ones leave enough."""
    assert len(draw_private(make_scenario(bidders, payment=payment), "a seed")) == bidders


def test_private_belief_that_does_not_fit_is_refused() -> None:
    """A belief that the scenario gives is looked at like one that follows from the prior, and found by its key."""
    fine = Product.of({1: {0: 2**6000, 1: 1}, 2: {0: 1}})
    scenario = make_scenario(3, beliefs={"bidder-0": PrivateKnowledge(value=0, belief=fine)})
    with pytest.raises(ScenarioError, match=r"bidder\[0\]\.private\.belief: .*6001 bits"):
        draw_private(scenario, "a seed")


def test_mechanism_that_asks_for_no_belief_takes_any_prior() -> None:
    """Nobody reports a belief in Vickrey's auction, so none can be too fine."""
    market = make_market(MANY)
    prior = uniform(dict(enumerate(market.type_counts)))
    assert why_prior_unreportable(market, find_mechanism("vickrey"), None, prior, range(MANY)) is None


@pytest.mark.parametrize("surplus", [0, 1])
def test_refused_is_exactly_what_cannot_be_written(surplus: int) -> None:
    """At the limit a belief is written and not refused; one bit beyond it is refused and cannot be written."""
    count = 100
    market, mechanism = make_market(count), find_mechanism(PLUS)
    bits = limits.belief_weight_bits(count)
    belief = Product.of(
        {player: {0: 1} for player in range(2, count)} | {1: {0: 2 ** (bits - 1 + surplus), 1: 1}}
    )
    shape = ReportShape(
        kind=ReportKind.BELIEF,
        subjects=belief.players,
        type_counts=(10,) * (count - 1),
        own_type_count=10,
        weight_bits=bits,
    )
    reason = why_unreportable(market, mechanism, mechanism.configure({}), 0, 0, belief)
    assert (reason is not None) == bool(surplus)
    if surplus:
        with pytest.raises(UsageError, match="bits"):
            WireCodec().encode_type_report(TypeReport(value=None, belief=belief), shape)
    else:
        assert WireCodec().encode_type_report(TypeReport(value=None, belief=belief), shape)


@pytest.mark.parametrize("payment", ["exact", "lottery"])
@pytest.mark.parametrize("name", ASKING)
def test_declared_rewards_are_those_that_are_asked_for(name: str, payment: str) -> None:
    """What a mechanism declares is the greatest number of exactly paid beliefs that it asks for in one wave."""
    count = 4
    market, mechanism = make_market(count, 3), find_mechanism(name)
    parameters = mechanism.configure({"payment": payment})
    conversation = mechanism.converse(market, parameters, SeededChance(bytes(32), count))
    most, wave = 0, next(conversation)
    outcome: Outcome | None = None
    while outcome is None:
        questions = [question for question in wave.questions if isinstance(question, ReportType)]
        most = max(most, sum(bool(question.subjects) and question.is_paid_exactly for question in questions))
        answers = tuple(
            ReportedType(
                report=TypeReport(
                    value=0 if question.asks_value else None,
                    belief=uniform(dict.fromkeys(question.subjects, 3)) if question.subjects else None,
                )
            )
            for question in questions
        )
        try:
            wave = conversation.send(answers)
        except StopIteration as end:
            outcome = end.value
    assert mechanism.exact_rewards(parameters, count) == most
