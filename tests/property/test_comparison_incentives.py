"""Truth in the comparison mechanisms by exhaustion, and planted rules that the same checker must catch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import ask_bids, reported_values, sell_units
from openoutcry.mechanisms.comparison.empirical_reserve import empirical_price
from openoutcry.mechanisms.comparison.vickrey import highest_bids, sell_among_eligible
from openoutcry.mechanisms.conversation import Climb, Conversation
from openoutcry.mechanisms.crowd.distributions import Joint, Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import settle
from openoutcry.mechanisms.registry import find_mechanism
from tests.reference.crowd_play import Rule, good_market, profiles, type_market
from tests.reference.direct_truthfulness import Violation, find_violation
from tests.reference.incentives import find_obviousness_violation
from tests.reference.instances import Instance
from tests.reference.tapes import Tape

CHOICES: list[tuple[str, dict[str, str]]] = [
    ("vickrey", {}),
    ("vickrey-reserve", {"order": "eager"}),
    ("vickrey-reserve", {"order": "lazy"}),
    ("english", {}),
    ("vcg", {}),
    ("single-sample", {}),
    ("empirical-reserve", {"variant": "leave-one-out"}),
    ("empirical-reserve", {"variant": "random-split"}),
    ("posted-prices", {}),
]


def rule_of(market: TypeMarket, name: str, raw: Mapping[str, object]) -> Rule:
    """A registered mechanism on a market, with its parameters as a scenario would give them."""
    mechanism = find_mechanism(name)
    parameters = mechanism.configure(raw)
    mechanism.check(market, parameters)
    return lambda chance: mechanism.converse(market, parameters, chance)


@st.composite
def seats(draw: st.DrawFn, max_bidders: int = 3) -> TypeMarket:
    """Generate markets of one good or several units, with a prior, independent or not."""
    values = draw(
        st.lists(
            st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True).map(sorted),
            min_size=1,
            max_size=max_bidders,
        )
    )
    units = draw(st.integers(1, 3))
    environment = Environment.single_good() if units == 1 else Environment.identical_units(units)
    market = type_market(environment, [[(value,) for value in mine] for mine in values])
    return replace(market, prior=draw(priors(market)))


def priors(market: TypeMarket) -> st.SearchStrategy[Joint | Product]:
    """Generate priors of either form."""
    points = list(profiles(market))
    joint = st.lists(st.integers(0, 4), min_size=len(points), max_size=len(points)).filter(any)
    factors = [
        st.lists(st.integers(0, 4), min_size=count, max_size=count).filter(any)
        for count in market.type_counts
    ]
    return st.one_of(
        joint.map(
            lambda weights: Joint.of(range(len(market.bidders)), dict(zip(points, weights, strict=True)))
        ),
        st.tuples(*factors).map(
            lambda drawn: Product.of(
                {player: dict(enumerate(weights)) for player, weights in enumerate(drawn)}
            )
        ),
    )


# --- What must hold --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "raw"), CHOICES, ids=str)
@settings(deadline=None, max_examples=12)
@given(market=seats(), data=st.data())
def test_truth_is_dominant_and_safe(name, raw, market, data):
    """For every profile, coin and answer, also when others are silent: no gain by lies, no loss by truth."""
    silent = data.draw(st.sampled_from([(), *combinations(range(len(market.bidders)), 1)]))
    assert find_violation(market, rule_of(market, name, raw), silent=silent) is None


@settings(deadline=None, max_examples=30)
@given(market=seats(), data=st.data())
def test_truth_is_dominant_in_myersons_auction(market, data):
    """For independent priors, whether or not they hold the types possible."""
    factors = {
        player: {index: data.draw(st.integers(index == 0, 4)) for index in range(count)}
        for player, count in enumerate(market.type_counts)
    }
    market = replace(market, prior=Product.of(factors))
    assert find_violation(market, rule_of(market, "myerson", {})) is None


BUNDLES = Environment(kind="bundles", goods=("a", "b"), units=(1, 1), bundles=((0,), (0, 1), (1,)))
TWO_OF_ONE = Environment(kind="bundles", goods=("a", "b"), units=(2, 1), bundles=((0,), (0, 1)))
MATCHING = Environment.unit_demand(["a", "b"])
PUBLIC = Environment(
    kind="identical-units", goods=("road",), units=(2,), bundles=((0,),), assignments=((None, None), (0, 0))
)


@settings(deadline=None, max_examples=60)
@given(environment=st.sampled_from([BUNDLES, TWO_OF_ONE, MATCHING, PUBLIC]), data=st.data())
def test_truth_is_dominant_in_vcg_over_bundles(environment, data):
    """In environments of every kind, one of them not downward closed."""
    count = 2 if environment.assignments else data.draw(st.integers(1, 3))
    valuation = st.tuples(*[st.integers(0, 3)] * len(environment.bundles))
    kinds = st.lists(valuation, min_size=1, max_size=2, unique=True).map(sorted)
    market = type_market(environment, [data.draw(kinds) for _ in range(count)])
    assert find_violation(market, rule_of(market, "vcg", {})) is None


@settings(deadline=None, max_examples=40)
@given(counts=st.lists(st.integers(2, 3), min_size=2, max_size=2), data=st.data())
def test_side_bets_never_depend_on_the_own_report(counts, data):
    """Cremer and McLean's auction is as truthful as Vickrey's; it is not safe, and does not say so."""
    market = good_market(
        *(sorted(data.draw(st.sets(st.integers(0, 6), min_size=c, max_size=c))) for c in counts)
    )
    market = replace(market, prior=data.draw(priors(market)))
    mechanism = find_mechanism("cremer-mclean")

    def rule(chance: Chance) -> Conversation:
        return mechanism.converse(market, mechanism.configure({}), chance)

    assert find_violation(market, rule, is_safe=False) is None


def test_side_bets_are_not_safe():
    """The checker sees that losers pay where beliefs are correlated: hence the flag that warns of it."""
    prior = Joint.of((0, 1), {(0, 0): 2, (0, 1): 1, (1, 0): 1, (1, 1): 2})
    market = replace(good_market([1, 4], [1, 4]), prior=prior)
    violation = find_violation(market, rule_of(market, "cremer-mclean", {}))
    assert violation is not None
    assert (violation.promise, find_mechanism("cremer-mclean").charges_losers) == ("accounts", True)


@settings(deadline=None, max_examples=25)
@given(size=st.integers(2, 3), data=st.data())
def test_holding_on_is_obvious(size, data):
    """At no point of the English clock can leaving or staying do better at best than the truth at worst."""
    values = sorted(data.draw(st.sets(st.integers(0, 9), min_size=1, max_size=3)))
    market = good_market(*[values] * size)
    found = find_obviousness_violation(
        _instance(values, size), rule_of(market, "english", {}), [Tape(permutation=tuple(range(size)))]
    )
    assert found is None


def _instance(values: list[int], size: int) -> Instance:
    """Private values as signals: signal l is the level up to which a bidder stays, 0 is worth nothing to it."""
    worths = [0, *values]
    levels = len(worths)
    tables = tuple(
        {state: worths[state[bidder]] for state in profiles(good_market(*[range(levels)] * size))}
        for bidder in range(size)
    )
    return Instance(levels=levels, group_of=tuple(range(size)), tables=tables)


# --- What must be caught ---------------------------------------------------------------------------------

SMALL = good_market([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2])


def caught(rule: Rule, market: TypeMarket = SMALL) -> Violation:
    """Return the violation that the checker of the tests above finds in a planted rule."""
    violation = find_violation(market, rule)
    assert violation is not None
    return violation


def planted(prices: str, market: TypeMarket = SMALL) -> Rule:
    """Sell to the highest bid by a bad rule."""

    def converse(chance: Chance) -> Conversation:
        values = reported_values(market, (yield from ask_bids(market, "public")))
        (winner, *_), second = highest_bids(values, 1) if values else ((0,), 0)
        price = {"first": values.get(winner, 0), "nothing": 0, "too much": second + 1}.get(prices, second)
        outcome = settle(market, sell_units({winner: price} if values else {}, "planted"))
        if prices == "entry fee":
            payments = [Fraction(1)] * 3
            payments[winner] = Fraction(price)
            return replace(outcome, payments=tuple(payments))
        if prices == "to all":
            return settle(market, sell_units(dict.fromkeys(values, 0), "planted"))
        return outcome

    return converse


@pytest.mark.parametrize(
    ("prices", "promise"),
    [
        ("first", "truthfulness"),
        ("nothing", "truthfulness"),
        ("too much", "rationality"),
        ("entry fee", "losers pay nothing"),
        ("to all", "feasibility"),
    ],
)
def test_bad_prices_are_caught(prices, promise):
    """First price, price zero, a price above the value, an entry fee, and one good for everybody."""
    assert caught(planted(prices)).promise == promise


def test_second_price_is_not_caught():
    """The planted rules differ from a good one in their prices only."""
    assert find_violation(SMALL, planted("second")) is None


def test_eager_empirical_reserves_are_caught():
    """Bids 1, 2, 2: by overbidding, bidder 1 raises the others' reserves, drops them, and buys."""

    def converse(chance: Chance) -> Conversation:
        values = reported_values(SMALL, (yield from ask_bids(SMALL, "public")))
        reserves = {
            bidder: empirical_price([bid for other, bid in values.items() if other != bidder])
            for bidder in values
        }
        return settle(SMALL, sell_among_eligible(values, 1, reserves))

    assert caught(converse).promise == "truthfulness"


def test_charging_the_level_just_accepted_is_caught():
    """An ascending clock that charges its last level: the bidder that ties favour gains by leaving one earlier."""
    market = good_market([1, 2, 3], [1, 2, 3])

    def converse(chance: Chance) -> Conversation:
        active = [0, 1]
        for level in (1, 2, 3):
            answers = yield from _ask_all(active, level)
            staying = [bidder for bidder, exited in zip(active, answers, strict=True) if not exited]
            if len(staying) < 2:
                return settle(
                    market, sell_units({(staying or active)[0]: level if staying else level - 1}, "planted")
                )
        return settle(market, sell_units({0: 3}, "planted"))

    assert caught(converse, market).promise == "truthfulness"


def _ask_all(active, level):
    from openoutcry.mechanisms.asking import ask_climbs

    questions = tuple(Climb(bidder=bidder, target=level) for bidder in active)
    answers = yield from ask_climbs(questions, reason="all at once", state=dict)
    return [answer.exited for answer in answers]


def test_draws_that_hang_on_the_answers_are_judged_on_average():
    """A lottery whose odds follow the own bid: no coin can be compared, but on average lying pays."""
    market = good_market([1, 2])

    def converse(chance: Chance) -> Conversation:
        values = reported_values(market, (yield from ask_bids(market, "public")))
        wins = bool(values) and chance.bernoulli("odds", Fraction(values[0], 3))
        return settle(market, sell_units({0: 0} if wins else {}, "planted"))

    violation = caught(converse, market)
    assert (violation.promise, violation.gain) == ("truthfulness", Fraction(1, 3))
