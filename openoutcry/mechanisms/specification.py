"""The public part of a session as exact JSON bytes: what all parties agree to before anybody plays.

The bytes are what counts: the session's digest is taken over them elsewhere, and nothing is re-encoded to be
checked. Encoding is compact with sorted keys; decoding is strict: unknown, missing and repeated keys, numbers
that are not integers, and markets or parameters that their own modules refuse are refused here, and so is a
mechanism that cannot run on the market. It has no place for anything private; the seller's prior stands in it
when the mechanism computes with it, and only then. Scenarios make specifications, sessions and auditors read them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.encoding import check_encodable, decode_type_market, encode_type_market
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market, check_label
from openoutcry.mechanisms.market_encoding import decode_market, encode_market
from openoutcry.mechanisms.mechanism import MarketKind, Mechanism
from openoutcry.mechanisms.parameters import show
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.strict_json import parse, read_list, read_object

FORMAT = "openoutcry-specification/1"

TITLE_LIMIT = 200
"""Characters of a title: one line."""

KEY_LENGTH = 32
"""Bytes of an Ed25519 public key."""

DURATION_LIMIT_MS = 30 * 24 * 3600 * 1000
"""Thirty days: longer deadlines are mistakes of the unit."""

Absent = Literal["exit", "void"]

Disclosure = Literal["settlement", "sealed"]


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
        market: What is sold, and what is public of the bidders: their valuations, or their lists of types; not a
            restricted market. It holds the seller's prior exactly when the mechanism uses one.
        mechanism: Name of a registered mechanism.
        parameters: Its raw parameters, as a person wrote them: strings, integers and truth values by name.
        timing: Deadlines.
        absent: What happens when an invited bidder does not enrol or does not open its seed part: the session
            goes on without it (`exit`) or becomes void.
        disclosure: When everybody may read what was opened to the auctioneer alone: when the session settles
            (`settlement`), so that everybody can compute the outcome anew, or not in the transcript (`sealed`).
        keys: Length n: each bidder's Ed25519 public key, or None where it is not known beforehand. Given
            empty, it becomes n times None.

    Raises:
        ConfigurationError: One of these does not hold.
    """

    title: str
    market: Market | TypeMarket
    mechanism: str
    parameters: Mapping[str, object] = field(default_factory=dict, hash=False)
    timing: Timing = field(default_factory=Timing)
    absent: Absent = "exit"
    disclosure: Disclosure = "settlement"
    keys: tuple[bytes | None, ...] = ()

    def __post_init__(self) -> None:
        """Check everything that the market has not checked itself."""
        check_label(self.title, "title", TITLE_LIMIT)
        if self.market.reduced:
            raise ConfigurationError("a specification names all bidders; this market was restricted to some")
        if self.absent not in ("exit", "void"):
            raise ConfigurationError(f"absent must be exit or void, not {show(self.absent)}")
        if self.disclosure not in ("settlement", "sealed"):
            raise ConfigurationError(f"disclosure must be settlement or sealed, not {show(self.disclosure)}")
        object.__setattr__(self, "parameters", dict(self.parameters))
        object.__setattr__(self, "keys", self.keys or (None,) * len(self.market.bidders))
        self._check_keys()
        mechanism = find_mechanism(self.mechanism)
        check_market_kind(mechanism, "types" if isinstance(self.market, TypeMarket) else "signals")
        parameters = mechanism.configure(self.parameters)
        if isinstance(self.market, TypeMarket):
            check_encodable(self.market)
            _check_prior(mechanism, self.market)
        mechanism.check(self.market, parameters)

    def warnings(self) -> tuple[str, ...]:
        """Return one line for each choice that voids a guarantee of the mechanism, or has no effect."""
        mechanism = find_mechanism(self.mechanism)
        parameters = mechanism.configure(self.parameters)
        found = mechanism.check(self.market, parameters)
        if self.disclosure == "settlement" or mechanism.opens_privately(parameters):
            return found
        advice = 'give openings = "private"' if hasattr(parameters, "openings") else "leave it out"
        return (
            *found,
            f'disclosure is "sealed", but {self.mechanism} opens its reports to everybody: {advice}',
        )

    def _check_keys(self) -> None:
        if len(self.keys) != len(self.market.bidders):
            raise ConfigurationError(f"{len(self.keys)} keys for {len(self.market.bidders)} bidders")
        known = [key for key in self.keys if key is not None]
        if any(len(key) != KEY_LENGTH for key in known):
            raise ConfigurationError(f"a bidder's key must have {KEY_LENGTH} bytes")
        if len(set(known)) != len(known):
            raise ConfigurationError("two bidders have the same key; each party signs with its own")


def check_market_kind(mechanism: Mechanism, kind: MarketKind) -> None:
    """Refuse a mechanism that runs on the other kind of market.

    Raises:
        ConfigurationError: Saying what it needs.
    """
    if mechanism.market == kind:
        return
    needs = {
        "signals": "signal_levels, and for each bidder a value",
        "types": "an environment, and for each bidder a list of types",
    }
    raise ConfigurationError(
        f"{mechanism.name} runs on {mechanism.market}: {needs[mechanism.market]}; this market has {kind}"
    )


def _check_prior(mechanism: Mechanism, market: TypeMarket) -> None:
    if mechanism.uses_prior and market.prior is None:
        raise ConfigurationError(f"{mechanism.name} needs the seller's prior: give the market one")
    if not mechanism.uses_prior and market.prior is not None:
        raise ConfigurationError(
            f"{mechanism.name} uses no prior: leave the seller's out of what is published"
        )


def encode_specification(specification: Specification) -> bytes:
    """Return the specification as JSON: UTF-8, compact, keys sorted."""
    given = specification.market
    market, entries = encode_type_market(given) if isinstance(given, TypeMarket) else encode_market(given)
    content = {
        "format": FORMAT,
        "title": specification.title,
        "mechanism": {**specification.parameters, "name": specification.mechanism},
        "market": market,
        "bidders": [
            entry if key is None else entry | {"key": key.hex()}
            for entry, key in zip(entries, specification.keys, strict=True)
        ],
        "timing": {"enrol_ms": specification.timing.enrol_ms, "answer_ms": specification.timing.answer_ms},
        "absent": specification.absent,
        "disclosure": specification.disclosure,
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
    content = read_object(parse(data), "the specification", _ALL_KEYS)
    if content["format"] != FORMAT:
        raise ConfigurationError(f"format is {show(content['format'])}; this release reads {FORMAT!r}")
    raw_market, raw_bidders = content["market"], read_list(content["bidders"], "bidders")
    has_types = isinstance(raw_market, dict) and "environment" in raw_market
    market = (decode_type_market if has_types else decode_market)(raw_market, raw_bidders)
    mechanism = content["mechanism"]
    if not isinstance(mechanism, dict) or "name" not in mechanism:
        raise ConfigurationError("mechanism must be an object with a `name`")
    timing = read_object(content["timing"], "timing", _TIMING_KEYS)
    return Specification(
        title=cast(str, content["title"]),
        market=market,
        mechanism=cast(str, mechanism["name"]),
        parameters={key: value for key, value in mechanism.items() if key != "name"},
        timing=Timing(enrol_ms=cast(int, timing["enrol_ms"]), answer_ms=cast(int, timing["answer_ms"])),
        absent=cast(Absent, content["absent"]),
        disclosure=cast(Disclosure, content["disclosure"]),
        keys=_decode_keys(raw_bidders),
    )


_ALL_KEYS = ("format", "title", "mechanism", "market", "bidders", "timing", "absent", "disclosure")
_TIMING_KEYS = ("enrol_ms", "answer_ms")


def _decode_keys(raw_bidders: list[object]) -> tuple[bytes | None, ...]:
    # The market has checked that every entry is an object.
    entries = cast(list[dict[str, object]], raw_bidders)
    return tuple(
        _decode_key(entry["key"], f"bidders[{index}]") if "key" in entry else None
        for index, entry in enumerate(entries)
    )


def _decode_key(raw: object, where: str) -> bytes:
    # bytes.fromhex also takes spaces and capitals: one key must have one spelling.
    if isinstance(raw, str) and len(raw) == 2 * KEY_LENGTH and set(raw) <= set("0123456789abcdef"):
        return bytes.fromhex(raw)
    raise ConfigurationError(
        f"{where}.key must be {2 * KEY_LENGTH} lower-case hexadecimal digits, not {show(raw)}"
    )
