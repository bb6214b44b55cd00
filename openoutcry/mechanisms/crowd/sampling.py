"""Sampling: one profile of types drawn from a distribution, exactly, through a `Chance`.

Called where types are not given: local runs that draw them from a scenario's prior, and studies.
"""

from __future__ import annotations

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Profile


def draw_profile(distribution: Distribution, chance: Chance, label: str) -> Profile:
    """Draw a profile, each exactly as often as the distribution says.

    A joint distribution takes one draw, a product one for each player; a draw with one possible result is not made.

    Args:
        distribution: About any players.
        chance: Where the draws come from.
        label: Of the one draw; a product adds "/" and the player's market index for each of its draws.

    Returns:
        One type index for each of the distribution's players, in their order.
    """
    if isinstance(distribution, Joint):
        if len(distribution.points) == 1:
            return distribution.points[0]
        return distribution.points[chance.weighted(label, distribution.weights)]
    profile = []
    for player, factor in zip(distribution.players, distribution.factors, strict=True):
        place = 0
        if len(factor) > 1:
            place = chance.weighted(f"{label}/{player}", [weight for _, weight in factor])
        profile.append(factor[place][0])
    return tuple(profile)
