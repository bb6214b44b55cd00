"""`auctioneer expect`: what a scenario does on average over the mechanism's own coins, exactly."""

from __future__ import annotations

from pathlib import Path
from typing import assert_never

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from auctioneer.cli.printing import examples, print_json
from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.answering import Answerer
from openoutcry.mechanisms.conversation import Answer, Climb, Climbed, Question, Reported, ReportSignal
from openoutcry.mechanisms.expectation import Expectation
from openoutcry.mechanisms.expectation import expect as compute_expectation
from openoutcry.mechanisms.exploring import DEFAULT_RUN_LIMIT
from openoutcry.mechanisms.registry import Guarantee, find_mechanism
from openoutcry.scenario import Scenario, load_scenario
from openoutcry.simulation.player import Default, Player
from openoutcry.strategies import Seat
from openoutcry.strategies.views import bidder_random


@click.command(epilog=examples("auctioneer expect scenario.toml", "auctioneer expect a.toml b.toml --json"))
@click.argument("scenarios", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SCENARIO...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, in the order given.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=DEFAULT_RUN_LIMIT,
    show_default=True,
    help="Most runs of the mechanism to spend on one scenario.",
)
def expect(scenarios: tuple[Path, ...], as_json: bool, limit: int) -> None:
    """Compute exactly how often each bidder wins, and the expected welfare and revenue.

    Every random choice of the mechanism is taken with its exact probability; private signals and strategies are those
    of the scenario. Strategies must be deterministic.
    """
    for path in scenarios:
        scenario = load_scenario(path)
        expectation, defaults = expect_scenario(scenario, limit=limit)
        for default in _distinct(defaults):
            click.echo(f"note: {default}", err=True)
        if as_json:
            print_json(expectation_values(scenario, expectation))
        else:
            _show(Console(), scenario, expectation)


def expect_scenario(scenario: Scenario, *, limit: int) -> tuple[Expectation, list[Default]]:
    """Return the exact expectation of a scenario, and where strategies failed and a default was taken.

    Raises:
        ScenarioError: A signal is missing, or a strategy cannot be loaded.
        ConfigurationError: A strategy is not deterministic, or there is more to explore than the limit allows.
    """
    specification = scenario.specification
    mechanism = find_mechanism(specification.mechanism)
    signals = scenario.signals()
    defaults: list[Default] = []
    answerers = _make_answerers(scenario, signals, defaults)
    expectation = compute_expectation(
        specification.market,
        mechanism,
        mechanism.configure(specification.parameters),
        answerers,
        signals,
        limit=limit,
    )
    return expectation, defaults


def expectation_values(scenario: Scenario, expectation: Expectation) -> dict[str, object]:
    """Return an expectation as one JSON object; every exact number is a text."""
    names = scenario.names
    guarantee = _guarantee(scenario)
    return {
        "scenario": scenario.file,
        "win_probability": dict(zip(names, map(str, expectation.win_probability), strict=True)),
        "unsold_probability": str(expectation.unsold_probability),
        "welfare": str(expectation.welfare),
        "revenue": str(expectation.revenue),
        "optimum": str(expectation.optimum),
        "payments": dict(zip(names, map(str, expectation.payments), strict=True)),
        "utilities": dict(zip(names, map(str, expectation.utilities), strict=True)),
        "guarantee": guarantee.text,
    }


def _make_answerers(
    scenario: Scenario, signals: tuple[int, ...], defaults: list[Default]
) -> tuple[Answerer, ...]:
    market = scenario.specification.market
    answerers = []
    for bidder, factory in enumerate(scenario.load_strategies()):
        name = scenario.names[bidder]
        if not factory.deterministic:
            raise ConfigurationError(
                f"{scenario.file}: the strategy {factory.name!r} of {name} is not marked deterministic: "
                "set `deterministic = True` on its class if it is, or choose another"
            )
        seat = Seat(market=market, bidder=bidder, signal=signals[bidder], rng=bidder_random(b"", name))
        player = Player(strategy=factory.make(), seat=seat, defaults=defaults)
        answerers.append(_answerer(player))
    return tuple(answerers)


def _answerer(player: Player) -> Answerer:
    def answer(question: Question, clock: int, /) -> Answer:
        match question:
            case Climb(target=target, price=price):
                level = clock
                offered = None if price is None else target
                # Which wave asks is no part of what a deterministic strategy may look at.
                while level < target and player.accepts(level=level + 1, price=price, target=offered, wave=0):
                    level += 1
                return Climbed(level=level, exited=level < target)
            case ReportSignal():
                return Reported(value=player.signal(wave=0))
            case _:
                assert_never(question)

    return answer


def _guarantee(scenario: Scenario) -> Guarantee:
    specification = scenario.specification
    mechanism = find_mechanism(specification.mechanism)
    return mechanism.guarantee(specification.market, mechanism.configure(specification.parameters))


def _show(console: Console, scenario: Scenario, expectation: Expectation) -> None:
    market = scenario.specification.market
    sums = market.sums(scenario.signals())
    table = Table(
        "bidder", "signal", "strategy", "value", "wins with probability", "pays on average", "gains"
    )
    for bidder, name in enumerate(scenario.names):
        table.add_row(
            escape(name),
            str(scenario.private[name].signal),
            escape(scenario.strategy(name)),
            str(market.value(bidder, sums)),
            _exact(expectation.win_probability[bidder]),
            _exact(expectation.payments[bidder]),
            _exact(expectation.utilities[bidder]),
        )
    console.print(f"[bold]{escape(scenario.title)}[/bold]  ({escape(scenario.file)})")
    console.print(table)
    share = f" ({float(expectation.welfare / expectation.optimum):.1%})" if expectation.optimum else ""
    console.print(f"welfare  {_exact(expectation.welfare)} of {expectation.optimum}{share}")
    console.print(f"revenue  {_exact(expectation.revenue)}")
    console.print(f"unsold   with probability {_exact(expectation.unsold_probability)}")
    console.print(f"promised: {escape(_guarantee(scenario).text)}\n")


def _exact(number: object) -> str:
    text = str(number)
    numerator, separator, denominator = text.partition("/")
    if not separator:
        return text
    decimal = f"{int(numerator) / int(denominator):.4g}"
    return f"{text} ({decimal})" if len(text) <= 15 else decimal


def _distinct(defaults: list[Default]) -> list[str]:
    """Return each failure once: a strategy is asked the same many times over."""
    return list(dict.fromkeys(f"{default.bidder}: {default.reason}" for default in defaults))
