"""The simulated network and virtual time: what is told to go wrong goes wrong, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from openoutcry.errors import UsageError
from openoutcry.mechanisms import Timing
from openoutcry.simulation import Faults, simulate_session
from openoutcry.simulation.network import Connection, Dice
from openoutcry.simulation.virtual_time import VirtualTime
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, key_of

SEED = b"s" * 32
ALWAYS = Fraction(1)


class Wire:
    """A connection whose arrivals are written down with their times."""

    def __init__(self, faults: Faults) -> None:
        self.time = VirtualTime()
        self.arrived: list[int] = []
        self.times: list[int] = []
        self.breaks = 0
        self.connection = Connection[int, int](time=self.time, faults=faults, dice=Dice(SEED, "wire"))
        self.connection.on_upward = self.take
        self.connection.on_broken = self.broke

    def take(self, frame: int) -> None:
        self.arrived.append(frame)
        self.times.append(self.time.now_ns)

    def broke(self) -> None:
        self.breaks += 1

    def send(self, count: int = 50) -> list[int]:
        for frame in range(count):
            self.connection.send_up(frame)
        while self.time.step():
            pass
        return self.arrived


def test_time_jumps_to_the_next_thing_in_order() -> None:
    """Actions happen at their times; at equal times in the order in which they were asked for."""
    time, seen = VirtualTime(), []
    for delay, name in ((30, "c"), (10, "a"), (30, "d"), (20, "b")):
        time.after(delay, lambda name=name: seen.append((time.now_ns, name)))  # type: ignore[misc]
    while time.step():
        pass
    assert seen == [(10, "a"), (20, "b"), (30, "c"), (30, "d")]
    assert not time.step()


def test_without_faults_everything_arrives_in_order() -> None:
    """A frame takes its delay and overtakes nothing."""
    wire = Wire(Faults(delay_ms=(1, 20)))
    assert wire.send() == list(range(50))
    assert min(wire.times) >= 1_000_000
    assert max(wire.times) <= 20_000_000


def test_loss_loses() -> None:
    """With certainty nothing arrives; with one half about half does."""
    assert Wire(Faults(loss=ALWAYS)).send() == []
    assert 10 < len(Wire(Faults(loss=Fraction(1, 2))).send()) < 40


def test_duplication_repeats() -> None:
    """Each frame comes twice."""
    assert sorted(Wire(Faults(duplication=ALWAYS)).send()) == sorted([*range(50), *range(50)])


def test_reordering_reorders() -> None:
    """Everything arrives, but not in order."""
    arrived = Wire(Faults(reordering=Fraction(1, 2))).send()
    assert sorted(arrived) == list(range(50))
    assert arrived != sorted(arrived)


def test_a_break_loses_what_is_on_its_way_and_is_told_once() -> None:
    """After a break nothing arrives, whatever was sent before."""
    wire = Wire(Faults(disconnection=Fraction(1, 20)))
    arrived = wire.send()
    assert (arrived, wire.breaks, wire.connection.is_open) == ([], 1, False)
    wire.connection.close()
    assert not wire.time.step()


@pytest.mark.parametrize(
    "fault",
    [
        {"loss": Fraction(3, 2)},
        {"bidder_crash": Fraction(-1, 2)},
        {"delay_ms": (5, 1)},
        {"think_ms": (-1, 1)},
        {"retry_ms": 0},
        {"patience": 0},
    ],
)
def test_impossible_faults_are_refused(fault: dict[str, object]) -> None:
    """A probability lies in 0..1 and a range runs upwards."""
    with pytest.raises(UsageError, match=next(iter(fault))):
        Faults(**fault)  # type: ignore[arg-type]


def test_where_nothing_gets_through_bidders_give_up() -> None:
    """A network that loses everything leaves a session without bidders, and nobody is blamed."""
    session = simulate_session(
        make_specification(),
        (0, 0, 0, 0),
        seed="dark",
        codec=CODEC,
        faults=Faults(loss=ALWAYS, patience=3),
    )
    assert (session.phase.name, session.deviations, session.complaints) == ("VOID", (), {})
    assert set(session.connections.values()) == {3}


def test_simulated_sessions_refuse_what_does_not_fit() -> None:
    """Pinned keys, a missing signal and an unknown absentee are our caller's mistakes."""
    plain = make_specification()
    with pytest.raises(UsageError, match="3 signals"):
        simulate_session(plain, (0, 0, 0), seed="any", codec=CODEC)
    with pytest.raises(UsageError, match="no bidder 'zed'"):
        simulate_session(plain, (0, 0, 0, 0), seed="any", codec=CODEC, absent=("zed",))
    pinned = replace(plain, keys=(key_of("ada").public_key, None, None, None))
    with pytest.raises(UsageError, match="keys"):
        simulate_session(pinned, (0, 0, 0, 0), seed="any", codec=CODEC)


def test_a_late_bidder_is_rejected_and_told_why() -> None:
    """Who comes after the roster was closed cannot take part; the others play on."""
    session = simulate_session(
        make_specification(timing=Timing(enrol_ms=100, answer_ms=1000)),
        (1, 2, 0, 2),
        seed="late",
        codec=CODEC,
        faults=Faults(join_ms=(0, 200)),
    )
    assert session.rejections
    assert set(session.rejections.values()) == {"the sender has not enrolled"}
    assert set(session.rejections) | set(session.roster) == {"ada", "ben", "cyd", "dan"}
