"""`auctioneer mechanisms`: what is on offer, what each asks, promises and lets one choose."""

from __future__ import annotations

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from auctioneer.cli.example_markets import promise_of
from auctioneer.cli.printing import examples, print_json
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
    """List the mechanisms, or explain the one called NAME."""
    chosen = list(MECHANISMS.values()) if name is None else [find_mechanism(name)]
    if as_json:
        print_json({"mechanisms": [_values(mechanism) for mechanism in chosen]})
        return
    console = Console()
    shown = ""
    for mechanism in chosen:
        if name is None and mechanism.market != shown:
            shown = mechanism.market
            console.print(f"[bold underline]{escape(_MARKETS[shown])}[/bold underline]\n")
        _explain(console, mechanism, is_full=name is not None)
    if name is None:
        console.print(
            "`auctioneer mechanisms NAME` says what it asks, who learns what, and where it is from."
        )


def _explain(console: Console, mechanism: Mechanism, *, is_full: bool) -> None:
    console.print(f"[bold]{mechanism.name}[/bold]  {escape(mechanism.summary)}")
    if mechanism.uses_prior and not is_full:
        console.print("  needs the seller's prior, which then is public")
    if is_full:
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
            console.print(Padding(escape(text), (0, 0, 0, 2)))
        console.print("\n[bold]parameters[/bold]")
    if is_full and not mechanism.parameters:
        console.print(Padding("none", (0, 0, 0, 2)))
    for parameter in mechanism.parameters:
        console.print(
            Padding(
                f"[bold]{parameter.name}[/bold] = {escape(parameter.default)}  "
                f"({escape(_choices(parameter))})  {escape(parameter.meaning)}",
                (0, 0, 0, 2),
            )
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
