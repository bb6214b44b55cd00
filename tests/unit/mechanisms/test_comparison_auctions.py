"""The comparison mechanisms on single goods and units by example: who is asked what, who buys, for how much."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.mechanisms.answering import answer_with_type, drive
from openoutcry.mechanisms.chance import Chance, ScriptedChance
from openoutcry.mechanisms.comparison.empirical_reserve import empirical_price
from openoutcry.mechanisms.comparison.registration import COMPARISON_MECHANISMS
from openoutcry.mechanisms.conversation import Climb, Conversation, Outcome, ReportType
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.registry import find_mechanism
from tests.reference.crowd_play import reporting, type_market
from tests.reference.direct_truthfulness import staying_up_to

DIRECT = ["vickrey", "vickrey-reserve", "vcg", "single-sample", "empirical-reserve", "cremer-mclean"]
SEATS = ["vickrey", "vickrey-reserve", "english", "single-sample", "empirical-reserve", "posted-prices"]
PRIORS = ["vickrey-reserve", "myerson", "posted-prices", "cremer-mclean"]


def market_of(*values, units: int = 1, prior: Distribution | None = None) -> TypeMarket:
    """A market of one good, or of several units, whose bidders have these possible values."""
    environment = Environment.single_good() if units == 1 else Environment.identical_units(units)
    market = type_market(environment, [[(value,) for value in mine] for mine in values])
    return replace(market, prior=prior)


def start(name: str, market: TypeMarket, chance: Chance | None = None, **raw) -> Conversation:
    """Configure a mechanism as a scenario would, let it look at the market, and start it."""
    mechanism = find_mechanism(name)
    parameters = mechanism.configure(raw)
    mechanism.check(market, parameters)
    return mechanism.converse(market, parameters, chance or ScriptedChance({}))


def play(name: str, market: TypeMarket, profile, chance: Chance | None = None, **raw) -> Outcome:
    """Everybody is truthful; whoever has None for its type is silent."""
    answers = [
        staying_up_to(0) if index is None else answer_with_type(index, market=market) for index in profile
    ]
    return drive(start(name, market, chance, **raw), answers)


def sold(outcome: Outcome) -> dict[int, Fraction]:
    """Who buys at what price."""
    return {award.bidder: award.price for award in outcome.awards}


FIVE = market_of(range(6), range(6), range(6), range(6))
FAIR = {0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1}
FIVE_FAIR = replace(FIVE, prior=Product.of({0: FAIR, 1: FAIR, 2: FAIR, 3: FAIR}))


# --- Asking -----------------------------------------------------------------------------------------------


def dependent_prior() -> Distribution:
    """A prior of four bidders that know the next one's type: each belief is another certainty."""
    return Joint.of(range(4), {(index,) * 4: 1 for index in range(6)})


@pytest.mark.parametrize("name", DIRECT)
@pytest.mark.parametrize("openings", ["public", "private"])
def test_direct_mechanisms_ask_one_wave_of_values(name, openings):
    """Everybody at once, for its value alone, opened to whom the parameter says."""
    wave = next(start(name, replace(FIVE, prior=dependent_prior()), openings=openings))
    hidden = openings == "private"
    assert wave.questions == tuple(
        ReportType(bidder=bidder, asks_value=True, is_private=hidden) for bidder in range(4)
    )
    assert wave.state() == {"phase": "reports"}


@pytest.mark.parametrize("name", [*DIRECT, "english", "posted-prices"])
def test_a_silent_bidder_gets_nothing_and_pays_nothing_and_the_rest_goes_on(name):
    """As if it had never been there."""
    market = replace(FIVE, prior=dependent_prior())
    chance = {"single-sample/reserve-bidder": [3]} if name == "single-sample" else {}
    outcome = play(name, market, (5, 5, None, 4), ScriptedChance(chance))
    assert 2 not in sold(outcome)
    assert outcome.payments[2] == 0
    assert outcome.awards


@pytest.mark.parametrize("name", [*DIRECT, "english", "posted-prices"])
def test_nothing_is_sold_when_everybody_is_silent(name):
    """Not even for nothing."""
    outcome = play(name, replace(FIVE, prior=dependent_prior()), (None,) * 4)
    assert (outcome.awards, outcome.payments) == ((), (Fraction(0),) * 4)


@pytest.mark.parametrize("name", SEATS)
def test_bundles_are_refused_by_name(name):
    """Where a type is more than one number, vcg is the mechanism to take."""
    market = type_market(Environment.unit_demand(["a", "b"]), [[(1, 2)], [(2, 1)]])
    with pytest.raises(ConfigurationError, match=f"{name} sells one good .* unit-demand: use vcg"):
        start(name, market)


def test_a_list_of_feasible_assignments_is_refused():
    """These mechanisms sell to anybody."""
    environment = Environment(
        kind="single-good", goods=("lot",), units=(1,), bundles=((0,),), assignments=((None, None), (0, None))
    )
    with pytest.raises(ConfigurationError, match="vickrey sells to anybody"):
        start("vickrey", type_market(environment, [[(1,)], [(1,)]]))


@pytest.mark.parametrize("name", PRIORS)
def test_a_missing_prior_is_refused(name):
    """With what to add."""
    with pytest.raises(ConfigurationError, match=rf"{name} sets prices .* add \[prior\]"):
        start(name, FIVE)


@pytest.mark.parametrize("mechanism", COMPARISON_MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_an_unknown_parameter_is_refused(mechanism):
    """By name."""
    with pytest.raises(ConfigurationError, match=f"{mechanism.name} has no parameter 'reserve'"):
        mechanism.configure({"reserve": 3})


def test_what_is_said_of_each_mechanism():
    """All run on types; those with a prior are known, and one charges losers."""
    assert [mechanism.name for mechanism in COMPARISON_MECHANISMS if mechanism.uses_prior] == PRIORS
    assert [m.name for m in COMPARISON_MECHANISMS if m.charges_losers] == ["cremer-mclean"]
    assert {mechanism.market for mechanism in COMPARISON_MECHANISMS} == {"types"}


# --- Vickrey and English ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vickrey", "english", "vcg", "empirical-reserve"])
@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ((1, 4, 2, 3), {1: 3}),
        ((4, 4, 0, 0), {0: 4}),
        ((0, 5, 5, 5), {1: 5}),
        ((0, 0, 0, 0), {0: 0}),
        ((5, 5, 5, 5), {0: 5}),
        ((None, 3, None, None), {1: 0}),
        ((None, 3, None, 3), {1: 3}),
    ],
)
def test_the_highest_bid_pays_the_second(name, profile, expected):
    """The lowest index among equals wins, at the others' best; empirical reserves change nothing for one good."""
    assert sold(play(name, FIVE, profile)) == expected


@pytest.mark.parametrize("name", ["vickrey", "english", "vcg"])
@pytest.mark.parametrize(
    ("units", "profile", "expected"),
    [
        (2, (1, 4, 2, 3), {1: 2, 3: 2}),
        (2, (3, 3, 3, 3), {0: 3, 1: 3}),
        (3, (5, 0, 0, 0), {0: 0, 1: 0, 2: 0}),
        (3, (2, 1, 5, 1), {0: 1, 1: 1, 2: 1}),
        (4, (2, 1, 5, 1), {0: 0, 1: 0, 2: 0, 3: 0}),
        (5, (2, None, 5, 1), {0: 0, 2: 0, 3: 0}),
    ],
)
def test_the_highest_bids_pay_the_next(name, units, profile, expected):
    """All winners pay the same."""
    assert (
        sold(play(name, replace(FIVE, environment=Environment.identical_units(units)), profile)) == expected
    )


def waves_of(conversation: Conversation, answers) -> list[tuple[object, list[int]]]:
    """Return the level and the bidders asked, wave by wave."""
    seen: list[tuple[object, list[int]]] = []
    sent = None
    while True:
        try:
            wave = next(conversation) if sent is None else conversation.send(sent)
        except StopIteration:
            return seen
        assert all(isinstance(question, Climb) for question in wave.questions)
        seen.append((wave.state()["level"], [question.bidder for question in wave.questions]))
        sent = tuple(answers[question.bidder](question, 0) for question in wave.questions)


def test_the_english_auction_asks_no_more_than_it_must():
    """Everybody at the lowest price, then the last first; who remains at the end is never asked beyond."""
    market = market_of([1, 2, 4], [1, 2, 3], [1, 2, 3])
    answers = [answer_with_type(index, market=market) for index in (2, 1, 2)]
    assert waves_of(start("english", market), answers) == [
        (1, [2, 1, 0]),
        (2, [2, 1]),
        (2, [0]),
        (3, [2, 1]),
        (3, [0]),
        (4, [2]),
    ]


def test_the_english_clock_shows_prices():
    """Its state says which price the level stands for."""
    conversation = start("english", market_of([10, 70], [30, 70]))
    assert next(conversation).state() == {"phase": "english", "level": 1, "price": 10, "active": [0, 1]}


def test_an_english_auction_of_too_many_questions_is_refused():
    """With the size, the limit and what to use instead."""
    market = market_of(*(range(bidder, 1000 * 300, 300) for bidder in range(300)))
    with pytest.raises(ConfigurationError, match=r"english may come to ask 90000000 .* 200000: use vickrey"):
        start("english", market)


# --- Reserves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "profile", "expected"),
    [
        ("eager", (1, 2, 0, 0), {}),
        ("eager", (4, 2, 0, 0), {0: 3}),
        ("eager", (4, 5, 3, 0), {1: 4}),
        ("lazy", (4, 5, 3, 0), {1: 4}),
        ("lazy", (1, 2, 0, 0), {}),
    ],
)
def test_monopoly_reserves_are_the_least_price(order, profile, expected):
    """With fair values 0..5 the best price is 3: it sells half the time."""
    assert sold(play("vickrey-reserve", FIVE_FAIR, profile, order=order)) == expected


def test_eager_and_lazy_reserves_differ_where_bidders_do():
    """Bidder 0's reserve is 8. Bidding 7 it is dropped before bidder 1 is found, or found and then dropped."""
    prior = Product.of({0: {1: 1}, 1: {0: 1}})
    market = market_of([7, 8], [5], prior=prior)
    assert sold(play("vickrey-reserve", market, (0, 0), order="eager")) == {1: 5}
    assert sold(play("vickrey-reserve", market, (0, 0), order="lazy")) == {}


def test_the_lowest_of_equally_good_reserves_is_taken():
    """Values 1 and 2, fair: both prices bring 1."""
    market = market_of([1, 2], prior=Product.of({0: {0: 1, 1: 1}}))
    assert sold(play("vickrey-reserve", market, (0,))) == {0: 1}


def test_the_empirical_price():
    """Price times bids at it or above; the lowest of equals; 0 against nobody."""
    assert [empirical_price(bids) for bids in ([], [7], [4, 2], [5, 2], [0, 0], [3, 3, 9])] == [
        0,
        7,
        2,
        5,
        0,
        3,
    ]


def test_leave_one_out_reserves_bind_with_several_units():
    """Three units for bids 5, 5, 1, 0: the others' best price is 5 to each, beyond the fourth bid."""
    market = replace(FIVE, environment=Environment.identical_units(3))
    assert sold(play("empirical-reserve", market, (5, 5, 1, 0))) == {0: 5, 1: 5}


def test_a_random_half_sets_the_price_for_the_other():
    """Bidders 1 and 3 are the sample: their best price is 2, above bidder 2's bid."""
    chance = ScriptedChance({"empirical-reserve/split": [3, 1]})
    outcome = play("empirical-reserve", FIVE, (5, 2, 1, 2), chance, variant="random-split")
    assert sold(outcome) == {0: 2}
    assert chance.leftovers == {}


def test_a_single_sample_sets_the_reserve():
    """The sampled bidder buys nothing, although it is the highest."""
    chance = ScriptedChance({"single-sample/reserve-bidder": [1]})
    assert sold(play("single-sample", FIVE, (3, 4, 5, 0), chance)) == {2: 4}
    chance = ScriptedChance({"single-sample/reserve-bidder": [2]})
    assert sold(play("single-sample", FIVE, (3, 4, 5, 0), chance)) == {}
    chance = ScriptedChance({"single-sample/reserve-bidder": [3]})
    assert sold(play("single-sample", FIVE, (3, 4, 5, 0), chance)) == {2: 4}


def test_a_single_sample_needs_two_bidders():
    """One alone sets a reserve for nobody, and nothing is drawn."""
    assert sold(play("single-sample", FIVE, (None, 4, None, None))) == {}


# --- Posted prices ----------------------------------------------------------------------------------------


def test_posted_prices_are_offered_from_the_highest_down():
    """Two bidders, 1 or 4 and 1 or 3: selling at 4 and 3 half the time each uses up the good, on average."""
    fair = {0: 1, 1: 1}
    market = market_of([1, 3], [1, 4], prior=Product.of({0: fair, 1: fair}))
    conversation = start("posted-prices", market)
    wave = next(conversation)
    assert wave.questions == (Climb(bidder=1, target=1, price=4),)
    assert wave.state() == {"phase": "offers", "sold": [], "prices": [3, 4]}
    assert sold(play("posted-prices", market, (1, 1))) == {1: 4}
    assert sold(play("posted-prices", market, (1, 0))) == {0: 3}
    assert sold(play("posted-prices", market, (0, 0))) == {}


def test_posted_prices_offer_as_many_at_once_as_there_are_units():
    """Each of the first two has a unit to itself; the third waits for their answers."""
    fair = {0: 1, 1: 1}
    market = market_of([0, 1], [0, 1], [0, 1], units=2, prior=Product.of({0: fair, 1: fair, 2: fair}))
    wave = next(start("posted-prices", market))
    assert wave.questions == (Climb(bidder=0, target=1, price=1), Climb(bidder=1, target=1, price=1))


def test_at_most_one_posted_price_is_drawn():
    """Bidder 0 at 9 takes 1/4 of the good; lowering bidder 1 to 4 would take all, so it happens 3 times in 4."""
    prior = Product.of({0: {0: 3, 1: 1}, 1: {0: 1}})
    market = market_of([0, 9], [4], prior=prior)
    drawn = ScriptedChance({"posted-prices/price": [True]})
    assert sold(play("posted-prices", market, (0, 0), drawn)) == {1: 4}
    kept = ScriptedChance({"posted-prices/price": [False]})
    assert sold(play("posted-prices", market, (0, 0), kept)) == {}


def test_correlation_voids_the_promise_of_posted_prices_and_is_refused_by_myerson():
    """The first warns by name, the second says what to use."""
    market = market_of([0, 1], [0, 1], prior=Joint.of((0, 1), {(0, 0): 1, (1, 1): 1}))
    posted = find_mechanism("posted-prices")
    (warning,) = posted.check(market, posted.configure({}))
    assert "correlated under the prior" in warning
    assert posted.guarantee(market, posted.configure({})).revenue is None
    with pytest.raises(ConfigurationError, match="independent bidders, and they are correlated"):
        start("myerson", market)


def test_a_joint_prior_of_independent_bidders_is_seen_as_such():
    """Whether bidders are independent does not hang on how a prior is written down."""
    joint = Product.of({0: {0: 1, 1: 2}, 1: {0: 3, 1: 1}}).expanded()
    market = market_of([0, 1], [0, 1], prior=joint)
    posted = find_mechanism("posted-prices")
    assert posted.check(market, posted.configure({})) == ()


def test_answers_that_are_no_values_are_a_defect_of_the_driver():
    """A type index outside the list never gets that far."""
    with pytest.raises(UsageError, match="type 9"):
        drive(start("vickrey", FIVE), [reporting(9)] * 4)
