"""The main findings of a report in sentences, and what must be known to read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openoutcry.lab.campaigns.labels import instance_labels, mechanism_labels
from openoutcry.lab.reporting.comparisons import COMPARED, Comparison
from openoutcry.lab.reporting.formatting import DOMINATED, show_estimate, show_percent
from openoutcry.lab.reporting.report import Report
from openoutcry.lab.statistics import FEW_CLUSTERS

_LISTED = 5


def find_findings(report: Report) -> tuple[str, ...]:
    """Return the main findings, one sentence or two each."""
    return (*_on_bounds(report), *_on_mechanisms(report), *_on_strategies(report))


def find_cautions(report: Report) -> tuple[str, ...]:
    """Return what must be known to read the figures rightly."""
    cells = report.result.campaign.cells
    cautions = []
    counts = sorted({cell.markets for cell in cells})
    if counts[-1] > 1:
        cautions.append(
            "Where several markets were drawn, intervals and tests are about all markets that the generator "
            "could draw: each market counts as one observation (Student's t)."
        )
    few = [count for count in counts if 1 < count < FEW_CLUSTERS]
    if few:
        cautions.append(
            f"Few markets ({', '.join(map(str, few))}): intervals are wide, and rest on the assumption that "
            "the means of markets are about normal. More markets tell more than more auctions in each."
        )
    if counts[0] == 1:
        cautions.append(
            "Where one market was drawn, intervals and tests are about that market alone: each auction "
            "counts as one observation."
        )
    if any(one.is_dominated for figures in report.cells for one in figures.means.values()):
        cautions.append(
            f"{DOMINATED} marks figures to which a single auction contributes more than a tenth: neither "
            "interval nor test can be trusted there. Shares of the optimum, in which all auctions weigh the "
            "same, can."
        )
    defaults = sum(figures.defaults for figures in report.cells)
    if defaults:
        cautions.append(f"Strategies failed {defaults:,} times, and the documented default was taken.")
    return (*cautions, *report.result.manifest["notes"])


def _on_bounds(report: Report) -> Iterator[str]:
    held = [verdict for verdict in report.verdicts if verdict.adjusted is not None]
    if not held:
        return
    broken = [verdict for verdict in held if verdict.is_broken]
    if not broken:
        yield f"Guarantees: none of the {len(held)} that could be looked at is missed beyond what chance explains."
        return
    names, instances = mechanism_labels(report.result.campaign), instance_labels(report.result.campaign)
    listed = [
        f"{names[one.cell.number]} on {instances[one.cell.number]} reaches {show_estimate(one.reached)} of "
        f"the {one.bound.quantity} where {one.level:.4g} is promised ({one.bound.kind})"
        for one in broken[:_LISTED]
    ]
    yield f"Guarantees: {len(broken)} of {len(held)} are MISSED beyond what chance explains: {_join(listed, broken)}."


def _on_mechanisms(report: Report) -> Iterator[str]:
    names, instances = mechanism_labels(report.result.campaign), instance_labels(report.result.campaign)
    for quantity in COMPARED:
        every = [one for one in report.mechanisms if one.quantity == quantity]
        found = [one for one in every if one.is_significant]
        if not every:
            continue
        counted = f"{len(found)} of {len(every)} differences between mechanisms"
        sentence = f"{quantity.capitalize()}: {counted} are significant."
        if found:
            most = max(found, key=_size)
            first, second = (names[cell.number] for cell in (most.first, most.second))
            word = "more" if most.difference.value > 0 else "less"
            how = (
                f"{show_percent(most.share)} of the optimum" if most.share else show_estimate(most.difference)
            )
            sentence += (
                f" The greatest: {first} has {word} than {second} on {instances[most.first.number]} "
                f"({most.first.strategies_label}): {how}."
            )
        yield sentence


def _on_strategies(report: Report) -> Iterator[str]:
    if not report.strategies:
        return
    names, instances = mechanism_labels(report.result.campaign), instance_labels(report.result.campaign)
    found = [one for one in report.strategies if one.is_significant]
    gains = sorted((one for one in found if one.difference.value > 0), key=_size, reverse=True)
    listed = [
        f"{one.first.strategies_label} in {names[one.first.number]} on {instances[one.first.number]}, "
        f"{show_percent(one.share) + ' of the optimum' if one.share else show_estimate(one.difference)}"
        for one in gains[:_LISTED]
    ]
    total = len(report.strategies)
    yield (
        f"Lies: {len(gains)} of {total} gain significantly{': ' + _join(listed, gains) if gains else ''}; "
        f"{len(found) - len(gains)} of {total} lose."
    )


def _size(comparison: Comparison) -> float:
    return abs((comparison.share or comparison.difference).value)


def _join(listed: Sequence[str], every: Sequence[object]) -> str:
    left = len(every) - len(listed)
    return "; ".join([*listed, *([f"and {left} more"] if left else [])])
