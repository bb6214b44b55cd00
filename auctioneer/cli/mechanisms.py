"""`auctioneer mechanisms`: what is on offer, what each asks, promises and lets one choose."""

from __future__ import annotations

import click
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from auctioneer.cli.example_markets import promise_of
from auctioneer.cli.printing import examples, print_json, say, wrap
from openoutcry.mechanisms.parameters import Parameter
from openoutcry.mechanisms.registry import MECHANISMS, Mechanism, find_mechanism

_MARKETS = {
    "signals": "bidders with signals: what the lot is worth to each depends on the signals of all",
    "types": "bidders with types: each knows what goods are worth to it, and something of the others",
}


@click.command(epilog=examples("auctioneer mechanisms", "auctioneer mechanisms crowdsourced-optimal"))
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def mechanisms(name: str | None, as_json: bool) -> None:
    """List the mechanisms, or explain the one called NAME.

    Which of them can run depends on what bidders know: signals of what a lot is worth to everybody, or their own
    values and something of each other's. Crowdsourced mechanisms ask for the latter, and pay for it; those that need
    a prior are given what no seller has, and are there to compare with.
    """
    if as_json:
        chosen = list(MECHANISMS.values()) if name is None else [find_mechanism(name)]
        print_json({"mechanisms": [_values(mechanism) for mechanism in chosen]})
    elif name is None:
        _list(Console())
    else:
        _explain(Console(), find_mechanism(name))


def _list(console: Console) -> None:
    """Print one line for each mechanism, by kind of market, with its name and what it does."""
    indent = 2 + max(map(len, MECHANISMS)) + 2
    for market, described in _MARKETS.items():
        console.print(Text(wrap(described, width=console.width, then=""), style="bold"))
        for mechanism in MECHANISMS.values():
            if mechanism.market == market:
                prior = "; needs the seller's prior" if mechanism.uses_prior else ""
                first = f"  {mechanism.name}".ljust(indent)
                say(console, f"{first}{mechanism.summary}{prior}", then=" " * indent)
        console.print()
    say(console, "`auctioneer mechanisms NAME` says what one asks, promises and lets one choose.")
    say(
        console,
        "`auctioneer expect SCENARIO --mechanism all` compares those that can run on a scenario's market.",
    )


def _explain(console: Console, mechanism: Mechanism) -> None:
    console.print(f"[bold]{mechanism.name}[/bold]  {escape(mechanism.summary)}", highlight=False)
    for title, text in (
        ("market", _MARKETS[mechanism.market]),
        ("prior", "needed, and public with the market" if mechanism.uses_prior else "none is needed"),
        ("source", mechanism.source),
        ("asks", mechanism.asks),
        ("learns", mechanism.learns),
        ("guarantee", _guarantee(mechanism)),
        ("differs from its source", mechanism.repaired),
    ):
        console.print(f"\n[bold]{title}[/bold]")
        say(console, f"  {text}")
    console.print("\n[bold]parameters[/bold]")
    if not mechanism.parameters:
        say(console, "  none")
    for parameter in mechanism.parameters:
        say(
            console,
            f"  {parameter.name} = {parameter.default}  ({_choices(parameter)})  {parameter.meaning}",
            then="    ",
        )
    console.print()


def _choices(parameter: Parameter) -> str:
    return parameter.choices if isinstance(parameter.choices, str) else " | ".join(parameter.choices)


def _guarantee(mechanism: Mechanism) -> str:
    text, example = promise_of(mechanism)
    return f"{text} (the example: {example}; default parameters)"


def _values(mechanism: Mechanism) -> dict[str, object]:
    return {
        "name": mechanism.name,
        "summary": mechanism.summary,
        "market": mechanism.market,
        "uses_prior": mechanism.uses_prior,
        "source": mechanism.source,
        "asks": mechanism.asks,
        "learns": mechanism.learns,
        "guarantee": _guarantee(mechanism),
        "repaired": mechanism.repaired,
        "parameters": [
            {
                "name": parameter.name,
                "default": parameter.default,
                "choices": parameter.choices,
                "meaning": parameter.meaning,
            }
            for parameter in mechanism.parameters
        ],
    }
