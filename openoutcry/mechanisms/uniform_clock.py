"""The uniform ascending signal clock: all clocks rise together, the highest signal wins.

It decides by signals, not by values, and promises no share of the optimum; it exists to be mixed into signal
discovery so that nobody can tell from being asked early that it cannot buy. The winner pays its value at the
lowest signal with which it would still have won. The registry offers it, `signal_discovery.py` mixes it in.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass

from openoutcry.mechanisms.asking import ask_climbs, ask_reports
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Answer, Climb, Climbed, Conversation, Outcome, Wave
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.parameters import Form
from openoutcry.mechanisms.settlement import no_sale, sale


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformClock:
    """What a user of the uniform clock chooses.

    Attributes:
        form: `clock` asks level by level, `sealed` asks everybody once for its signal.
    """

    form: Form = "clock"


def converse(market: Market, parameters: UniformClock, chance: Chance) -> Conversation:
    """Run the uniform clock.

    Args:
        market: Who bids.
        parameters: The form.
        chance: Unused: this mechanism draws nothing.

    Returns:
        A conversation: waves of one climb of one level each, or one wave of reports.

    Source: CLOCK, footnote 2. Asking all at once and charging the level just accepted is not incentive
    compatible for a bidder that ties favour, hence the order.
    """
    if parameters.form == "sealed":
        return (yield from _converse_sealed(market))
    return (yield from _converse_clock(market))


def _converse_clock(market: Market) -> Conversation:
    clocks = [0] * len(market.bidders)
    active = list(range(len(market.bidders)))
    for level in range(1, market.signal_levels):
        # From the highest index down, and no further than until one is left: the bidder that ties favour is
        # asked last, so that the last one left stands exactly at the lowest signal with which it wins.
        for bidder in reversed(tuple(active)):
            if len(active) == 1:
                break
            climbed = yield from _raise_clock(market, bidder, level, clocks, active)
            clocks[bidder] = climbed.level
            if climbed.exited:
                active.remove(bidder)
    winner = active[0]
    return _sell(market, winner, clocks[winner], clocks)


def _raise_clock(
    market: Market, bidder: int, level: int, clocks: Sequence[int], active: Sequence[int]
) -> Generator[Wave, tuple[Answer, ...], Climbed]:
    def state() -> Mapping[str, object]:
        return {"phase": "uniform-clock", "level": level, "active": list(active), "clocks": list(clocks)}

    name = market.bidders[bidder].name
    reason = f"all clocks rise to level {level}, the highest index first: it is the turn of {name}"
    (climbed,) = yield from ask_climbs((Climb(bidder=bidder, target=level),), reason=reason, state=state)
    return climbed


def _converse_sealed(market: Market) -> Conversation:
    reports = yield from ask_reports(market)
    winner = max(range(len(market.bidders)), key=lambda bidder: (reports.signals[bidder], -bidder))
    if winner in reports.withheld:
        name = market.bidders[winner].name
        return no_sale(market, f"{name} would win with signal 0, but it reported none and cannot buy")
    return _sell(market, winner, winning_threshold(winner, reports.signals), reports.signals)


def winning_threshold(bidder: int, signals: Sequence[int]) -> int:
    """Return the lowest signal with which a bidder wins where the others have theirs.

    Args:
        bidder: Roster index; it beats higher indices, but not lower ones, at an equal signal.
        signals: Length n; the bidder's own entry is ignored.
    """
    below = (signal + 1 for signal in signals[:bidder])
    above = signals[bidder + 1 :]
    return max((0, *below, *above))


def _sell(market: Market, winner: int, threshold: int, signals: Sequence[int]) -> Outcome:
    at_threshold = list(signals)
    at_threshold[winner] = threshold
    price = market.value(winner, market.state(at_threshold))
    name = market.bidders[winner].name
    reason = (
        f"{name} has the highest signal and pays its value at {threshold}, the lowest signal that still wins"
    )
    return sale(market, winner, price, reason)
