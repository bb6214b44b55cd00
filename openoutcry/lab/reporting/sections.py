"""A report as a page: what was played, what was found, and the figures with their pictures, section by section."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape

from openoutcry.lab.campaigns.labels import common_labels, instance_labels, mechanism_labels
from openoutcry.lab.campaigns.running import MANIFEST_FILE
from openoutcry.lab.pictures.page import Figure, Section, Table, render_page
from openoutcry.lab.reporting.cells import SHARES, is_truthful
from openoutcry.lab.reporting.comparisons import ALL_PAIRS, Comparison
from openoutcry.lab.reporting.conversation_charts import conversation_figure
from openoutcry.lab.reporting.difference_charts import comparison_figure, strategy_figure
from openoutcry.lab.reporting.findings import find_cautions, find_findings
from openoutcry.lab.reporting.formatting import UNKNOWN, show_estimate, show_number, show_p, show_percent
from openoutcry.lab.reporting.growth_charts import growth_figures
from openoutcry.lab.reporting.report import Report
from openoutcry.lab.reporting.share_charts import SHARE_TITLES, share_figures

TABLE_ROWS = 1000
"""Rows of one table on a page; `--json` has all."""

SHARE_HEADINGS = {
    "welfare_share": "welfare / optimum",
    "revenue_share": "revenue / optimum",
    "optimal_revenue_share": "revenue / optimal revenue",
}
"""What a column of each share is called."""

_KINDS = {
    "ours": "our guarantee",
    "paper": "the paper's guarantee",
    "impossible": "no auction can guarantee more",
}


def render_report(report: Report, *, only: Collection[str] = ()) -> str:
    """Return the report as one HTML page.

    Args:
        report: Worked out.
        only: Names of `SECTIONS`; all when empty.
    """
    manifest = report.result.manifest
    chosen = (make(report) for name, make in SECTIONS.items() if not only or name in only)
    return render_page(
        title=report.result.campaign.title,
        subtitle=f"{report.result.campaign.auctions:,} auctions in {len(report.cells)} cells",
        sections=[
            _played(report),
            _found(report),
            *(section for section in chosen if section is not None),
        ],
        footer=(
            f"auctioneer report, openoutcry {manifest['versions'].get('openoutcry', UNKNOWN)}; rows "
            f"{manifest['rows']['sha256']}"
        ),
    )


def report_figures(report: Report, *, only: Collection[str] = ()) -> tuple[Figure, ...]:
    """Return all pictures of a report.

    Args:
        report: Worked out.
        only: Names of `SECTIONS`; all when empty.
    """
    made = [make(report) for name, make in SECTIONS.items() if not only or name in only]
    return tuple(figure for section in made if section is not None for figure in section.figures)


def _played(report: Report) -> Section:
    result = report.result
    manifest = result.manifest
    versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    facts = {
        "campaign": f"{manifest['campaign']['file']}, SHA-256 {manifest['campaign']['sha256']}",
        "seed": result.campaign.seed,
        "the same in all cells": "; ".join(common_labels(result.campaign)),
        "command": shlex.join(manifest["command"]),
        "versions": versions,
        "played": f"{manifest['finished']} on {manifest['platform']}",
        "workers": f"{manifest['workers']} ({manifest['engine']})",
        "to play it again": f"auctioneer sweep --reproduce {MANIFEST_FILE}, in the directory of the result",
    }
    text = escape(result.campaign.text)
    return Section(
        title="What was played",
        tables=(Table(columns=("what", "how"), rows=tuple(facts.items())),),
        html=f"<details>\n<summary>The campaign's file</summary>\n<pre>{text}</pre>\n</details>",
    )


def _found(report: Report) -> Section:
    return Section(
        title="Main findings",
        paragraphs=(
            *find_findings(report),
            "Intervals cover what they estimate 19 times in 20. Significant is an error probability of at "
            "most 5% for all comparisons of one quantity in one table together, after Holm.",
            *find_cautions(report),
        ),
    )


def _cells(report: Report) -> Section:
    mechanisms, instances = _names(report)
    shares = [name for name in SHARES if any(name in figures.shares for figures in report.cells)]
    counts = [name for name in ("waves", "questions") if any(name in f.means for f in report.cells)]
    columns = (
        *("mechanism", "instances", "strategies", "markets", "auctions", "sold"),
        *(SHARE_HEADINGS[name] for name in shares),
        *(f"{SHARE_HEADINGS[name]}, of sums" for name in shares),
        *("welfare", "revenue", "observed bidder gains"),
        *counts,
    )
    rows = []
    for figures in report.cells:
        cell = figures.cell
        told = [figures.shares.get(name) for name in shares]
        rows.append(
            (
                mechanisms[cell.number],
                instances[cell.number],
                cell.strategies_label,
                f"{cell.markets:,}",
                f"{cell.auctions:,}",
                f"{figures.sold.value:.1%}",
                *(show_estimate(None if share is None else share.of_auctions) for share in told),
                *(show_estimate(None if share is None else share.of_sums) for share in told),
                *(show_estimate(figures.means.get(name)) for name in ("welfare", "revenue", "utility")),
                *(show_estimate(figures.means.get(name)) for name in counts),
            )
        )
    return Section(
        title="Cells",
        paragraphs=(
            "A share of the optimum is told in two ways. The first is the mean over auctions of the share "
            "of each, in which all weigh the same; auctions are left out in which there was nothing to "
            "gain. The second, of sums, is all that was reached over all that could be, in which auctions "
            "with more to gain weigh more. Money is in minor units.",
        ),
        tables=(_table(columns, rows, "Each cell of the campaign, means with 95% intervals."),),
    )


def _bounds(report: Report) -> Section | None:
    if not any(figures.shares and is_truthful(figures.cell) for figures in report.cells):
        return None
    mechanisms, instances = _names(report)
    rows = [
        (
            mechanisms[verdict.cell.number],
            instances[verdict.cell.number],
            SHARE_TITLES[verdict.share],
            _KINDS[verdict.bound.kind],
            show_number(verdict.level),
            show_estimate(verdict.reached),
            _judgement(verdict.adjusted, is_broken=verdict.is_broken),
            verdict.bound.source,
        )
        for verdict in report.verdicts
    ]
    columns = ("mechanism", "instances", "share", "what is proved", "level", "reached", "kept", "source")
    return Section(
        title="Against what is proved",
        paragraphs=(
            "Guarantees hold whatever the signals or types, where all bidders are truthful. What no auction "
            "can guarantee is about the worst market of its size, and says nothing of these.",
        ),
        figures=share_figures(report),
        tables=(_table(columns, rows, "What is proved, and what was reached."),) if rows else (),
    )


def _judgement(adjusted: float | None, *, is_broken: bool) -> str:
    if adjusted is None:
        return ""
    return f"MISSED (p {show_p(adjusted)})" if is_broken else "yes"


def _mechanisms(report: Report) -> Section | None:
    if not report.mechanisms:
        return None
    figure = comparison_figure(report)
    return Section(
        title="Mechanism against mechanism",
        paragraphs=(
            "Both played the same auctions: the same markets, signals or types, and luck. Differences are "
            "taken auction by auction, and are told in minor units and as a share of the optimum of each "
            f"auction. Of more than {ALL_PAIRS} mechanisms each is compared with the first only.",
        ),
        figures=() if figure is None else (figure,),
        tables=(_differences(report, report.mechanisms, "What the first has more than the second."),),
    )


def _conversation(report: Report) -> Section | None:
    figure = conversation_figure(report)
    return Section(title="Waves and questions", figures=(figure,)) if figure is not None else None


def _growth(report: Report) -> Section | None:
    figures = growth_figures(report)
    return Section(title="Growth", figures=figures) if figures else None


def _strategies(report: Report) -> Section | None:
    if not report.strategies:
        return None
    figure = strategy_figure(report)
    return Section(
        title="What lying earns",
        paragraphs=(
            "The observed bidder's utility with each strategy, less its utility when it bids truthfully "
            "among the same others in the same auctions. Where that was not played, everybody's strategy is "
            "held against everybody's truth.",
        ),
        figures=() if figure is None else (figure,),
        tables=(_differences(report, report.strategies, "What the observed bidder gains over truth."),),
    )


SECTIONS: Mapping[str, Callable[[Report], Section | None]] = {
    "bounds": _bounds,
    "mechanisms": _mechanisms,
    "growth": _growth,
    "conversation": _conversation,
    "strategies": _strategies,
    "cells": _cells,
}
"""Sections of a report by name, in the order of the page; None where there is nothing to say."""


def _differences(report: Report, comparisons: tuple[Comparison, ...], caption: str) -> Table:
    mechanisms, instances = _names(report)
    are_mechanisms = comparisons[0].way == "mechanisms"
    rows = []
    for one in comparisons:
        first, second = one.first, one.second
        who = (
            (
                mechanisms[first.number],
                mechanisms[second.number],
                instances[first.number],
                first.strategies_label,
            )
            if are_mechanisms
            else (
                first.strategies_label,
                second.strategies_label,
                mechanisms[first.number],
                instances[first.number],
            )
        )
        rows.append(
            (
                *who,
                one.quantity,
                show_estimate(one.difference),
                show_p(one.adjusted),
                show_percent(one.share),
                show_p(one.adjusted_share),
                "yes" if one.is_significant else "",
            )
        )
    names = (
        ("first", "second", "instances", "strategies")
        if are_mechanisms
        else ("strategies", "against", "mechanism", "instances")
    )
    columns = (*names, "quantity", "difference", "p", "of the optimum", "p of that", "significant")
    return _table(columns, rows, f"{caption} p-values are adjusted after Holm.")


def _names(report: Report) -> tuple[tuple[str, ...], tuple[str, ...]]:
    campaign = report.result.campaign
    return mechanism_labels(campaign), instance_labels(campaign)


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], caption: str) -> Table:
    left = len(rows) - TABLE_ROWS
    if left > 0:
        caption += f" The first {TABLE_ROWS:,} rows; {left:,} more are in `auctioneer report --json`."
    return Table(columns=columns, rows=tuple(rows[:TABLE_ROWS]), caption=caption)
