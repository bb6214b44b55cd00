"""The Vickrey-Clarke-Groves auction: the greatest welfare, each paying what its presence costs others.

In every environment. Where the supply alone limits sales, the best assignment is found by dynamic programming
over what is left of each good, bidder after bidder, so that its cost grows with the number of bidders and not
with the number of assignments. A list of feasible assignments is gone through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import prod

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import (
    OPENINGS,
    Direct,
    ask_bids,
    configure_direct,
    reported_values,
)
from openoutcry.mechanisms.comparison.vickrey import sell_to_highest
from openoutcry.mechanisms.conversation import Award, Conversation
from openoutcry.mechanisms.crowd.environment import Assignment, Environment
from openoutcry.mechanisms.crowd.market import Type, TypeMarket
from openoutcry.mechanisms.crowd.selling import Bids, Sale, settle
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import show_count

STEP_LIMIT = 20_000_000
"""Steps to find all payments: about a quarter of a microsecond each, so a few seconds."""


def converse(market: TypeMarket, parameters: Direct, chance: Chance) -> Conversation:
    """Run the VCG auction: one wave of reports, no draws.

    Source: W. Vickrey, 1961; E. H. Clarke, 1971; T. Groves, 1973; payments by Clarke's pivot rule.
    """
    bids = yield from ask_bids(market, parameters.openings)
    return settle(market, sell_efficiently(market, bids))


def sell_efficiently(market: TypeMarket, bids: Bids) -> Sale:
    """Choose an assignment of the greatest welfare and charge what each winner's presence costs others.

    One good or identical units go as in Vickrey's auction. Elsewhere, among assignments of equal welfare,
    that with the fewest bundles is chosen, so that nobody gets what it does not value; then the one that
    serves bidder 0, with its first bundle if it can, then bidder 1, and so on.

    Args:
        market: Any environment, downward closed or not.
        bids: Of those who reported a value; nobody else gets anything.

    Returns:
        The sale. A loser pays nothing and a winner at most what it reported, even where the environment is
        not downward closed: an assignment that is better for the others would be better for all.
    """
    if not bids:
        return Sale(awards=(), reason="nobody reported a value")
    environment = market.environment
    if environment.is_single_parameter and environment.assignments is None:
        return sell_to_highest(reported_values(market, bids), environment.units[0])
    present = tuple(bids)
    environment = environment.restricted(present, len(market.bidders))
    types = [market.bidders[bidder].types[index] for bidder, index in bids.items()]
    best = _best_assignment(environment, types)
    awards = []
    for place, bundle in enumerate(best):
        if bundle is not None:
            # A bidder that values nothing takes no part: what is best then is best for the others.
            blank = (*types[:place], (0,) * len(environment.bundles), *types[place + 1 :])
            price = _welfare(blank, _best_assignment(environment, blank)) - _welfare(blank, best)
            awards.append(
                Award(bidder=present[place], goods=environment.bundles[bundle], price=Fraction(price))
            )
    reason = (
        "this assignment is worth most to all together, and each pays what the others lose by its presence"
    )
    return Sale(awards=tuple(awards), reason=reason)


def count_steps(market: TypeMarket) -> int:
    """Return how many steps it takes at most to find the best assignment and everybody's payment."""
    environment, count = market.environment, len(market.bidders)
    if environment.assignments is not None:
        return len(environment.assignments) * count * (1 + count)
    if environment.is_single_parameter:
        return count
    moves = prod(units + 1 for units in environment.units) + sum(
        prod(units + (good not in bundle) for good, units in enumerate(environment.units))
        for bundle in environment.bundles
    )
    return moves * count * (1 + min(count, sum(environment.units)))


def _welfare(types: Sequence[Type], assignment: Assignment) -> int:
    return sum(
        valuation[bundle] for valuation, bundle in zip(types, assignment, strict=True) if bundle is not None
    )


def _best_assignment(environment: Environment, types: Sequence[Type]) -> Assignment:
    """Return the canonical assignment of the greatest welfare to bidders of these types, who are all there are."""
    if environment.assignments is None:
        return _Splitting(environment, types).best()

    def rank(assignment: Assignment) -> tuple[int, int, tuple[int, ...]]:
        served = tuple(len(environment.bundles) if bundle is None else bundle for bundle in assignment)
        return -_welfare(types, assignment), -assignment.count(None), served

    return min(environment.assignments, key=rank)


@dataclass(frozen=True, slots=True)
class _Splitting:
    """Dynamic programming over what is left when a bidder's turn comes.

    What is left of all goods is one number in a mixed base. Welfare is counted `scale` times, less one for
    each bundle given away, so that the highest count is that of the best assignment with the fewest bundles.
    """

    environment: Environment
    types: Sequence[Type]

    def best(self) -> Assignment:
        scale = len(self.types) + 1
        moves = self._moves()
        after = [0] * len(moves)
        stages = [after]
        for valuation in reversed(self.types):
            counts = [scale * value - 1 for value in valuation]
            after = [
                max([after[left], *(counts[bundle] + after[rest] for bundle, rest in options)])
                for left, options in enumerate(moves)
            ]
            stages.append(after)
        return self._trace(moves, stages[::-1], scale)

    def _trace(
        self, moves: Sequence[Sequence[tuple[int, int]]], stages: Sequence[Sequence[int]], scale: int
    ) -> Assignment:
        left = len(moves) - 1
        assignment: list[int | None] = []
        for turn, valuation in enumerate(self.types):
            target, after = stages[turn][left], stages[turn + 1]
            fitting = (
                (bundle, rest)
                for bundle, rest in moves[left]
                if scale * valuation[bundle] - 1 + after[rest] == target
            )
            bundle, left = next(fitting, (None, left))
            assignment.append(bundle)
        return tuple(assignment)

    def _moves(self) -> list[list[tuple[int, int]]]:
        """Return for each number of what is left the bundles that fit, each with the number of what it leaves."""
        units = self.environment.units
        weights = [prod(count + 1 for count in units[good + 1 :]) for good in range(len(units))]
        taken = [sum(weights[good] for good in bundle) for bundle in self.environment.bundles]
        return [
            [
                (index, number - taken[index])
                for index, bundle in enumerate(self.environment.bundles)
                if all(left[good] for good in bundle)
            ]
            for number, left in enumerate(product(*(range(count + 1) for count in units)))
        ]


# --- What is said of it, and how it is configured ---------------------------------------------------------


def _check(market: TypeMarket, parameters: Direct) -> tuple[str, ...]:
    steps = count_steps(market)
    if steps > STEP_LIMIT:
        environment = market.environment
        raise ConfigurationError(
            f"vcg takes up to {show_count(steps)} steps for {len(market.bidders)} bidders, "
            f"{len(environment.bundles)} bundles and {len(environment.goods)} goods, more than "
            f"{STEP_LIMIT}: list fewer bundles, sell fewer goods at a time, or sell goods that are alike "
            "as identical-units"
        )
    return ()


def _guarantee(market: TypeMarket, parameters: Direct) -> Guarantee:
    text = (
        "all of the welfare: the assignment is worth most to all together, all bidders truthful, which is a "
        "dominant strategy; no share of revenue is promised"
    )
    return Guarantee(welfare=Fraction(1), revenue=None, text=text)


VCG = Mechanism(
    name="vcg",
    summary="the most welfare; each pays what it costs others",
    source=(
        "W. Vickrey, Counterspeculation, Auctions, and Competitive Sealed Tenders (1961); E. H. Clarke, "
        "Multipart Pricing of Public Goods (1971); T. Groves, Incentives in Teams (1973)"
    ),
    parameters=(OPENINGS,),
    asks="Everybody commits to its valuation of every bundle in one wave; then all reports are opened.",
    learns=(
        "With public openings everybody learns every valuation once all are committed, with private ones "
        "the auctioneer alone does until settlement. Truth is a dominant strategy, no truthful bidder loses "
        "money, and whoever gets nothing pays nothing. Whoever withholds its report gets nothing, and the "
        "rest goes on without it."
    ),
    repaired=(
        "Nothing; among assignments of equal welfare that with the fewest bundles is taken, then the one "
        "that serves the earlier bidder in the roster. One good and identical units go as in vickrey."
    ),
    configure=configure_direct("vcg"),
    converse=converse,
    guarantee=_guarantee,
    market="types",
    check=_check,
)
