"""What a mechanism is to people and drivers: its texts, its parameters, and the functions that run it.

The clock mechanisms, the crowdsourced ones and those that they are compared with each register values of `Mechanism`;
`openoutcry.mechanisms.registry` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import NOTHING, Conversation
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.parameters import Parameter

MarketKind = Literal["signals", "types"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """What a mechanism promises on a market if all bidders are truthful, whatever their signals or types.

    Attributes:
        welfare: At least this share of the greatest welfare, in expectation, or None when nothing is promised.
        revenue: At least this share of the benchmark, in expected revenue, or None when nothing is promised.
        text: The same in words, with the conditions.
        benchmark: What the share of revenue is of: the greatest welfare, or the revenue of the best
            dominant-strategy truthful mechanism that knows the prior.
        revenue_loss: What is taken off that share of the benchmark, in minor units.
    """

    welfare: Fraction | None
    revenue: Fraction | None
    text: str
    benchmark: Literal["welfare", "optimal revenue"] = "welfare"
    revenue_loss: Fraction = NOTHING


def _nothing_to_warn_of(market: object, parameters: object) -> tuple[str, ...]:
    return ()


def _opens_as_chosen(parameters: object) -> bool:
    return getattr(parameters, "openings", "public") == "private"


def _learns_nothing(market: object, bidder: int, value: int, belief: Distribution) -> Distribution:
    return belief


def _asks_no_belief(parameters: object, count: int) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One mechanism, as people and drivers see it.

    Attributes:
        name: As in a scenario's `[mechanism]`.
        summary: One line.
        source: Paper and statements.
        parameters: What its user chooses.
        asks: What it asks of whom, and when.
        learns: Who learns what, and when.
        repaired: Where it deviates from the paper, and why.
        configure: Reads raw parameters; raises ConfigurationError for an unknown key or a bad value.
        converse: Starts a conversation on a market with the parameters that `configure` returned.
        guarantee: Says what is promised on a market with these parameters.
        market: Which kind of market it runs on: bidders with `signals` (`Market`), or with `types` (`TypeMarket`).
        uses_prior: Whether it needs to be told the seller's prior, which then stands in the public market.
        charges_losers: Whether a bidder that gets nothing may have to pay.
        opens_privately: Whether, with these parameters, reports are opened to the auctioneer alone.
        belief_when_asked: What a bidder of a type that is asked for its belief then knows of the others, given what it
            knew before: being asked may tell it something.
        exact_rewards: How many rewards for beliefs are paid as exact fractions when so many bidders take part, at most;
            None when it asks for no beliefs. An outcome has room for so many, and beliefs are as fine as that allows.
        check: Looks at a market and parameters together: raises ConfigurationError for what it cannot run, and
            returns one warning, by name, for each choice that voids a guarantee.
    """

    name: str
    summary: str
    source: str
    parameters: tuple[Parameter, ...]
    asks: str
    learns: str
    repaired: str
    # Each mechanism has a kind of market and a parameters type of its own, which only its own functions look into.
    configure: Callable[[Mapping[str, object]], Any]
    converse: Callable[[Any, Any, Chance], Conversation]
    guarantee: Callable[[Any, Any], Guarantee]
    market: MarketKind = "signals"
    uses_prior: bool = False
    charges_losers: bool = False
    opens_privately: Callable[[Any], bool] = _opens_as_chosen
    belief_when_asked: Callable[[Any, int, int, Distribution], Distribution] = _learns_nothing
    exact_rewards: Callable[[Any, int], int | None] = _asks_no_belief
    check: Callable[[Any, Any], tuple[str, ...]] = _nothing_to_warn_of
