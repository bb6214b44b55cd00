"""Reports of types over failing networks: whoever misbehaves, and however, what was promised to the others holds.

Each number makes up a mechanism, a market, what bidders know and do, and a network; the session is run, and looked over
for broken promises. A test that fails names the one line that runs it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from openoutcry.mechanisms.conversation import NOTHING
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.mechanisms.specification import Specification, Timing
from openoutcry.protocol.deviations import LATENESS, DeviationCode
from openoutcry.protocol.draws import DrawStream, keyed_hash
from openoutcry.protocol.framing import lp
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    AskReport,
    CommitClosed,
    Lapse,
    LapseSubject,
    Offer,
    OutcomeDeclared,
    Raise,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.protocol.transcript import decode_transcript, encode_transcript
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.values import Phase
from openoutcry.session.verdicts import Verdict, Verification
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation import SimulatedSession, read_seed, simulate_session
from openoutcry.simulation.network import Faults
from openoutcry.simulation.play import PlayResult, play
from openoutcry.strategies import (
    Exit,
    NoAnswer,
    Open,
    OpeningView,
    PrivateKnowledge,
    RaiseView,
    Strategy,
    load_strategy,
)
from openoutcry.strategies.api import BeliefAnswer, OpeningAnswer, OpenInstead, RaiseAnswer, ValuationAnswer
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.type_views import BeliefView, ValuationView
from openoutcry.strategies.valuations import TypeIndex
from tests.simulation.crowd_stage import (
    correlated,
    independent,
    knowledge,
    make_type_market,
    make_type_specification,
    telling,
)
from tests.simulation.stage import CODEC, READER

SHORT_RUN = 75
LONG_RUN = 1000

TYPED = tuple(name for name, mechanism in MECHANISMS.items() if mechanism.market == "types")
CROWD = tuple(name for name in TYPED if name.startswith("crowdsourced-"))
L, L_PLUS, M = "crowdsourced-lookahead", "crowdsourced-lookahead-plus", "crowdsourced-optimal"

# What the log may record of each, beside lateness.
MISDEEDS: dict[str, set[DeviationCode]] = {
    "withhold-opening": {DeviationCode.OPENING_MISSING},
    "wrong-opening": {DeviationCode.OPENING_MISMATCH},
    "contradictory": {DeviationCode.INCONSISTENT_REPORT},
    "silent": set(),
    "dies": set(),
}
STRATEGIES = ("truthful",) * 5 + ("overconfident", "ignorant", "random", "shade-value", *MISDEEDS)
# These say what their value is, as far as they say anything: nobody can make them pay more than it.
VALUE_IS_TRUE = {
    "truthful",
    "overconfident",
    "ignorant",
    "withhold-opening",
    "wrong-opening",
    "silent",
    "dies",
}

WEATHERS = (
    Faults(),
    Faults(loss=Fraction(1, 40), duplication=Fraction(1, 10), disconnection=Fraction(1, 40)),
    Faults(reordering=Fraction(1, 3), duplication=Fraction(1, 3), delay_ms=(1, 200)),
    Faults(auctioneer_crash=Fraction(1, 12), bidder_crash=Fraction(1, 12)),
    Faults(
        loss=Fraction(1, 12),
        duplication=Fraction(1, 5),
        reordering=Fraction(1, 5),
        disconnection=Fraction(1, 20),
        auctioneer_crash=Fraction(1, 40),
        bidder_crash=Fraction(1, 40),
        think_ms=(0, 900),
        retry_ms=300,
    ),
)


class Dying(Strategy):
    """Is truthful for some questions, and then never heard of again."""

    def __init__(self, questions: int) -> None:
        self.left = questions

    def _is_alive(self) -> bool:
        self.left -= 1
        return self.left >= 0

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        return super().on_raise(view) if self._is_alive() else NoAnswer  # type: ignore[return-value]

    def report_valuation(self, view: ValuationView) -> ValuationAnswer:
        return super().report_valuation(view) if self._is_alive() else NoAnswer  # type: ignore[return-value]

    def report_belief(self, view: BeliefView) -> BeliefAnswer:
        return super().report_belief(view) if self._is_alive() else NoAnswer  # type: ignore[return-value]

    def on_opening(self, view: OpeningView) -> OpeningAnswer:
        return super().on_opening(view) if self._is_alive() else NoAnswer  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a number made up; `deaths` says after how many questions those die who do."""

    seed: bytes
    specification: Specification
    known: tuple[PrivateKnowledge, ...]
    strategies: tuple[str, ...]
    deaths: tuple[int, ...]
    faults: Faults
    absent: tuple[str, ...]

    @property
    def market(self) -> TypeMarket:
        assert isinstance(self.specification.market, TypeMarket)
        return self.specification.market

    def make_strategies(self) -> list[Strategy]:
        """Return fresh strategies, in the order of the specification."""
        return [
            Dying(questions) if name == "dies" else load_strategy(name).make()
            for name, questions in zip(self.strategies, self.deaths, strict=True)
        ]


def make_case(number: int) -> Case:
    """Make up a case."""
    seed = read_seed(f"session of a crowd {number}")
    draws = DrawStream(seed, "case")

    def choose(*options):
        return options[draws.below(len(options))]

    # Every mechanism comes up, the three that pay for beliefs twice as often.
    mechanism = (*TYPED, *CROWD)[number % (len(TYPED) + len(CROWD))]
    count = 3 if mechanism == "cremer-mclean" else 1 + draws.below(4)
    prior: Distribution
    if mechanism == "cremer-mclean":
        prior = telling(count)
    else:
        prior = independent(count) if mechanism == "myerson" else choose(correlated, independent)(count)
    environment = Environment.single_good()
    if mechanism in (M, "vcg", "vickrey", "english"):
        environment = choose(environment, Environment.identical_units(2))
    parameters: dict[str, object] = {}
    if mechanism in CROWD:
        parameters = {"reward": choose("1", "1/10", "7"), "delta": choose("1/100", "1/2", "0")}
        parameters |= {"payment": choose("exact", "lottery")}
    if any(parameter.name == "openings" for parameter in MECHANISMS[mechanism].parameters):
        parameters |= {"openings": choose("public", "private")}
    market = make_type_market(
        count, environment=environment, prior=prior if MECHANISMS[mechanism].uses_prior else None
    )
    specification = Specification(
        title="A crowd",
        market=market,
        mechanism=mechanism,
        parameters=parameters,
        timing=choose(Timing(enrol_ms=8000, answer_ms=20_000), Timing(enrol_ms=1500, answer_ms=700)),
        disclosure=choose("settlement", "settlement", "sealed"),
    )
    profile = tuple(draws.below(3) for _ in range(count))
    return Case(
        seed=seed,
        specification=specification,
        known=knowledge(prior, profile),
        strategies=tuple(choose(*STRATEGIES) for _ in range(count)),
        deaths=tuple(draws.below(4) for _ in range(count)),
        faults=WEATHERS[draws.below(len(WEATHERS))],
        absent=tuple(name for name in market.names if draws.below(15) == 0),
    )


def run(case: Case) -> SimulatedSession:
    """Run the session of a case."""
    return simulate_session(
        case.specification,
        case.known,
        seed=case.seed,
        codec=CODEC,
        strategies=case.make_strategies(),
        faults=case.faults,
        absent=case.absent,
    )


def verify(case: Case, session: SimulatedSession) -> Verification:
    """Verify the session's file as somebody does who has been given its disclosure."""
    secret = keyed_hash(case.seed, lp(b"openoutcry.simulation.secret.v1") + lp(b"opening key"))
    return verify_transcript(
        decode_transcript(encode_transcript(session.transcript)),
        codec=CODEC,
        disclosure=Disclosure(session_id=session.session_id, opening_key=OpeningKey(secret)),
    )


class Lapsing(Strategy):
    """Plays another strategy, except where the log says that it was not heard."""

    def __init__(self, inner: Strategy, levels: frozenset[int], waves: frozenset[int]) -> None:
        self.inner = inner
        self.levels = levels
        self.waves = waves

    def on_start(self, view) -> None:
        self.inner.on_start(view)

    def on_raise(self, view: RaiseView) -> RaiseAnswer:
        answer = self.inner.on_raise(view)
        return Exit if view.level in self.levels else answer  # type: ignore[return-value]

    def report_valuation(self, view: ValuationView) -> ValuationAnswer:
        return self.inner.report_valuation(view)  # type: ignore[return-value]

    def report_belief(self, view: BeliefView) -> BeliefAnswer:
        return self.inner.report_belief(view)  # type: ignore[return-value]

    def on_opening(self, view: OpeningView) -> OpeningAnswer:
        answer = self.inner.on_opening(view)
        return NoAnswer if view.wave in self.waves else answer  # type: ignore[return-value]


def play_again(case: Case, session: SimulatedSession) -> PlayResult:
    """Play in process what the session came to, with its coin; its lapses are exits and withheld reports."""
    asked: dict[bytes, int] = {}
    levels: dict[str, set[int]] = {name: set() for name in session.roster}
    waves: dict[str, set[int]] = {name: set() for name in session.roster}
    for data in session.entries:
        header, body = READER.read_message(READER.read_envelope(data))
        match body:
            case Raise(level=level) | Offer(level=level):
                asked[leaf_hash(data)] = level
            case AskReport(wave=wave) | CommitClosed(wave=wave):
                asked[leaf_hash(data)] = wave
            case Lapse(subject=LapseSubject.ANSWER, bidder=int(member)):
                levels[session.roster[member]].add(asked[header.reply_to])
            case Lapse(subject=LapseSubject.COMMITMENT | LapseSubject.OPENING, bidder=int(member)):
                waves[session.roster[member]].add(asked[header.reply_to])
    return play(
        case.specification,
        case.known,
        seed=session.coin or b"",
        bidder_seed=case.seed,
        strategies=[
            Lapsing(inner, frozenset(levels[name]), frozenset(waves[name]))
            for name, inner in zip(case.market.names, case.make_strategies(), strict=True)
        ],
    )


def broken_promises(case: Case, session: SimulatedSession) -> list[str]:
    """Say which promises the session broke."""
    verification = verify(case, session)
    broken = [
        f"{level.name} is {level.verdict.value}: {level.detail}"
        for level in verification.levels
        if level.verdict is not Verdict.VALID
    ]
    if verification.deviations != session.deviations:
        broken.append("a replay finds other deviations than the session recorded")
    strategies = dict(zip(case.market.names, case.strategies, strict=True))
    broken += [
        f"{strategies[found.accused]} {found.accused} is accused of {found.code.value}: {found.detail}"
        for found in session.deviations
        if found.code not in LATENESS | MISDEEDS.get(strategies[found.accused], set())
    ]
    broken += [
        f"{name} complains of an honest auctioneer: {found.code.value}: {found.detail}"
        for name, found in session.complaints.items()
    ]
    broken += [f"{default.bidder}'s strategy failed: {default.reason}" for default in session.defaults]
    if session.outcome is None:
        if session.phase is not Phase.VOID or session.players:
            broken.append(f"a session of {session.players} has no outcome")
        return broken
    broken += broken_bounds(case, session, session.outcome)
    if session.players == case.market.names:
        again = play_again(case, session)
        if (again.awards, again.payments, again.reason) != (
            session.outcome.awards,
            session.outcome.payments,
            session.outcome.reason,
        ):
            broken.append(f"the session says {session.outcome}, in-process play {again}")
    return broken


def broken_bounds(case: Case, session: SimulatedSession, outcome: OutcomeDeclared) -> list[str]:
    """Say whether the seller paid more than it was to pay at most, or a bidder more than it said it would."""
    mechanism, broken = case.specification.mechanism, []
    rewards = outcome.price - sum(outcome.payments, NOTHING)
    if mechanism in CROWD:
        epsilon = Fraction(str(case.specification.parameters["reward"]))
        bound = epsilon * (2 - Fraction(1, len(session.players))) if mechanism == L else epsilon
        if not 0 <= rewards <= bound:
            broken.append(f"rewards come to {rewards}, outside 0..{bound}")
    elif mechanism != "cremer-mclean" and rewards:
        broken.append(f"{mechanism} pays {rewards} for what it does not reward")
    gets = {award.bidder: award for award in outcome.awards}
    for member, name in enumerate(session.roster):
        place = case.market.names.index(name)
        worth = 0
        if member in gets:
            bundle = case.market.environment.bundles.index(gets[member].goods)
            worth = case.market.value(place, case.known[place].value, bundle)
        utility = worth - outcome.payments[member]
        if mechanism != "cremer-mclean" and case.strategies[place] in VALUE_IS_TRUE and utility < 0:
            broken.append(f"{case.strategies[place]} {name} is left with {utility}")
    return broken


def check(number: int) -> None:
    """Run one case and look at it."""
    case = make_case(number)
    test = (
        "every_promise_holds_in_a_crowd" if number < SHORT_RUN else "every_promise_holds_in_a_crowd_at_length"
    )
    again = f"reproduce: pytest -m '' 'tests/simulation/test_crowd_promises.py::test_{test}[{number}]'"
    assert broken_promises(case, run(case)) == [], again


@pytest.mark.parametrize("number", range(SHORT_RUN))
def test_every_promise_holds_in_a_crowd(number: int) -> None:
    """The transcript verifies, play comes to the same, nobody honest is accused or loses, and rewards are bounded."""
    check(number)


@pytest.mark.long
@pytest.mark.parametrize("number", range(SHORT_RUN, LONG_RUN))
def test_every_promise_holds_in_a_crowd_at_length(number: int) -> None:
    """The same, some hundred times more."""
    check(number)


def test_the_crowds_see_every_kind_of_trouble() -> None:
    """Among the short run are all mechanisms, each misdeed, crashes, lapses, and sessions kept sealed."""
    cases = [make_case(number) for number in range(SHORT_RUN)]
    sessions = [run(case) for case in cases]
    codes = {found.code for session in sessions for found in session.deviations}
    assert codes >= {
        DeviationCode.SILENT,
        DeviationCode.OPENING_MISSING,
        DeviationCode.OPENING_MISMATCH,
        DeviationCode.INCONSISTENT_REPORT,
    }
    assert {case.specification.mechanism for case in cases} == set(TYPED)
    assert {name for case in cases for name in case.strategies} == set(STRATEGIES)
    assert {case.specification.disclosure for case in cases} == {"settlement", "sealed"}
    assert any(session.crashes for session in sessions)
    assert any(case.absent for case in cases)
    compared = [
        case.specification.mechanism
        for case, session in zip(cases, sessions, strict=True)
        if session.outcome is not None and session.players == case.market.names
    ]
    assert set(compared) == set(TYPED)


@pytest.mark.parametrize(
    ("forge", "found"),
    [
        (lambda outcome: replace(outcome, reason="as it pleased"), "in-process play"),
        (lambda outcome: replace(outcome, payments=(Fraction(10), *outcome.payments[1:])), "is left with"),
        (
            lambda outcome: replace(outcome, payments=(Fraction(-10), *outcome.payments[1:])),
            "rewards come to",
        ),
    ],
    ids=["reason", "a loss", "a gift"],
)
def test_a_promise_broken_in_a_crowd_is_found(
    forge: Callable[[OutcomeDeclared], OutcomeDeclared], found: str
) -> None:
    """The checks of this module can fail."""
    number = next(
        number
        for number in range(SHORT_RUN)
        if (case := make_case(number)).specification.mechanism == L_PLUS
        and len(case.known) > 1
        and case.strategies[0] == "truthful"
        and not case.absent
    )
    case = make_case(number)
    session = run(case)
    assert session.outcome is not None
    forged = replace(session, outcome=forge(session.outcome))
    assert any(found in broken for broken in broken_promises(case, forged))


class TooFine(Strategy):
    """Believes something whose weights no message has room for; or commits to the truth, and wishes to open that."""

    def __init__(self, *, when_opening: bool) -> None:
        self.when_opening = when_opening

    def _belief(self, known: Belief) -> Belief:
        players = known.distribution.players
        return Belief(known.market, Joint.of(players, {(0,) * len(players): 2**6500, (1,) * len(players): 1}))

    def report_belief(self, view: BeliefView) -> BeliefAnswer:
        return view.knowledge if self.when_opening else self._belief(view.knowledge)

    def on_opening(self, view: OpeningView) -> OpeningAnswer:
        if view.reported_belief is None or not self.when_opening:
            return Open
        return OpenInstead(valuation=TypeIndex(view.value_index), belief=self._belief(view.reported_belief))


@pytest.mark.parametrize("when_opening", [False, True], ids=["committing", "opening"])
def test_a_belief_that_fits_no_message_is_withheld(when_opening: bool) -> None:
    """As with a real agent: the default is taken and noted, and the session goes on."""
    session = simulate_session(
        make_type_specification(L_PLUS),
        knowledge(correlated(), (2, 1, 0)),
        seed="too fine",
        codec=CODEC,
        strategies={"ada": TooFine(when_opening=when_opening)},
    )
    (default,) = session.defaults
    assert (default.bidder, default.taken) == ("ada", "opened" if when_opening else "withheld")
    assert "above the limit" in default.reason
    assert {found.code for found in session.deviations} == (set() if when_opening else {DeviationCode.SILENT})
    assert verify_transcript(session.transcript, codec=CODEC).is_valid
