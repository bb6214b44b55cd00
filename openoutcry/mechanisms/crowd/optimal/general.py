"""The optimal mechanism where types are many numbers, or assignments are listed: a linear program over lotteries.

X[theta, A] is the probability of assignment A at profile theta, P[i, theta] what bidder i pays on average. At every
profile, possible or not, and for every misreport, a bidder must not gain; and it must not lose by taking part. Nobody
is paid: allowing that has not raised the optimum of any program that was tried. Where the environment is downward
closed, a bidder that faces types which are impossible together gets nothing, and profiles at which that holds for
everybody need no variables. Where it is not, every profile has them.

A bidder's payment is split over the assignments of its lottery in proportion to what it says it values them: as it pays
no more than the lottery is worth to it on average, it pays no more than the value of what it gets, whatever is drawn.

Source: CROWD, Section 2.3 (OPT).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, product

from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.distributions import Joint, Profile
from openoutcry.mechanisms.crowd.environment import Assignment
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.optimal.canonical import PSEUDO_RANDOM, Preference, pseudo_random
from openoutcry.mechanisms.crowd.optimal.outcomes import Route, Segment, segments
from openoutcry.mechanisms.crowd.optimal.program import LinearProgram, ProgramBuilder

ASSIGNMENT_LIMIT = 20_000
"""Feasible assignments: each has a variable at every profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One profile of types with its variables.

    Attributes:
        profile: The types.
        active: The bidders that may get something and pay, rising.
        assignments: What may happen, besides nothing where the environment is downward closed.
        first: The column of the first assignment.
        first_payment: The column of the first active bidder's payment.
    """

    profile: Profile
    active: tuple[int, ...]
    assignments: tuple[Assignment, ...]
    first: int
    first_payment: int

    def payment(self, bidder: int) -> int:
        """Return the column of an active bidder's payment."""
        return self.first_payment + self.active.index(bidder)


@dataclass(frozen=True, slots=True, kw_only=True)
class LotteryProgram:
    """The linear program of a market and a distribution.

    Attributes:
        cells: By profile, in the order of their columns.
        program: Its objective is the expected revenue times the distribution's total.
    """

    cells: Mapping[Profile, Cell]
    program: LinearProgram


def feasible_assignments(market: TypeMarket) -> tuple[Assignment, ...] | None:
    """Return every feasible assignment; None when there are more than can be handled."""
    found = tuple(islice(market.environment.feasible(len(market.bidders)), ASSIGNMENT_LIMIT + 1))
    return found if len(found) <= ASSIGNMENT_LIMIT else None


def entry_count(market: TypeMarket, profile_count: int, assignment_count: int) -> int:
    """Return an upper bound on the numbers in the program of so many profiles, without making it."""
    return 2 * profile_count * (assignment_count + 1) * sum(market.type_counts)


def active_profiles(market: TypeMarket, distribution: Joint) -> dict[Profile, tuple[int, ...]]:
    """Return the profiles that need variables, rising, each with the bidders whose rivals' types are possible.

    Args:
        market: The market.
        distribution: About all its bidders.
    """
    counts = market.type_counts
    if not market.environment.is_downward_closed():
        everybody = tuple(range(len(counts)))
        return dict.fromkeys(product(*map(range, counts)), everybody)
    active: dict[Profile, dict[int, None]] = {}
    for point in distribution.points:
        for bidder, count in enumerate(counts):
            for own in range(count):
                profile = (*point[:bidder], own, *point[bidder + 1 :])
                active.setdefault(profile, {})[bidder] = None
    return {profile: tuple(sorted(active[profile])) for profile in sorted(active)}


def lottery_program(
    market: TypeMarket,
    distribution: Joint,
    assignments: tuple[Assignment, ...],
    profiles: Mapping[Profile, tuple[int, ...]],
) -> LotteryProgram:
    """Return the program whose optimum is the best truthful mechanism.

    Args:
        market: Any.
        distribution: About all its bidders.
        assignments: The feasible ones.
        profiles: Those of `active_profiles`.
    """
    is_closed = market.environment.is_downward_closed()
    cells = {cell.profile: cell for cell in _cells(assignments, profiles, is_closed)}
    objective: list[int] = []
    for cell in cells.values():
        objective += [0] * len(cell.assignments)
        objective += [distribution.weight(cell.profile)] * len(cell.active)
    builder = ProgramBuilder(objective)
    for cell in cells.values():
        columns = range(cell.first, cell.first + len(cell.assignments))
        builder.add_row(columns, [1] * len(columns), 1, is_equality=not is_closed)
    for cell in cells.values():
        for bidder in cell.active:
            _ask_to_take_part(builder, market, cell, bidder)
            for other in range(market.type_counts[bidder]):
                if other != cell.profile[bidder]:
                    lie = cells[(*cell.profile[:bidder], other, *cell.profile[bidder + 1 :])]
                    _ask_for_truth(builder, market, cell, lie, bidder)
    return LotteryProgram(cells=cells, program=builder.finished())


def _cells(
    assignments: tuple[Assignment, ...], profiles: Mapping[Profile, tuple[int, ...]], is_closed: bool
) -> Iterator[Cell]:
    first = 0
    within: dict[tuple[int, ...], tuple[Assignment, ...]] = {}
    for profile, active in profiles.items():
        if active not in within:
            idle = [bidder for bidder in range(len(profile)) if bidder not in active]
            within[active] = tuple(
                assignment
                for assignment in assignments
                if all(assignment[bidder] is None for bidder in idle)
                and not (is_closed and assignment == (None,) * len(profile))
            )
        possible = within[active]
        yield Cell(
            profile=profile,
            active=active,
            assignments=possible,
            first=first,
            first_payment=first + len(possible),
        )
        first += len(possible) + len(active)


def _worth(market: TypeMarket, cell: Cell, bidder: int, own: int) -> dict[int, int]:
    """Return what a cell's lottery is worth to a bidder of a type: value by column of the assignments."""
    values = market.bidders[bidder].types[own]
    return {
        cell.first + place: values[bundle]
        for place, assignment in enumerate(cell.assignments)
        if (bundle := assignment[bidder]) is not None and values[bundle]
    }


def _ask_to_take_part(builder: ProgramBuilder, market: TypeMarket, cell: Cell, bidder: int) -> None:
    worth = _worth(market, cell, bidder, cell.profile[bidder])
    builder.add_row((cell.payment(bidder), *worth), (1, *(-value for value in worth.values())), 0)


def _ask_for_truth(builder: ProgramBuilder, market: TypeMarket, cell: Cell, lie: Cell, bidder: int) -> None:
    own = cell.profile[bidder]
    worth, tempting = _worth(market, cell, bidder, own), _worth(market, lie, bidder, own)
    builder.add_row(
        (cell.payment(bidder), *worth, lie.payment(bidder), *tempting),
        (1, *(-value for value in worth.values()), -1, *tempting.values()),
        0,
    )


def preference_for(market: TypeMarket, built: LotteryProgram) -> Preference:
    """Return the choice among optima: low payments and many sales first, then bidders listed first."""
    bidder_count = len(market.bidders)
    greatest = max((max(own) for bidder in market.bidders for own in bidder.types), default=0)
    price = max(16 * bidder_count * PSEUDO_RANDOM // max(greatest, 1), 1)
    names: list[tuple[bool, int, tuple[int, ...]]] = []
    for cell in built.cells.values():
        for assignment in cell.assignments:
            winners = [bidder for bidder, bundle in enumerate(assignment) if bundle is not None]
            rank = sum(2 * bidder_count - bidder for bidder in winners)
            numbers = (-1 if bundle is None else bundle for bundle in assignment)
            names.append((False, PSEUDO_RANDOM * rank, (*cell.profile, *numbers)))
        names += [(True, price, (*cell.profile, bidder)) for bidder in cell.active]

    def prefer(column: int, round_: int) -> int:
        is_payment, weight, name = names[column]
        chance = pseudo_random(name, round_) if round_ or not is_payment else 0
        sign = -1 if is_payment else 1
        return sign * (chance if round_ else weight + chance)

    return prefer


class LotteryMechanism:
    """A lottery over assignments, and payments, for each profile.

    Args:
        market: Whose mechanism it is.
        chances: Assignments of positive probability, with it, by profile; what is left is the chance of nothing.
        payments: What each bidder pays on average, by profile; who is not listed pays nothing.
        revenue: Expected, in minor units.
    """

    route: Route = "general"

    def __init__(
        self,
        market: TypeMarket,
        chances: Mapping[Profile, tuple[tuple[Assignment, Fraction], ...]],
        payments: Mapping[Profile, Mapping[int, Fraction]],
        revenue: Fraction,
    ) -> None:
        self._market = market
        self._may_drop = market.environment.is_downward_closed()
        self._chances = chances
        self._payments = payments
        self.revenue = revenue

    def lottery(self, profile: Profile) -> tuple[Segment, ...]:
        """Return the outcomes that are drawn from; see `OptimalMechanism`."""
        chances = self._chances.get(profile, ())
        payments = self._payments.get(profile, {})
        shares = {}
        for bidder, payment in payments.items():
            worth = sum(
                (chance * self._value(profile, assignment, bidder) for assignment, chance in chances),
                Fraction(0),
            )
            shares[bidder] = payment / worth
        outcomes = [(chance, self._awards(profile, assignment, shares)) for assignment, chance in chances]
        nothing = 1 - sum((chance for chance, _ in outcomes), Fraction(0))
        return segments([*outcomes, (nothing, ())])

    def _value(self, profile: Profile, assignment: Assignment, bidder: int) -> int:
        bundle = assignment[bidder]
        return 0 if bundle is None else self._market.value(bidder, profile[bidder], bundle)

    def _awards(
        self, profile: Profile, assignment: Assignment, shares: Mapping[int, Fraction]
    ) -> tuple[Award, ...]:
        bundles = self._market.environment.bundles
        return tuple(
            Award(
                bidder=bidder,
                goods=bundles[bundle],
                price=shares.get(bidder, Fraction(0)) * self._value(profile, assignment, bidder),
            )
            for bidder, bundle in enumerate(assignment)
            # Whoever values a bundle at 0 pays nothing for it, and need not get it where it may get nothing.
            if bundle is not None and (not self._may_drop or self._value(profile, assignment, bidder))
        )


def mechanism_from(
    market: TypeMarket, built: LotteryProgram, solution: Mapping[int, Fraction], revenue: Fraction
) -> LotteryMechanism:
    """Return the mechanism that a solution of the program is.

    Args:
        market: What the program was made for.
        built: The program.
        solution: Values above 0, by column.
        revenue: Expected, in minor units.
    """
    chances, payments = {}, {}
    for cell in built.cells.values():
        drawn = tuple(
            (assignment, solution[cell.first + place])
            for place, assignment in enumerate(cell.assignments)
            if cell.first + place in solution
        )
        paid = {
            bidder: solution[cell.payment(bidder)]
            for bidder in cell.active
            if cell.payment(bidder) in solution
        }
        if drawn:
            chances[cell.profile] = drawn
        if paid:
            payments[cell.profile] = paid
    return LotteryMechanism(market, chances, payments, revenue)
