"""Types that are not given are drawn from the prior, exactly and by seed, and beliefs follow from what is known."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from fractions import Fraction

import pytest

from openoutcry.errors import ScenarioError
from openoutcry.mechanisms import Bidder, Linear, Market, Specification
from openoutcry.mechanisms.chance import Chance, ScriptedChance
from openoutcry.mechanisms.conversation import Answer, Outcome, Wave
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.knowledge import cells, full, own_value
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.exploring import outcome_distribution
from openoutcry.protocol.draws import SeededChance
from openoutcry.scenario import PrivateKnowledge, PrivateType, PrivateValue, Scenario

MARKET = TypeMarket(
    lot="Crate",
    currency="EUR",
    minor_units=0,
    environment=Environment.single_good(),
    bidders=(
        TypedBidder(name="ada", types=((1,), (4,))),
        TypedBidder(name="bob", types=((1,), (2,), (3,))),
        TypedBidder(name="cyd", types=((5,), (6,))),
    ),
)
SPECIFICATION = Specification(title="Built", market=MARKET, mechanism="crowdsourced-lookahead-plus")
JOINT = Joint.of((0, 1, 2), {(0, 0, 0): 1, (0, 1, 1): 2, (1, 1, 0): 3, (1, 2, 1): 6})
PRODUCT = Product.of({0: {0: 1, 1: 2}, 1: {1: 3, 2: 1}, 2: {1: 1}})
SIGNALS = Specification(
    title="Signals",
    market=Market(
        lot="Crate",
        currency="EUR",
        minor_units=0,
        signal_levels=2,
        groups=("crew",),
        bidders=(Bidder(name="ada", group=0, valuation=Linear(constant=0, weights=(1,))),),
    ),
    mechanism="uniform-clock",
)


def profile_distribution(scenario: Scenario) -> dict[tuple[int, ...], Fraction]:
    """Return the exact distribution of the profile that a scenario draws."""

    def draw(chance: Chance) -> Generator[Wave, tuple[Answer, ...], Outcome]:
        drawn = scenario.types(chance)
        return Outcome(awards=(), payments=tuple(Fraction(own.value) for own in drawn), reason="drawn")
        yield  # A conversation is a generator; this one asks nothing.

    explored = outcome_distribution(draw, ()).probabilities
    return {
        tuple(int(index) for index in settlement.payments): probability
        for settlement, probability in explored.items()
    }


@pytest.mark.parametrize("prior", [JOINT, PRODUCT])
def test_types_are_drawn_exactly_as_the_prior_says(prior: Distribution) -> None:
    """Over every random choice, each profile comes about with its probability."""
    scenario = Scenario(specification=SPECIFICATION, prior=prior)
    assert scenario.is_sampled
    assert profile_distribution(scenario) == {
        profile: prior.probability(profile) for profile, _ in prior.items()
    }


@pytest.mark.parametrize("prior", [JOINT, PRODUCT])
def test_types_are_drawn_given_those_that_are_given(prior: Distribution) -> None:
    """Whoever's value is written in the file keeps it, and the others' are as likely as that makes them."""
    scenario = Scenario(specification=SPECIFICATION, prior=prior, private={"bob": PrivateValue(value=1)})
    drawn = profile_distribution(scenario)
    within = prior.within({1: (1,)})
    assert within is not None
    assert drawn == {profile: within.probability(profile) for profile, _ in within.items()}


def test_a_seed_draws_the_same_types_again() -> None:
    """And another seed others, sooner or later."""
    scenario = Scenario(specification=SPECIFICATION, prior=JOINT)
    drawn = [scenario.types(SeededChance(bytes([seed]), 3)) for seed in range(20)]
    assert drawn == [scenario.types(SeededChance(bytes([seed]), 3)) for seed in range(20)]
    assert len({tuple(own.value for own in types) for types in drawn}) == len(JOINT.points)


def test_types_are_drawn_under_one_label() -> None:
    """Whoever wants to fix the luck of a local run can name it."""
    scenario = Scenario(specification=SPECIFICATION, prior=JOINT)
    assert [own.value for own in scenario.types(ScriptedChance({"scenario/types": [2]}))] == [1, 1, 0]


def test_beliefs_follow_from_the_types_drawn() -> None:
    """The own value alone, everybody's, or a cell: the prior given what each can tell apart."""
    scenario = Scenario(
        specification=SPECIFICATION,
        prior=JOINT,
        knowledge={
            "bob": full(3),
            "cyd": cells({(0, 0, 0): "a", (0, 1, 1): "b", (1, 1, 0): "a", (1, 2, 1): "c"}),
        },
    )
    ada, bob, cyd = scenario.types(ScriptedChance({"scenario/types": [2]}))
    assert ada.belief == Joint.of((1, 2), {(1, 0): 3, (2, 1): 6})
    assert bob.belief == Product.of({0: {1: 1}, 2: {0: 1}})
    assert cyd.belief == Joint.of((0, 1), {(0, 0): 1, (1, 1): 3})
    assert scenario.partitions() == (own_value(0), full(3), scenario.knowledge["cyd"])


def test_a_belief_that_is_given_stays() -> None:
    """Even if the prior says something else, because a bidder may be wrong."""
    belief = Joint.of((1, 2), {(2, 0): 1})
    given = {"ada": PrivateKnowledge(value=1, belief=belief)}
    scenario = Scenario(specification=SPECIFICATION, prior=JOINT, private=given)
    assert scenario.types(SeededChance(b"", 3))[0] == given["ada"]


def test_without_a_prior_every_type_of_the_others_is_equally_likely() -> None:
    """Ignorance, as documented."""
    private = {name: PrivateValue(value=0) for name in ("ada", "bob", "cyd")}
    scenario = Scenario(specification=SPECIFICATION, private=private)
    assert scenario.types(ScriptedChance({}))[1] == PrivateKnowledge(value=0, belief=uniform({0: 2, 2: 2}))


def test_the_published_prior_is_the_scenarios() -> None:
    """It need not be given twice, and must not be given differently."""
    public = replace(SPECIFICATION, mechanism="vickrey-reserve", market=replace(MARKET, prior=PRODUCT))
    assert Scenario(specification=public).prior == PRODUCT
    with pytest.raises(ScenarioError, match="prior: it is not the seller's prior that the market publishes"):
        Scenario(specification=public, prior=JOINT)


def test_a_value_that_is_neither_given_nor_drawn_is_missed_by_name() -> None:
    """A scenario without it can be served, and says what a local run is missing."""
    scenario = Scenario(specification=SPECIFICATION, private={"ada": PrivateValue(value=0)})
    with pytest.raises(ScenarioError) as caught:
        scenario.types(ScriptedChance({}))
    assert str(caught.value) == (
        "scenario: bidder[1]: bidder 'bob' has no [bidder.private] value, and there is no [prior] to draw it from"
    )


def test_each_kind_of_market_is_asked_for_its_own() -> None:
    """Signals of the one, types of the other."""
    with pytest.raises(ScenarioError) as caught:
        Scenario(specification=SPECIFICATION, prior=JOINT).signals()
    assert str(caught.value) == "scenario: market: its bidders have types, not signals: ask for types()"
    signals = Scenario(specification=SIGNALS, private={"ada": PrivateType(signal=0)})
    for ask in (lambda: signals.types(ScriptedChance({})), signals.partitions):
        with pytest.raises(ScenarioError) as caught:
            ask()
        assert str(caught.value) == "scenario: market: its bidders have signals, not types: ask for signals()"
    assert not signals.is_sampled


REFUSALS = [
    (
        {"private": {"ada": PrivateType(signal=0)}},
        "bidder[0].private: 'ada' has a type in this market, not a signal: give it a PrivateKnowledge",
    ),
    (
        {"private": {"bob": PrivateValue(value=3)}},
        "bidder[1].private.value: the index of the type of 'bob' is 3, outside 0..2",
    ),
    (
        {"private": {"bob": PrivateKnowledge(value=1, belief=uniform({0: 2}))}},
        "bidder[1].private.belief: the belief of 'bob' must be about all the others, and nobody else",
    ),
    (
        {"private": {"bob": PrivateKnowledge(value=1, belief=uniform({0: 2, 2: 3}))}},
        "bidder[1].private.belief: type 2 of bidder 2 is not in its list of types",
    ),
    ({"prior": uniform({0: 2, 1: 3})}, "prior: it must be about all bidders"),
    ({"prior": uniform({0: 2, 1: 4, 2: 1})}, "prior: type 3 of bidder 1 is not in its list of types"),
    (
        {"prior": PRODUCT, "private": {"bob": PrivateValue(value=0)}},
        "prior: it gives no weight to the private value given, bob=1",
    ),
    (
        {"prior": JOINT, "private": {"ada": PrivateValue(value=0), "bob": PrivateValue(value=2)}},
        "prior: it gives no weight to the private values given together, ada=1, bob=3",
    ),
    ({"knowledge": {"ada": full(3)}}, "prior: knowledge needs a prior: it says what is known beside it"),
    (
        {"prior": JOINT, "knowledge": {"eve": full(3)}},
        "prior.knowledge: there is no bidder 'eve'",
    ),
    (
        {"prior": JOINT, "knowledge": {"ada": own_value(1)}},
        "prior.knowledge.ada: 'ada' must know its own value: a cell holds two of them",
    ),
    (
        {"prior": JOINT, "knowledge": {"ada": cells({(0, 0, 0): "a", (1, 1, 0): "b"})}},
        "prior.knowledge.ada: the knowledge given says nothing about profile (0, 1, 1): list its cell",
    ),
]


@pytest.mark.parametrize(("parts", "reason"), REFUSALS)
def test_a_private_part_that_does_not_fit_is_refused(parts, reason):
    """The same checks hold for a scenario from Python as for one from a file."""
    with pytest.raises(ScenarioError) as caught:
        Scenario(specification=SPECIFICATION, **parts)
    assert str(caught.value) == f"scenario: {reason}"


def test_bidders_with_signals_have_neither_types_nor_a_prior():
    """What belongs to the other kind of market is refused there too."""
    with pytest.raises(ScenarioError) as caught:
        Scenario(specification=SIGNALS, private={"ada": PrivateValue(value=0)})
    assert str(caught.value) == (
        "scenario: bidder[0].private: 'ada' has a signal in this market, not a type: give it a PrivateType"
    )
    with pytest.raises(ScenarioError) as caught:
        Scenario(specification=SIGNALS, prior=uniform({0: 2}))
    assert str(caught.value) == "scenario: prior: bidders with signals have none: a prior is about types"
