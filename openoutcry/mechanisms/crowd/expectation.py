"""Exact expectation of a mechanism on a market with types: at one profile of types, or over all of a prior.

Decides: who gets something with which probability, expected welfare, revenue, payments, rewards and utilities, as
fractions, over every random choice of the mechanism and, with a prior, over the types too; then also what each type of
each bidder gets. Refuses: profiles that do
not fit the market, and priors or trees of choices beyond their limits, before any work is done where that can be
known. Called by `auctioneer expect`, by comparisons of mechanisms and by the tests of guarantees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeVar

from openoutcry.errors import TooLargeError, UsageError
from openoutcry.mechanisms.answering import Answerer, answer_with_type
from openoutcry.mechanisms.budget import Budget, spread
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import NOTHING, Conversation
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.knowledge import Partition, Situation, own_value, situations
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.welfare import greatest_welfare
from openoutcry.mechanisms.expectation import PROFILE_LIMIT, Progress
from openoutcry.mechanisms.exploring import DEFAULT_RUN_LIMIT, Answerers, outcome_distribution
from openoutcry.mechanisms.interim import Interim, InterimSums
from openoutcry.mechanisms.mechanism import Mechanism
from openoutcry.mechanisms.parameters import show_count

ParametersT = TypeVar("ParametersT")
ParametersT_contra = TypeVar("ParametersT_contra", contravariant=True)


class ConversingOnTypes(Protocol[ParametersT_contra]):
    """The part of a registered mechanism that an expectation needs."""

    def converse(self, market: TypeMarket, parameters: ParametersT_contra, chance: Chance, /) -> Conversation:
        """Begin the mechanism's conversation on `market`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeExpectation:
    """What a mechanism does on average, at one profile of types or over a prior.

    Money is in minor units. Values and welfare count the true types, whatever was reported.

    Attributes:
        win_probability: Length n: that the bidder gets something. They need not sum to at most 1.
        unsold_probability: That nobody gets anything.
        welfare: Value of what the bidders get.
        revenue: Sum of all payments, rewards taken off.
        optimum: Greatest welfare of any feasible assignment.
        payments: Length n: what each bidder pays in all; below 0 where it is paid.
        rewards: Length n: what each bidder is paid for what it reports: the prices of what it gets less its payment.
        utilities: Length n: value of what the bidder gets less what it pays.
        profiles: How many profiles of types this went through.
        runs: How many runs of the conversation it took.
        interim: Over a prior: length n, for each bidder what each of its types gets, None for a type that cannot be;
            empty at one profile.
    """

    win_probability: tuple[Fraction, ...]
    unsold_probability: Fraction
    welfare: Fraction
    revenue: Fraction
    optimum: Fraction
    payments: tuple[Fraction, ...]
    rewards: tuple[Fraction, ...]
    utilities: tuple[Fraction, ...]
    profiles: int
    runs: int
    interim: tuple[tuple[Interim | None, ...], ...] = ()


def expect_types(
    market: TypeMarket,
    mechanism: ConversingOnTypes[ParametersT],
    parameters: ParametersT,
    answerers: Answerers,
    profile: Sequence[int],
    *,
    memoise: bool = True,
    limit: int = DEFAULT_RUN_LIMIT,
) -> TypeExpectation:
    """Compute the exact expectation at one profile of types.

    Args:
        market: What is sold, and to whom.
        mechanism: A registered mechanism, or anything that converses as one.
        parameters: As the mechanism's `configure` made them.
        answerers: Length n, such as `answer_with_type(profile[i], knowledge_of_i)`; or a function that makes them
            anew for each run, then with `memoise=False`.
        profile: Length n: the true types, as indices into the bidders' lists.
        memoise: As in `outcome_distribution`.
        limit: Most runs of the conversation to spend.

    Raises:
        UsageError: Profile or answerers do not fit the market, or as in `outcome_distribution`.
        TooLargeError: The tree of random choices is larger than `limit` allows.
    """
    _check_profile(market, profile)
    if not callable(answerers) and len(answerers) != len(profile):
        raise UsageError(f"{len(answerers)} answerers for {len(profile)} bidders: give one for each")
    distribution = outcome_distribution(
        lambda chance: mechanism.converse(market, parameters, chance), answerers, memoise=memoise, limit=limit
    )
    sums = _Sums(len(profile))
    for settlement, probability in distribution.probabilities.items():
        prices, values = [NOTHING] * len(profile), [0] * len(profile)
        for award in settlement.awards:
            prices[award.bidder] += award.price
            bundle = market.environment.bundles.index(award.goods)
            values[award.bidder] = market.value(award.bidder, profile[award.bidder], bundle)
            sums.wins[award.bidder] += probability
        if not settlement.awards:
            sums.unsold += probability
        for bidder, payment in enumerate(settlement.payments):
            sums.payments[bidder] += probability * payment
            sums.rewards[bidder] += probability * (prices[bidder] - payment)
            sums.values[bidder] += probability * values[bidder]
    sums.optimum = Fraction(greatest_welfare(market, profile))
    return sums.expectation(profiles=1, runs=distribution.runs)


def expect_over_prior(
    market: TypeMarket,
    mechanism: ConversingOnTypes[ParametersT],
    parameters: ParametersT,
    prior: Distribution,
    answerers_at: Callable[[Situation], Sequence[Answerer]],
    *,
    partitions: Sequence[Partition] | None = None,
    memoise: bool = True,
    limit: int = DEFAULT_RUN_LIMIT,
    profile_limit: int = PROFILE_LIMIT,
    progress: Progress | None = None,
) -> TypeExpectation:
    """Compute the exact expectation over the types too.

    Args:
        market: What is sold, and to whom.
        mechanism: As in `expect_types`.
        parameters: As in `expect_types`.
        prior: Distribution of all bidders' types.
        answerers_at: Gives the answerers at a profile, such as `truthful_answerers`.
        partitions: Length n: what each bidder knows; when None, its own type and nothing beyond.
        memoise: As in `outcome_distribution`.
        limit: Most runs of the conversation to spend, for all profiles together.
        profile_limit: Most profiles to go through.
        progress: Told after each profile.

    Raises:
        UsageError: The prior or the partitions do not fit the market, or as in `expect_types`.
        TooLargeError: The prior has more profiles than `profile_limit`, or they take more runs than `limit`.
    """
    check_prior(market, prior, profile_limit)
    known = [own_value(bidder) for bidder in prior.players] if partitions is None else partitions
    count = prior.support_size
    sums, interim = _Sums(len(market.bidders)), InterimSums(market.type_counts)
    budget = Budget(limit, count, "types")
    all_situations = list(situations(prior, known))
    for done, number in enumerate(spread(count), start=1):
        situation = all_situations[number]
        try:
            found = expect_types(
                market,
                mechanism,
                parameters,
                answerers_at(situation),
                situation.profile,
                memoise=memoise,
                limit=budget.left,
            )
        except TooLargeError as error:
            raise budget.refusal(budget.runs + error.size) from error
        sums.add(found, situation.probability)
        interim.add(
            situation.profile, situation.probability, found.win_probability, found.payments, found.utilities
        )
        if progress is not None:
            progress(done, count)
        budget.spend(found.runs)
    return sums.expectation(profiles=count, runs=budget.runs, interim=interim.interim())


def truthful_answerers(market: TypeMarket, mechanism: Mechanism) -> Callable[[Situation], Sequence[Answerer]]:
    """Return a function that gives the truthful answerers at a situation; each is made once for all its situations.

    Args:
        market: What is sold, and to whom.
        mechanism: Says what being asked tells a bidder of the others.
    """
    made: dict[tuple[int, int, int], tuple[Distribution, Answerer]] = {}

    def answerers_at(situation: Situation) -> Sequence[Answerer]:
        answerers = []
        for bidder, (value, belief) in enumerate(zip(situation.profile, situation.beliefs, strict=True)):
            key = (bidder, value, id(belief))
            if key not in made:
                known = mechanism.belief_when_asked(market, bidder, value, belief)
                # The belief is kept with the answerer: its identity must not pass to another one.
                made[key] = belief, answer_with_type(value, known, market=market)
            answerers.append(made[key][1])
        return answerers

    return answerers_at


def check_prior(market: TypeMarket, prior: Distribution, profile_limit: int = PROFILE_LIMIT) -> None:
    """Refuse a prior that cannot be gone through.

    Raises:
        UsageError: It is not about all bidders of the market.
        TooLargeError: It has more profiles than `profile_limit`.
    """
    if prior.players != tuple(range(len(market.bidders))):
        raise UsageError("the prior must be about all bidders of the market")
    if prior.support_size > profile_limit:
        raise TooLargeError(
            f"the prior has {show_count(prior.support_size)} profiles of types; at most {profile_limit} are gone "
            "through exactly: take fewer bidders or types, or estimate from a sample",
            size=prior.support_size,
            limit=profile_limit,
        )


class _Sums:
    """Adds up what happens, weighted by its probability."""

    def __init__(self, count: int) -> None:
        self.wins = [NOTHING] * count
        self.payments = [NOTHING] * count
        self.rewards = [NOTHING] * count
        self.values = [NOTHING] * count
        self.unsold = NOTHING
        self.optimum = NOTHING

    def add(self, part: TypeExpectation, probability: Fraction) -> None:
        """Add an expectation that holds with this probability."""
        self.unsold += probability * part.unsold_probability
        self.optimum += probability * part.optimum
        for bidder, payment in enumerate(part.payments):
            self.wins[bidder] += probability * part.win_probability[bidder]
            self.payments[bidder] += probability * payment
            self.rewards[bidder] += probability * part.rewards[bidder]
            self.values[bidder] += probability * (part.utilities[bidder] + payment)

    def expectation(
        self, *, profiles: int, runs: int, interim: tuple[tuple[Interim | None, ...], ...] = ()
    ) -> TypeExpectation:
        """Return what has been added up."""
        return TypeExpectation(
            win_probability=tuple(self.wins),
            unsold_probability=self.unsold,
            welfare=sum(self.values, NOTHING),
            revenue=sum(self.payments, NOTHING),
            optimum=self.optimum,
            payments=tuple(self.payments),
            rewards=tuple(self.rewards),
            utilities=tuple(
                value - payment for value, payment in zip(self.values, self.payments, strict=True)
            ),
            profiles=profiles,
            runs=runs,
            interim=interim,
        )


def _check_profile(market: TypeMarket, profile: Sequence[int]) -> None:
    counts = market.type_counts
    if len(profile) != len(counts) or not all(
        0 <= index < count for index, count in zip(profile, counts, strict=True)
    ):
        raise UsageError(
            f"types {tuple(profile)} do not fit the market: its bidders have {', '.join(map(str, counts))} types"
        )
