"""`python -m benchmarks`: measure and print; nothing is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from time import perf_counter

import click

from benchmarks.campaigns import measure_kernels, measure_speed_up
from benchmarks.crowd import measure_optimum, measure_reports, measure_scoring
from benchmarks.enumeration import measure_reach
from benchmarks.findings import Finding
from benchmarks.in_memory import measure_log, measure_verification
from benchmarks.local import measure_imports, measure_machine, measure_play, measure_set_up
from benchmarks.networked import measure_cycles, measure_growth, measure_memory
from benchmarks.parent import ChildFailed
from benchmarks.peers import measure_peers
from benchmarks.sales import measure_sales
from benchmarks.scale import FULL, QUICK, Scale
from benchmarks.table import describe_machine, print_table

MEASUREMENTS: dict[str, Callable[[Scale], list[Finding]]] = {
    "machine": measure_machine,
    "cycles": measure_cycles,
    "growth": measure_growth,
    "log": measure_log,
    "memory": measure_memory,
    "verification": measure_verification,
    "play": measure_play,
    "set-up": measure_set_up,
    "import": measure_imports,
    "scoring": measure_scoring,
    "optimum": measure_optimum,
    "reports": measure_reports,
    "sales": measure_sales,
    "kernels": measure_kernels,
    "speed-up": measure_speed_up,
    "reach": measure_reach,
    "peers": measure_peers,
}


@click.command()
@click.option("--quick", is_flag=True, help="A short slice: shows that everything runs, and no more.")
@click.option(
    "--only", multiple=True, type=click.Choice(list(MEASUREMENTS)), help="Only this; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def main(quick: bool, only: tuple[str, ...], as_json: bool) -> None:
    """Measure Open Outcry against bare programs, in turn, and print goals beside ratios.

    Takes some fifteen minutes, on a machine with nothing else to do. Missed goals are no error. Other libraries are
    measured where OPENOUTCRY_PEERS names a virtual environment that has them: see benchmarks/peers.py.

    Example: python -m benchmarks --only cycles --only growth
    """
    began = perf_counter()
    scale = QUICK if quick else FULL
    findings: list[Finding] = []
    for name, measure in MEASUREMENTS.items():
        if only and name not in only:
            continue
        click.echo(f"measuring {name} ...", err=True)
        try:
            findings += measure(scale)
        except ChildFailed as failure:
            click.echo(f"error: {name}: {failure}", err=True)
            sys.exit(1)
    seconds = perf_counter() - began
    if as_json:
        told = [asdict(finding) | {"is_met": finding.is_met} for finding in findings]
        click.echo(json.dumps({"machine": describe_machine(), "seconds": seconds, "findings": told}))
    else:
        print_table(findings, seconds)


if __name__ == "__main__":
    main()
