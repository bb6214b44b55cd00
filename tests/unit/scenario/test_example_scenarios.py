"""Every shipped scenario loads, keeps its mechanism's promise, and is what its comments say."""

from __future__ import annotations

import runpy
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from openoutcry.mechanisms import Market, find_mechanism
from openoutcry.mechanisms.answering import answer_with_signal
from openoutcry.mechanisms.expectation import Expectation, expect
from openoutcry.scenario import PrivateKnowledge, Scenario, load_scenario
from openoutcry.simulation.comparing import best_revenue, promised_revenue
from openoutcry.simulation.expectation import expect_scenario
from openoutcry.simulation.private import draw_private

EXAMPLES = Path(__file__).parents[3] / "examples"
SCENARIOS = sorted(path for path in EXAMPLES.glob("*/*.toml") if path.parent.name != "campaigns")
LOADED = {path.relative_to(EXAMPLES).as_posix(): load_scenario(path) for path in SCENARIOS}
OF_SIGNALS = [name for name, scenario in LOADED.items() if isinstance(scenario.specification.market, Market)]
# Those to be audited tell of a market only: nobody has a type in them.
OF_TYPES = [name for name in LOADED if name not in OF_SIGNALS and not name.startswith("audit/")]


def expectation(scenario: Scenario, reports: tuple[int, ...] | None = None) -> Expectation:
    """Compute what happens on average, everybody truthful unless other reports are given."""
    specification = scenario.specification
    mechanism = find_mechanism(specification.mechanism)
    parameters = mechanism.configure(specification.parameters)
    signals = scenario.signals()
    answerers = [answer_with_signal(signal) for signal in reports or signals]
    return expect(signal_market(scenario), mechanism, parameters, answerers, signals)


def signal_market(scenario: Scenario) -> Market:
    """Return the market of a scenario of bidders with signals."""
    market = scenario.specification.market
    assert isinstance(market, Market)
    return market


def example(name: str) -> Scenario:
    """Load an example by its path under examples/."""
    return load_scenario(EXAMPLES / name)


def test_there_are_examples():
    """The parametrised tests below would pass over an empty folder."""
    written = ("tiny", "tight_revenue", "wallet", "uniform", "sealed", "attribution")
    expected = {f"scenarios/{name}.toml" for name in written}
    assert set(OF_SIGNALS) >= expected | {"offshore_tract/scenario.toml"}
    treasury = {
        f"treasury_bills/{name}.toml" for name in ("scenario", "with_a_liar", "sealed", "independent")
    }
    assert set(OF_TYPES) >= treasury | {"licences/scenario.toml"}


@pytest.mark.parametrize("name", [*OF_SIGNALS, *OF_TYPES])
def test_an_example_can_be_run_locally(name: str):
    """It has a signal or type for each bidder, and strategies that load without installing anything."""
    scenario = LOADED[name]
    private = draw_private(scenario, scenario.seed)
    assert len(private) == len(scenario.load_strategies()) == len(scenario.names)
    assert all(isinstance(part, PrivateKnowledge) is (name in OF_TYPES) for part in private)


@pytest.mark.parametrize("name", OF_TYPES)
def test_an_example_of_types_keeps_its_mechanisms_promise(name: str):
    """With everybody truthful, revenue over the prior is at least what is promised, and nobody loses.

    What a mechanism promises of revenue is a share of OPT, of which `expect` gives a lower bound at least.
    """
    scenario = LOADED[name]
    found = expect_scenario(replace(scenario, agents={}))
    optimal, refusal = best_revenue(scenario)
    assert (found.over, refusal) == ("prior", "")
    assert optimal is not None
    promised = promised_revenue(found.guarantee, Fraction(found.expectation.optimum), optimal.lower)
    assert promised is not None
    assert found.expectation.revenue >= promised > 0
    assert found.expectation.welfare >= (found.guarantee.welfare or 0) * found.expectation.optimum
    assert min(found.expectation.utilities) >= 0


@pytest.mark.parametrize("name", OF_TYPES)
def test_an_example_of_types_gives_possible_types(name: str):
    """What bidders privately know in it can happen under its own prior, and each is told what is true."""
    scenario = LOADED[name]
    private = [part for part in draw_private(scenario, scenario.seed) if isinstance(part, PrivateKnowledge)]
    profile = tuple(part.value for part in private)
    assert scenario.prior is not None
    assert scenario.prior.weight(profile) > 0
    for bidder, part in enumerate(private):
        assert part.belief.weight(tuple(profile[other] for other in part.belief.players)) > 0
        assert bidder not in part.belief.players


@pytest.mark.parametrize("name", OF_SIGNALS)
def test_an_example_keeps_its_mechanisms_promise(name: str):
    """With everybody truthful, welfare and revenue are at least what the registry promises."""
    scenario = LOADED[name]
    specification = scenario.specification
    mechanism = find_mechanism(specification.mechanism)
    promise = mechanism.guarantee(specification.market, mechanism.configure(specification.parameters))
    actual = expectation(scenario)
    assert actual.welfare >= (promise.welfare or 0) * actual.optimum
    assert actual.revenue >= (promise.revenue or 0) * actual.optimum


def test_tiny_is_tight_for_the_best_bidder():
    """The comments promise exactly one in four."""
    assert expectation(example("scenarios/tiny.toml")).win_probability[1] == Fraction(1, 4)


def test_tight_revenue_is_tight():
    """The comments promise exactly a sixth of the 100 that the lot is worth."""
    actual = expectation(example("scenarios/tight_revenue.toml"))
    assert (actual.revenue, actual.optimum) == (Fraction(100, 6), Fraction(100))


def test_uniform_sells_to_the_highest_signal_and_not_to_the_best_owner():
    """The comments say that una wins and that the lot is worth more to the mill."""
    scenario = example("scenarios/uniform.toml")
    owner, _ = signal_market(scenario).optimum(scenario.signals())
    assert expectation(scenario).win_probability[0] == 1
    assert scenario.names[owner] == "wald-saege"


def test_wallet_owners_cross():
    """The comments say that one more note anywhere can change who should have the lot."""
    market = signal_market(example("scenarios/wallet.toml"))
    assert len({market.owner((notes,), range(5)) for notes in range(16)}) >= 3


def test_the_panel_may_go_to_two_and_depends_on_counts():
    """The comments say who is eligible, how often each wins, and that equal sums differ in value."""
    scenario = example("scenarios/attribution.toml")
    market, actual = signal_market(scenario), expectation(scenario)
    wins = dict(zip(scenario.names, map(str, actual.win_probability), strict=True))
    assert wins == {"museum": "1/4", "dealer": "0", "collector": "1/4", "bank": "0", "decorator": "0"}
    assert actual.payments[0] == Fraction(2000, 4)
    assert market.value(0, market.state(scenario.signals())) == 3000
    one_of_each, two_alike = market.state((2, 0, 0, 0, 0)), market.state((1, 1, 0, 0, 0))
    assert (market.value(0, one_of_each), market.value(0, two_alike)) == (1000, 0)


def test_the_offshore_values_are_those_that_the_script_writes():
    """values.csv can be regenerated by the script beside it."""
    folder = EXAMPLES / "offshore_tract"
    script = runpy.run_path(str(folder / "make_values.py"))
    lines = (folder / "values.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].split(",") == ["geology", "seismic", *script["COMPANIES"]]
    assert len(lines) == 1 + 19 * 19
    for line in lines[1:]:
        geology, seismic, *values = map(int, line.split(","))
        assert values == [
            script["value"](company, geology, seismic) for company in script["COMPANIES"].values()
        ]


def test_the_offshore_values_are_interdependent_and_do_not_cross_once():
    """One more grade of geology raises a rival's value by more than the raiser's own, and makes it the best owner."""
    scenario = example("offshore_tract/scenario.toml")
    market, names = signal_market(scenario), scenario.names
    before, after = (9, 8), (10, 8)
    raiser, rival = names.index("bayou-energy"), market.owner(after, market.members(0))
    gains = [market.value(bidder, after) - market.value(bidder, before) for bidder in (raiser, rival)]
    assert market.owner(before, market.members(0)) == raiser
    assert rival != raiser
    assert gains[1] > gains[0]


def test_the_offshore_sale_is_usually_sold_and_to_several():
    """Under any seed the demonstration is likely to show a sale, and at least four companies can win it."""
    scenario = example("offshore_tract/scenario.toml")
    shaded = list(scenario.signals())
    shaded[scenario.names.index("lodestar")] -= 1
    actual = expectation(scenario, tuple(shaded))
    assert actual.unsold_probability < Fraction(1, 4)
    assert sum(probability > Fraction(1, 20) for probability in actual.win_probability) >= 4
