"""Signal discovery: waves, draws, states, edge cases, forms; instances can be followed by hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest

from openoutcry.errors import UsageError
from openoutcry.mechanisms.chance import RecordingChance, ScriptedChance
from openoutcry.mechanisms.conversation import Answer, Climb, Climbed, Reported, ReportSignal
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.signal_discovery import SignalDiscovery, converse
from openoutcry.mechanisms.tables import Table

MarketMaker = Callable[..., Market]
Hold = Callable[..., Any]

COSTLY = "signal-discovery/costly"
WELFARE = SignalDiscovery()
REVENUE = SignalDiscovery(pricing="revenue")
SEALED = SignalDiscovery(form="sealed")


class StateKeeping(ScriptedChance):
    """A scripted chance that keeps the sufficient states of its picks."""

    def __init__(self, script: Mapping[str, Sequence[int | bool]]) -> None:
        super().__init__(script)
        self.states: list[Hashable] = []

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Keep the state and follow the script."""
        self.states.append(state)
        return super().pick(label, candidates, state=state)


def rising(bidder_count: int, *, groups: int = 1, levels: int = 8) -> Market:
    """Return a market of linear valuations that cross, bidders spread evenly over the groups."""
    return Market(
        lot="a lot",
        currency="USD",
        minor_units=0,
        signal_levels=levels,
        groups=tuple(f"g{group}" for group in range(groups)),
        bidders=tuple(
            Bidder(
                name=f"b{index}",
                group=index % groups,
                valuation=Linear(constant=1000 * (bidder_count - index), weights=(1 + index,) * groups),
            )
            for index in range(bidder_count)
        ),
    )


class TestBinaryClock:
    """Mechanism 1 as a clock auction, owners of the levels 0..4 being 0, 0, 1, 2, 3."""

    def test_costly_draws_narrow_the_window_until_one_is_left(self, own_at: MarketMaker, hold: Hold) -> None:
        """Discovering cyd (1), ada (1) and dan (0) leaves bob, who owns level 2 and buys unasked."""
        chance = ScriptedChance({COSTLY: [2, 0, 3]})
        run = hold(converse(own_at(0, 0, 1, 2, 3), WELFARE, chance), (1, 0, 1, 0))
        assert run.waves == tuple((Climb(bidder=bidder, target=1),) for bidder in (2, 0, 3))
        assert (run.outcome.winner, run.outcome.price) == (1, 30)
        assert run.outcome.payments == (0, Fraction(30), 0, 0)
        assert (
            run.outcome.reason
            == "bob is the last one left and pays its value at signal 0, which it would own"
        )
        assert chance.leftovers == {}

    def test_each_wave_shows_its_state(self, own_at: MarketMaker, hold: Hold) -> None:
        """R* never holds more than two; a rejected bidder is forgiven once it owns no possible level."""
        run = hold(
            converse(own_at(0, 0, 1, 2, 3), WELFARE, ScriptedChance({COSTLY: [2, 0, 3]})), (1, 0, 1, 0)
        )
        assert run.states == (
            {"phase": "costly", "group": 0, "residue": 0, "active": [0, 1, 3], "rejected": [2],
             "window": [0, 4], "levels": [[0, 0], [1, 0], [2, 1], [3, 2], [4, 3]], "clocks": [0, 0, 0, 0]},
            {"phase": "costly", "group": 0, "residue": 0, "active": [1, 3], "rejected": [2, 0],
             "window": [1, 4], "levels": [[1, 0], [2, 1], [3, 2], [4, 3]], "clocks": [0, 0, 1, 0]},
            {"phase": "costly", "group": 0, "residue": 0, "active": [1], "rejected": [2, 3],
             "window": [2, 4], "levels": [[2, 1], [3, 2], [4, 3]], "clocks": [1, 0, 1, 0]},
        )  # fmt: skip

    def test_bidders_without_a_possible_level_are_discovered_side_by_side(
        self, own_at: MarketMaker, hold: Hold
    ) -> None:
        """Only ada owns levels: nobody is free before the first draw, then bob and dan are, in one wave."""
        run = hold(converse(own_at(0, 0, 0, 0, 0), WELFARE, ScriptedChance({COSTLY: [2]})), (0, 1, 0, 1))
        climbs = [Climb(bidder=bidder, target=1) for bidder in (2, 1, 3)]
        assert run.waves == ((climbs[0],), (climbs[1], climbs[2]))
        assert run.reasons == (
            "cyd was drawn: it cannot buy, and its signal narrows what the quality can be",
            "bob and dan would be best at no level that is still possible",
        )
        assert [state["phase"] for state in run.states] == ["costly", "free"]
        assert (run.outcome.winner, run.outcome.price) == (0, 30)

    def test_nobody_left_is_no_sale(self, own_at: MarketMaker, hold: Hold) -> None:
        """When the only owner is drawn, all others go for free and the lot stays."""
        run = hold(converse(own_at(0, 0, 0, 0), WELFARE, ScriptedChance({COSTLY: [0]})), (1, 1, 1))
        assert (run.outcome.winner, run.outcome.price) == (None, 0)
        assert run.outcome.payments == (0, 0, 0)
        assert run.outcome.reason == "nobody is left who would be best at a level that is still possible"

    def test_the_final_offer_names_the_price(self, own_at: MarketMaker, hold: Hold) -> None:
        """Bob is left at quality 1 without its own signal; it owns level 2: asked to climb to 1 at 30."""
        market = own_at(0, 0, 1)
        run = hold(converse(market, WELFARE, ScriptedChance({COSTLY: [0]})), (1, 1))
        assert run.waves[-1] == (Climb(bidder=1, target=1, price=30),)
        assert run.states[-1]["phase"] == "offer"
        assert (run.outcome.winner, run.outcome.price) == (1, 30)

    def test_an_exit_or_silence_at_the_final_offer_is_no_sale(self, own_at: MarketMaker, hold: Hold) -> None:
        """Bob's signal is 0, or it never answers, which is the same."""
        for signal in (0, None):
            run = hold(converse(own_at(0, 0, 1), WELFARE, ScriptedChance({COSTLY: [0]})), (1, signal))
            assert (run.outcome.winner, run.outcome.price) == (None, 0)
            assert run.outcome.reason == "bob left its clock at 0, below the offer's 1"


class TestPricing:
    """What the last bidder pays where it owns two levels."""

    @pytest.mark.parametrize(("drawn", "price"), [(0, 10), (1, 20)])
    def test_revenue_pricing_draws_the_level(
        self, own_at: MarketMaker, hold: Hold, drawn: int, price: int
    ) -> None:
        """Ada alone owns both levels: the price is its value at the level drawn."""
        chance = ScriptedChance({"signal-discovery/price": [drawn]})
        run = hold(converse(own_at(0, 0), REVENUE, chance), (1,))
        assert (run.outcome.winner, run.outcome.price) == (0, price)

    def test_welfare_pricing_takes_the_lowest(self, own_at: MarketMaker, hold: Hold) -> None:
        """Nothing is drawn, and with threshold 0 nothing is asked."""
        run = hold(converse(own_at(0, 0), WELFARE, ScriptedChance({})), (1,))
        assert (run.waves, run.outcome.winner, run.outcome.price) == ((), 0, 10)

    def test_revenue_pricing_draws_nothing_from_a_single_level(self, own_at: MarketMaker, hold: Hold) -> None:
        """A draw with one possible result is not made."""
        run = hold(converse(own_at(0, 0, 1), REVENUE, ScriptedChance({COSTLY: [0]})), (1, 1))
        assert (run.outcome.winner, run.outcome.price) == (1, 30)


class TestMoreSignals:
    """Mechanism 2: k = 3 or 4, where a residue is guessed."""

    def test_a_group_of_one_with_a_residue_must_reach_it(self, own_at: MarketMaker, hold: Hold) -> None:
        """With k = 4 and residue 2 the only level is 2: sold to a signal of 2 or 3, unsold below."""
        market = own_at(0, 0, 0, 0, levels=4)
        for signal, winner, price in ((1, None, 0), (2, 0, 30), (3, 0, 30)):
            chance = ScriptedChance({"signal-discovery/residue": [2]})
            run = hold(converse(market, WELFARE, chance), (signal,))
            assert run.waves == ((Climb(bidder=0, target=2, price=30),),)
            assert (run.outcome.winner, run.outcome.price) == (winner, price)

    @pytest.mark.parametrize(("drawn", "asked", "price"), [(0, 0, 10), (1, 1, 40)])
    def test_residue_zero_leaves_a_group_of_one_two_levels(
        self, own_at: MarketMaker, hold: Hold, drawn: int, asked: int, price: int
    ) -> None:
        """The levels are 0 and k-1."""
        chance = ScriptedChance({"signal-discovery/residue": [0], "signal-discovery/price": [drawn]})
        run = hold(converse(own_at(0, 0, 0, 0, levels=4), REVENUE, chance), (3,))
        assert (len(run.waves), run.outcome.winner, run.outcome.price) == (asked, 0, price)

    def test_only_levels_of_the_residue_are_owned(self, own_at: MarketMaker, hold: Hold) -> None:
        """Of the levels 0..4 with residue 1 only 1 and 3 count; bob, who owns 2, is discovered for free."""
        market = own_at(0, 0, 1, 0, 1, levels=3)
        chance = ScriptedChance({"signal-discovery/residue": [1], COSTLY: [0]})
        run = hold(converse(market, WELFARE, chance), (1, 2))
        assert run.states[0]["levels"] == [[1, 0], [3, 0]]
        assert [wave[0].bidder for wave in run.waves] == [0, 1]
        assert run.outcome.winner is None

    def test_a_last_bidder_without_a_guessed_level_gets_no_offer(
        self, make_market: MarketMaker, hold: Hold
    ) -> None:
        """An outsider is best everywhere in scope `all`: the group's only member is left and owns nothing."""
        market = make_market(
            Linear(constant=1, weights=(1, 0)), Linear(constant=9, weights=(0, 0)), groups=(0, 1)
        )
        for scope, winner in (("all", None), ("group", 0)):
            chance = ScriptedChance({"signal-discovery/group": [0]})
            run = hold(converse(market, SignalDiscovery(scope=scope), chance), (1, 1))  # type: ignore[arg-type]
            assert run.outcome.winner == winner
        chance = ScriptedChance({"signal-discovery/group": [0]})
        run = hold(converse(market, SignalDiscovery(scope="all"), chance), (1, 1))
        assert run.outcome.reason == "ada is left, but would be best at no level that was guessed possible"


class TestGroups:
    """Several groups: one is guessed, all outsiders are discovered first."""

    def test_outsiders_climb_side_by_side_and_their_signals_set_the_price(
        self, make_market: MarketMaker, hold: Hold
    ) -> None:
        """Group 1 is drawn: ada and cyd climb together; bob's value counts ada's and cyd's signals."""
        flat = Linear(constant=0, weights=(0, 0))
        market = make_market(flat, Linear(constant=5, weights=(10, 1)), flat, levels=3, groups=(0, 1, 0))
        chance = RecordingChance(
            ScriptedChance({"signal-discovery/group": [1], "signal-discovery/residue": [1]})
        )
        run = hold(converse(market, WELFARE, chance), (2, 1, 1))
        assert run.waves[0] == (Climb(bidder=0, target=2), Climb(bidder=2, target=2))
        assert run.reasons[0] == "only group g1 can buy: everybody else is discovered first"
        assert run.states[0] == {
            "phase": "outsiders", "group": 1, "residue": None, "active": [1], "rejected": [],
            "window": [0, 2], "levels": [], "clocks": [0, 0, 0],
        }  # fmt: skip
        assert run.waves[1] == (Climb(bidder=1, target=1, price=36),)
        assert (run.outcome.winner, run.outcome.price) == (1, 36)
        assert [(draw.label, draw.options) for draw in chance.draws] == [
            ("signal-discovery/group", 2),
            ("signal-discovery/residue", 2),
        ]

    def test_empty_groups_of_a_restricted_market_are_never_drawn(
        self, make_market: MarketMaker, hold: Hold
    ) -> None:
        """Without bob only one group is populated: no group is drawn, nobody is an outsider."""
        values = tuple(10 * (a + b) for a in range(3) for b in range(2))
        market = make_market(*[Table(shape=(3, 2), values=values)] * 3, groups=(0, 1, 0))
        chance = ScriptedChance({COSTLY: [0]})
        run = hold(converse(market.restricted((0, 2)), WELFARE, chance), (1, 0))
        assert run.outcome.winner is None
        assert chance.leftovers == {}

    def test_a_draw_among_populated_groups_skips_empty_ones(
        self, make_market: MarketMaker, hold: Hold
    ) -> None:
        """Of three groups the middle one is empty: the second populated group is the last."""
        market = make_market(*[Linear(constant=1, weights=(1, 1, 1))] * 3, groups=(0, 1, 2)).restricted(
            (0, 2)
        )
        chance = RecordingChance(ScriptedChance({"signal-discovery/group": [1]}))
        run = hold(converse(market, WELFARE, chance), (1, 1))
        assert run.states[0]["group"] == 2
        assert chance.draws[0].options == 2
        assert (run.outcome.winner, run.outcome.price) == (1, 2)


class TestSealed:
    """The sealed form: one wave of reports, then the same computation."""

    def test_everybody_reports_once_and_nothing_else_is_asked(self, own_at: MarketMaker, hold: Hold) -> None:
        """The outcome is that of the clock form on the same draws."""
        run = hold(converse(own_at(0, 0, 1, 2, 3), SEALED, ScriptedChance({COSTLY: [2, 0, 3]})), (1, 0, 1, 0))
        assert run.waves == (tuple(ReportSignal(bidder=bidder) for bidder in range(4)),)
        assert run.states == ({"phase": "reports"},)
        assert (run.outcome.winner, run.outcome.price) == (1, 30)

    def test_a_value_below_the_price_is_no_sale(self, own_at: MarketMaker, hold: Hold) -> None:
        """Bob's value at the true state is 0, at its threshold 30."""
        run = hold(converse(own_at(0, 0, 1), SEALED, ScriptedChance({COSTLY: [0]})), (1, 0))
        assert run.outcome.winner is None
        assert run.outcome.reason == "the lot is worth 0 to bob, less than the price 30"

    def test_sealed_sells_at_a_price_equal_to_the_value_where_the_clock_does_not(
        self, make_market: MarketMaker, hold: Hold
    ) -> None:
        """The only difference of the forms: the signal is below the threshold, and the value the same."""
        market = make_market(Linear(constant=5, weights=(0,)), levels=3)
        winners = [
            hold(
                converse(market, parameters, ScriptedChance({"signal-discovery/residue": [1]})), (0,)
            ).outcome.winner
            for parameters in (SEALED, WELFARE)
        ]
        assert winners == [0, None]

    def test_who_withholds_its_report_counts_as_zero_and_cannot_buy(
        self, own_at: MarketMaker, hold: Hold
    ) -> None:
        """Bob is left and would buy at threshold 0; ada's missing report only counts as a signal of 0."""
        market = own_at(0, 1, 1)
        sold = hold(converse(market, SEALED, ScriptedChance({COSTLY: [0]})), (1, 0))
        assert (sold.outcome.winner, sold.outcome.price) == (1, 20)
        withheld = hold(converse(market, SEALED, ScriptedChance({COSTLY: [0]})), (1, None))
        assert withheld.outcome.winner is None
        assert withheld.outcome.reason == "bob is the last one left, but it reported nothing and cannot buy"
        other = hold(converse(market, SEALED, ScriptedChance({COSTLY: [0]})), (None, 1))
        assert (other.outcome.winner, other.outcome.price) == (1, 20)


class TestMixture:
    """The uniform clock in place of signal discovery, with a small probability."""

    @pytest.mark.parametrize(("form", "waves"), [("clock", 1), ("sealed", 1)])
    def test_the_coin_runs_the_uniform_clock_in_the_same_form(
        self, own_at: MarketMaker, hold: Hold, form: str, waves: int
    ) -> None:
        """At (1, 0) bob leaves and ada wins at its value at 0: its level is 0 + 0."""
        parameters = SignalDiscovery(form=form, uniform_probability=Fraction(1, 20))  # type: ignore[arg-type]
        chance = RecordingChance(ScriptedChance({"signal-discovery/mixture": [True]}))
        run = hold(converse(own_at(0, 0, 1), parameters, chance), (1, 0))
        assert len(run.waves) == waves
        assert (run.outcome.winner, run.outcome.price) == (0, 10)
        assert chance.draws[0].options == Fraction(1, 20)

    def test_otherwise_signal_discovery_runs(self, own_at: MarketMaker, hold: Hold) -> None:
        """The coin is the first draw."""
        chance = ScriptedChance({"signal-discovery/mixture": [False], COSTLY: [0]})
        run = hold(
            converse(own_at(0, 0, 1), SignalDiscovery(uniform_probability=Fraction(1, 2)), chance), (1, 1)
        )
        assert (run.outcome.winner, chance.leftovers) == (1, {})


def test_draws_name_a_state_that_forgets_only_what_does_not_matter(own_at: MarketMaker, hold: Hold) -> None:
    """Discovering 0 then 2, or 2 then 0, leads to one state; another set of active bidders to another."""
    states = {}
    for order in ((0, 2, 3), (2, 0, 3)):
        chance = StateKeeping({COSTLY: list(order)})
        hold(converse(own_at(0, 0, 1, 2, 3), WELFARE, chance), (1, 0, 1, 1))
        states[order] = chance.states
    assert [state == other for state, other in zip(*states.values(), strict=True)] == [True, False, True]
    assert len({state for run in states.values() for state in run}) == 4


@pytest.mark.parametrize(
    ("form", "answers", "reason"),
    [
        ("clock", (), "a wave of 1 questions was sent 0 answers"),
        ("clock", (Reported(value=1),), "is no answer to that"),
        ("clock", (Climbed(level=2, exited=False),), "cannot be"),
        ("clock", (Climbed(level=1, exited=True),), "cannot be"),
        ("clock", (Climbed(level=0, exited=False),), "cannot be"),
        ("sealed", (Reported(value=1),), "a wave of 2 questions was sent 1 answers"),
        ("sealed", (Reported(value=1), Climbed(level=1, exited=False)), "is no answer to that"),
        ("sealed", (Reported(value=1), Reported(value=2)), "reported 2, outside 0..1"),
    ],
)
def test_answers_that_do_not_fit_the_questions_are_the_drivers_mistake(
    own_at: MarketMaker, form: str, answers: tuple[Answer, ...], reason: str
) -> None:
    """A mechanism does not run on with an answer that nobody can have given."""
    parameters = SignalDiscovery(form=form)  # type: ignore[arg-type]
    conversation = converse(own_at(0, 0, 1), parameters, ScriptedChance({COSTLY: [0]}))
    next(conversation)
    with pytest.raises(UsageError, match=reason):
        conversation.send(answers)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_thousand_bidders_are_set_up_within_a_second(groups: int, hold: Hold) -> None:
    """The whole session, ownership of all levels included, is far from quadratic."""
    market = rising(1000, groups=groups)
    picks = list(range(len(market.members(0)) * groups - groups, -1, -groups))
    script = {"signal-discovery/residue": [3], COSTLY: picks}
    if groups > 1:
        script["signal-discovery/group"] = [0]
    begin = time.perf_counter()
    run = hold(converse(market, WELFARE, ScriptedChance(script)), [index % 8 for index in range(1000)])
    assert time.perf_counter() - begin < 1
    assert sum(len(wave) for wave in run.waves) >= 999
