"""`auctioneer mechanisms`: what is on offer, what each asks, promises and lets one choose; and what is for study."""

from __future__ import annotations

import click
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from auctioneer.cli.example_markets import promise_of
from auctioneer.cli.printing import examples, print_json, say, wrap
from openoutcry.lab.audit import STUDY_MECHANISMS, StudyMechanism
from openoutcry.mechanisms.parameters import Parameter
from openoutcry.mechanisms.registry import MECHANISMS, Mechanism, find_mechanism

_STUDY = "for study: wrong on purpose, and known to audits alone"
_PRIOR_MARK = " *"
_MARKETS = {
    "signals": "bidders with signals: values depend on the signals of all",
    "types": "bidders with types: each knows its own values, and something of the others",
}


@click.command(epilog=examples("auctioneer mechanisms", "auctioneer mechanisms crowdsourced-optimal"))
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def mechanisms(name: str | None, as_json: bool) -> None:
    """List the mechanisms, or explain the one called NAME.

    Which of them can run depends on what bidders know: signals of what a lot is worth to everybody, or their own
    values and something of each other's. Crowdsourced mechanisms ask for the latter, and pay for it; those that need
    a prior are given what no seller has, and are there to compare with. Those for study are wrong on purpose.
    """
    if as_json:
        print_json(_told(name))
    elif name is None:
        _list(Console())
    elif name in STUDY_MECHANISMS:
        _explain_study(Console(), STUDY_MECHANISMS[name])
    else:
        _explain(Console(), find_mechanism(name))


def _list(console: Console) -> None:
    """Print one line for each mechanism, by kind of market, with its name and what it does."""
    indent = 2 + max(map(len, (*MECHANISMS, *STUDY_MECHANISMS))) + 2
    for market, described in _MARKETS.items():
        _title(console, described)
        for mechanism in MECHANISMS.values():
            if mechanism.market == market:
                name = f"{mechanism.name}{_PRIOR_MARK if mechanism.uses_prior else ''}"
                say(console, f"{f'  {name}'.ljust(indent)}{mechanism.summary}", then=" " * indent)
        if any(mechanism.uses_prior for mechanism in MECHANISMS.values() if mechanism.market == market):
            say(console, f" {_PRIOR_MARK} given the seller's prior, which its session publishes", then="    ")
        console.print()
    _title(console, _STUDY)
    for name, study in STUDY_MECHANISMS.items():
        say(console, f"{f'  {name}'.ljust(indent)}{study.mechanism.summary}", then=" " * indent)
    console.print()
    for command, meaning in (
        ("auctioneer mechanisms NAME", "what it asks, promises and offers"),
        ("auctioneer expect SCENARIO --mechanism all", "compares those that can run"),
        ("auctioneer audit SCENARIO --mechanism NAME", "who gains by a lie"),
    ):
        say(console, f"{command.ljust(43)} {meaning}", then=" " * 44)


def _title(console: Console, text: str) -> None:
    console.print(Text(wrap(text, width=console.width, then=""), style="bold"))


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


def _explain_study(console: Console, study: StudyMechanism) -> None:
    mechanism = study.mechanism
    console.print(f"[bold]{mechanism.name}[/bold]  {escape(mechanism.summary)}", highlight=False)
    for title, text in (
        ("market", _MARKETS[mechanism.market]),
        ("source", mechanism.source),
        ("what is wrong", study.wrong),
        ("who can run it", _who_runs(study)),
    ):
        console.print(f"\n[bold]{title}[/bold]")
        say(console, f"  {text}")
    console.print()
    say(
        console, f"`auctioneer audit SCENARIO --mechanism {mechanism.name}` finds who gains, and by how much."
    )


def _who_runs(study: StudyMechanism) -> str:
    if not study.stands_for:
        return "audits only: no session and no campaign knows it by any name"
    fixed = ", ".join(f"{key} = {value}" for key, value in study.session_parameters({}).items())
    return f"audits; sessions and campaigns know it as {study.stands_for} with {fixed}, which claims less"


def _told(name: str | None) -> dict[str, object]:
    registered = list(MECHANISMS.values()) if name is None else []
    if name is not None and name not in STUDY_MECHANISMS:
        registered = [find_mechanism(name)]
    study = [known for each, known in STUDY_MECHANISMS.items() if name in (None, each)]
    return {
        "mechanisms": [_values(mechanism) for mechanism in registered],
        "for_study": [_study_values(known) for known in study],
    }


def _study_values(study: StudyMechanism) -> dict[str, object]:
    mechanism = study.mechanism
    session = None
    if study.stands_for:
        session = {"name": study.stands_for, "parameters": dict(study.session_parameters({}))}
    return {
        "name": mechanism.name,
        "summary": mechanism.summary,
        "market": mechanism.market,
        "source": mechanism.source,
        "wrong": study.wrong,
        "in_sessions": session,
    }


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
