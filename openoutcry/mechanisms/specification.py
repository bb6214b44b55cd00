"""The public part of a session as exact JSON bytes: what all parties agree to before anybody plays.

The bytes are what counts: the session's digest is taken over them elsewhere, and nothing is re-encoded to be
checked. Encoding is compact with sorted keys; decoding is strict: unknown, missing and repeated keys, numbers
that are not integers, and markets or parameters that their own modules refuse are refused here. It has no
place for anything private. Scenarios make specifications, sessions and auditors read them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn, cast

from openoutcry.errors import ConfigurationError, MarketError
from openoutcry.mechanisms.market import (
    GROUP_LIMIT,
    NAME_LIMIT,
    Bidder,
    Market,
    check_label,
    group_index,
)
from openoutcry.mechanisms.parameters import show, suggest
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.valuations import decode_valuation, encode_valuation

FORMAT = "openoutcry-specification/1"

TITLE_LIMIT = 200
"""Characters of a title: one line."""

KEY_LENGTH = 32
"""Bytes of an Ed25519 public key."""

DURATION_LIMIT_MS = 30 * 24 * 3600 * 1000
"""Thirty days: longer deadlines are mistakes of the unit."""

Absent = Literal["exit", "void"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Deadlines. They are bounds, not delays: a wave closes as soon as all have answered.

    Attributes:
        enrol_ms: Milliseconds to enrol, 1..30 days.
        answer_ms: Milliseconds to answer a question or to open a seed part, 1..30 days.
    """

    enrol_ms: int = 30_000
    answer_ms: int = 5_000

    def __post_init__(self) -> None:
        """Refuse durations that cannot be meant."""
        for name, duration in (("enrol_ms", self.enrol_ms), ("answer_ms", self.answer_ms)):
            if (
                isinstance(duration, bool)
                or not isinstance(duration, int)
                or not 1 <= duration <= DURATION_LIMIT_MS
            ):
                raise ConfigurationError(
                    f"timing.{name} must be an integer in 1..{DURATION_LIMIT_MS}, not {show(duration)}"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What a session is about, known to everybody.

    Attributes:
        title: One line of up to 200 characters.
        market: The lot, the bidders and their public valuations; not a restricted market.
        mechanism: Name of a registered mechanism.
        parameters: Its raw parameters, as a person wrote them: strings, integers and truth values by name.
        timing: Deadlines.
        absent: What happens when an invited bidder does not enrol or does not open its seed part: the session
            goes on without it (`exit`) or becomes void.
        keys: Length n: each bidder's Ed25519 public key, or None where it is not known beforehand. Given
            empty, it becomes n times None.

    Raises:
        ConfigurationError: One of these does not hold.
    """

    title: str
    market: Market
    mechanism: str
    parameters: Mapping[str, object] = field(default_factory=dict, hash=False)
    timing: Timing = field(default_factory=Timing)
    absent: Absent = "exit"
    keys: tuple[bytes | None, ...] = ()

    def __post_init__(self) -> None:
        """Check everything that the market has not checked itself."""
        check_label(self.title, "title", TITLE_LIMIT)
        if self.market.reduced:
            raise ConfigurationError("a specification names all bidders; this market was restricted to some")
        if self.absent not in ("exit", "void"):
            raise ConfigurationError(f"absent must be exit or void, not {show(self.absent)}")
        object.__setattr__(self, "parameters", dict(self.parameters))
        object.__setattr__(self, "keys", self.keys or (None,) * len(self.market.bidders))
        if len(self.keys) != len(self.market.bidders):
            raise ConfigurationError(f"{len(self.keys)} keys for {len(self.market.bidders)} bidders")
        known = [key for key in self.keys if key is not None]
        if any(len(key) != KEY_LENGTH for key in known):
            raise ConfigurationError(f"a bidder's key must have {KEY_LENGTH} bytes")
        if len(set(known)) != len(known):
            raise ConfigurationError("two bidders have the same key; each party signs with its own")
        find_mechanism(self.mechanism).configure(self.parameters)


def encode_specification(specification: Specification) -> bytes:
    """Return the specification as JSON: UTF-8, compact, keys sorted."""
    market = specification.market
    bidders = []
    for bidder, key in zip(market.bidders, specification.keys, strict=True):
        entry: dict[str, object] = {
            "name": bidder.name,
            "group": market.groups[bidder.group],
            "value": encode_valuation(bidder.valuation, market.groups),
        }
        bidders.append(entry if key is None else entry | {"key": key.hex()})
    content = {
        "format": FORMAT,
        "title": specification.title,
        "mechanism": {**specification.parameters, "name": specification.mechanism},
        "market": {
            "lot": market.lot,
            "currency": market.currency,
            "minor_units": market.minor_units,
            "signal_levels": market.signal_levels,
            "groups": list(market.groups),
        },
        "bidders": bidders,
        "timing": {"enrol_ms": specification.timing.enrol_ms, "answer_ms": specification.timing.answer_ms},
        "absent": specification.absent,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def decode_specification(data: bytes) -> Specification:
    """Read a specification.

    Args:
        data: What `encode_specification` gave; another spacing or order of keys is read as well. The caller
            has limited its size.

    Raises:
        ConfigurationError: What is wrong, and where. The bytes need not be trusted.
    """
    content = _read_object(_parse(data), "the specification", _ALL_KEYS)
    if content["format"] != FORMAT:
        raise ConfigurationError(f"format is {show(content['format'])}; this release reads {FORMAT!r}")
    market, keys = _decode_market(content["market"], content["bidders"])
    mechanism = content["mechanism"]
    if not isinstance(mechanism, dict) or "name" not in mechanism:
        raise ConfigurationError("mechanism must be an object with a `name`")
    timing = _read_object(content["timing"], "timing", _TIMING_KEYS)
    return Specification(
        title=cast(str, content["title"]),
        market=market,
        mechanism=cast(str, mechanism["name"]),
        parameters={key: value for key, value in mechanism.items() if key != "name"},
        timing=Timing(enrol_ms=cast(int, timing["enrol_ms"]), answer_ms=cast(int, timing["answer_ms"])),
        absent=cast(Absent, content["absent"]),
        keys=keys,
    )


_ALL_KEYS = ("format", "title", "mechanism", "market", "bidders", "timing", "absent")
_MARKET_KEYS = ("lot", "currency", "minor_units", "signal_levels", "groups")
_TIMING_KEYS = ("enrol_ms", "answer_ms")


def _decode_market(raw: object, raw_bidders: object) -> tuple[Market, tuple[bytes | None, ...]]:
    content = _read_object(raw, "market", _MARKET_KEYS)
    groups = _read_list(content["groups"], "market.groups")
    if len(groups) > GROUP_LIMIT:
        raise MarketError(f"{len(groups)} groups; a market has at most {GROUP_LIMIT}")
    # Valuations name groups: the names must be sound before they are used to look weights up.
    names = tuple(check_label(group, "group name", NAME_LIMIT) for group in groups)
    bidders: list[Bidder] = []
    keys: list[bytes | None] = []
    for index, raw_bidder in enumerate(_read_list(raw_bidders, "bidders")):
        where = f"bidders[{index}]"
        entry = _read_object(raw_bidder, where, ("name", "group", "value"), optional=("key",))
        try:
            valuation = decode_valuation(entry["value"], names)
            group = group_index(names, entry["group"])
        except MarketError as error:
            raise MarketError(f"{where}: {error}") from error
        bidders.append(Bidder(name=cast(str, entry["name"]), group=group, valuation=valuation))
        keys.append(_decode_key(entry["key"], where) if "key" in entry else None)
    market = Market(
        lot=cast(str, content["lot"]),
        currency=cast(str, content["currency"]),
        minor_units=cast(int, content["minor_units"]),
        signal_levels=cast(int, content["signal_levels"]),
        groups=names,
        bidders=tuple(bidders),
    )
    return market, tuple(keys)


def _decode_key(raw: object, where: str) -> bytes:
    # bytes.fromhex also takes spaces and capitals: one key must have one spelling.
    if isinstance(raw, str) and len(raw) == 2 * KEY_LENGTH and set(raw) <= set("0123456789abcdef"):
        return bytes.fromhex(raw)
    raise ConfigurationError(
        f"{where}.key must be {2 * KEY_LENGTH} lower-case hexadecimal digits, not {show(raw)}"
    )


def _parse(data: bytes) -> object:
    try:
        return json.loads(
            data.decode(),
            object_pairs_hook=_make_object,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except RecursionError as error:
        raise ConfigurationError("the specification is nested too deeply") from error
    except ValueError as error:
        raise ConfigurationError(f"the specification is no JSON in UTF-8: {error}") from error


def _make_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content: dict[str, object] = {}
    for name, value in pairs:
        if name in content:
            raise ConfigurationError(f"the key {show(name)} stands twice in one object")
        content[name] = value
    return content


def _refuse_number(text: str) -> NoReturn:
    raise ConfigurationError(f'{text:.40} is no integer; fractions are written as strings such as "1/20"')


def _read_object(
    raw: object, where: str, required: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, object]:
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{where} must be an object, not {show(raw)}")
    for key in raw:
        if key not in required and key not in optional:
            nearest = suggest(key, (*required, *optional))
            raise ConfigurationError(f"{where} has an unknown key {show(key)}{nearest}")
    for key in required:
        if key not in raw:
            raise ConfigurationError(f"{where} needs the key {key!r}")
    return raw


def _read_list(raw: object, where: str) -> list[object]:
    if not isinstance(raw, list):
        raise ConfigurationError(f"{where} must be a list, not {show(raw)}")
    return raw
