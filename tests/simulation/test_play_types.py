"""In-process play on markets of types: outcomes, rewards, openings, sampled types; and expectations of scenarios."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from openoutcry.errors import ConfigurationError, ScenarioError, UsageError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.expectation import TypeExpectation
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.scenario import PrivateKnowledge, Scenario, loads
from openoutcry.simulation import Auction, draw_private, play_scenario
from openoutcry.simulation.comparing import compare_mechanisms
from openoutcry.simulation.expectation import MechanismChoice, expect_scenario
from openoutcry.strategies import NoAnswer, OpenInstead, OutcomeView, Strategy, TypeIndex

NAMES = ("ada", "bob", "cyd")
MARKET = TypeMarket(
    lot="a lot",
    currency="EUR",
    minor_units=0,
    environment=Environment.single_good(),
    bidders=tuple(TypedBidder(name=name, types=((1,), (2,), (4,))) for name in NAMES),
)
VICKREY = Auction(MARKET, "vickrey")
PLUS = Auction(MARKET, "crowdsourced-lookahead-plus", {"reward": "1/10", "delta": 0})


def know(bidder: int, value: int) -> PrivateKnowledge:
    """Return a bidder who knows its value and nothing of the others."""
    others = {other: 3 for other in range(3) if other != bidder}
    return PrivateKnowledge(value=value, belief=uniform(others))


def knowing(*values: int) -> list[PrivateKnowledge]:
    """Return three such bidders."""
    return [know(bidder, value) for bidder, value in enumerate(values)]


def money(*amounts: int) -> tuple[Fraction, ...]:
    """Return amounts as outcomes have them."""
    return tuple(map(Fraction, amounts))


def test_vickrey_sells_to_the_highest_at_the_second_value() -> None:
    """Who gets what, for how much, and what that is really worth."""
    result = VICKREY.play(knowing(0, 2, 1), seed="any")
    assert (result.winner, result.price) == ("bob", Fraction(2))
    assert result.allocation == {"bob": ("lot",)}
    assert result.payments == money(0, 2, 0)
    assert result.rewards == money(0, 0, 0)
    assert (result.values, result.welfare, result.optimum) == ((0, 4, 0), 4, 4)
    assert result.utilities == money(0, 2, 0)
    assert result.reports == tuple(TypeReport(value=value, belief=None) for value in (0, 2, 1))


def test_rewards_are_paid_beside_the_price() -> None:
    """Ignorance earns reward / (2n) x (1 + norm): two others with three types each have a norm of 1/9."""
    result = PLUS.play(knowing(0, 2, 1), seed="any")
    each = Fraction(1, 60) * (2 + 2 * Fraction(1, 9) - Fraction(1, 9) - 1)
    assert result.rewards == (each,) * 3
    assert result.payments == (-each, result.price - each, -each)
    assert result.revenue == result.price - 3 * each


@pytest.mark.parametrize("mechanism", ["vickrey", "english"])
def test_english_and_vickrey_come_to_the_same(mechanism: str) -> None:
    """Truthful bidders on a clock of prices end where sealed values do."""
    auction = Auction(MARKET, mechanism)
    for values in ((0, 0, 0), (2, 2, 1), (1, 0, 2), (0, 1, 1)):
        truth = VICKREY.play(knowing(*values), seed="any")
        found = auction.play(knowing(*values), seed="any")
        assert (found.winner, found.payments) == (truth.winner, truth.payments)


def test_units_go_to_several() -> None:
    """With two buyers there is no one winner; the price is what they pay together."""
    market = replace(MARKET, environment=Environment.identical_units(2))
    result = Auction(market, "vickrey").play(knowing(0, 2, 1), seed="any")
    assert (result.winner, result.price) == (None, Fraction(2))
    assert sorted(result.allocation) == ["bob", "cyd"]


def test_bundles_are_named() -> None:
    """Goods by their names."""
    market = TypeMarket(
        lot="two licences",
        currency="EUR",
        minor_units=0,
        environment=Environment(
            kind="bundles", goods=("east", "west"), units=(1, 1), bundles=((0,), (1,), (0, 1))
        ),
        bidders=(TypedBidder(name="ada", types=((1, 1, 5),)), TypedBidder(name="bob", types=((2, 1, 2),))),
    )
    known = [
        PrivateKnowledge(value=0, belief=uniform({1: 1})),
        PrivateKnowledge(value=0, belief=uniform({0: 1})),
    ]
    result = Auction(market, "vcg").play(known, seed="any")
    assert (result.allocation, result.price) == ({"ada": ("east", "west")}, Fraction(2))


class Shading(Strategy):
    """Reports the lowest value and remembers what it is told."""

    def __init__(self) -> None:
        self.heard: list[OutcomeView] = []

    def report_valuation(self, view):
        return TypeIndex(0)

    def on_outcome(self, view: OutcomeView) -> None:
        self.heard.append(view)


def test_strategies_report_what_they_like_and_hear_what_it_was_worth() -> None:
    """The report decides, the true type counts."""
    shading = Shading()
    result = VICKREY.play(knowing(2, 1, 0), seed="any", strategies={"ada": shading})
    assert result.winner == "bob"
    assert result.optimum == 4
    assert [(view.won, view.utility) for view in shading.heard] == [(False, Fraction(0))]


@pytest.mark.parametrize("answer", [NoAnswer, OpenInstead(valuation=TypeIndex(0))], ids=["none", "other"])
def test_a_report_that_is_not_opened_as_committed_is_withheld(answer) -> None:
    """Commitments bind: whoever opens nothing, or something else, gets nothing."""

    class Wavering(Strategy):
        def on_opening(self, view):
            return answer

    result = VICKREY.play(knowing(2, 1, 0), seed="any", strategies={"ada": Wavering})
    assert (result.winner, result.price) == ("bob", Fraction(1))
    assert result.reports[0] is None


def test_opening_another_word_for_the_same_is_opening() -> None:
    """What is equal to what was committed to is what was committed to."""

    class Repeating(Strategy):
        def on_opening(self, view):
            return OpenInstead(valuation=TypeIndex(view.report.value))

    assert VICKREY.play(knowing(2, 1, 0), seed="any", strategies={"ada": Repeating}).winner == "ada"


def test_a_failing_report_of_a_type_is_withheld_and_told() -> None:
    """An answer that is no value of the list counts as none."""
    result = VICKREY.play(knowing(2, 1, 0), seed="any", strategies={"ada": lambda view: 3})
    assert (result.winner, result.reports[0]) == ("bob", None)
    assert [(default.bidder, default.taken) for default in result.defaults] == [("ada", "withheld")]


@pytest.mark.parametrize(
    ("private", "match"),
    [
        ([2, 1, 0], "give ada a PrivateKnowledge"),
        (knowing(0, 1), "2 signals or types are given for 3 bidders"),
        (knowing(0, 1, 3), r"type 3 of cyd is outside 0\.\.2"),
        ([know(1, 0), know(1, 0), know(2, 0)], "the belief of ada must be about all other bidders"),
    ],
)
def test_private_parts_that_do_not_fit_are_refused(private, match: str) -> None:
    """A caller's mistake is named."""
    with pytest.raises(UsageError, match=match):
        VICKREY.play(private, seed="any")


def test_a_mechanism_that_cannot_run_on_the_market_is_refused() -> None:
    """Of the other kind, without the prior that it needs, or for other goods."""
    with pytest.raises(ConfigurationError, match="runs on signals"):
        Auction(MARKET, "uniform-clock")
    with pytest.raises(ConfigurationError, match="prior"):
        Auction(MARKET, "myerson")
    with pytest.raises(ConfigurationError, match="crowdsourced-optimal"):
        Auction(replace(MARKET, environment=Environment.identical_units(2)), "crowdsourced-lookahead")


# --- Scenarios --------------------------------------------------------------------------------------------

SCENARIO = """
format = "openoutcry-scenario/1"
title = "Three banks"
[mechanism]
name = "crowdsourced-lookahead-plus"
reward = "1/10"
delta = "0"
[market]
lot = "a bond"
currency = "EUR"
environment = "single-good"
[[bidder]]
name = "ada"
types = [1, 2, 4]
[[bidder]]
name = "bob"
types = [1, 2, 4]
[prior]
product = { ada = [[1, 1], [2, 1], [4, 2]], bob = [[1, 1], [2, 1]] }
"""


def scenario(text: str = SCENARIO) -> Scenario:
    """Return a scenario of two banks whose types are drawn."""
    return loads(text, Path())


def test_types_that_are_not_given_are_drawn_from_the_prior() -> None:
    """The same seed gives the same types, other seeds others; beliefs are the posterior of one's own value."""
    drawn = {draw_private(scenario(), f"seed {number}") for number in range(40)}
    assert len(drawn) == 6
    assert draw_private(scenario(), "one") == draw_private(scenario(), "one")
    known = [part[0] for part in drawn]
    assert {part.belief for part in known if isinstance(part, PrivateKnowledge)} == {
        Product.of({1: {0: 1, 1: 1}})
    }
    assert play_scenario(scenario(), seed="one") == play_scenario(scenario(), seed="one")


def test_the_expectation_of_a_scenario_is_taken_over_its_prior() -> None:
    """By hand: the buyer pays the lookahead price, less rewards for beliefs that are the true marginals."""
    found = expect_scenario(scenario())
    # ada knows bob to be 1 or 2, evenly: norm 1/2; bob's belief about ada has norm 1/16 + 1/16 + 1/4 = 3/8.
    assert found.over == "prior"
    assert isinstance(found.expectation, TypeExpectation)
    assert found.expectation.rewards == (Fraction(1, 40) * Fraction(3, 2), Fraction(1, 40) * Fraction(11, 8))
    assert found.expectation.profiles == 6


def test_the_scenarios_strategies_are_followed_over_the_prior() -> None:
    """Whoever withholds everything never wins and is never rewarded; one that may draw has no expectation."""
    silent = scenario(SCENARIO.replace('name = "bob"', 'name = "bob"\nagent = { strategy = "silent" }'))
    found = expect_scenario(silent)
    assert isinstance(found.expectation, TypeExpectation)
    assert found.expectation.win_probability[1] == found.expectation.rewards[1] == 0
    unsure = scenario(SCENARIO.replace('name = "bob"', 'name = "bob"\nagent = { strategy = "random" }'))
    with pytest.raises(ConfigurationError, match="not marked deterministic"):
        expect_scenario(unsure)


def test_an_expectation_at_private_types_needs_all_of_them() -> None:
    """Types that would be drawn are none that are given."""
    with pytest.raises(ConfigurationError, match="not every bidder has a private value"):
        expect_scenario(scenario(), over="private")


def test_a_comparison_lists_what_can_run_and_why_the_rest_cannot() -> None:
    """Common parameters hold for all; no mechanism that knows no more than the prior exceeds OPT."""
    compared = compare_mechanisms(scenario(), [MechanismChoice(name="all", parameters={})])
    assert compared.optimal is not None
    assert compared.optimal.is_exact
    revenues = {result.choice.name: result.expectation.revenue for result in compared.results}
    assert revenues["myerson"] == compared.optimal.lower
    assert max(revenues.values()) == compared.optimal.lower
    assert [refusal.choice.name for refusal in compared.refusals] == ["cremer-mclean"]
    chosen = {result.choice.name: result.choice.parameters for result in compared.results}
    assert chosen["crowdsourced-optimal"] == {"reward": "1/10", "delta": "0"}
    assert chosen["vickrey"] == {}


def test_what_a_mechanism_cannot_do_is_a_line_of_the_comparison() -> None:
    """A wrong parameter and the other kind of market are refusals, an unknown name is a mistake."""
    compared = compare_mechanisms(
        scenario(),
        [
            MechanismChoice(name="vickrey", parameters={"nonsense": 1}),
            MechanismChoice(name="uniform-clock", parameters={}),
        ],
    )
    assert compared.results == ()
    assert [refusal.choice.name for refusal in compared.refusals] == ["vickrey", "uniform-clock"]
    with pytest.raises(ConfigurationError, match="did you mean 'vickrey'"):
        compare_mechanisms(scenario(), [MechanismChoice(name="vikrey", parameters={})])


def test_a_scenario_without_types_and_prior_cannot_be_drawn() -> None:
    """The error says whose type is missing."""
    text = SCENARIO[: SCENARIO.index("[prior]")]
    with pytest.raises(ScenarioError, match="'ada' has no"):
        play_scenario(scenario(text))
