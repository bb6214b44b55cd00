"""Crowdsourced sessions to be measured: the market, and what every bidder values and believes.

Everybody believes something else of everybody else, and all believe all others independent: a hundred bidders of ten
types have more profiles than anybody could list.
"""

from __future__ import annotations

from random import Random

from benchmarks.crowd import TYPES, make_product, make_type_market
from benchmarks.ours.markets import DAY_MS
from benchmarks.sale import Sale
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.specification import Specification, Timing

GREATEST_WEIGHT = 100
"""Of a type: percent. With a hundred exact rewards in one outcome a belief has some 1100 bits for all weights."""


def make_sale_specification(sale: Sale) -> Specification:
    """Return the session."""
    return Specification(
        title="A measured sale",
        market=make_type_market(sale.bidders, TYPES),
        mechanism=sale.mechanism,
        parameters={"openings": sale.openings},
        timing=Timing(enrol_ms=DAY_MS, answer_ms=DAY_MS),
    )


def make_reports(sale: Sale) -> list[TypeReport]:
    """Return what every bidder values and believes of all others."""
    rng = Random("sale")
    return [
        TypeReport(
            value=rng.randrange(TYPES),
            belief=make_product(
                [other for other in range(sale.bidders) if other != bidder], rng, GREATEST_WEIGHT
            ),
        )
        for bidder in range(sale.bidders)
    ]
