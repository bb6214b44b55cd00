"""AGG: what several bidders know about one other, put together.

Each belief is about everybody but its owner, whose own value it takes for granted. As a distribution over full profiles
it therefore holds only profiles in which the owner has the value that it reported. A profile that all owners hold
possible has everybody's reported value, except for the one whom they speak about: so of every belief no more matters
than the weights of that one's types where all others have their reported ones, and nothing larger is ever built.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter

from openoutcry.mechanisms.crowd.distributions import Distribution, Product


def slice_weights(belief: Distribution, subject: int, bids: Mapping[int, int]) -> Mapping[int, int]:
    """Return the weights of one player's types where the others have given types, types rising, none of weight 0.

    Only their proportions mean anything. Empty when the others' types have probability 0.

    Args:
        belief: About the subject and others.
        subject: Market index.
        bids: A type index for every other player of the belief; more of them do no harm.
    """
    if isinstance(belief, Product):
        given = belief.given({player: bids[player] for player in belief.players if player != subject})
        return {} if given is None else given.factor(subject)
    place = belief.players.index(subject)
    before = [bids[player] for player in belief.players[:place]]
    after = [bids[player] for player in belief.players[place + 1 :]]
    # Looking up each of the subject's types beats going through all points: the reward has use for the index too.
    types = range(1 + max(map(itemgetter(place), belief.points)))
    weights = ((index, belief.weight((*before, index, *after))) for index in types)
    return {index: weight for index, weight in weights if weight}


def aggregate(
    subject: int, bids: Mapping[int, int], beliefs: Mapping[int, Distribution], *, base: int | None = None
) -> Product | None:
    """Return what the owners of the beliefs together know about the subject, at the reported values of all others.

    Args:
        subject: The paper's i: whose price is to be set.
        bids: Type index by bidder, of everybody that a belief is about; the subject's own is not looked at.
        beliefs: By owner, who is not the subject.
        base: Whose belief is conditioned, the paper's j'; the lowest owner unless given. With beliefs that are all
            posteriors of one prior it makes no difference.

    Returns:
        A distribution over the subject's types only: the base's belief within the types that all owners hold
        possible, or, when there is none, the base's belief unchanged. None when nobody has a belief, or the base
        holds impossible what the others reported.

    Source: CROWD, Section 4.1. An owner who reported no belief is left out; its reported value stays.
    """
    if not beliefs:
        return None
    slices = {owner: slice_weights(belief, subject, bids) for owner, belief in beliefs.items()}
    weights = slices[min(slices) if base is None else base]
    common = {index: weight for index, weight in weights.items() if all(index in s for s in slices.values())}
    chosen = common or weights
    return Product.of({subject: chosen}) if chosen else None
