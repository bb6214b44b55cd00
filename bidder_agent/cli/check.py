"""`bidder-agent check`: whether a strategy will do, found out before the auction."""

from __future__ import annotations

from pathlib import Path

import click

from bidder_agent.cli.options import DIRECTORY, print_json
from bidder_agent.conformance import Verdict, check_strategy
from bidder_agent.conformance.checks import DEFAULT_ANSWER_MS, DEFAULT_LIMIT_S, DEFAULT_MARKETS
from bidder_agent.strategies import register_all
from openoutcry.strategies import load_strategy

EXAMPLES = """\b
Examples:
  bidder-agent check mystrategy.py:Cautious
  bidder-agent check shade:levels=1 --json
"""


@click.command("check", epilog=EXAMPLES)
@click.argument("strategy")
@click.option(
    "--markets",
    type=click.IntRange(1, 10_000),
    default=DEFAULT_MARKETS,
    show_default=True,
    help="In how many random markets.",
)
@click.option(
    "--answer-ms",
    type=click.IntRange(1),
    default=DEFAULT_ANSWER_MS,
    show_default=True,
    help="Time to answer against which its speed is held.",
)
@click.option(
    "--limit",
    type=click.FloatRange(min=0.1),
    default=DEFAULT_LIMIT_S,
    show_default=True,
    metavar="SECONDS",
    help="For each check.",
)
@click.option(
    "--base-directory", type=DIRECTORY, default=Path(), help="Where relative files of the strategy start."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    strategy: str, markets: int, answer_ms: int, limit: float, base_directory: Path, as_json: bool
) -> int:
    """Play STRATEGY in random small markets and say whether it keeps the rules of strategies.

    Exit code 0: it does, perhaps with warnings; 1: it does not; 2: it cannot be loaded.
    """
    register_all()
    factory = load_strategy(strategy, base_directory=base_directory)
    checks = check_strategy(factory, markets=markets, answer_ms=answer_ms, limit_s=limit)
    is_good = all(check.verdict is not Verdict.BAD for check in checks)
    if as_json:
        print_json(
            {
                "strategy": strategy,
                "good": is_good,
                "checks": [
                    {"name": check.name, "verdict": check.verdict.name.lower(), "detail": check.detail}
                    for check in checks
                ],
            }
        )
    else:
        for check in checks:
            click.echo(f"{check.name:<12} {check.verdict.value:<8} {check.detail}")
    return 0 if is_good else 1
