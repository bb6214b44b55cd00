"""Exact exploration of random choices, on tiny conversations and on a market of twelve bidders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import factorial

import pytest

from openoutcry.errors import TooLargeError, UsageError
from openoutcry.mechanisms.answering import Answerer, answer_with_signal, drive
from openoutcry.mechanisms.chance import Chance, Draw
from openoutcry.mechanisms.conversation import (
    Answer,
    Award,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    Reported,
    ReportSignal,
    Wave,
)
from openoutcry.mechanisms.expectation import expect, expect_over_signals
from openoutcry.mechanisms.exploring import Settlement, Tape, enumerate_tapes, outcome_distribution
from openoutcry.mechanisms.interim import Interim
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import MECHANISMS
from tests.reference.instances import Instance, owned_tables, single_group

DISCOVERY = MECHANISMS["signal-discovery"]


def no_state() -> Mapping[str, object]:
    """Return what a wave of these tiny mechanisms shows: nothing."""
    return {}


def ask(*questions: Question) -> Wave:
    """Return a wave."""
    return Wave(questions=questions, reason="the test asks", state=no_state)


def sell(winner: int | None, price: int, size: int) -> Outcome:
    """Return a sale, or none."""
    payments = tuple(Fraction(price if bidder == winner else 0) for bidder in range(size))
    awards = () if winner is None else (Award(bidder=winner, goods=(0,), price=Fraction(price)),)
    return Outcome(awards=awards, payments=payments, reason="the test says so")


def settled(winner: int | None, price: int, size: int) -> Settlement:
    """Return the settlement of such a sale."""
    outcome = sell(winner, price, size)
    return Settlement(awards=outcome.awards, payments=outcome.payments)


def lottery(chance: Chance) -> Conversation:
    """Toss a coin of probability 1/3; sell to one of three at a price of 0..3, or not at all."""
    if chance.bernoulli("sold", Fraction(1, 3)):
        winner = chance.pick("winner", (0, 1, 2))
        return sell(winner, chance.uniform("price", 4), 3)
    return sell(None, 0, 3)
    yield


def elimination(size: int, states: bool) -> Callable[[Chance], Conversation]:
    """Return a mechanism that eliminates random bidders, asking each, until one is left and buys at 1."""

    def converse(chance: Chance) -> Conversation:
        left = tuple(range(size))
        while len(left) > 1:
            gone = chance.pick("gone", left, state=left if states else None)
            left = tuple(bidder for bidder in left if bidder != gone)
            yield ask(Climb(bidder=gone, target=1))
        return sell(left[0], 1, size)

    return converse


# --- Distributions ----------------------------------------------------------------------------------------


def test_every_branch_counts_with_its_exact_probability() -> None:
    """A coin of 1/3, a choice of three and a choice of four multiply."""
    actual = outcome_distribution(lottery, [])
    expected = {settled(winner, price, 3): Fraction(1, 36) for winner in range(3) for price in range(4)}
    expected[settled(None, 0, 3)] = Fraction(2, 3)
    assert dict(actual.probabilities) == expected
    assert actual.runs == 13


def test_outcomes_that_differ_in_words_only_are_one() -> None:
    """The reason of an outcome does not split its probability."""

    def converse(chance: Chance) -> Conversation:
        return Outcome(awards=(), payments=(), reason=f"number {chance.uniform('number', 5)}")
        yield

    distribution = outcome_distribution(converse, [])
    assert distribution.probabilities == {Settlement(awards=(), payments=()): Fraction(1)}


def test_named_states_are_explored_once() -> None:
    """Elimination of eight has 8! paths, but takes a run for each branch of each of the 2^8 states."""
    answerers = [answer_with_signal(1)] * 8
    memoised = outcome_distribution(elimination(8, states=True), answerers)
    assert dict(memoised.probabilities) == {settled(bidder, 1, 8): Fraction(1, 8) for bidder in range(8)}
    assert memoised.runs <= 8 * 2**8


def test_without_named_states_or_without_leave_every_path_is_explored() -> None:
    """Draws that name no state, and callers that forbid it, cost a run a path and change nothing else."""
    answerers = [answer_with_signal(1)] * 5
    unnamed = outcome_distribution(elimination(5, states=False), answerers)
    forbidden = outcome_distribution(elimination(5, states=True), answerers, memoise=False)
    memoised = outcome_distribution(elimination(5, states=True), answerers)
    assert (unnamed.runs, forbidden.runs) == (120, 120)
    assert memoised.runs < 120
    assert unnamed.probabilities == forbidden.probabilities == memoised.probabilities


def test_choices_without_choice_cost_nothing() -> None:
    """Uniform over one value, a pick of one, and coins of probability 0 and 1 do not branch."""

    def converse(chance: Chance) -> Conversation:
        never = chance.bernoulli("never", Fraction(0))
        always = chance.bernoulli("always", Fraction(1))
        assert (never, always) == (False, True)
        return sell(chance.pick("winner", (1,)), chance.uniform("price", 1), 2)
        yield

    distribution = outcome_distribution(converse, [])
    assert (dict(distribution.probabilities), distribution.runs) == ({settled(1, 0, 2): Fraction(1)}, 1)


def test_strategies_that_remember_are_made_anew_for_each_run() -> None:
    """A factory of answerers gives every run fresh ones; a shared memory would leak from branch to branch."""

    def forgetful() -> Sequence[Answerer]:
        asked: Counter[int] = Counter()

        def answer(question: Question, clock: int, /) -> Answer:
            asked[question.bidder] += 1
            return Reported(value=sum(asked.values()))

        return [answer, answer]

    def converse(chance: Chance) -> Conversation:
        price = chance.uniform("price", 3)
        (answer,) = yield ask(ReportSignal(bidder=0))
        assert isinstance(answer, Reported)
        return sell(0, price + 10 * (answer.value or 0), 2)

    distribution = outcome_distribution(converse, forgetful, memoise=False)
    assert [deal.awards[0].price for deal in distribution.probabilities] == [10, 11, 12]
    with pytest.raises(UsageError, match="memoise=False"):
        outcome_distribution(converse, forgetful)


# --- Paths ------------------------------------------------------------------------------------------------


def test_tapes_are_all_paths_with_their_draws() -> None:
    """Every path comes once, with its probability and what was drawn on it."""
    tapes = list(enumerate_tapes(lottery, []))
    assert sum(tape.probability for tape in tapes) == 1
    assert len({tape.draws for tape in tapes}) == len(tapes) == 13
    assert tapes[-1].draws == (Draw(label="sold", kind="bernoulli", options=Fraction(1, 3), result=False),)
    assert tapes[5].draws[1:] == (
        Draw(label="winner", kind="pick", options=(0, 1, 2), result=1),
        Draw(label="price", kind="uniform", options=4, result=1),
    )
    assert tapes[5].outcome == sell(1, 1, 3)


def test_a_conversation_without_chance_is_one_tape() -> None:
    """It has probability 1 and no draws."""

    def converse(_: Chance) -> Conversation:
        yield ask(Climb(bidder=0, target=1))
        return sell(0, 7, 1)

    (tape,) = enumerate_tapes(converse, [answer_with_signal(1)])
    assert tape == Tape(probability=Fraction(1), draws=(), outcome=sell(0, 7, 1))


# --- Refusals ---------------------------------------------------------------------------------------------


def test_a_tree_beyond_the_limit_is_refused_before_it_is_explored() -> None:
    """Forty bidders without named states would take 40! runs; the refusal says so and what to do."""
    answerers = [answer_with_signal(1)] * 40
    with pytest.raises(
        TooLargeError, match=r"about 10\^48 runs .* the limit is 500: take fewer bidders"
    ) as told:
        outcome_distribution(elimination(40, states=False), answerers, limit=500)
    assert (told.value.size, told.value.limit) == (factorial(40), 500)
    with pytest.raises(TooLargeError, match="about 51 runs of the mechanism or more, and the limit is 50"):
        list(enumerate_tapes(elimination(40, states=False), answerers, limit=50))


def test_a_draw_of_more_values_than_runs_is_refused_at_once() -> None:
    """The branches of one huge draw are not even listed."""
    with pytest.raises(TooLargeError, match=r"about 10\^18 runs"):
        outcome_distribution(drawing(lambda chance: chance.uniform("huge", 10**18)), [])


def drawing(draw: Callable[[Chance], object]) -> Callable[[Chance], Conversation]:
    """Return a mechanism that only draws."""

    def converse(chance: Chance) -> Conversation:
        draw(chance)
        return sell(None, 0, 1)
        yield

    return converse


@pytest.mark.parametrize(
    ("draw", "complaint"),
    [
        (lambda chance: (chance.uniform("a", 2), chance.uniform("a", 2)), "drawn twice"),
        (lambda chance: (chance.uniform("a", 2), chance.bernoulli("a", Fraction(1, 2))), "drawn twice"),
        (lambda chance: (chance.pick("a", (0, 1)), chance.uniform("a", 2)), "drawn twice"),
        (lambda chance: (chance.uniform("a", 2), chance.pick("a", (0, 1))), "give each its own"),
        (lambda chance: (chance.pick("a", (0, 1)), chance.pick("a", (0, 1))), "already picked"),
        (lambda chance: (chance.pick("a", (0, 1)), chance.pick("a", (2, 3))), "already picked"),
        (lambda chance: chance.pick("a", ()), "one or more"),
        (lambda chance: chance.pick("a", (1, 1)), "distinct"),
        (lambda chance: chance.uniform("a", 0), "at least one"),
        (lambda chance: chance.bernoulli("a", Fraction(3, 2)), r"must be in 0\.\.1"),
    ],
)
def test_draws_that_no_seeded_chance_can_make_are_refused(
    draw: Callable[[Chance], object], complaint: str
) -> None:
    """Fresh draws equal one permutation only while candidates fall away, and a label has one purpose."""
    with pytest.raises(UsageError, match=complaint):
        outcome_distribution(drawing(draw), [])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (Climb(bidder=0, target=2), Reported(value=1)),
        (Climb(bidder=0, target=2), Climbed(level=3, exited=False)),
        (Climb(bidder=0, target=2), Climbed(level=-1, exited=True)),
        (Climb(bidder=0, target=2), Climbed(level=1, exited=False)),
        (Climb(bidder=0, target=2), Climbed(level=2, exited=True)),
        (ReportSignal(bidder=0), Climbed(level=1, exited=True)),
    ],
)
def test_answers_that_do_not_fit_are_refused(question: Question, answer: Answer) -> None:
    """A wrong answerer is our caller's mistake and never reaches the mechanism."""

    def converse() -> Conversation:
        yield ask(question)
        return sell(None, 0, 1)

    with pytest.raises(UsageError, match="bidder 0"):
        drive(converse(), [lambda _question, _clock: answer])


def test_a_clock_never_falls() -> None:
    """An answerer sees where its clock stands, and cannot end a later climb below it."""

    def converse() -> Conversation:
        yield ask(Climb(bidder=0, target=2))
        yield ask(Climb(bidder=0, target=3))
        return sell(None, 0, 1)

    seen: list[int] = []

    def answer(question: Question, clock: int, /) -> Answer:
        seen.append(clock)
        return Climbed(level=2, exited=False) if clock == 0 else Climbed(level=1, exited=True)

    with pytest.raises(UsageError, match="clock at 2"):
        drive(converse(), [answer])
    assert seen == [0, 2]


# --- Expectations -----------------------------------------------------------------------------------------


def two_bidders() -> Market:
    """Return a market in which bidder 0 owns level 0 and bidder 1 every other level."""
    return single_group(2, [(4, 4, 4), (0, 6, 10)]).market()


def test_the_expectation_counts_true_values_whatever_was_answered() -> None:
    """Bidder 1 leaves early: welfare and utilities still count its true signal."""
    market, parameters = two_bidders(), DISCOVERY.configure({})
    truthful = expect(market, DISCOVERY, parameters, [answer_with_signal(s) for s in (0, 1)], (0, 1))
    assert truthful.optimum == 6
    assert truthful.win_probability == (Fraction(0), Fraction(1, 2))
    assert truthful.unsold_probability == Fraction(1, 2)
    assert (truthful.welfare, truthful.revenue) == (Fraction(3), Fraction(3))
    assert truthful.utilities == (Fraction(0), Fraction(0))
    early = expect(market, DISCOVERY, parameters, [answer_with_signal(s) for s in (0, 0)], (0, 1))
    assert early.win_probability == (Fraction(1, 2), Fraction(0))
    assert (early.welfare, early.revenue, early.optimum) == (Fraction(2), Fraction(2), Fraction(6))
    assert early.payments == (Fraction(2), Fraction(0))


@pytest.mark.parametrize("signals", [(0,), (0, 1, 1), (0, 2), (-1, 0)])
def test_signals_that_do_not_fit_the_market_are_refused(signals: tuple[int, ...]) -> None:
    """Their number and range are the market's."""
    with pytest.raises(UsageError, match=r"2 bidders with signals 0\.\.1"):
        expect(two_bidders(), DISCOVERY, DISCOVERY.configure({}), [answer_with_signal(0)] * 2, signals)


def test_one_answerer_for_each_bidder() -> None:
    """Too few answerers are refused before anything is asked."""
    with pytest.raises(UsageError, match="1 answerers for 2 bidders"):
        expect(two_bidders(), DISCOVERY, DISCOVERY.configure({}), [answer_with_signal(0)], (0, 1))


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("pricing", ["welfare", "revenue"])
def test_twelve_bidders_with_four_levels_take_a_few_hundred_runs(groups: int, pricing: str) -> None:
    """Every bidder owns one level of S, the case with most states: 12! orders take under 1000 runs."""
    group_of = tuple(bidder % groups for bidder in range(12))
    members = [bidder for bidder in range(12) if group_of[bidder] == 0]
    tables = owned_tables(4, group_of, lambda state: members[min(state[0] // 3, len(members) - 1)], 2)
    instance = Instance(levels=4, group_of=group_of, tables=tables)
    signals = tuple(bidder % 4 for bidder in range(12))
    answerers = [answer_with_signal(signal) for signal in signals]
    parameters = DISCOVERY.configure({"pricing": pricing})
    expectation = expect(instance.market(), DISCOVERY, parameters, answerers, signals)
    assert sum(expectation.win_probability) + expectation.unsold_probability == 1
    assert expectation.runs < 1000


# --- Over all signals -------------------------------------------------------------------------------------


def signals_answered(signals: tuple[int, ...]) -> list[Answerer]:
    """Return truthful answerers."""
    return [answer_with_signal(signal) for signal in signals]


@pytest.mark.parametrize("name", ["signal-discovery", "uniform-clock", "threshold-lottery"])
def test_over_all_signals_is_the_average_of_all_profiles(name: str) -> None:
    """Every number, and those of each signal of each bidder, by hand from the expectations at every profile."""
    market = single_group(3, [(0, 1, 5, 6, 9), (2, 3, 4, 7, 8)]).market()
    mechanism = MECHANISMS[name]
    parameters = mechanism.configure({})
    profiles = list(product(range(3), repeat=2))
    parts = {p: expect(market, mechanism, parameters, signals_answered(p), p) for p in profiles}
    told: list[tuple[int, int]] = []
    whole = expect_over_signals(
        market, mechanism, parameters, signals_answered, progress=lambda *done: told.append(done)
    )
    assert told == [(done, 9) for done in range(1, 10)]
    assert (whole.profiles, whole.runs) == (9, sum(part.runs for part in parts.values()))
    for field in ("welfare", "revenue", "optimum", "unsold_probability"):
        assert getattr(whole, field) == sum(getattr(part, field) for part in parts.values()) / 9
    for bidder, signal in product(range(2), range(3)):
        own = [part for profile, part in parts.items() if profile[bidder] == signal]
        assert whole.interim[bidder][signal] == Interim(
            probability=Fraction(1, 3),
            win_probability=sum((part.win_probability[bidder] for part in own), Fraction(0)) / 3,
            payment=sum((part.payments[bidder] for part in own), Fraction(0)) / 3,
            utility=sum((part.utilities[bidder] for part in own), Fraction(0)) / 3,
        )


def test_too_many_profiles_of_signals_are_refused_at_once() -> None:
    """With the number of profiles, the limit and what to do."""
    market = single_group(2, [tuple(range(21))] * 20).market()
    with pytest.raises(
        TooLargeError, match=r"20 bidders with 2 signals each have 1048576 profiles .* estimate"
    ):
        expect_over_signals(market, DISCOVERY, DISCOVERY.configure({}), signals_answered)
