"""A report as one JSON document, for programs: every estimate, bound and comparison, nothing rounded."""

from __future__ import annotations

from typing import Any

from openoutcry.lab.bounds import Bound
from openoutcry.lab.campaigns.campaign import Cell
from openoutcry.lab.reporting.cells import CellFigures
from openoutcry.lab.reporting.comparisons import SIGNIFICANT, Comparison
from openoutcry.lab.reporting.growth import Line
from openoutcry.lab.reporting.report import Report, Verdict
from openoutcry.lab.statistics import CONFIDENCE, Estimate

FORMAT = "openoutcry-report/1"


def report_document(report: Report) -> dict[str, Any]:
    """Return a report as JSON has it; exact numbers that are no integers are texts such as "7/12"."""
    result = report.result
    manifest = result.manifest
    return {
        "format": FORMAT,
        "title": result.campaign.title,
        "seed": result.campaign.seed,
        "campaign_sha256": result.campaign.digest,
        "rows_sha256": manifest["rows"]["sha256"],
        "versions": manifest["versions"],
        "auctions": result.campaign.auctions,
        "confidence": CONFIDENCE,
        "significant": SIGNIFICANT,
        "cells": [_cell(figures) for figures in report.cells],
        "bounds": [_verdict(verdict) for verdict in report.verdicts],
        "mechanisms": [_comparison(comparison) for comparison in report.mechanisms],
        "strategies": [_comparison(comparison) for comparison in report.strategies],
        "growth": [_line(line) for line in report.lines],
    }


def _cell(figures: CellFigures) -> dict[str, Any]:
    cell = figures.cell
    return {
        **_names(cell),
        "markets": cell.markets,
        "auctions": cell.auctions,
        "sold": _estimate(figures.sold),
        "defaults": figures.defaults,
        "means": {name: _estimate(mean) for name, mean in figures.means.items()},
        "shares": {
            name: {
                "ratio_of_sums": _estimate(share.of_sums),
                "mean_of_ratios": _estimate(share.of_auctions),
            }
            for name, share in figures.shares.items()
        },
        "bounds": [_bound(bound) for bound in figures.bounds],
    }


def _names(cell: Cell) -> dict[str, Any]:
    return {
        "cell": cell.number,
        "mechanism": cell.mechanism_label,
        "instances": cell.instances_label,
        "strategies": cell.strategies_label,
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": estimate.value,
        "exact": None if estimate.exact is None else str(estimate.exact),
        "standard_error": estimate.standard_error,
        "low": estimate.low,
        "high": estimate.high,
        "auctions": estimate.auctions,
        "clusters": estimate.clusters,
        "largest": estimate.largest,
    }


def _bound(bound: Bound) -> dict[str, Any]:
    return {
        "kind": bound.kind,
        "quantity": bound.quantity,
        "benchmark": bound.benchmark,
        "share": str(bound.share),
        "loss": str(bound.loss),
        "source": bound.source,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "cell": verdict.cell.number,
        **_bound(verdict.bound),
        "of": verdict.share,
        "level": verdict.level,
        "reached": _estimate(verdict.reached),
        "adjusted_p": verdict.adjusted,
        "is_broken": verdict.is_broken,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    share = comparison.share
    return {
        "way": comparison.way,
        "quantity": comparison.quantity,
        "first": _names(comparison.first),
        "second": _names(comparison.second),
        "difference": _difference(comparison.difference, comparison.adjusted),
        "share_of_optimum": None if share is None else _difference(share, comparison.adjusted_share),
        "is_significant": comparison.is_significant,
    }


def _difference(estimate: Estimate, adjusted: float | None) -> dict[str, Any]:
    return {**_estimate(estimate), "p": estimate.p, "adjusted_p": adjusted}


def _line(line: Line) -> dict[str, Any]:
    first = line.cells[0][1]
    return {
        "parameter": line.parameter,
        "mechanism": first.mechanism_label,
        "strategies": first.strategies_label,
        "generator": first.generator,
        "others": dict(line.others),
        "points": [{"value": str(value), "cell": cell.number} for value, cell in line.cells],
    }
