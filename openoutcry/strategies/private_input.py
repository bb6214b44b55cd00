"""The one JSON form of what only one bidder knows, and of beliefs in files of strategies.

```json
{"signal": 2}
{"value": 4, "belief": {"product": {"bob": [[1, 2], [4, 1]], "cleo": [[0, 1]]}}}
{"value": 4, "belief": {"joint": {"players": ["bob", "cleo"], "points": [[1, 0], [4, 0]], "weights": [2, 1]}}}
```

Bidders are named, and values are themselves and not places in lists: integers, or where there are several bundles one
integer for each, `[1, 4]` or `{"a": 1, "a+b": 4}`. Weights are integers. A belief that is left out is ignorance: all
values of all others are equally likely. A local run writes this form to the standard input of its agents, people write
it into files, and either is refused in one line when it does not fit the market.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from openoutcry.errors import ConfigurationError, UsageError
from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT, Distribution, Product
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.strategies.belief import Belief, others_of
from openoutcry.strategies.seats import AnySeat, Seat, TypeSeat
from openoutcry.strategies.valuations import Value, bundle_names, find_type, value_of

RawPrivate = Mapping[str, object]
"""What was given for one bidder, before it is known in which market."""

_FORMS = 'give {"signal": 2}, or {"value": 4, "belief": {"product": {"bob": [[1, 2], [4, 1]]}}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateType:
    """What a bidder with a signal knows: the signal, 0..k-1."""

    signal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKnowledge:
    """What a bidder with a value of its own knows.

    Attributes:
        value: Place of its type in its public list, 0...
        belief: About all others.
    """

    value: int
    belief: Distribution


Private = PrivateType | PrivateKnowledge


def encode_private(private: Private, market: Market | TypeMarket, bidder: int) -> bytes:
    """Return what is written to the agent of a bidder.

    Args:
        private: What it knows.
        market: Public.
        bidder: Its index in the market.

    Raises:
        UsageError: What it knows does not fit the market.
    """
    content: dict[str, object]
    if isinstance(private, PrivateType):
        content = {"signal": private.signal}
    elif isinstance(market, TypeMarket):
        value = value_of(market, bidder, private.value)
        content = {"value": value, "belief": encode_belief(Belief(market, private.belief))}
    else:
        raise UsageError("a value and a belief do not fit a market of signals")
    return json.dumps(content, ensure_ascii=False).encode()


def parse_private(data: bytes | str) -> RawPrivate:
    """Return what was given for a bidder, checked as far as that goes without its market.

    Raises:
        ConfigurationError: It is not JSON in UTF-8, or none of the forms.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise ConfigurationError(f"is not JSON: {problem}") from problem
    return check_raw(content)


def check_raw(content: object) -> RawPrivate:
    """Accept an object with the keys of one of the forms.

    Raises:
        ConfigurationError: It is something else.
    """
    if isinstance(content, dict) and set(content) in ({"signal"}, {"value"}, {"value", "belief"}):
        return content
    raise ConfigurationError(f"is no private knowledge: {_FORMS}")


def decode_private(given: RawPrivate | bytes | str, market: Market | TypeMarket, bidder: int) -> Private:
    """Return what a bidder knows.

    Args:
        given: As it was written, or parsed already.
        market: Public.
        bidder: Its index in the market.

    Raises:
        ConfigurationError: It does not fit the market; one line without the name of the file or the bidder.
    """
    raw = parse_private(given) if isinstance(given, bytes | str) else check_raw(given)
    if isinstance(market, Market):
        if "signal" not in raw:
            raise ConfigurationError('has no signal, which this session needs: give {"signal": 2}')
        signal, levels = raw["signal"], market.signal_levels
        if isinstance(signal, bool) or not isinstance(signal, int) or not 0 <= signal < levels:
            raise ConfigurationError(
                f"the signal is {signal!r:.40}: in this session signals are 0..{levels - 1}"
            )
        return PrivateType(signal=signal)
    if "value" not in raw:
        raise ConfigurationError(
            "has a signal, and this session is about values: "
            'give {"value": 4, "belief": {"product": {"bob": [[1, 2], [4, 1]]}}}'
        )
    others = others_of(market, bidder)
    names = [market.bidders[other].name for other in others]
    try:
        value = find_type(market, bidder, raw["value"])
        belief = decode_belief(raw["belief"], market) if "belief" in raw else Belief.uniform(market, names)
    except UsageError as problem:
        raise ConfigurationError(str(problem)) from problem
    if belief.distribution.players != others:
        missing = [name for name in names if name not in belief.names]
        who = f"says nothing about {missing[0]}" if missing else "is about the bidder itself"
        raise ConfigurationError(f"the belief {who}: it must be about all other bidders")
    return PrivateKnowledge(value=value, belief=belief.distribution)


def make_seat(
    private: Private, market: Market | TypeMarket, bidder: int, rng: Random, *, mechanism: str = ""
) -> AnySeat:
    """Return the seat of a bidder that knows this.

    Args:
        private: As `decode_private` gives it for this market.
        market: Public.
        bidder: Its index in the market.
        rng: Its own generator.
        mechanism: Name of the mechanism, if it is known.

    Raises:
        UsageError: One does not fit the other.
    """
    if isinstance(private, PrivateType) and isinstance(market, Market):
        return Seat(market=market, bidder=bidder, signal=private.signal, rng=rng)
    if isinstance(private, PrivateKnowledge) and isinstance(market, TypeMarket):
        knowledge = Belief(market, private.belief)
        return TypeSeat(
            market=market,
            bidder=bidder,
            value=private.value,
            knowledge=knowledge,
            rng=rng,
            mechanism=mechanism,
        )
    raise UsageError("what a bidder knows does not fit the kind of its market")


def encode_belief(belief: Belief) -> dict[str, object]:
    """Return a belief as JSON writes it."""
    market, distribution = belief.market, belief.distribution
    if isinstance(distribution, Product):
        return {
            "product": {
                name: [
                    [value_of(market, player, index), weight]
                    for index, weight in distribution.factor(player).items()
                ]
                for name, player in zip(belief.names, distribution.players, strict=True)
            }
        }
    points: list[list[Value]] = []
    weights: list[int] = []
    for profile, weight in distribution.items():
        points.append(
            [
                value_of(market, player, index)
                for player, index in zip(distribution.players, profile, strict=True)
            ]
        )
        weights.append(weight)
    return {"joint": {"players": list(belief.names), "points": points, "weights": weights}}


def decode_belief(content: object, market: TypeMarket) -> Belief:
    """Return the belief that JSON writes so.

    Raises:
        UsageError: It is no such belief, or does not fit the market.
    """
    if not isinstance(content, dict) or list(content) not in (["product"], ["joint"]):
        raise UsageError('a belief is {"product": {...}} or {"joint": {"players", "points", "weights"}}')
    if "product" in content:
        return _decode_product(content["product"], market)
    return _decode_joint(content["joint"], market)


def read_json(file: Path, refuse: Callable[[str], Exception]) -> Any:
    """Return what a JSON file holds.

    Args:
        file: The file.
        refuse: Makes the error that is raised when it cannot be read or is no JSON.
    """
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise refuse(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise refuse(f"{file}: is not JSON: {error}") from error


def _decode_product(content: object, market: TypeMarket) -> Belief:
    if not isinstance(content, dict):
        raise UsageError('a product belief gives pairs by name: {"bob": [[1, 2], [4, 1]]}')
    factors: dict[str, dict[object, int]] = {}
    for name, pairs in content.items():
        if not isinstance(pairs, list):
            raise UsageError(f"the belief about {name} must be a list of pairs [value, weight]")
        factor: dict[object, int] = {}
        for pair in pairs:
            if not isinstance(pair, list) or len(pair) != 2:
                raise UsageError(f"the belief about {name}: {pair!r:.40} is no pair [value, weight]")
            value, weight = _key(market, pair[0]), _whole(pair[1])
            if value in factor:
                raise UsageError(f"the belief about {name}: {pair[0]!r:.40} is listed twice")
            factor[value] = weight
        factors[name] = factor
    return Belief.product(market, factors)


def _decode_joint(content: object, market: TypeMarket) -> Belief:
    if not isinstance(content, dict) or set(content) != {"players", "points", "weights"}:
        raise UsageError("a joint belief has players, points and weights")
    players, points, weights = content["players"], content["points"], content["weights"]
    if not all(isinstance(part, list) for part in (players, points, weights)):
        raise UsageError("players, points and weights of a joint belief are lists")
    if len(points) != len(weights) or not points:
        raise UsageError(
            f"a joint belief has one weight for each point, not {len(weights)} for {len(points)}"
        )
    if len(points) > POINT_LIMIT:
        raise UsageError(
            f"a joint belief has at most {POINT_LIMIT} points, not {len(points)}: a product may do"
        )
    if any(not isinstance(name, str) for name in players) or len(set(players)) != len(players):
        raise UsageError("the players of a joint belief are names, each once")
    rows = []
    for point, weight in zip(points, weights, strict=True):
        if not isinstance(point, list) or len(point) != len(players):
            raise UsageError(f"point {point!r:.40} of a joint belief must have {len(players)} values")
        rows.append((dict(zip(players, point, strict=True)), _whole(weight)))
    belief = Belief.joint(market, rows)
    if belief.support_size < sum(weight > 0 for _, weight in rows):
        raise UsageError("a point of a joint belief is listed twice")
    return belief


def _key(market: TypeMarket, value: object) -> object:
    # Lists and objects can be no keys; a tuple by bundle can.
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return tuple(value.get(name) for name in bundle_names(market.environment))
    return value


def _whole(weight: object) -> int:
    if isinstance(weight, bool) or not isinstance(weight, int) or weight < 0:
        raise UsageError(f"weight {weight!r:.40} must be an integer of at least 0")
    return weight
