"""AGG: beliefs of several bidders put together, against the paper's definition on full profiles."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.mechanisms.crowd.aggregation import aggregate, slice_weights
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, point_mass


def test_a_slice_keeps_the_proportions_at_the_given_types():
    """Of a joint belief the points with the others' types remain; of a product the subject's factor does."""
    joint = Joint.of((0, 2), {(0, 0): 1, (1, 0): 2, (1, 1): 5})
    assert dict(slice_weights(joint, 0, {1: 0, 2: 0})) == {0: 1, 1: 2}
    independent = Product.of({0: {0: 3, 2: 1}, 2: {1: 7}})
    assert dict(slice_weights(independent, 0, {1: 0, 2: 1})) == {0: 3, 2: 1}
    assert dict(slice_weights(independent, 0, {1: 0, 2: 0})) == {}


def test_supports_are_intersected_and_the_lowest_owner_is_conditioned():
    """Bidder 1 holds types 0, 1, 2 of bidder 0 possible, bidder 2 only 1 and 2: bidder 1's weights of those remain."""
    beliefs = {
        1: Joint.of((0, 2), {(0, 0): 1, (1, 0): 2, (2, 0): 3, (2, 1): 4}),
        2: Joint.of((0, 1), {(1, 0): 9, (2, 0): 1}),
    }
    assert aggregate(0, {0: 0, 1: 0, 2: 0}, beliefs) == Product.of({0: {1: 2, 2: 3}})
    assert aggregate(0, {0: 0, 1: 0, 2: 0}, beliefs, base=2) == Product.of({0: {1: 9, 2: 1}})


def test_beliefs_that_contradict_each_other_leave_the_lowest_unchanged():
    """With no profile that all hold possible, F is F_j'."""
    beliefs: dict[int, Distribution] = {
        1: Joint.of((0, 2), {(0, 0): 1, (1, 0): 2}),
        2: Joint.of((0, 1), {(2, 0): 1}),
    }
    assert aggregate(0, {1: 0, 2: 0}, beliefs) == Product.of({0: {0: 1, 1: 2}})


def test_nothing_is_known_without_beliefs_or_beside_them():
    """No belief at all, or one that holds impossible what the others reported, gives no distribution."""
    assert aggregate(0, {1: 0}, {}) is None
    assert aggregate(0, {1: 0, 2: 1}, {1: point_mass((0, 2), (0, 0))}) is None


def test_products_of_many_bidders_are_never_multiplied_out():
    """Thirty bidders with independent beliefs of ten types each: 10^29 profiles, and the answer is one factor."""
    count = 30
    factors = {bidder: dict.fromkeys(range(10), 1) for bidder in range(count)}
    beliefs = {
        owner: Product.of({bidder: factor for bidder, factor in factors.items() if bidder != owner})
        for owner in range(1, count)
    }
    found = aggregate(0, dict.fromkeys(range(count), 3), beliefs)
    assert found == Product.of({0: factors[0]})


# --- Against the definition ---------------------------------------------------------------------------------

COUNTS = (3, 2, 2)
SPACE = list(product(*map(range, COUNTS)))


def naive(subject: int, bids: dict[int, int], beliefs: dict[int, Joint]) -> dict[int, Fraction]:
    """Compute AGG on full profiles as printed, then condition on the others' values: probabilities by type."""
    lifted = {}
    for owner, belief in beliefs.items():
        lifted[owner] = {
            (*point[:owner], bids[owner], *point[owner:]): weight for point, weight in belief.items()
        }
    common = set.intersection(*(set(full) for full in lifted.values()))
    chosen = lifted[min(lifted)]
    if common:
        chosen = {point: weight for point, weight in chosen.items() if point in common}
    within = {
        point[subject]: weight
        for point, weight in chosen.items()
        if all(point[other] == index for other, index in bids.items() if other != subject)
    }
    total = sum(within.values())
    return {index: Fraction(weight, total) for index, weight in within.items()}


def beliefs_about(owner: int) -> st.SearchStrategy[Joint]:
    """Draw a belief of this owner about the two others."""
    subjects = [bidder for bidder in range(3) if bidder != owner]
    points = list(product(*(range(COUNTS[bidder]) for bidder in subjects)))
    weights = st.lists(st.integers(0, 3), min_size=len(points), max_size=len(points)).filter(any)
    return weights.map(lambda mine: Joint.of(subjects, dict(zip(points, mine, strict=True))))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SPACE), beliefs_about(1), beliefs_about(2))
def test_it_is_the_printed_aggregator_at_the_reported_values(profile, first, second):
    """Full profiles, each owner's own value pinned: the same distribution of the highest bidder's type."""
    bids = dict(enumerate(profile))
    found = aggregate(0, bids, {1: first, 2: second})
    probabilities = {} if found is None else {t: found.probability((t,)) for t in found.factor(0)}
    assert probabilities == naive(0, bids, {1: first, 2: second})


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=len(SPACE), max_size=len(SPACE)).filter(any),
    st.lists(st.integers(0, 1), min_size=2 * len(SPACE), max_size=2 * len(SPACE)),
    st.data(),
)
def test_the_choice_of_base_makes_no_difference_to_posteriors_of_one_prior(weights, labels, data):
    """With truthful beliefs every j' leads to the same distribution. Source: CROWD, Section 4.1."""
    prior = Joint.of((0, 1, 2), dict(zip(SPACE, weights, strict=True)))
    profile = data.draw(st.sampled_from(prior.points))
    beliefs = {}
    for owner, offset in ((1, 0), (2, len(SPACE))):
        label = dict(zip(SPACE, labels[offset : offset + len(SPACE)], strict=True))
        told = (profile[owner], label[profile])
        points = {point: weight for point, weight in prior.items() if (point[owner], label[point]) == told}
        cell = Joint.of((0, 1, 2), points)
        beliefs[owner] = cell.marginal([bidder for bidder in range(3) if bidder != owner])
    bids = dict(enumerate(profile))
    assert aggregate(0, bids, beliefs, base=1) == aggregate(0, bids, beliefs, base=2)


def test_the_choice_of_base_matters_off_the_truth():
    """Two beliefs of one support that disagree about its weights: whose are taken decides."""
    beliefs = {1: Joint.of((0, 2), {(0, 0): 1, (1, 0): 3}), 2: Joint.of((0, 1), {(0, 0): 3, (1, 0): 1})}
    bids = {1: 0, 2: 0}
    assert aggregate(0, bids, beliefs, base=1) != aggregate(0, bids, beliefs, base=2)
