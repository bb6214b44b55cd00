"""Laws of counterfactuals, in random small markets with random strategies."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as generators

from openoutcry.mechanisms import Bidder, Linear, Market, Specification, Timing
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation import play, simulate_session
from openoutcry.simulation.counterfactual import Counterfactuals, OwnStrategy
from openoutcry.simulation.recording import read_recording
from openoutcry.simulation.seeds import read_seed
from openoutcry.strategies import load_strategy
from tests.simulation.markets import NAMES
from tests.simulation.stage import CODEC, READER

TEXTS = ("truthful", "shade:levels=1", "overstay:levels=1", "silent", "random", "wrong-opening")
LEVELS = 3


@generators.composite
def games(draw: generators.DrawFn) -> tuple[Specification, tuple[int, ...], tuple[str, ...], str]:
    """Give a specification, the signals, how everybody plays, and a seed."""
    count = draw(generators.integers(2, 4))
    group_count = draw(generators.integers(1, min(2, count)))
    bidders = tuple(
        Bidder(
            name=NAMES[place],
            group=place % group_count,
            valuation=Linear(
                constant=draw(generators.integers(0, 9)),
                weights=tuple(draw(generators.integers(0, 9)) for _ in range(group_count)),
            ),
        )
        for place in range(count)
    )
    specification = Specification(
        title="Any",
        market=Market(
            lot="a lot",
            currency="USD",
            minor_units=0,
            signal_levels=LEVELS,
            groups=tuple(f"group {place}" for place in range(group_count)),
            bidders=bidders,
        ),
        mechanism=draw(generators.sampled_from(["signal-discovery", "uniform-clock"])),
        parameters={"form": draw(generators.sampled_from(["clock", "sealed"]))},
        timing=Timing(enrol_ms=3000, answer_ms=1000),
    )
    signals = tuple(draw(generators.integers(0, LEVELS - 1)) for _ in range(count))
    texts = tuple(draw(generators.sampled_from(TEXTS)) for _ in range(count))
    return specification, signals, texts, draw(generators.sampled_from(["one", "two", "three"]))


def replays(
    specification: Specification, signals: Sequence[int], texts: Sequence[str], seed: str, *, knows: bool
) -> tuple[Counterfactuals, bytes]:
    """Return the recorded session ready to be played again, and its coin."""
    session = simulate_session(specification, signals, seed=seed, codec=CODEC, strategies=texts)
    verification = verify_transcript(session.transcript, codec=CODEC)
    assert verification.session is not None
    own = {
        name: OwnStrategy(text=text, factory=load_strategy(text))
        for name, text in zip(NAMES, texts, strict=False)
    }
    found = Counterfactuals(
        read_recording(verification.session, session.entries, READER),
        codec=CODEC,
        private=signals,
        own=own if knows else None,
        bidder_seed=read_seed(seed),
    )
    return found, session.coin or b""


@given(games(), generators.booleans())
@settings(max_examples=40, deadline=None)
def test_without_a_swap_nothing_changes(game, knows: bool) -> None:
    """Whether bidders play their own strategies again or only their recorded answers, all is what it was."""
    specification, signals, texts, seed = game
    found, coin = replays(specification, signals, texts, seed, knows=knows)
    again = found.swap({})
    assert again.first_change is None
    assert again.after == again.before
    played = play(specification, signals, seed=coin, bidder_seed=seed, strategies=texts)
    assert again.after.result.payments == played.payments
    assert again.after.result.values == played.values


@given(games(), generators.integers(0, 3), generators.sampled_from(TEXTS))
@settings(max_examples=40, deadline=None)
def test_a_swap_is_play_with_the_other_strategy(game, place: int, text: str) -> None:
    """A counterfactual is the in-process game with the session's coin; its gains are differences of two of them."""
    specification, signals, texts, seed = game
    place %= len(signals)
    found, coin = replays(specification, signals, texts, seed, knows=True)
    swapped = found.swap({NAMES[place]: text})
    others = [*texts[:place], text, *texts[place + 1 :]]
    before, after = (
        play(specification, signals, seed=coin, bidder_seed=seed, strategies=strategies)
        for strategies in (texts, others)
    )
    assert swapped.after.result == after
    assert swapped.gains == tuple(
        now - was for was, now in zip(before.utilities, after.utilities, strict=True)
    )
    assert sum(swapped.gains, Fraction(0)) + swapped.revenue == swapped.welfare


@given(games(), generators.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_what_deviations_earn_is_what_truth_would_cost(game, place: int) -> None:
    """The figure of deviations is the negative of what a swap to truth earns, and nothing for the truthful."""
    specification, signals, texts, seed = game
    place %= len(signals)
    found, _ = replays(specification, signals, texts, seed, knows=True)
    consequence = found.consequence_of_deviating(NAMES[place])
    swapped = found.swap({NAMES[place]: "truthful"})
    assert (consequence.earned, consequence.welfare, consequence.revenue) == (
        -swapped.gains[place],
        -swapped.welfare,
        -swapped.revenue,
    )
    if texts[place] == "truthful":
        assert (consequence.earned, consequence.welfare, consequence.revenue) == (Fraction(0), 0, Fraction(0))
