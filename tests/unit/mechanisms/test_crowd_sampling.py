"""Sampling: exactly the prior under the explorer, no draw without choice, the same from the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from openoutcry.mechanisms.chance import Chance, Draw, RecordingChance, ScriptedChance
from openoutcry.mechanisms.conversation import Conversation, Outcome
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, Profile, point_mass
from openoutcry.mechanisms.crowd.sampling import draw_profile
from openoutcry.mechanisms.exploring import outcome_distribution
from openoutcry.protocol.draws import SeededChance
from tests.reference.distributions import distributions, shapes

SEED = bytes(range(32))
CORRELATED = Joint.of((0, 1), {(0, 0): 4, (0, 1): 1, (2, 1): 2})
INDEPENDENT = Product.of({0: {0: 3, 2: 1}, 1: {1: 5}, 4: {0: 1, 1: 1}})


def frequencies(distribution: Distribution) -> Mapping[Profile, Fraction]:
    """Return how often each profile is drawn, exactly."""

    def converse(chance: Chance) -> Conversation:
        profile = draw_profile(distribution, chance, "types")
        return Outcome(awards=(), payments=tuple(map(Fraction, profile)), reason="the test says so")
        yield

    drawn = outcome_distribution(converse, []).probabilities
    return {tuple(map(int, settlement.payments)): share for settlement, share in drawn.items()}


@given(shapes().flatmap(distributions))
def test_profiles_are_drawn_as_often_as_the_distribution_says(distribution: Distribution) -> None:
    """Over every branch of the draws each profile has exactly its probability."""
    expected = {profile: distribution.probability(profile) for profile, _ in distribution.items()}
    assert frequencies(distribution) == expected


def test_one_draw_for_a_joint_distribution_one_a_player_for_a_product() -> None:
    """Labels tell the player; whoever has one type left is not drawn."""
    joint = RecordingChance(ScriptedChance({"types": [2]}))
    assert draw_profile(CORRELATED, joint, "types") == (2, 1)
    assert joint.draws == [Draw(label="types", kind="weighted", options=(4, 1, 2), result=2)]
    independent = RecordingChance(ScriptedChance({"types/0": [1], "types/4": [0]}))
    assert draw_profile(INDEPENDENT, independent, "types") == (2, 1, 0)
    assert [draw.options for draw in independent.draws] == [(3, 1), (1, 1)]


def test_certainties_are_not_drawn() -> None:
    """A draw with one possible result is not made."""
    nothing = ScriptedChance({})
    certain = point_mass((0, 3), (2, 5))
    assert draw_profile(certain, nothing, "types") == (2, 5)
    assert draw_profile(certain.expanded(), nothing, "types") == (2, 5)


def test_a_seed_draws_the_same_again() -> None:
    """These are pinned: a local run can be repeated from its seed by any version."""
    joints = [draw_profile(CORRELATED, SeededChance(SEED, 5), f"types {index}") for index in range(8)]
    products = [draw_profile(INDEPENDENT, SeededChance(SEED, 5), f"types {index}") for index in range(8)]
    assert joints == [(0, 0), (2, 1), (0, 0), (0, 0), (0, 0), (0, 0), (0, 1), (0, 0)]
    assert products == [
        (0, 1, 1),
        (0, 1, 1),
        (0, 1, 0),
        (2, 1, 0),
        (0, 1, 0),
        (0, 1, 1),
        (0, 1, 0),
        (0, 1, 1),
    ]


@given(st.binary(min_size=32, max_size=32))
def test_whatever_the_seed_the_profile_is_possible(seed: bytes) -> None:
    """Nothing of probability 0 is drawn."""
    for distribution in (CORRELATED, INDEPENDENT):
        assert distribution.weight(draw_profile(distribution, SeededChance(seed, 5), "types")) > 0
