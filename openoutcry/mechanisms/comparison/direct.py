"""What the direct comparison mechanisms share: one wave of sealed values, and turning a sale into an outcome.

A direct mechanism asks everybody for its valuation at once. Whoever withholds its report gets nothing and
pays nothing, and the mechanism runs among the others as if that bidder were not there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.conversation import Answer, Award, ReportType, Wave
from openoutcry.mechanisms.crowd.asking import ask_types
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import Bids, Sale
from openoutcry.mechanisms.parameters import Openings, Parameter, check_names, read_choice

Asking = Generator[Wave, tuple[Answer, ...], Bids]

OPENINGS = Parameter(
    name="openings",
    default="public",
    choices=("public", "private"),
    meaning="who sees reports once they are opened: everybody, or only the auctioneer until the end",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """What a user of a direct mechanism chooses, where there is nothing else to choose.

    Attributes:
        openings: Who sees the reports before settlement: `public` everybody, `private` only the auctioneer.
    """

    openings: Openings = "public"


def configure_direct(name: str) -> Callable[[Mapping[str, object]], Direct]:
    """Return the function that reads the raw parameters of the mechanism of this name."""

    def configure(raw: Mapping[str, object]) -> Direct:
        check_names(name, raw, (OPENINGS,))
        return Direct(openings=read_openings(raw))

    return configure


def read_openings(raw: Mapping[str, object]) -> Openings:
    """Return who is to see the reports.

    Raises:
        ConfigurationError: The value is none of the parameter's choices.
    """
    return cast(Openings, read_choice(raw, OPENINGS))


def ask_bids(market: TypeMarket, openings: Openings) -> Asking:
    """Ask everybody for its valuation in one wave and return the reported type indices of those who gave one.

    Raises:
        UsageError: The driver's answers do not fit the questions.
    """
    questions = [
        ReportType(bidder=bidder, asks_value=True, is_private=openings == "private")
        for bidder in range(len(market.bidders))
    ]
    reason = "everybody commits to its valuation before any is opened"
    reports = yield from ask_types(market, questions, reason=reason, state=_state_of_reports)
    return {
        bidder: report.value
        for bidder, report in reports.items()
        if report is not None and report.value is not None
    }


def reported_values(market: TypeMarket, bids: Bids) -> Mapping[int, int]:
    """Return the values that were reported where a type is one number, by market index, rising; in minor units."""
    return {bidder: market.value(bidder, index) for bidder, index in bids.items()}


def sell_units(prices: Mapping[int, int], reason: str) -> Sale:
    """Return the sale of one unit, or of the one good, to each bidder that has a price.

    Args:
        prices: By market index, in minor units.
        reason: Why; one clause.
    """
    awards = tuple(
        Award(bidder=bidder, goods=(0,), price=Fraction(prices[bidder])) for bidder in sorted(prices)
    )
    return Sale(awards=awards, reason=reason)


def check_single_parameter(mechanism: str, market: TypeMarket) -> None:
    """Refuse a market in which types are not one number, or not only supply limits who can buy.

    Raises:
        ConfigurationError: Naming what to use instead.
    """
    kind = market.environment.kind
    if not market.environment.is_single_parameter:
        raise ConfigurationError(
            f"{mechanism} sells one good or identical units, not an environment of kind {kind}: use vcg"
        )
    if market.environment.assignments is not None:
        raise ConfigurationError(
            f"{mechanism} sells to anybody, but this market lists its feasible assignments: use vcg, or "
            "leave the list out"
        )


def _state_of_reports() -> Mapping[str, object]:
    return {"phase": "reports"}
