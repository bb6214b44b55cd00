"""The optimal mechanism where a type is one number, for any correlation: a linear program over thresholds.

A truthful mechanism is, for each bidder and each profile of the others, a lottery over thresholds: the bidder wins if
its value reaches the threshold, and pays it. y[i, theta_-i, t] is the probability of threshold t. What is left to be
asked is that the probabilities of each lottery add up to at most 1, and that at *every* profile of types, possible or
not, no more bidders win in expectation than there are units; a lottery over sets of winners then exists (systematic
sampling).

Most of the full product space needs no variable. A threshold at a type that is impossible given the others can be
raised to the next possible one: nobody possible is lost, and everybody who still wins pays more. So there is one
variable for each bidder and each profile of positive probability, whatever the size of the product space, and a bidder
whose rivals' types are impossible together wins nothing. Capacity is still asked for everywhere, not only at possible
profiles: otherwise the program overstates the optimum, because a misreport may lead to a profile without a feasible
outcome.

Source: CROWD, Section 2.3 (OPT); the threshold form is Myerson's lemma on a finite grid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise

from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.distributions import Joint, Profile
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.optimal.canonical import PSEUDO_RANDOM, Preference, pseudo_random
from openoutcry.mechanisms.crowd.optimal.outcomes import Route, Segment, segments
from openoutcry.mechanisms.crowd.optimal.program import LinearProgram, ProgramBuilder

_GOODS = (0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A bidder facing a profile of the others that has a positive probability.

    Attributes:
        bidder: Who.
        others: Their types, without the bidder's own.
        first: The column of the lowest threshold.
        types: The possible thresholds: its types of positive probability and value, rising, one column each.
        gains: Each threshold's expected revenue, times the distribution's total.
    """

    bidder: int
    others: Profile
    first: int
    types: tuple[int, ...]
    gains: tuple[int, ...]

    def profile(self, own: int) -> Profile:
        """Return the profile where the bidder has this type."""
        return (*self.others[: self.bidder], own, *self.others[self.bidder :])


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdProgram:
    """The linear program of a market and a distribution.

    Attributes:
        contexts: Every bidder's, in the order of their columns.
        program: Its objective is the expected revenue times the distribution's total.
    """

    contexts: tuple[Context, ...]
    program: LinearProgram


def entry_count(market: TypeMarket, distribution: Joint) -> int:
    """Return an upper bound on the numbers in the program, without making it."""
    counts = market.type_counts
    return sum(sum(counts) - sum(point) for point in distribution.points) + distribution.support_size


def most_entries(market: TypeMarket, profile_count: int) -> int:
    """Return the same for a distribution under which all of so many type profiles are possible."""
    counts = market.type_counts
    return profile_count * (sum(counts) + len(counts) + 2) // 2


def threshold_program(market: TypeMarket, distribution: Joint) -> ThresholdProgram:
    """Return the program whose optimum is the best truthful mechanism.

    Args:
        market: Of one good or identical units, without a list of assignments.
        distribution: About all its bidders.
    """
    contexts = tuple(_contexts(market, distribution))
    builder = ProgramBuilder([gain for context in contexts for gain in context.gains])
    for crowd in _crowds(market, contexts):
        columns = [
            column
            for place, level in crowd
            for column in range(contexts[place].first, contexts[place].first + level)
        ]
        limit = 1 if len(crowd) == 1 else market.environment.units[0]
        builder.add_row(columns, [1] * len(columns), limit)
    return ThresholdProgram(contexts=contexts, program=builder.finished())


def _contexts(market: TypeMarket, distribution: Joint) -> Iterator[Context]:
    first = 0
    for bidder in range(len(market.bidders)):
        values = market.values(bidder)
        owns: dict[Profile, list[tuple[int, int]]] = {}
        for point, weight in distribution.items():
            if values[point[bidder]]:
                owns.setdefault(point[:bidder] + point[bidder + 1 :], []).append((point[bidder], weight))
        for others, own in owns.items():
            # Points rise, and so do the types of one bidder among points that agree elsewhere.
            tails = list(accumulate(weight for _, weight in reversed(own)))[::-1]
            yield Context(
                bidder=bidder,
                others=others,
                first=first,
                types=tuple(index for index, _ in own),
                gains=tuple(values[index] * tail for (index, _), tail in zip(own, tails, strict=True)),
            )
            first += len(own)


def _crowds(market: TypeMarket, contexts: tuple[Context, ...]) -> Iterable[tuple[tuple[int, int], ...]]:
    """Return who may win together somewhere: places in `contexts`, each with how many of its thresholds are reached."""
    units = market.environment.units[0]
    counts = market.type_counts
    met: dict[Profile, list[tuple[int, int]]] = {}
    for place, context in enumerate(contexts):
        level = 0
        for own in range(context.types[0], counts[context.bidder]):
            if level < len(context.types) and context.types[level] == own:
                level += 1
            met.setdefault(context.profile(own), []).append((place, level))
    crowds: list[tuple[tuple[int, int], ...]] = [
        ((place, len(context.types)),) for place, context in enumerate(contexts)
    ]
    crowds += [tuple(crowd) for crowd in met.values() if len(crowd) > units]
    return dict.fromkeys(crowds)


def preference_for(market: TypeMarket, built: ThresholdProgram) -> Preference:
    """Return the choice among optima: thresholds at low types first, then those of bidders listed first."""
    owners = [(context, own) for context in built.contexts for own in context.types]
    bidder_count = len(market.bidders)

    def prefer(column: int, round_: int) -> int:
        context, own = owners[column]
        chance = pseudo_random((context.bidder, *context.profile(own)), round_)
        if round_:
            return chance
        reached = market.type_counts[context.bidder] - own
        return PSEUDO_RANDOM * ((reached + 1) * bidder_count - context.bidder) + chance

    return prefer


class ThresholdMechanism:
    """A lottery over thresholds for each bidder and each profile of the others.

    Args:
        bidder_count: How many bidders there are.
        thresholds: (price, type index, probability) by bidder and types of the others, types rising; who is not
            listed wins nothing.
        revenue: Expected, in minor units.
    """

    route: Route = "threshold"

    def __init__(
        self,
        bidder_count: int,
        thresholds: Mapping[tuple[int, Profile], tuple[tuple[int, int, Fraction], ...]],
        revenue: Fraction,
    ) -> None:
        self._bidder_count = bidder_count
        self._thresholds = thresholds
        self.revenue = revenue

    def lottery(self, profile: Profile) -> tuple[Segment, ...]:
        """Return the winners and their prices; see `OptimalMechanism`.

        The bidders' chances of winning are laid end to end, each cut at its thresholds, and marks at distance 1 from
        each other are put down at a place drawn from 0..1: who is hit wins, at the threshold that is hit. No bidder's
        part is longer than 1, so nobody is hit twice, and no more are hit than there are units.
        """
        parts: list[tuple[Fraction, Fraction, Award]] = []
        end = Fraction(0)
        for bidder in range(self._bidder_count):
            others = profile[:bidder] + profile[bidder + 1 :]
            for price, own, probability in self._thresholds.get((bidder, others), ()):
                if own <= profile[bidder]:
                    award = Award(bidder=bidder, goods=_GOODS, price=Fraction(price))
                    parts.append((end, end + probability, award))
                    end += probability
        cuts = sorted({Fraction(0), Fraction(1), *(stop % 1 for _, stop, _ in parts)})
        return segments(
            (after - before, tuple(award for start, stop, award in parts if _is_hit(before, start, stop)))
            for before, after in pairwise(cuts)
        )


def _is_hit(mark: Fraction, start: Fraction, stop: Fraction) -> bool:
    """Whether start <= mark + k < stop for some integer k."""
    return start + (mark - start) % 1 < stop


def mechanism_from(
    market: TypeMarket, built: ThresholdProgram, solution: Mapping[int, Fraction], revenue: Fraction
) -> ThresholdMechanism:
    """Return the mechanism that a solution of the program is.

    Args:
        market: What the program was made for.
        built: The program.
        solution: Probabilities above 0, by column.
        revenue: Expected, in minor units.
    """
    thresholds = {}
    for context in built.contexts:
        lottery = tuple(
            (market.value(context.bidder, own), own, solution[context.first + place])
            for place, own in enumerate(context.types)
            if context.first + place in solution
        )
        if lottery:
            thresholds[context.bidder, context.others] = lottery
    return ThresholdMechanism(len(market.bidders), thresholds, revenue)
