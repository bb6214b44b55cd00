"""How `auctioneer expect` shows people what one mechanism does; comparisons are put together of the same parts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from auctioneer.cli.expectation_values import not_truthful, promised
from auctioneer.cli.printing import say, show_average, show_exact
from auctioneer.cli.tables import STRATEGY_BREAKS, Column, Row, print_table
from openoutcry.mechanisms.crowd.expectation import TypeExpectation
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Guarantee
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.scenario import Scenario
from openoutcry.session.narration import describe_type
from openoutcry.simulation.comparing import promised_welfare
from openoutcry.simulation.expectation import MechanismChoice, Over, ScenarioExpectation
from openoutcry.simulation.private import draw_private

EXACT_LENGTH = 11
"""Characters up to which an exact number is shown in a table; as wide as its widest headings."""

if TYPE_CHECKING:
    from openoutcry.mechanisms.crowd.optimal import OptimalRevenue


def show_expectation(
    console: Console,
    scenario: Scenario,
    found: ScenarioExpectation,
    optimal: OptimalRevenue | None,
    *,
    by_type: bool = False,
) -> None:
    """Show what one mechanism does."""
    expectation = found.expectation
    say_headline(console, scenario)
    print_bidders(console, scenario, found)
    lines = [
        _welfare_line(found),
        _revenue_line(found, optimal),
        *_reward_lines(found),
        f"unsold   with probability {show_exact(expectation.unsold_probability)}",
    ]
    for line in lines:
        say(console, line, then=" " * 9)
    say_promise(console, scenario, found.guarantee)
    for line in explained(scenario, found.over, expectation.profiles):
        say(console, line)
    if by_type:
        print_by_type(console, scenario, interim_rows(scenario, found))
    say_minor_units(console, scenario)
    console.print()


def _welfare_line(found: ScenarioExpectation) -> str:
    expectation, share = found.expectation, found.guarantee.welfare
    line = f"welfare  {show_exact(expectation.welfare)} of {show_exact(expectation.optimum)}"
    if expectation.optimum:
        line += f" ({percent(expectation.welfare, Fraction(expectation.optimum))})"
    least = promised_welfare(found.guarantee, Fraction(expectation.optimum))
    if least is not None and share is not None:
        line += f", at least {show_exact(least)} promised ({percent(share, Fraction(1))})"
    return line


def _revenue_line(found: ScenarioExpectation, optimal: OptimalRevenue | None) -> str:
    expectation = found.expectation
    line = f"revenue  {show_exact(expectation.revenue)}"
    if optimal is not None:
        line += f", {share_of(expectation.revenue, optimal)} of the optimal revenue "
        line += show_exact(optimal.lower) if optimal.is_exact else bounds(optimal, minor_units=0)
    elif expectation.optimum:
        line += f", {percent(expectation.revenue, Fraction(expectation.optimum))} of the greatest welfare"
    least = promised(found, optimal)
    return line if least is None else f"{line}, at least {show_exact(least)} promised"


def _reward_lines(found: ScenarioExpectation) -> list[str]:
    """Return what passes between bidders and seller beside prices, in one line, or in none when nothing does."""
    expectation = found.expectation
    if not isinstance(expectation, TypeExpectation) or not any(expectation.rewards):
        return []
    total = sum(expectation.rewards, Fraction(0))
    if has_side_bets(found.choice):
        if total > 0:
            return [f"bets     bidders win {show_exact(total)} by them, already taken off the revenue"]
        return [f"bets     bidders pay {show_exact(-total)} beside prices, already in the revenue"]
    return [f"rewards  {show_exact(total)}, already taken off the revenue"]


def has_side_bets(choice: MechanismChoice) -> bool:
    """Whether what passes between bidders and seller beside prices are bets, which either may lose, and no rewards."""
    return find_mechanism(choice.name).charges_losers


def say_promise(console: Console, scenario: Scenario, guarantee: Guarantee) -> None:
    """Say what is promised on which conditions, and who breaks them."""
    say(console, f"promised: {guarantee.text}")
    liars = [f"{name}: {strategy}" for name, strategy in not_truthful(scenario).items()]
    if liars and (guarantee.welfare, guarantee.revenue) != (None, None):
        say(console, f"the promise is for truthful bidders, and not all are: {', '.join(liars)}")


def say_minor_units(console: Console, scenario: Scenario) -> None:
    """Say in which units money is shown, where these are not those of the currency."""
    market = scenario.specification.market
    if market.minor_units:
        say(console, f"money in minor units: {10**market.minor_units} are one {market.currency}")


def say_headline(console: Console, scenario: Scenario) -> None:
    """Say which scenario it is."""
    headline = Text.assemble((scenario.title, "bold"), f"  ({scenario.file})")
    console.print(headline, highlight=False, soft_wrap=True)
    console.print()


def explained(scenario: Scenario, over: Over, profiles: int) -> list[str]:
    """Return what is averaged over, in one line, or none where signals or types are given."""
    if over == "signals":
        return [f"over all {profiles:,} profiles of signals, equally likely"]
    if over != "prior":
        return []
    lines = [f"over all {profiles:,} profiles of types that the prior holds possible"]
    if scenario.knowledge:
        lines.append("some bidders know more than the prior, so revenue may exceed what is best without them")
    return lines


def print_bidders(console: Console, scenario: Scenario, found: ScenarioExpectation) -> None:
    """Print what each bidder wins, pays and gains on average."""
    expectation, market = found.expectation, scenario.specification.market
    is_private = found.over == "private"
    known = private_headings(market) if is_private else []
    rewards = expectation.rewards if isinstance(expectation, TypeExpectation) else None
    beside = "by bets" if has_side_bets(found.choice) else "is rewarded"
    numbers = ["wins", "pays", *([beside] if rewards is not None else []), "gains"]
    columns = [
        Column(heading="bidder"),
        *(Column(heading=heading) for heading in known),
        Column(heading="strategy", breaks_after=STRATEGY_BREAKS),
        *(Column(heading=heading, is_number=True) for heading in numbers),
    ]
    private = private_columns(scenario) if is_private else [[] for _ in scenario.names]
    rows = []
    for bidder, name in enumerate(scenario.names):
        shown = [
            expectation.win_probability[bidder],
            expectation.payments[bidder],
            *([rewards[bidder]] if rewards is not None else []),
            expectation.utilities[bidder],
        ]
        cells = [show_exact(number, longest=EXACT_LENGTH) for number in shown]
        rows.append([name, *private[bidder], scenario.strategy(name), *cells])
    print_table(console, columns, rows, caption="probabilities of winning, and money on average")


def private_headings(market: Market | TypeMarket) -> list[str]:
    """Return the headings of `private_columns`."""
    return ["signal", "value"] if isinstance(market, Market) else ["value"]


def private_columns(scenario: Scenario) -> list[list[str]]:
    """Return for each bidder its signal and value, or its value."""
    market = scenario.specification.market
    if isinstance(market, TypeMarket):
        private = draw_private(scenario, scenario.seed)
        return [
            [describe_type(market, bidder, part if isinstance(part, int) else part.value)]
            for bidder, part in enumerate(private)
        ]
    signals = scenario.signals()
    state = market.state(signals)
    return [[str(signal), str(market.value(bidder, state))] for bidder, signal in enumerate(signals)]


def interim_rows(scenario: Scenario, found: ScenarioExpectation) -> list[list[Row]]:
    """Return the rows of `print_by_type`, one section for each bidder."""
    sections: list[list[Row]] = []
    for bidder, name in enumerate(scenario.names):
        rows: list[Row] = []
        for index, each in enumerate(found.expectation.interim[bidder]):
            if each is not None:
                numbers = (each.probability, each.win_probability, each.payment, each.utility)
                cells = [show_exact(number, longest=EXACT_LENGTH) for number in numbers]
                rows.append([name if not rows else "", type_cell(scenario, bidder, index), *cells])
        sections.append(rows)
    return sections


def type_cell(scenario: Scenario, bidder: int, index: int) -> str:
    """Return a signal or a type in a few characters."""
    market = scenario.specification.market
    return str(index) if isinstance(market, Market) else describe_type(market, bidder, index)


def print_by_type(
    console: Console, scenario: Scenario, sections: list[list[Row]], *, how_often: str = "has it"
) -> None:
    """Print what each type or signal of each bidder can look forward to.

    Args:
        console: Where to.
        scenario: Whose bidders.
        sections: Rows of one bidder each: name, type, how often, wins, pays, gains.
        how_often: Heading of the third column.
    """
    kind = private_headings(scenario.specification.market)[0]
    columns = [
        Column(heading="bidder"),
        Column(heading=kind),
        *(Column(heading=heading, is_number=True) for heading in (how_often, "wins", "pays", "gains")),
    ]
    console.print()
    print_table(
        console, columns, *sections, caption=f"what a bidder gets on average once it knows its own {kind}"
    )


def bounds(optimal: OptimalRevenue, *, minor_units: int) -> str:
    """Return the optimal revenue rounded, or the bounds between which it lies; they may stand on two lines."""
    lower = show_average(optimal.lower, minor_units=minor_units)
    if optimal.is_exact:
        return lower
    return f"{lower} to {show_average(optimal.upper, minor_units=minor_units)}"


def share_of(revenue: Fraction, optimal: OptimalRevenue) -> str:
    """Return which share of the optimal revenue it is, at least where only bounds of that are known."""
    sign = "" if optimal.is_exact else ">="
    return sign + percent(revenue, optimal.upper)


def percent(part: Fraction, whole: Fraction) -> str:
    """Return a share for people; a dash of nothing."""
    return f"{float(part / whole):.1%}" if whole else "-"
