"""The reach of exact expectations: how many bidders `expect` goes through every draw for, within some seconds."""

from __future__ import annotations

from time import process_time

from benchmarks.findings import Finding
from benchmarks.scale import Scale
from openoutcry.lab.chance import Luck
from openoutcry.lab.instances.generator import SignalInstances
from openoutcry.lab.instances.registry import find_generator
from openoutcry.mechanisms.answering import answer_with_signal
from openoutcry.mechanisms.conversation import Answer, Question
from openoutcry.mechanisms.expectation import expect
from openoutcry.mechanisms.registry import MECHANISMS

REACH_SECONDS = 10.0
"""Of processor time for one expectation, for each second of the scale."""

LEVELS = (2, 3, 4)
MARKETS = 3
"""Of each size: how much there is to explore differs a hundredfold from market to market, so the middle one counts."""

FIRST_BIDDERS = 16
GROWTH = 1.25
"""Sizes are a quarter apart; first every other one is tried, and in the end the one between."""

STEPS = 23
"""Up to some 2000 bidders."""

RUN_LIMIT = 10**9
"""No limit: time is what ends the measurement."""


def measure_reach(scale: Scale) -> list[Finding]:
    """Find for k = 2, 3, 4 the largest n at which the middle one of some random markets is done in time.

    Signal discovery, owners drawn anew for every state, signals given. Every expectation is of a market that was just
    made, so nothing is found ready.
    """
    return [_measure_levels(levels, REACH_SECONDS * scale.seconds) for levels in LEVELS]


def _measure_levels(levels: int, seconds: float) -> Finding:
    sizes = [round(FIRST_BIDDERS * GROWTH**step) for step in range(STEPS)]
    reached, best = 0, (0.0, 0)
    for place in range(0, STEPS, 2):
        found = _middle(sizes[place], levels, seconds)
        if found is None:
            between = _middle(sizes[place - 1], levels, seconds) if place else None
            if between is not None:
                reached, best = sizes[place - 1], between
            break
        reached, best = sizes[place], found
    took, runs = best
    return Finding(
        name=f"exact expectation, signal discovery, k = {levels}: most bidders within {seconds:g} s",
        measured=float(reached),
        unit="bidders",
        detail=f"random owners, signals given; {took:.1f} s and {runs} runs for the middle one of {MARKETS} markets",
    )


def _middle(bidders: int, levels: int, seconds: float) -> tuple[float, int] | None:
    """Return time and runs of the middle one of some markets; None when it is not done in time."""
    tries = [_time_expectation(bidders, levels, market, seconds) for market in range(MARKETS)]
    in_time = sorted(each for each in tries if each is not None)
    # Those that were not in time come last.
    return in_time[MARKETS // 2] if len(in_time) > MARKETS // 2 else None


class _OutOfTime(Exception):
    """Ends an expectation that takes too long."""


def _time_expectation(bidders: int, levels: int, number: int, seconds: float) -> tuple[float, int] | None:
    """Return the processor time of one expectation, and how many runs it took; None when it takes longer."""
    generator = find_generator("random-owners")
    chosen = generator.configure({"bidders": bidders, "signal_levels": levels})
    instances = generator.draw(chosen, Luck(seed="reach", market=f"{bidders}/{levels}/{number}"))
    assert isinstance(instances, SignalInstances)
    signals = tuple(instances.private(0))
    mechanism = MECHANISMS["signal-discovery"]
    first, *others = [answer_with_signal(signal) for signal in signals]
    began = process_time()

    def answer_in_time(question: Question, clock: int, /) -> Answer:
        # Asked about once a run: often enough, and it costs nothing.
        if process_time() - began > seconds:
            raise _OutOfTime
        return first(question, clock)

    answerers = [answer_in_time, *others]
    try:
        found = expect(
            instances.market, mechanism, mechanism.configure({}), answerers, signals, limit=RUN_LIMIT
        )
    except _OutOfTime:
        return None
    return process_time() - began, found.runs
