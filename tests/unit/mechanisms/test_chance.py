"""Scripted and recording chance."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.errors import UsageError
from openoutcry.mechanisms.chance import Draw, RecordingChance, ScriptedChance


def test_a_script_is_played_label_by_label() -> None:
    """Each label has its own order; what nobody has drawn stays visible."""
    chance = ScriptedChance({"order": [2, 0], "coin": [True], "size": [3]})
    assert chance.pick("order", (0, 1, 2)) == 2
    assert chance.bernoulli("coin", Fraction(1, 2)) is True
    assert chance.leftovers == {"order": (0,), "size": (3,)}
    assert chance.uniform("size", 4) == 3
    assert chance.pick("order", (0, 1)) == 0
    assert chance.leftovers == {}


@pytest.mark.parametrize("label", ["order", "coin", "size"])
def test_a_draw_that_the_script_does_not_foresee_is_refused(label: str) -> None:
    """A mechanism that draws more than it should is found."""
    chance = ScriptedChance({"other": [1]})
    with pytest.raises(UsageError, match="foresees no further draw"):
        chance.uniform(label, 2)


def test_a_result_that_cannot_be_drawn_is_refused() -> None:
    """A script of impossible results would test nothing."""
    chance = ScriptedChance({"size": [4, True], "order": [5, True], "coin": [1, True, False]})
    with pytest.raises(UsageError, match=r"4, which is not one of 0\.\.3"):
        chance.uniform("size", 4)
    with pytest.raises(UsageError, match=r"True, which is not one of 0\.\.3"):
        chance.uniform("size", 4)
    with pytest.raises(UsageError, match=r"5, which is not among \(1, 2\)"):
        chance.pick("order", (1, 2))
    with pytest.raises(UsageError, match=r"True, which is not among \(1, 2\)"):
        chance.pick("order", (1, 2))
    with pytest.raises(UsageError, match="says 1 where True has probability 1/2"):
        chance.bernoulli("coin", Fraction(1, 2))
    with pytest.raises(UsageError, match="says True where True has probability 0"):
        chance.bernoulli("coin", Fraction(0))
    with pytest.raises(UsageError, match="says False where True has probability 1"):
        chance.bernoulli("coin", Fraction(1))


@pytest.mark.parametrize("result", [-1, 0, 3, True])
def test_an_index_without_weight_is_refused(result: int) -> None:
    """Neither an index outside the weights, nor one of weight 0, nor a truth value can be drawn."""
    with pytest.raises(UsageError, match="which has no weight"):
        ScriptedChance({"informant": [result]}).weighted("informant", (0, 2, 1))
    assert ScriptedChance({"informant": [2]}).weighted("informant", (0, 2, 1)) == 2


def test_a_recording_chance_passes_on_and_keeps() -> None:
    """The results are the inner chance's, and the draws tell what they were drawn from."""
    chance = RecordingChance(ScriptedChance({"order": [2], "coin": [False], "size": [3], "type": [1]}))
    results = (
        chance.uniform("size", 4),
        chance.bernoulli("coin", Fraction(1, 20)),
        chance.pick("order", [1, 2]),
        chance.weighted("type", [1, 4]),
    )
    assert results == (3, False, 2, 1)
    assert chance.draws == [
        Draw(label="size", kind="uniform", options=4, result=3),
        Draw(label="coin", kind="bernoulli", options=Fraction(1, 20), result=False),
        Draw(label="order", kind="pick", options=(1, 2), result=2),
        Draw(label="type", kind="weighted", options=(1, 4), result=1),
    ]
