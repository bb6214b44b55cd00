"""The seller's prior: asking for it, and the prices that it makes best."""

from __future__ import annotations

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.lookahead import best_price
from openoutcry.mechanisms.crowd.market import TypeMarket


def require_prior(mechanism: str, market: TypeMarket) -> Distribution:
    """Return the seller's prior.

    Raises:
        ConfigurationError: The market has none.
    """
    if market.prior is None:
        raise ConfigurationError(
            f"{mechanism} sets prices from the seller's prior, and this market has none: add [prior] to the "
            "scenario, or choose a mechanism that needs none, such as vickrey"
        )
    return market.prior


def monopoly_prices(market: TypeMarket, prior: Distribution) -> tuple[int, ...]:
    """Return for each bidder the price at which it alone brings most, the lowest of equals, in minor units.

    Correlation is not looked at: the price rests on the bidder's marginal.
    """
    return tuple(
        best_price(market.values(bidder), prior.factor(bidder)) for bidder in range(len(market.bidders))
    )
