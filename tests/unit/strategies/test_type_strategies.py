"""In markets of types: views show what a bidder may know, answers are checked, and built-ins do what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from openoutcry.errors import StrategyError
from openoutcry.mechanisms.conversation import Award, TypeReport
from openoutcry.mechanisms.crowd.distributions import Joint, Product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.strategies import (
    Belief,
    BeliefView,
    Exit,
    NoAnswer,
    Open,
    OpeningView,
    OpenInstead,
    RaiseView,
    StartView,
    Stay,
    Strategy,
    TypeIndex,
    TypeQuestion,
    TypeSeat,
    ValuationView,
    WrongMarket,
    answer_opening,
    answer_raise,
    answer_type,
    load_strategy,
    make_outcome_view,
    notify_start,
    run_sync,
    settle,
)
from openoutcry.strategies.api import FunctionStrategy

MARKET = TypeMarket(
    lot="lot",
    currency="USD",
    minor_units=0,
    environment=Environment.single_good(),
    bidders=(
        TypedBidder(name="ada", types=((1,), (4,), (6,))),
        TypedBidder(name="bob", types=((1,), (4,), (5,))),
        TypedBidder(name="cleo", types=((0,), (4,), (9,))),
    ),
    prior=uniform({0: 3, 1: 3, 2: 3}),
)
ROOMS = TypeMarket(
    lot="rooms",
    currency="USD",
    minor_units=0,
    environment=Environment.unit_demand(("a", "b")),
    bidders=(
        TypedBidder(name="ada", types=((1, 1), (1, 4), (5, 5))),
        TypedBidder(name="bob", types=((0, 2), (2, 2))),
    ),
)
KNOWN = Joint.of((1, 2), {(0, 0): 1, (1, 1): 2, (2, 2): 1})


@pytest.fixture
def seat() -> TypeSeat:
    """Ada values the lot at 4 and knows something of the others."""
    return TypeSeat(market=MARKET, bidder=0, value=1, knowledge=Belief(MARKET, KNOWN), rng=Random(1))


@pytest.fixture
def room_seat() -> TypeSeat:
    """Ada values the rooms at 1 and 4."""
    knowledge = Belief.uniform(ROOMS, ["bob"])
    return TypeSeat(market=ROOMS, bidder=0, value=1, knowledge=knowledge, rng=Random(1))


def ask(strategy, seat, *, value=True, subjects=(1, 2), wave=0):
    """Ask a strategy, by name or instance, for a report."""
    made = load_strategy(strategy).make() if isinstance(strategy, str) else strategy
    return run_sync(
        answer_type(made, TypeQuestion(seat=seat, wave=wave, asks_value=value, subjects=subjects))
    )


def open_committed(strategy, seat, *, value=1, belief=None):
    """Ask a strategy to open what it committed to."""
    made = load_strategy(strategy).make() if isinstance(strategy, str) else strategy
    view = OpeningView(seat=seat, wave=0, report=TypeReport(value=value, belief=belief))
    return run_sync(answer_opening(made, view))


# --- Views. ---


def test_a_view_shows_the_own_value_and_list(seat, room_seat):
    """An integer where one thing is wanted, else a mapping by bundle."""
    view = ValuationView(seat=seat, wave=0)
    assert (view.name, view.value, view.value_index, view.types) == ("ada", 4, 1, (1, 4, 6))
    assert view.knowledge.names == ("bob", "cleo")
    room = ValuationView(seat=room_seat, wave=0)
    assert (room.value, room.types) == (
        {"a": 1, "b": 4},
        ({"a": 1, "b": 1}, {"a": 1, "b": 4}, {"a": 5, "b": 5}),
    )


def test_what_the_other_kind_of_market_has_is_refused_with_advice(seat, raise_to):
    """A strategy for clocks learns at once that there are no signals here, and the other way round."""
    view = ValuationView(seat=seat, wave=0)
    for wanted in ("signal", "signal_levels", "group"):
        with pytest.raises(WrongMarket, match=r"view\.value"):
            getattr(view, wanted)
    for wanted in ("types", "knowledge", "value_index", "asking_price"):
        with pytest.raises(WrongMarket, match=r"view\.signal"):
            getattr(raise_to(1), wanted)


def test_an_asking_price_is_that_of_the_level_or_of_the_offer(seat):
    """Levels are all values that anybody may have, rising: 0, 1, 4, 5, 6, 9."""
    climb = [RaiseView(seat=seat, level=level, clock=level - 1, price=None, wave=0) for level in (1, 3, 4)]
    assert [view.asking_price for view in climb] == [0, 4, 5]
    assert [answer_raise(Strategy(), view) for view in climb] == [Stay, Stay, Exit]
    for price, answer in ((4, Stay), (5, Exit)):
        offer = RaiseView(seat=seat, level=1, clock=0, price=price, wave=0, target=1)
        assert (offer.asking_price, answer_raise(Strategy(), offer)) == (price, answer)


def test_a_belief_view_is_about_its_subjects(seat):
    """Others whom the bidder knows about are left out."""
    view = BeliefView(seat=seat, wave=0, about=(2,))
    assert view.subjects == ("cleo",)
    assert view.knowledge["cleo"] == {0: Fraction(1, 4), 4: Fraction(1, 2), 9: Fraction(1, 4)}


def test_being_asked_again_tells_that_another_leads(seat):
    """Whoever is asked for a belief after the values knows that a lower index reported as much, or anybody more.

    Ada stands first, so with 4 she leads over (1, 0) and (4, 4); only (5, 9) is left.
    """
    seat = replace(seat, mechanism="crowdsourced-lookahead")
    asked = BeliefView(seat=seat, wave=1, about=(1, 2), reported_index=1)
    assert asked.knowledge.most_likely() == {"bob": 5, "cleo": 9}
    assert len(asked.knowledge) == 1
    cleo = replace(seat, bidder=2, value=1, knowledge=Belief(MARKET, KNOWN.renamed((0, 1))))
    after = BeliefView(seat=cleo, wave=1, about=(0, 1), reported_index=1)
    assert [row for row, _ in after.knowledge.rows()] == [{"ada": 4, "bob": 4}, {"ada": 6, "bob": 5}]


def test_knowledge_that_excludes_what_happened_is_reported_as_it_was(seat):
    """Nothing can be learnt from what was held impossible."""
    sure = replace(
        seat,
        mechanism="crowdsourced-lookahead",
        value=2,
        knowledge=Belief.certain(MARKET, {"bob": 1, "cleo": 0}),
    )
    view = BeliefView(seat=sure, wave=1, about=(1, 2), reported_index=2)
    assert view.knowledge == sure.knowledge


def test_an_outcome_tells_goods_reward_and_utility(room_seat):
    """The own value is known, so utility is; what was paid for a report is told apart from the price."""
    view = make_outcome_view(
        room_seat,
        awards=(
            Award(bidder=0, goods=(1,), price=Fraction(3)),
            Award(bidder=1, goods=(0,), price=Fraction(2)),
        ),
        names=("ada", "bob"),
        payment=Fraction(5, 2),
    )
    assert (view.won, view.winner, view.goods, view.price) == (True, None, ("b",), 5)
    assert (view.own_price, view.reward, view.utility) == (Fraction(3), Fraction(1, 2), Fraction(3, 2))


# --- Answers. ---


def test_the_default_answers_are_truthful(seat):
    """Value, belief and opening; a question for one of them has an answer with that one."""
    assert ask(Strategy(), seat) == TypeReport(value=1, belief=KNOWN)
    assert ask(Strategy(), seat, value=False) == TypeReport(value=None, belief=KNOWN)
    assert ask(Strategy(), seat, subjects=()) == TypeReport(value=1, belief=None)
    assert open_committed(Strategy(), seat) is Open


class Answering(Strategy):
    """Gives these answers, and remembers what it was shown."""

    def __init__(self, value=4, belief=None, opening=Open):
        self.value, self.belief, self.opening = value, belief, opening
        self.asked: list[object] = []

    def report_valuation(self, view):
        self.asked.append("valuation")
        return self.value

    def report_belief(self, view):
        self.asked.append(("belief", view.reported_value))
        return view.knowledge if self.belief is None else self.belief

    def on_opening(self, view):
        return self.opening


class Waiting(Answering):
    async def report_valuation(self, view):
        return super().report_valuation(view)

    async def report_belief(self, view):
        return super().report_belief(view)


@pytest.mark.parametrize("made", [Answering, Waiting])
async def test_the_valuation_comes_before_the_belief_and_is_told_to_it(seat, made):
    """One question, two callbacks in order, plain or `async`."""
    strategy = made(value=6)
    question = TypeQuestion(seat=seat, wave=0, asks_value=True, subjects=(1, 2))
    assert await settle(answer_type(strategy, question)) == TypeReport(value=2, belief=KNOWN)
    assert strategy.asked == ["valuation", ("belief", 6)]


def test_silence_about_one_withholds_both(seat):
    """And nobody is asked on when the valuation is withheld."""
    strategy = Answering(value=NoAnswer)
    assert ask(strategy, seat) is NoAnswer
    assert strategy.asked == ["valuation"]
    assert ask(Answering(belief=NoAnswer), seat) is NoAnswer


@pytest.mark.parametrize("value", [4, (4,), [4], TypeIndex(1), {"lot": 4}])
def test_a_value_can_be_said_in_several_ways(seat, value):
    """By itself, by bundle, or by its place."""
    assert ask(Answering(value=value), seat, subjects=()) == TypeReport(value=1, belief=None)


WRONG = [
    ({"value": 5}, "5 is no value that ada may have: use one of 1, 4, 6"),
    ({"value": None}, "was None: is there a path without `return`?"),
    ({"value": True}, "True is no value: values are integers"),
    ({"value": 4.0}, "4.0 is no value"),
    ({"value": Stay}, "is no value"),
    ({"belief": {"bob": {1: 1}}}, "return a Belief, such as Belief.product(view.market, ...)"),
    ({"belief": 3}, "the reported belief was 3: return a Belief, such as view.knowledge"),
    ({"belief": Belief.uniform(MARKET, ["bob"])}, "is about bob, and the question about bob, cleo"),
    ({"belief": Belief.uniform(ROOMS, ["bob"])}, "is about another market: make it with view.market"),
]


@pytest.mark.parametrize(("answers", "advice"), WRONG)
def test_wrong_answers_are_refused_with_advice(seat, answers, advice):
    """What was answered, and what to return instead."""
    with pytest.raises(StrategyError) as refused:
        ask(Answering(**answers), seat)
    assert advice in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_opening_can_be_kept_withheld_or_broken(seat):
    """What is left out of a wrong opening stays as it was committed to."""
    assert open_committed(Answering(opening=NoAnswer), seat) is NoAnswer
    broken = open_committed(Answering(opening=OpenInstead(valuation=6)), seat, belief=KNOWN)
    assert broken == TypeReport(value=2, belief=KNOWN)
    certain = Belief.certain(MARKET, {"bob": 1, "cleo": 0})
    broken = open_committed(Answering(opening=OpenInstead(belief=certain)), seat, belief=KNOWN)
    assert broken == TypeReport(value=1, belief=certain.distribution)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (None, "was None"),
        (True, "was True: return Open"),
        (OpenInstead(valuation=5), "5 is no value that ada may have"),
        (OpenInstead(belief=Belief.uniform(MARKET, ["bob"])), "no belief was asked for"),
    ],
)
def test_an_opening_that_is_none_is_refused(seat, answer, advice):
    """With advice, as for every other answer."""
    with pytest.raises(StrategyError, match=advice):
        open_committed(Answering(opening=answer), seat)


def test_a_function_is_asked_for_reports_and_not_for_openings(seat):
    """It knows the question by the view."""
    strategy = FunctionStrategy(
        lambda view: view.value if isinstance(view, ValuationView) else view.knowledge
    )
    assert ask(strategy, seat) == TypeReport(value=1, belief=KNOWN)
    assert open_committed(strategy, seat) is Open


# --- Built-in strategies. ---


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("truthful", 4),
        ("shade", 1),
        ("shade:levels=5", 1),
        ("overstay", 6),
        ("shade-value:share=3/4", 1),
        ("shade-value:share=1/4", 1),
        ("shade-value:share=0", 4),
        ("collusive:partner=bob", 1),
        ("collusive:partner=bob,agreed=9", 6),
    ],
)
def test_built_in_values(seat, name, value):
    """Each reports the value that it says it does, and stays on a rising price up to it."""
    report = ask(name, seat, subjects=())
    assert MARKET.value(0, report.value) == value
    strategy = load_strategy(name).make()
    prices = (0, 1, 4, 5, 6, 9)
    stayed = [
        price
        for level, price in enumerate(prices, 1)
        if answer_raise(strategy, RaiseView(seat=seat, level=level, clock=level - 1, price=None, wave=0))
        is Stay
    ]
    assert stayed == [price for price in prices if price <= value]


def test_shading_looks_at_every_bundle(room_seat):
    """Three quarters of (1, 4) is (3/4, 3): nothing of the list is below, so it is the first."""
    assert ask("shade-value:share=1/4", room_seat, subjects=()).value == 0
    rich = replace(room_seat, value=2)
    assert ask("shade-value:share=1/5", rich, subjects=()).value == 1


def test_built_in_beliefs(seat):
    """Overconfident sharpens, ignorant forgets, public copies, collusive agrees."""
    sharp = Belief(MARKET, ask("overconfident", seat).belief)
    assert sharp.probability({"bob": 4, "cleo": 4}) == Fraction(3, 4)
    assert ask("ignorant", seat).belief == uniform({1: 3, 2: 3})
    assert ask("public-belief", seat).belief == uniform({1: 3, 2: 3})
    agreed = Belief(MARKET, ask("collusive:partner=bob", seat).belief)
    assert agreed["bob"] == {1: Fraction(1)}
    assert agreed["cleo"] == Belief(MARKET, KNOWN)["cleo"]


def test_overconfidence_keeps_independent_bidders_independent(seat):
    """Each factor is sharpened by itself."""
    known = Belief.product(MARKET, {"bob": {1: 3, 4: 1}, "cleo": {0: 1, 9: 3}})
    report = ask("overconfident:weight=1/3", replace(seat, knowledge=known))
    assert isinstance(report.belief, Product)
    assert Belief(MARKET, report.belief)["bob"] == {1: Fraction(5, 6), 4: Fraction(1, 6)}


def test_a_public_belief_can_come_from_a_file(seat, tmp_path):
    """In the form of private input; what does not fit the market is named with the file."""
    file = tmp_path / "belief.json"
    file.write_text(json.dumps({"product": {"bob": [[1, 1]], "cleo": [[0, 1], [9, 1]]}}))
    factory = load_strategy("public-belief:file=belief.json", base_directory=tmp_path)
    assert Belief(MARKET, ask(factory.make(), seat).belief)["bob"] == {1: Fraction(1)}
    file.write_text(json.dumps({"product": {"bob": [[2, 1]]}}))
    with pytest.raises(StrategyError, match=r"belief\.json: 2 is no value that bob may have"):
        ask(factory.make(), seat)


def test_a_partner_who_is_not_there_is_told_at_the_start(seat):
    """With the nearest name; naming oneself is refused as well."""
    with pytest.raises(StrategyError, match="did you mean 'bob'"):
        run_sync(notify_start(load_strategy("collusive:partner=bbo").make(), StartView(seat=seat)))
    with pytest.raises(StrategyError, match="is this bidder itself"):
        run_sync(notify_start(load_strategy("collusive:partner=ada").make(), StartView(seat=seat)))


def test_a_contradictory_bidder_contradicts_itself(seat):
    """Another value the second time, and certainty that nothing is as it believes."""
    strategy = load_strategy("contradictory").make()
    first, second = ask(strategy, seat, subjects=()), ask(strategy, seat, wave=1)
    assert (first.value, second.value) == (1, 0)
    assert (
        Belief(MARKET, ask("contradictory", seat, value=False).belief).probability({"bob": 4, "cleo": 4}) == 0
    )


def test_openings_are_withheld_and_wrong(seat, make_seat):
    """The deviations that commitments are there for."""
    assert open_committed("withhold-opening", seat) is NoAnswer
    assert open_committed("wrong-opening", seat) == TypeReport(value=0, belief=None)
    other = open_committed("wrong-opening", seat, value=None, belief=KNOWN)
    assert other == TypeReport(value=None, belief=uniform({1: 3, 2: 3}))
    signal = OpeningView(seat=make_seat(), wave=0, reported_signal=3)
    assert answer_opening(load_strategy("wrong-opening").make(), signal) == 0


def test_silence_and_noise_speak_of_types_too(seat):
    """Silent answers nothing; random reports something of the list, and the same value when asked again."""
    assert ask("silent", seat) is NoAnswer
    assert open_committed("silent", seat) is NoAnswer
    noisy = load_strategy("random").make()
    first, second = ask(noisy, seat), ask(noisy, seat)
    assert first.value == second.value
    assert first.belief != second.belief


def test_a_script_names_values_and_beliefs(seat, tmp_path):
    """One item for each question; what an object leaves out, and what comes after the end, is truthful."""
    belief = {"product": {"bob": [[4, 1]], "cleo": [[9, 1]]}}
    items = [6, {"value": 1, "belief": belief}, {"belief": belief}, {"value": 6}, None]
    (tmp_path / "answers.json").write_text(json.dumps(items))
    strategy = load_strategy("scripted:file=answers.json", base_directory=tmp_path).make()
    said = Belief.certain(MARKET, {"bob": 4, "cleo": 9}).distribution
    assert ask(strategy, seat, subjects=()) == TypeReport(value=2, belief=None)
    assert ask(strategy, seat) == TypeReport(value=0, belief=said)
    assert ask(strategy, seat, value=False) == TypeReport(value=None, belief=said)
    assert ask(strategy, seat) == TypeReport(value=2, belief=KNOWN)
    assert ask(strategy, seat) is NoAnswer
    assert ask(strategy, seat) == TypeReport(value=1, belief=KNOWN)


def test_a_scripted_answer_of_another_question_is_named(seat, tmp_path):
    """With the file, the item and the question."""
    (tmp_path / "answers.json").write_text('["stay"]')
    strategy = load_strategy("scripted:file=answers.json", base_directory=tmp_path).make()
    with pytest.raises(
        StrategyError, match=r"answers\.json: item 1 is 'stay', but the question is a report of a val"
    ):
        ask(strategy, seat)
