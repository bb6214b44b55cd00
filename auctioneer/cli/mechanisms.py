"""`auctioneer mechanisms`: what is on offer, what each asks, promises and lets one choose."""

from __future__ import annotations

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from auctioneer.cli.printing import examples, print_json
from openoutcry.mechanisms.parameters import Parameter
from openoutcry.mechanisms.registry import MECHANISMS, Mechanism, find_mechanism


@click.command(epilog=examples("auctioneer mechanisms", "auctioneer mechanisms signal-discovery"))
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def mechanisms(name: str | None, as_json: bool) -> None:
    """List the mechanisms, or explain the one called NAME."""
    chosen = list(MECHANISMS.values()) if name is None else [find_mechanism(name)]
    if as_json:
        print_json({"mechanisms": [_values(mechanism) for mechanism in chosen]})
        return
    console = Console()
    for mechanism in chosen:
        _explain(console, mechanism, is_full=name is not None)
    if name is None:
        console.print(
            "`auctioneer mechanisms NAME` says what it asks, who learns what, and where it is from."
        )


def _explain(console: Console, mechanism: Mechanism, *, is_full: bool) -> None:
    console.print(f"[bold]{mechanism.name}[/bold]  {escape(mechanism.summary)}")
    if is_full:
        for title, text in (
            ("source", mechanism.source),
            ("asks", mechanism.asks),
            ("learns", mechanism.learns),
            ("differs from its source", mechanism.repaired),
        ):
            console.print(f"\n[bold]{title}[/bold]")
            console.print(Padding(escape(text), (0, 0, 0, 2)))
        console.print("\n[bold]parameters[/bold]")
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


def _values(mechanism: Mechanism) -> dict[str, object]:
    return {
        "name": mechanism.name,
        "summary": mechanism.summary,
        "source": mechanism.source,
        "asks": mechanism.asks,
        "learns": mechanism.learns,
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
