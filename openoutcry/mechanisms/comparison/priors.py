"""The seller's prior: asking for it, whether bidders are independent under it, and the prices it makes best."""

from __future__ import annotations

from fractions import Fraction

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.distributions import Distribution, Product
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


def as_independent(prior: Distribution) -> Product | None:
    """Return a prior as the product of its marginals, or None when its bidders are correlated."""
    if isinstance(prior, Product):
        return prior
    independent = Product.of({player: prior.factor(player) for player in prior.players})
    if independent.support_size != prior.support_size:
        return None
    scale = Fraction(independent.total, prior.total)
    is_equal = all(independent.weight(point) == scale * weight for point, weight in prior.items())
    return independent if is_equal else None


def monopoly_prices(market: TypeMarket, prior: Distribution) -> tuple[int, ...]:
    """Return for each bidder the price at which it alone brings most, the lowest of equals, in minor units.

    Correlation is not looked at: the price rests on the bidder's marginal.
    """
    return tuple(
        best_price(market.values(bidder), prior.factor(bidder)) for bidder in range(len(market.bidders))
    )
