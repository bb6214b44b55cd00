"""What a local run writes to its agents is what they read, and what people get wrong is told in one line."""

from __future__ import annotations

import contextlib
import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.distributions import Joint, Product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.strategies import Seat, TypeSeat
from openoutcry.strategies.private_input import (
    PrivateKnowledge,
    PrivateType,
    decode_private,
    encode_private,
    make_seat,
)

MARKET = TypeMarket(
    lot="lot",
    currency="USD",
    minor_units=0,
    environment=Environment.single_good(),
    bidders=(
        TypedBidder(name="ada", types=((1,), (4,), (6,))),
        TypedBidder(name="bob", types=((1,), (4,))),
        TypedBidder(name="cleo", types=((0,), (9,))),
    ),
)
ROOMS = TypeMarket(
    lot="rooms",
    currency="USD",
    minor_units=0,
    environment=Environment.unit_demand(("a", "b")),
    bidders=(
        TypedBidder(name="ada", types=((1, 1), (1, 4))),
        TypedBidder(name="bob", types=((0, 2), (2, 2))),
    ),
)


@given(
    some.dictionaries(some.tuples(some.integers(0, 1), some.integers(0, 1)), some.integers(1, 9), min_size=1)
)
def test_joint_beliefs_survive_the_way(weights):
    """Decoding what was encoded gives the same knowledge."""
    private = PrivateKnowledge(value=2, belief=Joint.of((1, 2), weights))
    assert decode_private(encode_private(private, MARKET, 0), MARKET, 0) == private


@pytest.mark.parametrize("index", [0, 1])
def test_products_and_bundles_survive_the_way(index):
    """So do values that are several numbers."""
    private = PrivateKnowledge(value=index, belief=Product.of({1: {0: 2, 1: 1}}))
    written = encode_private(private, ROOMS, 0)
    assert decode_private(written, ROOMS, 0) == private
    assert json.loads(written)["value"] == [1, [1, 4][index]]


def test_signals_survive_the_way(market):
    """The form of the first kind of market is unchanged."""
    written = encode_private(PrivateType(signal=2), market, 0)
    assert written == b'{"signal": 2}'
    assert decode_private(written, market, 0) == PrivateType(signal=2)


def test_a_belief_that_is_left_out_is_ignorance():
    """Whoever is asked for no belief need not write one."""
    decoded = decode_private('{"value": 4}', MARKET, 0)
    assert decoded == PrivateKnowledge(value=1, belief=uniform({1: 2, 2: 2}))


def test_values_by_name_are_read_too():
    """People write bundles by their names."""
    text = '{"value": {"a": 1, "b": 4}, "belief": {"product": {"bob": [[{"a": 2, "b": 2}, 1]]}}}'
    assert decode_private(text, ROOMS, 0) == PrivateKnowledge(value=1, belief=Product.of({1: {1: 1}}))


def test_seats_follow_from_it(market):
    """Each kind makes the seat of its market."""
    assert isinstance(make_seat(PrivateType(signal=2), market, 0, Random(0)), Seat)
    seat = make_seat(decode_private('{"value": 4}', MARKET, 0), MARKET, 0, Random(0))
    assert isinstance(seat, TypeSeat)
    assert (seat.value, seat.knowledge.names) == (1, ("bob", "cleo"))


REFUSED = [
    ("4", "is no private knowledge: give"),
    ("{", "is not JSON"),
    ('{"value": 4, "colour": 1}', "is no private knowledge"),
    ('{"signal": 2}', "has a signal, and this session is about values"),
    ('{"value": 5}', "5 is no value that ada may have: use one of 1, 4, 6"),
    ('{"value": 4.0}', "4.0 is no value: values are integers"),
    ('{"value": true}', "True is no value"),
    ('{"value": 4, "belief": 1}', 'a belief is {"product": {...}} or'),
    ('{"value": 4, "belief": {"product": {"bob": [[1, 1]]}}}', "the belief says nothing about cleo"),
    (
        '{"value": 4, "belief": {"product": {"ada": [[1, 1]], "bob": [[1, 1]], "cleo": [[0, 1]]}}}',
        "is about the bidder itself",
    ),
    ('{"value": 4, "belief": {"product": {"bbo": [[1, 1]]}}}', "did you mean 'bob'?"),
    ('{"value": 4, "belief": {"product": {"bob": [[1, 1], [1, 2]]}}}', "1 is listed twice"),
    ('{"value": 4, "belief": {"product": {"bob": [1]}}}', "1 is no pair [value, weight]"),
    ('{"value": 4, "belief": {"product": {"bob": [[1, 0.5]]}}}', "weight 0.5 must be an integer"),
    ('{"value": 4, "belief": {"joint": {"players": ["bob"]}}}', "players, points and weights"),
    (
        '{"value": 4, "belief": {"joint": {"players": ["bob", "cleo"], "points": [[1, 0]], "weights": []}}}',
        "one weight for each point, not 0 for 1",
    ),
    (
        '{"value": 4, "belief": {"joint": {"players": ["bob", "cleo"], "points": [[1]], "weights": [1]}}}',
        "must have 2 values",
    ),
    (
        '{"value": 4, "belief": {"joint": {"players": ["bob", "cleo"], "points": [[1, 0], [1, 0]], "weights": '
        "[1, 1]}}}",
        "listed twice",
    ),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(text, reason):
    """The line says what is wrong and what would be right."""
    with pytest.raises(ConfigurationError) as refused:
        decode_private(text, MARKET, 0)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_value_is_no_signal(market):
    """Each kind of market refuses the other's input."""
    with pytest.raises(ConfigurationError, match="has no signal, which this session needs"):
        decode_private('{"value": 4}', market, 0)
    with pytest.raises(ConfigurationError, match=r"signals are 0\.\.3"):
        decode_private('{"signal": 4}', market, 0)


_JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-2, 10) | some.sampled_from(["bob", "cleo"]),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.sampled_from(["product", "joint", "players", "points", "weights", "bob", "cleo"]), inner
        )
    ),
)


@given(_JSON, _JSON)
def test_no_input_fails_otherwise(value, belief):
    """Whatever JSON is given, it is read or refused with advice."""
    with contextlib.suppress(ConfigurationError):
        decode_private(json.dumps({"value": value, "belief": belief}), MARKET, 0)
