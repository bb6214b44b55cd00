"""Markets of bidders with types as the JSON values of a specification, and back.

One market has one encoding: types that are one number each are written as plain integers, a prior lists its rows
rising and its weights in lowest terms. `check_encodable` refuses the markets that cannot be written, and reading
refuses what writing would not have written. Called by `openoutcry.mechanisms.specification`.
"""

from __future__ import annotations

from itertools import chain
from typing import cast

from openoutcry.errors import ConfigurationError, MarketError
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution, Joint, Product
from openoutcry.mechanisms.crowd.environment import (
    BUNDLES_LIMIT,
    ENVIRONMENT_KINDS,
    GOODS_LIMIT,
    Assignment,
    Environment,
)
from openoutcry.mechanisms.crowd.market import TYPES_LIMIT, VALUE_LIMIT, TypedBidder, TypeMarket
from openoutcry.mechanisms.market import NAME_LIMIT, check_label
from openoutcry.mechanisms.parameters import show, suggest
from openoutcry.mechanisms.strict_json import read_integer, read_list, read_object

ASSIGNMENTS_LIMIT = 10_000
"""Feasible assignments that are listed one by one: every mechanism looks at all of them."""

UNITS_LIMIT = 1_000_000
"""Units of one good: more than bidders can ever want."""

WEIGHT_LIMIT = 2**63 - 1
"""Weights are integers that every language can hold."""

_MARKET_KEYS = ("lot", "currency", "minor_units", "environment")
_ENVIRONMENT_KEYS = ("kind", "goods", "units", "bundles")
_BIDDER_KEYS = ("name", "types")


def check_encodable(market: TypeMarket) -> None:
    """Refuse a market that no specification can hold.

    Raises:
        MarketError: Naming what is wrong.
    """
    environment = market.environment
    for good in environment.goods:
        check_label(good, "the name of a good", NAME_LIMIT)
    for good, units in zip(environment.goods, environment.units, strict=True):
        if units > UNITS_LIMIT:
            raise MarketError(f"{units} units of {good!r}; there are at most {UNITS_LIMIT}")
    count = len(environment.assignments or ())
    if count > ASSIGNMENTS_LIMIT:
        raise MarketError(f"{count} feasible assignments; at most {ASSIGNMENTS_LIMIT} are listed one by one")
    if market.prior is not None:
        _check_prior(market.prior)


def encode_type_market(market: TypeMarket) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Return the values of `market`, and one entry of `bidders` for each bidder."""
    environment = market.environment
    goods: dict[str, object] = {
        "kind": environment.kind,
        "goods": list(environment.goods),
        "units": list(environment.units),
        "bundles": [list(bundle) for bundle in environment.bundles],
    }
    if environment.assignments is not None:
        goods["assignments"] = [list(assignment) for assignment in environment.assignments]
    content: dict[str, object] = {
        "lot": market.lot,
        "currency": market.currency,
        "minor_units": market.minor_units,
        "environment": goods,
    }
    if market.prior is not None:
        content["prior"] = encode_distribution(market.prior)
    return content, [
        {"name": bidder.name, "types": _encode_types(environment, bidder)} for bidder in market.bidders
    ]


def decode_type_market(raw: object, raw_bidders: list[object]) -> TypeMarket:
    """Read a market from what `encode_type_market` gave; a bidder's `key` is passed over.

    Raises:
        ConfigurationError: What is wrong, and where. The values need not be trusted.
    """
    content = read_object(raw, "market", _MARKET_KEYS, optional=("prior",))
    environment = _decode_environment(content["environment"], len(raw_bidders))
    bidders = tuple(_decode_bidder(entry, index, environment) for index, entry in enumerate(raw_bidders))
    prior = decode_distribution(content["prior"], len(bidders)) if "prior" in content else None
    return TypeMarket(
        lot=cast(str, content["lot"]),
        currency=cast(str, content["currency"]),
        minor_units=cast(int, content["minor_units"]),
        environment=environment,
        bidders=bidders,
        prior=prior,
    )


def encode_distribution(distribution: Distribution) -> dict[str, object]:
    """Return a distribution over type indices: rows and their weights, or one list of pairs for each player."""
    if isinstance(distribution, Product):
        return {"product": [[list(pair) for pair in factor] for factor in distribution.factors]}
    rows = [list(point) for point in distribution.points]
    return {"joint": {"rows": rows, "weights": list(distribution.weights)}}


def decode_distribution(raw: object, bidder_count: int) -> Distribution:
    """Read a distribution over the types of bidders 0..n-1; whether they have these types the market checks.

    Raises:
        ConfigurationError: What is wrong, and where.
    """
    where = "market.prior"
    content = read_object(raw, where, (), optional=("joint", "product"))
    if len(content) != 1:
        raise ConfigurationError(f"{where} must be either joint or product")
    if "joint" in content:
        return _decode_joint(content["joint"], f"{where}.joint", bidder_count)
    return _decode_product(content["product"], f"{where}.product", bidder_count)


def _check_prior(prior: Distribution) -> None:
    weights = (
        prior.weights
        if isinstance(prior, Joint)
        else (weight for _, weight in chain.from_iterable(prior.factors))
    )
    if any(weight > WEIGHT_LIMIT for weight in weights):
        raise MarketError(f"a weight of the seller's prior is above {WEIGHT_LIMIT}: take smaller ones")


def _encode_types(environment: Environment, bidder: TypedBidder) -> list[object]:
    if environment.is_single_parameter:
        return [value for (value,) in bidder.types]
    return [list(values) for values in bidder.types]


def _decode_bidder(raw: object, index: int, environment: Environment) -> TypedBidder:
    where = f"bidders[{index}]"
    entry = read_object(raw, where, _BIDDER_KEYS, optional=("key",))
    types = []
    for place, raw_type in enumerate(read_list(entry["types"], f"{where}.types", TYPES_LIMIT)):
        here = f"{where}.types[{place}]"
        values = [raw_type] if environment.is_single_parameter else read_list(raw_type, here)
        types.append(tuple(read_integer(value, here, 0, VALUE_LIMIT) for value in values))
    return TypedBidder(name=cast(str, entry["name"]), types=tuple(types))


def _decode_environment(raw: object, bidder_count: int) -> Environment:
    where = "market.environment"
    content = read_object(raw, where, _ENVIRONMENT_KEYS, optional=("assignments",))
    kind = content["kind"]
    if not isinstance(kind, str) or kind not in ENVIRONMENT_KINDS:
        known = " or ".join(ENVIRONMENT_KINDS)
        raise ConfigurationError(
            f"{where}.kind must be {known}, not {show(kind)}{suggest(kind, ENVIRONMENT_KINDS)}"
        )
    goods = read_list(content["goods"], f"{where}.goods", GOODS_LIMIT)
    names = tuple(check_label(good, "the name of a good", NAME_LIMIT) for good in goods)
    units = read_list(content["units"], f"{where}.units", GOODS_LIMIT)
    bundles = read_list(content["bundles"], f"{where}.bundles", BUNDLES_LIMIT)
    return Environment(
        kind=kind,
        goods=names,
        units=tuple(read_integer(count, f"{where}.units", 1, UNITS_LIMIT) for count in units),
        bundles=tuple(
            _read_integers(bundle, f"{where}.bundles[{place}]", len(names) - 1)
            for place, bundle in enumerate(bundles)
        ),
        assignments=_decode_assignments(content["assignments"], len(bundles), bidder_count)
        if "assignments" in content
        else None,
    )


def _decode_assignments(raw: object, bundle_count: int, bidder_count: int) -> tuple[Assignment, ...]:
    where = "market.environment.assignments"
    assignments: list[Assignment] = []
    for place, raw_assignment in enumerate(read_list(raw, where, ASSIGNMENTS_LIMIT)):
        here = f"{where}[{place}]"
        parts = read_list(raw_assignment, here)
        if len(parts) != bidder_count:
            raise ConfigurationError(f"{here} has {len(parts)} items for {bidder_count} bidders")
        assignments.append(
            tuple(None if part is None else read_integer(part, here, 0, bundle_count - 1) for part in parts)
        )
    return tuple(assignments)


def _decode_joint(raw: object, where: str, bidder_count: int) -> Joint:
    content = read_object(raw, where, ("rows", "weights"))
    raw_rows = read_list(content["rows"], f"{where}.rows", POINT_LIMIT)
    raw_weights = read_list(content["weights"], f"{where}.weights", POINT_LIMIT)
    if len(raw_rows) != len(raw_weights) or not raw_rows:
        raise ConfigurationError(
            f"{where} has {len(raw_rows)} rows and {len(raw_weights)} weights: it needs one for each, and one row"
        )
    rows = tuple(
        _read_integers(row, f"{where}.rows[{place}]", TYPES_LIMIT - 1) for place, row in enumerate(raw_rows)
    )
    for place, row in enumerate(rows):
        if len(row) != bidder_count:
            raise ConfigurationError(f"{where}.rows[{place}] has {len(row)} items for {bidder_count} bidders")
    weights = tuple(_read_weight(weight, f"{where}.weights[{i}]") for i, weight in enumerate(raw_weights))
    joint = Joint.of(range(bidder_count), dict(zip(rows, weights, strict=True)))
    if joint.points != rows or joint.weights != weights:
        raise ConfigurationError(
            f"{where} must list its rows rising and once each, with weights in lowest terms"
        )
    return joint


def _decode_product(raw: object, where: str, bidder_count: int) -> Product:
    raw_factors = read_list(raw, where)
    if len(raw_factors) != bidder_count:
        raise ConfigurationError(f"{where} has {len(raw_factors)} items for {bidder_count} bidders")
    factors = []
    for player, raw_factor in enumerate(raw_factors):
        here = f"{where}[{player}]"
        pairs = []
        for place, raw_pair in enumerate(read_list(raw_factor, here, TYPES_LIMIT)):
            pair = read_list(raw_pair, f"{here}[{place}]")
            if len(pair) != 2:
                raise ConfigurationError(f"{here}[{place}] must be a type and its weight, not {show(pair)}")
            index = read_integer(pair[0], f"{here}[{place}][0]", 0, TYPES_LIMIT - 1)
            pairs.append((index, _read_weight(pair[1], f"{here}[{place}][1]")))
        if not pairs:
            raise ConfigurationError(f"{here} must give weight to a type")
        factors.append(tuple(pairs))
    product = Product.of({player: dict(pairs) for player, pairs in enumerate(factors)})
    if product.factors != tuple(factors):
        raise ConfigurationError(
            f"{where} must list types rising and once each, with weights in lowest terms"
        )
    return product


def _read_integers(raw: object, where: str, greatest: int) -> tuple[int, ...]:
    return tuple(read_integer(number, where, 0, greatest) for number in read_list(raw, where))


def _read_weight(raw: object, where: str) -> int:
    return read_integer(raw, where, 1, WEIGHT_LIMIT)
