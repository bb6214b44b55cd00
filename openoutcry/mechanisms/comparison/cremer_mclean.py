"""Cremer and McLean's auction: Vickrey's, and side bets that take what bidders gain, on average.

The side bet z_i depends on what the others report, never on bidder i itself, so truth stays a dominant
strategy. If the conditional distributions of the others' types, one for each type of i, are linearly
independent, z_i can be chosen so that each type of i pays by its bet, on average over the others, exactly
what Vickrey's auction leaves it: the seller takes all of the welfare. The price is that a truthful bidder,
winner or loser, may have to pay more than it gains; and a bidder that knows more about the others than the
prior tells it may know that it will lose. It is here to be compared with, and to show why mechanisms that
bidders can trust do not do this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import (
    OPENINGS,
    Direct,
    ask_bids,
    check_single_parameter,
    configure_direct,
    reported_values,
)
from openoutcry.mechanisms.comparison.priors import require_prior
from openoutcry.mechanisms.comparison.vickrey import highest_bids, sell_to_highest
from openoutcry.mechanisms.conversation import NOTHING, Conversation
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution, Joint, Product, Profile
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import settle
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import show_count

TYPES_LIMIT = 48
"""Types of positive probability of one bidder: as many equations with as many unknowns are solved in fractions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBet:
    """What a bidder pays beside Vickrey's price, by the others' types: a combination of the prior's rows.

    Attributes:
        factors: By type of positive probability, in minor units per unit of weight.
        columns: By profile of the others, the weight of each of those types together with it.
    """

    factors: Mapping[int, Fraction]
    columns: Mapping[Profile, Mapping[int, int]]

    def owed(self, others: Profile) -> Fraction:
        """Return what the bidder pays when the others have these types, in minor units; negative when it is paid."""
        column = self.columns.get(others, {})
        return sum((self.factors[own] * weight for own, weight in column.items()), NOTHING)


@dataclass(slots=True)
class _Equations:
    """What one bidder's side bet must bring: for each type t, sum over the others' types c of D(t, c) z(c).

    Weights are those of the prior, not divided by anything: that scales each equation on both of its sides.

    Attributes:
        columns: By profile of the others, the weight of each own type of positive probability together with
            it.
        gains: By such type, what Vickrey's auction leaves it, weighted the same.
    """

    columns: dict[Profile, dict[int, int]] = field(default_factory=dict)
    gains: dict[int, int] = field(default_factory=dict)

    def add(self, bidder: int, profile: Profile, weight: int, gain: int) -> None:
        """Count in a profile of the prior, at which Vickrey's auction leaves the bidder this much."""
        own, others = profile[bidder], (*profile[:bidder], *profile[bidder + 1 :])
        self.columns.setdefault(others, {})[own] = weight
        self.gains[own] = self.gains.get(own, 0) + weight * gain

    def solve(self) -> SideBet | None:
        """Return the smallest side bet that satisfies all equations, or None when the rows are dependent.

        Smallest: of the least sum of squares. That one is a combination of the rows, so only their scalar products
        have to be inverted, and it does not depend on any order.
        """
        places = {own: place for place, own in enumerate(self.gains)}
        products = [[0] * len(places) for _ in places]
        for column in self.columns.values():
            for first, weight in column.items():
                for second, other in column.items():
                    products[places[first]][places[second]] += weight * other
        solution = _solve(products, list(self.gains.values()))
        if solution is None:
            return None
        return SideBet(factors=dict(zip(self.gains, solution, strict=True)), columns=self.columns)


def side_bets(market: TypeMarket, prior: Distribution) -> tuple[SideBet | None, ...]:
    """Return every bidder's side bet; None for bidders whose beliefs about the others are linearly dependent.

    Args:
        market: One good or identical units.
        prior: About all bidders of the market.

    Source: J. Cremer and R. McLean, Full extraction of the surplus in Bayesian and dominant strategy auctions,
    1988.
    """
    return tuple(equations.solve() for equations in _equations(market, _expanded(prior)))


def find_dependent(market: TypeMarket, prior: Distribution) -> int | None:
    """Return the first bidder whose beliefs about the others, one for each of its types, are linearly dependent."""
    if isinstance(prior, Product):
        # Its beliefs are all the same.
        return next((player for player in prior.players if len(prior.factor(player)) > 1), None)
    for bidder in prior.players:
        equations = _Equations()
        for profile, weight in prior.items():
            equations.add(bidder, profile, weight, gain=0)
        if equations.solve() is None:
            return bidder
    return None


def converse(market: TypeMarket, parameters: Direct, chance: Chance) -> Conversation:
    """Run Vickrey's auction with side bets.

    Args:
        market: One good or identical units, with a prior.
        parameters: Who sees the reports.
        chance: Unused: this mechanism draws nothing.

    Returns:
        A conversation of one wave of reports. Bets are made among those who report, by their joint prior; a
        bidder whose beliefs about these are linearly dependent has none. Whoever withholds its report makes
        no bet.

    Source: J. Cremer and R. McLean, 1988, dominant-strategy form: side bets added to Vickrey's auction.
    """
    prior = require_prior("cremer-mclean", market)
    bids = yield from ask_bids(market, parameters.openings)
    sale = sell_to_highest(reported_values(market, bids), market.environment.units[0])
    if not bids:
        return settle(market, sale)
    present = tuple(bids)
    smaller = market.restricted(present)
    bets = side_bets(smaller, prior.marginal(present).renamed(range(len(present))))
    profile = tuple(bids.values())
    owed = {
        bidder: bet.owed((*profile[:place], *profile[place + 1 :]))
        for place, (bidder, bet) in enumerate(zip(present, bets, strict=True))
        if bet is not None
    }
    return settle(market, sale, owed)


def _expanded(prior: Distribution) -> Joint:
    return prior.expanded() if isinstance(prior, Product) else prior


def _equations(market: TypeMarket, prior: Joint) -> Sequence[_Equations]:
    equations = [_Equations() for _ in prior.players]
    units = market.environment.units[0]
    for profile, weight in prior.items():
        values = {bidder: market.value(bidder, index) for bidder, index in enumerate(profile)}
        winners, price = highest_bids(values, units)
        for bidder in prior.players:
            gain = values[bidder] - price if bidder in winners else 0
            equations[bidder].add(bidder, profile, weight, gain)
    return equations


def _solve(matrix: list[list[int]], right: list[int]) -> tuple[Fraction, ...] | None:
    """Return the solution of a symmetric, positive semidefinite system in integers; None when it is singular.

    Elimination without fractions: every entry stays a minor of the matrix, so each division leaves no rest,
    and in the end the diagonal holds the determinant.

    Source: E. Bareiss, Sylvester's identity and multistep integer-preserving Gaussian elimination, 1968.
    """
    rows = [[*row, entry] for row, entry in zip(matrix, right, strict=True)]
    divisor = 1
    for column, pivoted in enumerate(rows):
        # Without exchanging rows: a pivot of 0 in such a matrix means that the rows so far are dependent.
        pivot = pivoted[column]
        if not pivot:
            return None
        for place, row in enumerate(rows):
            if place != column:
                factor = row[column]
                rows[place] = [
                    (pivot * entry - factor * above) // divisor
                    for entry, above in zip(row, pivoted, strict=True)
                ]
        divisor = pivot
    return tuple(Fraction(row[-1], divisor) for row in rows)


# --- What is said of it, and how it is configured ---------------------------------------------------------


def _refuse(market: TypeMarket) -> Iterator[str]:
    prior = require_prior("cremer-mclean", market)
    for player in prior.players:
        if len(prior.factor(player)) > TYPES_LIMIT:
            yield (
                f"cremer-mclean solves exact equations for at most {TYPES_LIMIT} types of positive "
                f"probability, and {market.bidders[player].name!r} has {len(prior.factor(player))}: give it "
                "fewer, or use vickrey-reserve"
            )
    if isinstance(prior, Product) and prior.support_size > POINT_LIMIT:
        yield (
            f"cremer-mclean looks at every profile of the prior: {show_count(prior.support_size)} of them, more than "
            f"{POINT_LIMIT}; use vickrey-reserve"
        )


def _check(market: TypeMarket, parameters: Direct) -> tuple[str, ...]:
    check_single_parameter("cremer-mclean", market)
    reason = next(_refuse(market), None)
    if reason is not None:
        raise ConfigurationError(reason)
    dependent = find_dependent(market, require_prior("cremer-mclean", market))
    if dependent is None:
        return ()
    name = market.bidders[dependent].name
    if market.reduced:
        # The whole market was fine; those who came play on, some of them without a bet.
        return (
            f"the beliefs of {name} about those who take part are linearly dependent: it makes no side bet",
        )
    raise ConfigurationError(
        "cremer-mclean needs a prior under which each type of a bidder believes something else about the "
        f"others, linearly independent of what its other types believe, and {name!r} has types that do not: "
        "use myerson for independent bidders, or vickrey-reserve"
    )


def _guarantee(market: TypeMarket, parameters: Direct) -> Guarantee:
    if find_dependent(market, require_prior("cremer-mclean", market)) is not None:
        text = "all of the welfare; no revenue, since some bidder's beliefs are dependent, so it makes no side bet"
        return Guarantee(welfare=Fraction(1), revenue=None, text=text)
    text = (
        "all of the welfare, and all of it goes to the seller: on average over the prior, revenue equals "
        "the greatest welfare, which no mechanism exceeds; bidders truthful, which is a dominant strategy "
        "once they take part, but they may lose money after the fact, and expect to if they know more than "
        "the prior tells them"
    )
    return Guarantee(welfare=Fraction(1), revenue=Fraction(1), text=text, benchmark="optimal revenue")


CREMER_MCLEAN = Mechanism(
    name="cremer-mclean",
    summary="Vickrey's auction, and side bets that take all",
    source=(
        "J. Cremer and R. McLean, Full Extraction of the Surplus in Bayesian and Dominant Strategy Auctions "
        "(1988); Crowdsourced Bayesian Auctions, Appendix F"
    ),
    parameters=(OPENINGS,),
    asks=(
        "Everybody commits to its valuation in one wave; then all reports are opened. Each bidder's side "
        "bet is settled by what the others reported."
    ),
    learns=(
        "With public openings everybody learns every valuation once all are committed, with private ones "
        "the auctioneer alone does until settlement. Truth is a dominant strategy for whoever takes part. "
        "But bidders pay without getting anything, or more than what they get is worth to them: a type of "
        "the prior gains 0 on average, and one that knows more may expect a loss. Whoever withholds its "
        "report gets nothing and makes no bet."
    ),
    repaired=(
        "Of all side bets that satisfy the equations those of the least sum of squares are taken, computed "
        "in exact fractions. If bidders stay away and the beliefs of another about the rest become "
        "dependent, it makes no bet."
    ),
    configure=configure_direct("cremer-mclean"),
    converse=converse,
    guarantee=_guarantee,
    market="types",
    uses_prior=True,
    charges_losers=True,
    check=_check,
)
