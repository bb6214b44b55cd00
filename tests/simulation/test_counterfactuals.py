"""Counterfactuals: recorded sessions played again as they were, and with others in the bidders' places."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from openoutcry.errors import ConfigurationError, StrategyError, UsageError
from openoutcry.mechanisms import MECHANISMS, Specification
from openoutcry.mechanisms.conversation import Climbed
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.values import Cancelled
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation import Faults, play, simulate_session
from openoutcry.simulation.counterfactual import Counterfactuals, OwnStrategy
from openoutcry.simulation.recording import LevelQuestion, Recording, read_recording
from openoutcry.simulation.seeds import read_seed
from openoutcry.simulation.session import SimulatedSession
from openoutcry.simulation.table import Private
from openoutcry.strategies import Exit, Stay, Strategy, load_strategy
from tests.golden.rendering import (
    SIGNAL_MECHANISMS,
    SIGNALS,
    STRATEGIES,
    TYPE_MECHANISMS,
    TYPE_STRATEGIES,
    forms_of,
)
from tests.simulation.crowd_stage import (
    correlated,
    independent,
    knowledge,
    make_type_market,
    make_type_specification,
    telling,
)
from tests.simulation.markets import NAMES, make_counted_specification, make_specification
from tests.simulation.stage import CODEC, READER, Stage

SEED = "counterfactual"
PROFILE = (2, 1, 0, 1)
LUCKY = {"signal-discovery": 16}
SIGNAL_FORMS = [(name, form) for name in SIGNAL_MECHANISMS for form in forms_of(name)]


def recording_of(session: SimulatedSession, disclosure: Disclosure | None = None) -> Recording:
    """Return what a stranger reads from a session's transcript."""
    verification = verify_transcript(session.transcript, codec=CODEC, disclosure=disclosure)
    assert verification.is_valid, verification.first_failure
    assert verification.session is not None
    return read_recording(verification.session, session.entries, READER)


def owned(strategies: Sequence[str]) -> dict[str, OwnStrategy]:
    """Return the strategies of the first bidders, as far as they are known by name."""
    return {
        name: OwnStrategy(text=text, factory=load_strategy(text))
        for name, text in zip(NAMES, strategies, strict=False)
    }


def replays(
    session: SimulatedSession,
    private: Sequence[Private],
    strategies: Sequence[str],
    seed: str = SEED,
) -> Counterfactuals:
    """Return a session ready to be played again, with all that is known of a local run."""
    return Counterfactuals(
        recording_of(session),
        codec=CODEC,
        private=private,
        own=owned(strategies),
        bidder_seed=read_seed(seed),
    )


def prior_of(mechanism: str):
    """Return a prior that the mechanism can run on."""
    if mechanism == "myerson":
        return independent(4)
    return telling(4) if mechanism == "cremer-mclean" else correlated(4)


def typed_specification(mechanism: str, **choices: str) -> Specification:
    """Return a specification of a mechanism over four bidders with types."""
    prior = prior_of(mechanism)
    market = make_type_market(4, prior=prior if MECHANISMS[mechanism].uses_prior else None)
    return make_type_specification(mechanism, market=market, parameters=choices)


def check_reproduced(found: Counterfactuals, session: SimulatedSession, roles: Sequence[str]) -> None:
    """Hold a session against its replay without a swap: waves, outcome, and who played for whom."""
    assert session.outcome is not None
    again = found.swap({})
    assert tuple(part.role for part in found.parts) == tuple(roles)
    assert again.first_change is None
    assert again.after.waves == again.before.waves
    for played in (again.before, again.after):
        assert played.result.payments == session.outcome.payments
        assert played.result.awards == session.outcome.awards
        assert played.result.reason == session.outcome.reason
    assert set(again.gains) == {Fraction(0)}


@pytest.mark.parametrize(("mechanism", "form"), SIGNAL_FORMS)
def test_without_a_swap_every_clock_and_sealed_session_is_reproduced(mechanism: str, form: str) -> None:
    """One bidder is silent and one lies; played again by their own strategies, all is what it was."""
    specification = make_specification(5, mechanism=mechanism, parameters={"form": form})
    seed = f"{SEED} {mechanism}"
    session = simulate_session(specification, SIGNALS, seed=seed, codec=CODEC, strategies=STRATEGIES)
    check_reproduced(replays(session, SIGNALS, STRATEGIES, seed), session, ["own"] * 5)


@pytest.mark.parametrize("mechanism", TYPE_MECHANISMS)
def test_without_a_swap_every_session_of_types_is_reproduced(mechanism: str) -> None:
    """Beliefs, rewards, private openings and reports that were never opened come to the same once more."""
    private = knowledge(prior_of(mechanism), PROFILE)
    session = simulate_session(
        typed_specification(mechanism), private, seed=SEED, codec=CODEC, strategies=TYPE_STRATEGIES
    )
    check_reproduced(replays(session, private, TYPE_STRATEGIES), session, ["own"] * 4)


@pytest.mark.parametrize("mechanism", TYPE_MECHANISMS)
@pytest.mark.parametrize("text", ["shade", "contradictory", "random", "wrong-opening"])
def test_awkward_strategies_are_reproduced(mechanism: str, text: str) -> None:
    """Draws of a bidder's own, contradictions and broken words are what they were in the session."""
    private = knowledge(prior_of(mechanism), PROFILE)
    session = simulate_session(
        typed_specification(mechanism), private, seed=SEED, codec=CODEC, strategies=text
    )
    check_reproduced(replays(session, private, [text] * 4), session, ["own"] * 4)


@pytest.mark.parametrize(("mechanism", "form"), SIGNAL_FORMS)
@pytest.mark.parametrize("text", ["truthful", "overstay:levels=2", "random"])
def test_a_swap_of_all_is_play_with_the_coin_of_the_session(mechanism: str, form: str, text: str) -> None:
    """What the session would have been is what in-process play says, bidder by bidder."""
    specification = make_specification(5, mechanism=mechanism, parameters={"form": form})
    session = simulate_session(specification, SIGNALS, seed=SEED, codec=CODEC, strategies=STRATEGIES)
    swapped = replays(session, SIGNALS, STRATEGIES).swap(dict.fromkeys(NAMES[:5], text))
    played = play(specification, SIGNALS, seed=session.coin or b"", bidder_seed=SEED, strategies=text)
    assert swapped.after.result == played
    assert {part.role for part in swapped.parts} == {"swapped"}


@pytest.mark.parametrize("mechanism", TYPE_MECHANISMS)
def test_a_swap_of_one_is_play_with_the_coin_of_the_session(mechanism: str) -> None:
    """The others play as they did, and the gains are differences of utilities."""
    private, specification = knowledge(prior_of(mechanism), PROFILE), typed_specification(mechanism)
    session = simulate_session(specification, private, seed=SEED, codec=CODEC, strategies="truthful")
    swapped = replays(session, private, ["truthful"] * 4).swap({"ben": "shade"})
    honest, played = (
        play(specification, private, seed=session.coin or b"", bidder_seed=SEED, strategies={"ben": text})
        for text in ("truthful", "shade")
    )
    assert swapped.after.result == played
    assert swapped.before.result == honest
    assert swapped.gains == tuple(
        after - before for before, after in zip(honest.utilities, played.utilities, strict=True)
    )
    assert swapped.welfare == played.welfare - honest.welfare
    assert swapped.revenue == played.revenue - honest.revenue


# --- What deviations earn and cost, by hand. ---

# Of two bidders of one group, ada values the lot at 3 for each level of the sum of signals, ben at 1 and 8 for each.
PAIR = make_specification(2, groups=1, mechanism="uniform-clock", parameters={"form": "sealed"})


def paired(signals: tuple[int, int], strategies: tuple[str, str]) -> Counterfactuals:
    """Return a session of ada and ben, who report their signals and of whom the higher buys at its value."""
    session = simulate_session(PAIR, signals, seed=SEED, codec=CODEC, strategies=strategies)
    return replays(session, signals, strategies)


def test_a_lie_that_gains() -> None:
    """Where ben claims a level too many, ada does well to hide one.

    Truthfully both report 1, ada comes first and pays 3 (1 + 1) = 6 for what is worth 3 (1 + 0) = 3 to her. Hiding it
    she leaves the lot to ben, who pays 1 + 8 (0 + 1) = 9, and to whom it is worth 1 + 8 (1 + 0) = 9.
    """
    consequence = paired((1, 0), ("shade:levels=1", "overstay:levels=1")).consequence_of_deviating("ada")
    assert (consequence.earned, consequence.welfare, consequence.revenue) == (
        Fraction(3),
        9 - 3,
        Fraction(9 - 6),
    )
    assert consequence.stand_ins == ()


def test_a_lie_that_costs() -> None:
    """Where ben tells the truth, ada pays for claiming two levels more than she has.

    She reports 2 against 1, and 1 would have done since she comes first: she pays 3 (1 + 1) = 6 for what is worth
    3 (0 + 1) = 3 to her. Truthfully ben buys, at 1 + 8 (0 + 1) = 9, and it is worth that to him.
    """
    consequence = paired((0, 1), ("overstay:levels=2", "truthful")).consequence_of_deviating("ada")
    assert (consequence.earned, consequence.welfare, consequence.revenue) == (
        Fraction(3 - 6),
        3 - 9,
        Fraction(6 - 9),
    )


def test_the_effect_of_one_leaves_the_lies_of_others_where_they_are() -> None:
    """Both lie: each is told what its own lie did, given the other's; truth of both is another matter.

    Then ada buys at her value with the least signal that wins, 3 (0 + 0) = 0, and gains 3 (1 + 0) = 3.
    """
    found = paired((1, 0), ("shade:levels=1", "overstay:levels=1"))
    assert found.consequence_of_deviating("ben").earned == 0
    both = found.swap({"ada": "truthful", "ben": "truthful"})
    assert both.after.result.winner == "ada"
    assert both.gains == (Fraction(3), Fraction(0))


# --- Who cannot play again. ---


class Changed(Strategy):
    """Leaves at once."""

    def on_raise(self, view):
        return Exit


class Fickle(Strategy):
    """Answers truthfully the first time that it is made, and leaves at once from then on."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.leaves = type(self).made > 1

    def on_raise(self, view):
        return Exit if self.leaves else Stay if view.stays_truthfully else Exit


class Broken(Strategy):
    """Cannot be made."""

    def __init__(self) -> None:
        raise ValueError("no")


CLOCK = make_specification(4, mechanism="uniform-clock", parameters={"form": "clock"})
CLOCK_SIGNALS = (2, 1, 0, 2)


def clocked(own: Mapping[str, OwnStrategy], strategies: Mapping[str, str] | None = None) -> Counterfactuals:
    """Return a session of four bidders on one clock, of whom this is known."""
    session = simulate_session(
        CLOCK, CLOCK_SIGNALS, seed=SEED, codec=CODEC, strategies=dict(strategies or {})
    )
    return Counterfactuals(
        recording_of(session), codec=CODEC, private=CLOCK_SIGNALS, own=own, bidder_seed=read_seed(SEED)
    )


def own(strategy: type[Strategy]) -> OwnStrategy:
    """Return a class as a bidder's own strategy."""
    return OwnStrategy(
        text=strategy.__name__,
        factory=replace(load_strategy("truthful"), constructor=strategy, name=strategy.__name__),
    )


def test_bidders_of_whom_nothing_is_known_play_as_recorded() -> None:
    """The session is reproduced all the same, and each is labelled."""
    found = clocked({})
    assert {part.role for part in found.parts} == {"recorded"}
    assert {part.reason for part in found.parts} == {"it is not known how it played"}
    again = found.swap({})
    assert again.first_change is None
    assert {part.left_in_wave for part in again.parts} == {None}


@pytest.mark.parametrize(
    ("strategy", "reason"),
    [
        (Changed, "its strategy does not answer wave 3 as it was answered"),
        (Broken, "strategy 'Broken' cannot be made: ValueError: no"),
        (Fickle, "its strategy does not answer the same twice"),
    ],
)
def test_a_strategy_that_plays_otherwise_now_is_replaced_by_its_recorded_answers(
    strategy: type[Strategy], reason: str
) -> None:
    """It was truthful then; the reason says why it does not play, and everybody else plays their own."""
    Fickle.made = 0
    found = clocked(owned(["truthful"] * 4) | {"ada": own(strategy)})
    assert [part.role for part in found.parts] == ["recorded", "own", "own", "own"]
    assert found.parts[0].reason.startswith(reason)
    assert found.swap({}).first_change is None


def test_draws_without_their_seed_are_not_repeated() -> None:
    """A strategy that draws cannot play again when nobody knows from what; one that does not, can."""
    strategies = ("random", "truthful", "truthful", "truthful")
    session = simulate_session(CLOCK, CLOCK_SIGNALS, seed=SEED, codec=CODEC, strategies=strategies)
    found = Counterfactuals(recording_of(session), codec=CODEC, private=CLOCK_SIGNALS, own=owned(strategies))
    assert found.parts[0].reason == "the seed of its strategy's draws is not known"
    assert [part.role for part in found.parts] == ["recorded", "own", "own", "own"]


def test_recorded_answers_end_where_the_questions_change() -> None:
    """With all others out nobody asked ada; when dan stays, ada is asked for the first time, and answers truthfully.

    The exit of ben at level 1, which was a lie, stands: it is asked the same.
    """
    found = clocked({}, {"dan": "silent", "ben": "shade:levels=1"})
    assert found.recording.exchanges[0] == ()
    assert [exchange.question for exchange in found.recording.exchanges[1]] == [LevelQuestion(level=1)]
    swapped = found.swap({"dan": "truthful"})
    last = {
        question.bidder: answer
        for wave in swapped.after.waves
        for question, answer in zip(wave.questions, wave.answers, strict=True)
    }
    left = {part.bidder: part.left_in_wave for part in swapped.parts}
    assert left == {"ada": 3, "ben": None, "cyd": None, "dan": None}
    assert last[0] == Climbed(level=2, exited=False)
    assert last[1] == Climbed(level=0, exited=True)


# --- Sessions that did not go as planned. ---


@pytest.mark.parametrize("absent", [("ada",), ("ben", "dan")])
@pytest.mark.parametrize(
    "mechanism", ["signal-discovery", "uniform-clock", "crowdsourced-lookahead-plus", "vickrey"]
)
def test_sessions_without_somebody_are_reproduced(mechanism: str, absent: Collection[str]) -> None:
    """The market is that of those who came; the lot is worth what all signals say, also of those who did not."""
    private: Sequence[Private] = CLOCK_SIGNALS
    specification = make_specification(4, mechanism=mechanism) if mechanism in SIGNAL_MECHANISMS else None
    if specification is None:
        specification, private = typed_specification(mechanism), knowledge(prior_of(mechanism), PROFILE)
    session = simulate_session(specification, private, seed=SEED, codec=CODEC, absent=absent)
    found = replays(session, private, ["truthful"] * 4)
    assert session.outcome is not None
    roster = [NAMES.index(name) for name in session.roster]
    again = found.swap({})
    assert again.first_change is None
    assert [part.role for part in found.parts] == [
        "absent" if name in absent else "own" for name in NAMES[:4]
    ]
    assert [again.after.result.payments[place] for place in roster] == list(session.outcome.payments)
    with pytest.raises(ConfigurationError, match=f"{next(iter(absent))} took no part in the session"):
        found.swap({next(iter(absent)): "truthful"})


def staged(stage: Stage) -> Recording:
    """Return what a session on the stage was."""
    return read_recording(stage.verify().session or stage.session, stage.entries, READER)


def test_a_member_that_kept_its_seed_part_back_took_no_part() -> None:
    """It stands in the roster and not in the market: its place among the players is nobody's."""
    stage = Stage(CLOCK)
    stage.enrol()
    for name in ("ada", "cyd", "dan"):
        stage.send(stage.hands[name].answer(0))
    stage.lapse("ben")
    stage.finish({"ada": 0, "cyd": 1, "dan": 2})
    found = Counterfactuals(staged(stage), codec=CODEC, private=(0, 2, 1, 2))
    assert found.recording.players == (0, 2, 3)
    assert [part.role for part in found.parts] == ["recorded", "absent", "recorded", "recorded"]
    assert found.swap({}).first_change is None
    swapped = found.swap({"dan": "silent"})
    assert (found.before.result.winner, swapped.after.result.winner) == ("dan", "cyd")


def test_a_session_that_was_never_played_is_refused() -> None:
    """Nothing was drawn: in one line, with why."""
    stage = Stage(CLOCK)
    stage.enrol("ada")
    stage.apply(Cancelled(detail="the hall is on fire"))
    with pytest.raises(ConfigurationError, match=r"before it was played \(the hall is on fire\)"):
        staged(stage)


@pytest.mark.parametrize("form", ["clock", "sealed"])
def test_a_void_session_is_compared_with_what_it_would_have_come_to(form: str) -> None:
    """Recorded answers stand as far as they go; nothing was earned, so that deviations have no figure."""
    specification = make_specification(4, mechanism="uniform-clock", parameters={"form": form})
    stage = Stage(specification)
    stage.begin_play()
    for hand in stage.awaited()[:2]:
        stage.send(hand.answer(CLOCK_SIGNALS[NAMES.index(hand.name)]))
    stage.apply(Cancelled(detail="enough"))
    found = Counterfactuals(staged(stage), codec=CODEC, private=CLOCK_SIGNALS)
    assert (found.recording.outcome, found.recording.void_reason) == (None, "enough")
    played = play(specification, CLOCK_SIGNALS, seed=found.recording.coin)
    assert found.before.result == played
    assert found.swap({"ada": "silent"}).after.result.winner == "dan"
    with pytest.raises(ConfigurationError, match="the session is void"):
        found.consequence_of_deviating("ada")


def test_rough_networks_change_nothing() -> None:
    """Lost connections leave the same answers, so that the replay is the same."""
    session = simulate_session(
        CLOCK,
        CLOCK_SIGNALS,
        seed=SEED,
        codec=CODEC,
        faults=Faults(disconnection=Fraction(1, 20), duplication=Fraction(1, 10)),
    )
    check_reproduced(replays(session, CLOCK_SIGNALS, ["truthful"] * 4), session, ["own"] * 4)


# --- Without private types. ---


def test_reports_are_taken_for_signals() -> None:
    """What liars reported counts as their signals: truth changes nothing, and another swap is play at the reports."""
    specification = make_specification(4, mechanism="uniform-clock", parameters={"form": "sealed"})
    session = simulate_session(
        specification, CLOCK_SIGNALS, seed=SEED, codec=CODEC, strategies={"ada": "shade:levels=1"}
    )
    found = Counterfactuals(recording_of(session), codec=CODEC)
    assert found.private == (1, 1, 0, 2)
    assert all(inference.is_exact for inference in found.inferences)
    assert found.swap(dict.fromkeys(NAMES[:4], "truthful")).first_change is None
    swapped = found.swap({"dan": "shade:levels=2"})
    assert swapped.after.result == play(
        specification, (1, 1, 0, 2), seed=session.coin or b"", strategies={"dan": "shade:levels=2"}
    )


def test_exits_are_taken_for_signals_and_what_they_do_not_tell_is_not_made_up() -> None:
    """Dan never left its clock, so that its signal may be higher: nobody knows what it would do further up."""
    specification = make_specification(4, levels=4, mechanism="uniform-clock", parameters={"form": "clock"})
    session = simulate_session(specification, (1, 0, 0, 3), seed=SEED, codec=CODEC)
    found = Counterfactuals(recording_of(session), codec=CODEC)
    candidates = [inference.candidates for inference in found.inferences]
    assert candidates[:3] == [(1,), (0,), (0,)]
    assert len(candidates[3]) > 1
    with pytest.raises(ConfigurationError, match="dan what the session does not tell, whether it would stay"):
        found.swap({"ada": "overstay:levels=3"})
    with pytest.raises(
        ConfigurationError, match="shade cannot play for dan: the session does not tell its signal"
    ):
        found.swap({"dan": "shade"})
    assert found.swap({"dan": "truthful"}).first_change is None


def test_a_withheld_report_tells_nothing() -> None:
    """Whoever never reported has an unknown signal, and cannot be made truthful."""
    specification = make_specification(4, mechanism="uniform-clock", parameters={"form": "sealed"})
    session = simulate_session(
        specification, CLOCK_SIGNALS, seed=SEED, codec=CODEC, strategies={"ada": "silent"}
    )
    found = Counterfactuals(recording_of(session), codec=CODEC)
    assert found.inferences[0].candidates == (0, 1, 2)
    assert found.swap({"ben": "overstay"}).after.result.winner == "ben"
    with pytest.raises(ConfigurationError, match="asks ada what the session does not tell, its signal"):
        found.swap({"ada": "truthful"})


def test_reported_beliefs_are_taken_for_beliefs_where_all_tell_all_at_once() -> None:
    """Who reported its value and its belief about everybody is known as well as it wants to be."""
    mechanism = "crowdsourced-lookahead-plus"
    private, specification = knowledge(prior_of(mechanism), PROFILE), typed_specification(mechanism)
    session = simulate_session(specification, private, seed=SEED, codec=CODEC)
    found = Counterfactuals(recording_of(session), codec=CODEC)
    assert found.private == private
    swapped = found.swap({"ben": "shade"})
    assert swapped.after.result == play(
        specification, private, seed=session.coin or b"", strategies={"ben": "shade"}
    )


def test_a_belief_that_being_asked_taught_is_not_what_was_believed_before() -> None:
    """In the two-wave lookahead only losers are asked, so that their reports tell less than they knew."""
    mechanism = "crowdsourced-lookahead"
    private = knowledge(prior_of(mechanism), PROFILE)
    session = simulate_session(typed_specification(mechanism), private, seed=SEED, codec=CODEC)
    found = Counterfactuals(recording_of(session), codec=CODEC)
    assert found.swap(dict.fromkeys(NAMES[:4], "truthful")).first_change is None
    with pytest.raises(ConfigurationError, match="what it believed before it was asked"):
        found.swap({"ben": "shade"})


def test_prices_that_were_refused_tell_types() -> None:
    """On an English clock an exit tells between which prices a value lies."""
    private = knowledge(prior_of("english"), PROFILE)
    session = simulate_session(typed_specification("english"), private, seed=SEED, codec=CODEC)
    found = Counterfactuals(recording_of(session), codec=CODEC)
    for known, inference in zip(private, found.inferences, strict=True):
        assert known.value in inference.candidates
    assert any(inference.is_exact for inference in found.inferences)


# --- What is refused. ---


def test_swaps_that_cannot_be_are_refused() -> None:
    """Nobody of that name, no such strategy, and options that do not fit the bidder."""
    found = clocked({})
    with pytest.raises(UsageError, match=r"there is no bidder 'adda'.*did you mean 'ada'"):
        found.swap({"adda": "truthful"})
    with pytest.raises(StrategyError, match="'truthfull' is not known"):
        found.swap({"ada": "truthfull"})
    private = knowledge(prior_of("vickrey"), PROFILE)
    session = simulate_session(typed_specification("vickrey"), private, seed=SEED, codec=CODEC)
    with pytest.raises(StrategyError, match=r"in the place of ada: .*nobody"):
        replays(session, private, ["truthful"] * 4).swap({"ada": "collusive:partner=nobody,agreed=1"})


def test_a_record_of_another_game_is_refused() -> None:
    """The check that the recorded answers lead to the recorded outcome can fail."""
    recording = recording_of(simulate_session(CLOCK, CLOCK_SIGNALS, seed=SEED, codec=CODEC))
    assert recording.outcome is not None
    wrong = replace(recording.outcome, payments=(Fraction(1), *recording.outcome.payments[1:]))
    with pytest.raises(ConfigurationError, match="do not lead to the recorded outcome"):
        Counterfactuals(replace(recording, outcome=wrong), codec=CODEC, private=CLOCK_SIGNALS)


def test_counted_lotteries_are_reproduced() -> None:
    """Values that depend on counts of signals are judged by counts."""
    session = simulate_session(
        make_counted_specification(5, parameters={"pricing": "revenue"}),
        SIGNALS,
        seed=SEED,
        codec=CODEC,
        strategies=STRATEGIES,
    )
    check_reproduced(replays(session, SIGNALS, STRATEGIES), session, ["own"] * 5)
