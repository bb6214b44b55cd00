"""Whole sessions over failing networks: whatever goes wrong, what was promised holds.

Each seed makes up a market, a mechanism, strategies and a network, runs the session, and looks for broken promises.
A test that fails names the one line that runs it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from openoutcry.mechanisms import Specification, Timing
from openoutcry.protocol.deviations import LATENESS
from openoutcry.protocol.draws import DrawStream
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import Lapse, LapseSubject, Offer, Raise
from openoutcry.protocol.transcript import decode_transcript, encode_transcript
from openoutcry.session.values import Phase
from openoutcry.session.verdicts import Verdict
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation import Auction, Faults, PlayResult, SimulatedSession, read_seed, simulate_session
from openoutcry.strategies import Exit, NoAnswer, RaiseView, ReportView, Strategy, load_strategy
from openoutcry.strategies.api import RaiseAnswer, ReportAnswer
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, READER

SHORT_RUN = 40
LONG_RUN = 1000

STRATEGIES = ("truthful", "truthful", "shade:levels=1", "overstay:levels=1", "random", "silent")
WEATHERS = (
    Faults(),
    Faults(loss=Fraction(1, 40), duplication=Fraction(1, 10), disconnection=Fraction(1, 40)),
    Faults(reordering=Fraction(1, 3), duplication=Fraction(1, 3), delay_ms=(1, 200)),
    Faults(auctioneer_crash=Fraction(1, 15), bidder_crash=Fraction(1, 15)),
    Faults(
        loss=Fraction(1, 10),
        duplication=Fraction(1, 4),
        reordering=Fraction(1, 4),
        disconnection=Fraction(1, 20),
        auctioneer_crash=Fraction(1, 40),
        bidder_crash=Fraction(1, 40),
        think_ms=(0, 1200),
        retry_ms=300,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a seed made up."""

    seed: bytes
    specification: Specification
    signals: tuple[int, ...]
    strategies: tuple[str, ...]
    faults: Faults
    absent: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(bidder.name for bidder in self.specification.market.bidders)


def make_case(number: int) -> Case:
    """Make up a case."""
    seed = read_seed(f"simulated session {number}")
    draws = DrawStream(seed, "case")

    def choose(*options):
        return options[draws.below(len(options))]

    count = 1 + draws.below(6)
    levels = 2 + draws.below(3)
    mechanism = choose("signal-discovery", "signal-discovery", "uniform-clock")
    parameters: dict[str, object] = {"form": choose("clock", "sealed")}
    if mechanism == "signal-discovery":
        parameters |= {"pricing": choose("welfare", "revenue"), "scope": choose("group", "all")}
        parameters |= {"uniform_probability": choose("0", "1/3")}
    specification = make_specification(
        count,
        levels=levels,
        groups=min(count, 1 + draws.below(2)),
        mechanism=mechanism,
        parameters=parameters,
        absent=choose("exit", "exit", "exit", "void"),
        timing=choose(Timing(enrol_ms=5000, answer_ms=5000), Timing(enrol_ms=1500, answer_ms=500)),
    )
    names = tuple(bidder.name for bidder in specification.market.bidders)
    return Case(
        seed=seed,
        specification=specification,
        signals=tuple(draws.below(levels) for _ in names),
        strategies=tuple(choose(*STRATEGIES) for _ in names),
        faults=WEATHERS[number % len(WEATHERS)],
        absent=tuple(name for name in names if draws.below(12) == 0),
    )


def run(case: Case) -> SimulatedSession:
    """Run the session of a case."""
    return simulate_session(
        case.specification,
        case.signals,
        seed=case.seed,
        codec=CODEC,
        strategies=case.strategies,
        faults=case.faults,
        absent=case.absent,
    )


class Lapsing(Strategy):
    """Plays another strategy, except where the log says that its deadline passed."""

    def __init__(self, inner: Strategy, levels: frozenset[int], *, withholds: bool) -> None:
        self.inner = inner
        self.levels = levels
        self.withholds = withholds

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        answer = self.inner.on_raise(view)
        return Exit if view.level in self.levels else answer  # type: ignore[return-value]

    def report_signal(self, view: ReportView) -> ReportAnswer:
        answer = self.inner.report_signal(view)
        return NoAnswer if self.withholds else answer  # type: ignore[return-value]


def play_again(case: Case, session: SimulatedSession) -> PlayResult:
    """Play in process what the session came to: its coin, its players, its lapses as exits."""
    asked: dict[bytes, int] = {}
    lapsed: dict[str, set[int]] = {name: set() for name in case.names}
    withheld: set[str] = set()
    for data in session.entries:
        header, body = READER.read_message(READER.read_envelope(data))
        if isinstance(body, Raise | Offer):
            asked[leaf_hash(data)] = body.level
        elif isinstance(body, Lapse) and body.bidder is not None:
            name = session.roster[body.bidder]
            if body.subject is LapseSubject.ANSWER:
                lapsed[name].add(asked[header.reply_to])
            elif body.subject in (LapseSubject.COMMITMENT, LapseSubject.OPENING):
                withheld.add(name)
    places = [case.names.index(name) for name in session.players]
    assert session.coin is not None
    return Auction(
        case.specification.market.restricted(places),
        case.specification.mechanism,
        case.specification.parameters,
    ).play(
        [case.signals[place] for place in places],
        seed=session.coin,
        bidder_seed=case.seed,
        strategies=[
            Lapsing(
                load_strategy(case.strategies[place]).make(),
                frozenset(lapsed[case.names[place]]),
                withholds=case.names[place] in withheld,
            )
            for place in places
        ],
    )


def broken_promises(case: Case, session: SimulatedSession) -> list[str]:
    """Say which promises the session broke."""
    verification = verify_transcript(decode_transcript(encode_transcript(session.transcript)), codec=CODEC)
    broken = [
        f"{level.name} is {level.verdict.value}: {level.detail}"
        for level in verification.levels
        if level.verdict is not Verdict.VALID
    ]
    broken += [
        f"honest {found.accused} is accused of {found.code.value}: {found.detail}"
        for found in session.deviations
        if found.code not in LATENESS
    ]
    broken += [
        f"{name} complains of an honest auctioneer: {found.code.value}: {found.detail}"
        for name, found in session.complaints.items()
    ]
    broken += [f"{default.bidder}'s strategy failed: {default.reason}" for default in session.defaults]
    if verification.deviations != session.deviations:
        broken.append("a replay finds other deviations than the session recorded")
    if session.outcome is not None:
        again = play_again(case, session)
        payments = dict.fromkeys(session.roster, Fraction(0)) | dict(
            zip(again.names, again.payments, strict=True)
        )
        if (again.winner, again.price, again.reason) != (
            session.winner,
            session.outcome.price,
            session.outcome.reason,
        ) or tuple(payments.values()) != session.outcome.payments:
            broken.append(f"the session says {session.outcome}, in-process play {again}")
    elif session.phase is not Phase.VOID:
        broken.append("the session closed without an outcome")
    return broken


def check(number: int) -> None:
    """Run one case and look at it."""
    case = make_case(number)
    test = "every_promise_holds" if number < SHORT_RUN else "every_promise_holds_at_length"
    again = f"reproduce: pytest -m '' 'tests/simulation/test_simulated_sessions.py::test_{test}[{number}]'"
    assert broken_promises(case, run(case)) == [], again


@pytest.mark.parametrize("number", range(SHORT_RUN))
def test_every_promise_holds(number: int) -> None:
    """The transcript verifies, play comes to the same, and no honest party is accused of more than lateness."""
    check(number)


@pytest.mark.long
@pytest.mark.parametrize("number", range(SHORT_RUN, LONG_RUN))
def test_every_promise_holds_at_length(number: int) -> None:
    """The same, a thousand times."""
    check(number)


@pytest.mark.parametrize("number", [3, 4])
def test_a_seed_gives_the_same_session_again(number: int) -> None:
    """Every byte of the log, every complaint and every mishap follow from the seed."""
    first, second = run(make_case(number)), run(make_case(number))
    assert first.entries == second.entries
    assert (first.refusals, first.connections, first.crashes, first.duration_ns) == (
        second.refusals,
        second.connections,
        second.crashes,
        second.duration_ns,
    )


def test_the_cases_see_every_kind_of_trouble() -> None:
    """Among the short run are crashes, reconnections, lapses, late messages, absent bidders and void sessions."""
    sessions = [run(make_case(number)) for number in range(SHORT_RUN)]
    codes = {found.code for session in sessions for found in session.deviations}
    assert LATENESS - codes == set()
    assert any(session.crashes for session in sessions)
    assert any(max(session.connections.values(), default=0) > 1 for session in sessions)
    assert {session.phase for session in sessions} == {Phase.CLOSED, Phase.VOID}
    assert any(session.winner for session in sessions)


def test_a_broken_promise_is_found() -> None:
    """The check of this module can fail: another outcome and another coin are both noticed."""
    case = next(case for case in map(make_case, range(SHORT_RUN)) if len(case.names) > 2 and not case.absent)
    session = run(case)
    assert session.coin is not None
    other = next(
        forged
        for number in range(100)
        if (forged := _with_coin(session, bytes([number]) * 32)) and broken_promises(case, forged)
    )
    assert "in-process play" in broken_promises(case, other)[0]


def _with_coin(session: SimulatedSession, coin: bytes) -> SimulatedSession:
    return replace(session, coin=coin)
