"""Specifications of markets of types: one encoding for each, strict decoding, and what belongs into them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice, permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Joint, Product
from openoutcry.mechanisms.crowd.encoding import ASSIGNMENTS_LIMIT, UNITS_LIMIT, WEIGHT_LIMIT
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TYPES_LIMIT, TypedBidder, TypeMarket
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.specification import (
    Specification,
    decode_specification,
    encode_specification,
)

BUNDLES = Environment(kind="bundles", goods=("a", "b"), units=(2, 1), bundles=((0,), (0, 1), (1,)))
ENVIRONMENTS = [
    Environment.single_good("a lorry"),
    Environment.identical_units(3),
    Environment.unit_demand(("a", "b", "ç")),
    BUNDLES,
    replace(BUNDLES, assignments=((None, None), (0, None), (None, 1), (0, 1))),
    replace(Environment.identical_units(2), assignments=((None, None), (0, 0))),
]
JOINT = Joint.of((0, 1), {(0, 1): 2, (1, 1): 1, (1, 0): 4})
PRODUCT = Product.of({0: {0: 2, 1: 1}, 1: {1: 1}})


def make_market(environment: Environment, prior: Joint | Product | None = None) -> TypeMarket:
    """Return a market of ada and bob, who have two types each."""
    count = len(environment.bundles)
    return TypeMarket(
        lot="a lot",
        currency="EUR",
        minor_units=2,
        environment=environment,
        bidders=(
            TypedBidder(name="ada", types=((1,) * count, (4,) * count)),
            TypedBidder(name="bób", types=((0,) * count, (2**63 - 1,) * count)),
        ),
        prior=prior,
    )


def specify(
    environment: Environment, prior: Joint | Product | None = None, mechanism: str = "vcg"
) -> Specification:
    """Return a specification of such a market."""
    return Specification(title="T", market=make_market(environment, prior), mechanism=mechanism)


SINGLE = Environment.single_good()
ENCODED = {
    "joint": encode_specification(specify(SINGLE, JOINT, "vickrey-reserve")),
    "product": encode_specification(specify(SINGLE, PRODUCT, "vickrey-reserve")),
    "listed": encode_specification(specify(ENVIRONMENTS[4])),
}


def changed(form: str, edit: Callable[[dict[str, Any]], object]) -> bytes:
    """Return an encoded specification after an edit of its JSON."""
    content = json.loads(ENCODED[form])
    edit(content)
    return json.dumps(content).encode()


def test_the_bytes_are_compact_sorted_utf8() -> None:
    """The exact form is part of the format: a change of it is a new format."""
    assert ENCODED["joint"].decode() == (
        '{"absent":"exit","bidders":[{"name":"ada","types":[1,4]},{"name":"bób","types":[0,9223372036854775807]}],'
        '"disclosure":"settlement","format":"openoutcry-specification/1","market":{"currency":"EUR","environment":'
        '{"bundles":[[0]],"goods":["lot"],"kind":"single-good","units":[1]},"lot":"a lot","minor_units":2,"prior":'
        '{"joint":{"rows":[[0,1],[1,0],[1,1]],"weights":[2,4,1]}}},"mechanism":{"name":"vickrey-reserve"},'
        '"timing":{"answer_ms":5000,"enrol_ms":30000},"title":"T"}'
    )
    assert json.loads(ENCODED["product"])["market"]["prior"] == {"product": [[[0, 2], [1, 1]], [[1, 1]]]}
    assert json.loads(ENCODED["listed"])["market"]["environment"] == {
        "kind": "bundles",
        "goods": ["a", "b"],
        "units": [2, 1],
        "bundles": [[0], [0, 1], [1]],
        "assignments": [[None, None], [0, None], [None, 1], [0, 1]],
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda e: e.kind)
def test_every_environment_comes_back(environment: Environment) -> None:
    """Encoding and decoding are inverse in both directions."""
    specification = replace(specify(environment), disclosure="sealed", keys=(bytes(32), None))
    data = encode_specification(specification)
    assert decode_specification(data) == specification
    assert encode_specification(decode_specification(data)) == data


@given(data=generators.data())
def test_every_market_comes_back(data: generators.DataObject) -> None:
    """Whatever the number of bidders, their types and the prior."""
    counts = data.draw(generators.lists(generators.integers(1, 4), min_size=1, max_size=4))
    values = generators.integers(0, 2**63 - 1)
    bidders = tuple(
        TypedBidder(
            name=f"b{player}",
            types=tuple(
                (v,) for v in sorted(data.draw(generators.sets(values, min_size=count, max_size=count)))
            ),
        )
        for player, count in enumerate(counts)
    )
    weights = generators.integers(1, 2**40)
    prior: Joint | Product
    if data.draw(generators.booleans()):
        profile = generators.tuples(*(generators.integers(0, count - 1) for count in counts))
        points = data.draw(generators.dictionaries(profile, weights, min_size=1, max_size=6))
        prior = Joint.of(range(len(counts)), points)
    else:
        prior = Product.of(
            {
                player: data.draw(
                    generators.dictionaries(generators.integers(0, count - 1), weights, min_size=1)
                )
                for player, count in enumerate(counts)
            }
        )
    market = TypeMarket(
        lot="L",
        currency="EUR",
        minor_units=0,
        environment=SINGLE,
        bidders=bidders,
        prior=prior,
    )
    specification = Specification(title="T", market=market, mechanism="posted-prices")
    assert decode_specification(encode_specification(specification)) == specification


def test_another_spacing_and_order_of_keys_reads_the_same() -> None:
    """What counts for the digest is the bytes; what they mean does not depend on their spacing."""
    spaced = json.dumps(json.loads(ENCODED["joint"]), indent=3, sort_keys=False).encode()
    assert decode_specification(spaced) == decode_specification(ENCODED["joint"])


@given(
    form=generators.sampled_from(sorted(ENCODED)),
    place=generators.integers(0, 10_000),
    byte=generators.integers(0, 255),
)
def test_a_changed_byte_gives_another_specification_or_a_refusal(form: str, place: int, byte: int) -> None:
    """No byte is without meaning, and no change leads to any other error."""
    original = ENCODED[form]
    position = place % len(original)
    data = original[:position] + bytes([byte]) + original[position + 1 :]
    try:
        decoded = decode_specification(data)
    except ConfigurationError:
        return
    assert (decoded == decode_specification(original)) == (data == original)


SIGNALS = Market(
    lot="a lot",
    currency="EUR",
    minor_units=0,
    signal_levels=2,
    groups=("all",),
    bidders=(Bidder(name="ada", group=0, valuation=Linear(constant=0, weights=(1,))),),
)


@pytest.mark.parametrize(
    ("market", "mechanism", "parameters", "reason"),
    [
        (
            make_market(SINGLE),
            "signal-discovery",
            {},
            "signal-discovery runs on signals: signal_levels, and for each bidder a value; this market has types",
        ),
        (
            SIGNALS,
            "vickrey",
            {},
            "vickrey runs on types: an environment, and for each bidder a list of types; this market has signals",
        ),
        (
            make_market(SINGLE),
            "myerson",
            {},
            "myerson needs the seller's prior: give the market one",
        ),
        (
            make_market(SINGLE, PRODUCT),
            "vickrey",
            {},
            "vickrey uses no prior: leave the seller's out of what is published",
        ),
        (
            make_market(SINGLE).restricted((0,)),
            "vickrey",
            {},
            "a specification names all bidders; this market was restricted to some",
        ),
        (
            make_market(Environment.single_good("two\nlines")),
            "vickrey",
            {},
            "the name of a good 'two\\nlines' holds control characters, or space at an end",
        ),
        (
            make_market(Environment.identical_units(UNITS_LIMIT + 1)),
            "vickrey",
            {},
            "1000001 units of 'unit'; there are at most 1000000",
        ),
        (
            make_market(SINGLE, Product.of({0: {0: 1}, 1: {0: WEIGHT_LIMIT + 1, 1: 1}})),
            "vickrey-reserve",
            {},
            f"a weight of the seller's prior is above {WEIGHT_LIMIT}: take smaller ones",
        ),
    ],
)
def test_what_cannot_be_published_is_refused(
    market: Market | TypeMarket, mechanism: str, parameters: dict[str, object], reason: str
) -> None:
    """Also when a specification is made in Python."""
    with pytest.raises(ConfigurationError) as refusal:
        Specification(title="T", market=market, mechanism=mechanism, parameters=parameters)
    assert str(refusal.value) == reason


def test_more_assignments_than_anybody_lists_are_refused() -> None:
    """Mechanisms look at all of them."""
    count = 32
    environment = Environment(
        kind="bundles",
        goods=tuple(f"g{good}" for good in range(count)),
        units=(1,) * count,
        bundles=tuple((good,) for good in range(count)),
        assignments=tuple(islice(permutations(range(count), 3), ASSIGNMENTS_LIMIT + 1)),
    )
    two = make_market(replace(environment, assignments=None))
    market = replace(
        two, environment=environment, bidders=(*two.bidders, replace(two.bidders[0], name="cyd"))
    )
    with pytest.raises(ConfigurationError, match="10001 feasible assignments; at most 10000 are listed"):
        Specification(title="T", market=market, mechanism="vcg")


def test_a_mechanism_is_asked_whether_it_can_run() -> None:
    """What it refuses is refused here, and what it warns of can be read."""
    with pytest.raises(ConfigurationError, match="crowdsourced-lookahead sells one good to one bidder"):
        specify(Environment.identical_units(2), mechanism="crowdsourced-lookahead")
    assert specify(SINGLE, mechanism="crowdsourced-lookahead-plus").warnings() == ()
    plain = replace(
        specify(SINGLE, mechanism="crowdsourced-lookahead-plus"), parameters={"delta": "0", "reward": 3}
    )
    assert [warning.partition(":")[0] for warning in plain.warnings()] == ["delta is 0"]


REFUSALS: list[tuple[str, Callable[[dict[str, Any]], object], str]] = [
    (
        "listed",
        lambda c: c["market"].update(groups=["g"]),
        "market has an unknown key 'groups'",
    ),
    (
        "listed",
        lambda c: c["market"].pop("lot"),
        "market needs the key 'lot'",
    ),
    (
        "listed",
        lambda c: c["market"].update(environment=[]),
        "market.environment must be an object, not []",
    ),
    (
        "listed",
        lambda c: c["market"]["environment"].update(kind="bundle"),
        "market.environment.kind must be single-good or identical-units or unit-demand or bundles, not 'bundle'; did "
        "you mean 'bundles'?",
    ),
    (
        "listed",
        lambda c: c["market"]["environment"].update(goods=["a", 2]),
        "the name of a good must be text of 1..64 characters, not 2",
    ),
    (
        "listed",
        lambda c: c["market"]["environment"].update(goods=["g"] * 65),
        "market.environment.goods has 65 items; at most 64 are allowed",
    ),
    (
        "listed",
        lambda c: c["market"]["environment"].update(goods=["a", "a"]),
        "there must be 1..64 goods of different names",
    ),
    (
        "listed",
        lambda c: c["market"]["environment"].update(units=[True, 1]),
        "market.environment.units must be an integer in 1..1000000, not True",
    ),
    (
        "listed",
        lambda c: c["market"]["environment"]["bundles"].append([2]),
        "market.environment.bundles[3] must be an integer in 0..1, not 2",
    ),
    (
        "listed",
        lambda c: c["market"]["environment"]["assignments"].append([0]),
        "market.environment.assignments[4] has 1 items for 2 bidders",
    ),
    (
        "listed",
        lambda c: c["market"]["environment"]["assignments"].append([0, 3]),
        "market.environment.assignments[4] must be an integer in 0..2, not 3",
    ),
    (
        "listed",
        lambda c: c["market"]["environment"].update(assignments=[[None, None]] * (ASSIGNMENTS_LIMIT + 1)),
        "market.environment.assignments has 10001 items; at most 10000 are allowed",
    ),
    (
        "listed",
        lambda c: c["bidders"][0].update(value=4),
        "bidders[0] has an unknown key 'value'",
    ),
    (
        "listed",
        lambda c: c["bidders"][0].update(belief={}),
        "bidders[0] has an unknown key 'belief'",
    ),
    (
        "listed",
        lambda c: c["bidders"][0].update(types=[1, 4]),
        "bidders[0].types[0] must be a list, not 1",
    ),
    (
        "listed",
        lambda c: c["bidders"][0]["types"][0].append(3),
        "a type of 'ada' must give 3 values, not 4",
    ),
    (
        "joint",
        lambda c: c["bidders"][0].update(types=[1, [4]]),
        "bidders[0].types[1] must be an integer in 0..9223372036854775807, not [4]",
    ),
    (
        "joint",
        lambda c: c["bidders"][0].update(types=[4, 1]),
        "the types of 'ada' must be listed rising, each once",
    ),
    (
        "joint",
        lambda c: c["bidders"][0].update(types=list(range(TYPES_LIMIT + 1))),
        "bidders[0].types has 1025 items; at most 1024 are allowed",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"].update(product=[]),
        "market.prior must be either joint or product",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"].clear(),
        "market.prior must be either joint or product",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"]["joint"].update(rows=[[0, 1]]),
        "market.prior.joint has 1 rows and 3 weights: it needs one for each, and one row",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"]["joint"].update(rows=[[0]] * 3),
        "market.prior.joint.rows[0] has 1 items for 2 bidders",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"]["joint"].update(weights=[2, 4, 0]),
        "market.prior.joint.weights[2] must be an integer in 1..9223372036854775807, not 0",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"]["joint"].update(weights=[4, 8, 2]),
        "market.prior.joint must list its rows rising and once each, with weights in lowest terms",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"]["joint"]["rows"].reverse(),
        "market.prior.joint must list its rows rising and once each, with weights in lowest terms",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"]["joint"].update(rows=[[0, 1], [1, 0], [1, 0]]),
        "market.prior.joint must list its rows rising and once each, with weights in lowest terms",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"]["joint"].update(rows=[[0, 1], [1, 0], [2, 0]]),
        "the seller's prior: type 2 of bidder 0 is not in its list of types",
    ),
    (
        "joint",
        lambda c: c["market"]["prior"]["joint"].update(rows=[[0, 0]] * (POINT_LIMIT + 1)),
        "market.prior.joint.rows has 100001 items; at most 100000 are allowed",
    ),
    (
        "product",
        lambda c: c["market"]["prior"]["product"].pop(),
        "market.prior.product has 1 items for 2 bidders",
    ),
    (
        "product",
        lambda c: c["market"]["prior"]["product"][1].clear(),
        "market.prior.product[1] must give weight to a type",
    ),
    (
        "product",
        lambda c: c["market"]["prior"]["product"][0].append([1]),
        "market.prior.product[0][2] must be a type and its weight, not [1]",
    ),
    (
        "product",
        lambda c: c["market"]["prior"]["product"][0].append([1, 1]),
        "market.prior.product must list types rising and once each, with weights in lowest terms",
    ),
    (
        "product",
        lambda c: c["mechanism"].update(name="vickrey"),
        "vickrey uses no prior: leave the seller's out of what is published",
    ),
    (
        "product",
        lambda c: c["market"].pop("prior"),
        "vickrey-reserve needs the seller's prior: give the market one",
    ),
]


@pytest.mark.parametrize(("form", "edit", "reason"), REFUSALS)
def test_a_wrong_content_is_refused(form: str, edit: Callable[[dict[str, Any]], object], reason: str) -> None:
    """The message says what was wrong and where."""
    with pytest.raises(ConfigurationError) as refusal:
        decode_specification(changed(form, edit))
    assert str(refusal.value) == reason
