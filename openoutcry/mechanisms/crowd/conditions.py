"""Where the crowdsourced mechanisms can run, and which choices void what they promise.

What a mechanism cannot run on at all is refused; a choice under which it runs without keeping its promise is warned of,
by name and with what to choose instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.comparison.vcg import STEP_LIMIT, count_steps
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.strictness import attainable_bundles, lottery_prices


def refuse_upward(market: TypeMarket, mechanism: str) -> None:
    """Refuse an environment in which a bidder cannot always be given nothing instead.

    Raises:
        ConfigurationError: The environment is not downward closed. With a public good that two bidders value at 1 each,
            leaving out the informant loses everything.

    Source: CROWD, Section 2.1: Theorem 1 needs it.
    """
    if not market.environment.is_downward_closed():
        raise ConfigurationError(
            f"{mechanism} leaves bidders out, but an assignment listed as feasible is not so with one bidder's part "
            "replaced by nothing: list those assignments too, or choose another mechanism"
        )


def refuse_unworkable(market: TypeMarket, mechanism: str) -> None:
    """Refuse an environment with more feasible assignments than can be gone through, whatever is believed.

    Raises:
        ConfigurationError: There are too many for the best auction, or for selling without a belief.
    """
    from openoutcry.mechanisms.crowd.optimal.general import ASSIGNMENT_LIMIT, feasible_assignments

    if market.environment.is_single_parameter and market.environment.assignments is None:
        return
    if feasible_assignments(market) is None or count_steps(market) > STEP_LIMIT:
        raise ConfigurationError(
            f"{mechanism} goes through all feasible assignments, and this market has more than {ASSIGNMENT_LIMIT}: "
            "take fewer bidders, goods or bundles, or use vcg"
        )


def refuse_several_goods(market: TypeMarket, mechanism: str) -> None:
    """Refuse everything but one good that every bidder may get.

    Raises:
        ConfigurationError: There are more goods or units, or somebody to whom no feasible assignment gives the good.
    """
    environment = market.environment
    if not environment.is_single_parameter or environment.units != (1,):
        raise ConfigurationError(
            f"{mechanism} sells one good to one bidder, and this market's environment is {environment.kind}: use "
            "crowdsourced-optimal"
        )
    if environment.assignments is None:
        return
    for bidder, typed in enumerate(market.bidders):
        if not attainable_bundles(market, bidder):
            raise ConfigurationError(
                f"{mechanism} may sell to any bidder, and no feasible assignment gives {typed.name!r} the good: "
                "leave it out, or use crowdsourced-optimal"
            )


def strictness_limit(market: TypeMarket, choices: CrowdChoices) -> Fraction | None:
    """Return the reward from which on overbidding may pay in `crowdsourced-lookahead`; None when it never does.

    Overbidding by one step costs delta (1 - eta) / (n |S|) in the lottery, S being its prices, and can make its author
    the highest bidder, who is rewarded with all of epsilon, where an informant may get nothing.

    Source: CROWD, Lemma 4, which leaves this out. With values {1, 2, 3} of two bidders, delta 1/100 and epsilon 1/10
    truth loses 59/1200.
    """
    prices, count = lottery_prices(market), len(market.bidders)
    if count == 1 or not prices:
        return None
    return choices.delta * (1 - choices.discount) / (count * len(prices))


def warn_of_mixture(choices: CrowdChoices) -> Iterator[str]:
    """Yield a warning when the lottery never runs, or always does."""
    if choices.delta == 0:
        yield (
            "delta is 0: telling one's value is best, but not the only best choice, so the outcome is not the only "
            "one that rational bidders can reach; any delta above 0 makes it so"
        )
    if choices.delta == 1:
        yield "delta is 1: only the lottery ever runs, and no share of the optimal revenue is promised"


def warn_of_size(market: TypeMarket) -> Iterator[str]:
    """Yield a warning when there are beliefs that are too large to find the best auction for."""
    from openoutcry.mechanisms.crowd.optimal import check_playable

    count = len(market.bidders)
    if count == 1:
        return
    # The informant with the fewest types leaves the largest market.
    left_out = market.type_counts.index(min(market.type_counts))
    try:
        check_playable(market.restricted([bidder for bidder in range(count) if bidder != left_out]))
    except ConfigurationError as error:
        yield (
            "a belief that is neither independent nor sparse may be too large, and then the goods are sold without it "
            f"and no share of revenue is promised: {error}"
        )


def warn_of_bonus(market: TypeMarket, choices: CrowdChoices) -> Iterator[str]:
    """Yield a warning when the reward of the highest bidder can make overbidding pay."""
    limit = strictness_limit(market, choices)
    if limit is not None and choices.reward >= limit:
        yield (
            f"reward is {choices.reward}, not below delta (1 - discount) / (bidders x values above 0) = {limit}: "
            "overbidding may pay, as the highest bidder is rewarded most; choose a smaller reward, a larger delta, or "
            "crowdsourced-lookahead-plus, which pays the highest bidder no bonus"
        )


def warn_of_reading(choices: CrowdChoices) -> Iterator[str]:
    """Yield a warning when the price is read in a way that is there for study."""
    if choices.reading == "weak":
        yield "reading is weak: where values tie, revenue can fall below half of the optimum; selected keeps it"
    if choices.reading == "literal":
        yield "reading is literal: the price can lie below other bids, so that overbidding pays; selected mends it"
