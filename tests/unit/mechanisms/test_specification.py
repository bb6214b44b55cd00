"""Specifications: exact bytes, strict decoding, and every refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.families import Linear, Minimum, Steps, Threshold
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.specification import (
    Specification,
    Timing,
    decode_specification,
    encode_specification,
)

MARKET = Market(
    lot="Tract 7, lease for ten years",
    currency="USD",
    minor_units=0,
    signal_levels=3,
    groups=("geology", "seismic"),
    bidders=(
        Bidder(name="ada", group=0, valuation=Linear(constant=3, weights=(12, 4))),
        Bidder(name="bób", group=1, valuation=Threshold(value_reached=50, at=2, weights=(1, 1))),
        Bidder(
            name="cyd",
            group=0,
            valuation=Minimum(
                first=Steps(weights=(1, 0), steps=((1, 5),)), second=Linear(constant=9, weights=(0, 0))
            ),
        ),
    ),
)
SPECIFICATION = Specification(
    title="Offshore tract 7",
    market=MARKET,
    mechanism="signal-discovery",
    parameters={"pricing": "revenue", "uniform_probability": "1/20"},
    timing=Timing(enrol_ms=30_000, answer_ms=2_000),
    absent="void",
    disclosure="sealed",
    keys=(None, bytes(range(32)), None),
)
ENCODED = encode_specification(SPECIFICATION)


def changed(edit: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the encoded specification after an edit of its JSON."""
    content = json.loads(ENCODED)
    edit(content)
    return json.dumps(content).encode()


def test_the_bytes_are_compact_sorted_utf8() -> None:
    """The exact form is part of the format: a change of it is a new format."""
    small = Specification(
        title="Tiny",
        mechanism="uniform-clock",
        market=Market(
            lot="a lot",
            currency="EUR",
            minor_units=2,
            signal_levels=2,
            groups=("all",),
            bidders=(Bidder(name="bób", group=0, valuation=Linear(constant=1, weights=(2,))),),
        ),
    )
    assert encode_specification(small).decode() == (
        '{"absent":"exit","bidders":[{"group":"all","name":"bób","value":{"constant":1,"family":"linear",'
        '"weights":{"all":2}}}],"disclosure":"settlement","format":"openoutcry-specification/1","market":{"currency":"EUR",'
        '"groups":["all"],"lot":"a lot","minor_units":2,"signal_levels":2},'
        '"mechanism":{"name":"uniform-clock"},"timing":{"answer_ms":5000,"enrol_ms":30000},"title":"Tiny"}'
    )


def test_decoding_gives_the_specification_back() -> None:
    """Encoding and decoding are inverse in both directions."""
    assert decode_specification(ENCODED) == SPECIFICATION
    assert encode_specification(decode_specification(ENCODED)) == ENCODED


def test_another_spacing_and_order_reads_the_same() -> None:
    """What counts for the digest is the bytes; what they mean does not depend on their spacing."""
    spaced = json.dumps(json.loads(ENCODED), indent=3, sort_keys=False, ensure_ascii=True).encode()
    assert spaced != ENCODED
    assert decode_specification(spaced) == SPECIFICATION


def test_unknown_keys_of_bidders_are_none_for_each() -> None:
    """Keys may be left out altogether; there is still one entry for each bidder."""
    assert replace(SPECIFICATION, keys=()).keys == (None, None, None)


def test_later_changes_of_the_callers_parameters_change_nothing() -> None:
    """The specification holds a copy."""
    parameters: dict[str, object] = {"form": "sealed"}
    specification = replace(SPECIFICATION, parameters=parameters)
    parameters["form"] = "clock"
    assert specification.parameters == {"form": "sealed"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title": ""}, "title must be text of 1..200 characters"),
        ({"title": "two\nlines"}, "title 'two\\nlines' holds control characters"),
        ({"market": MARKET.restricted((0, 1))}, "a specification names all bidders"),
        ({"mechanism": "signal-discover"}, "did you mean 'signal-discovery'?"),
        ({"parameters": {"prices": "revenue"}}, "did you mean 'pricing'?"),
        ({"absent": "wait"}, "absent must be exit or void, not 'wait'"),
        ({"disclosure": "never"}, "disclosure must be settlement or sealed, not 'never'"),
        ({"keys": (None,)}, "1 keys for 3 bidders"),
        ({"keys": (None, b"short", None)}, "a bidder's key must have 32 bytes"),
        ({"keys": (bytes(32), None, bytes(32))}, "two bidders have the same key"),
    ],
)
def test_what_the_market_has_not_checked_is_checked_here(change: dict[str, Any], reason: str) -> None:
    """Also when a specification is made in Python."""
    with pytest.raises(ConfigurationError) as refusal:
        replace(SPECIFICATION, **change)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("duration", [0, -1, 30 * 24 * 3600 * 1000 + 1, True, 1.5, "5000"])
def test_durations_must_be_sensible_integers(duration: Any) -> None:
    """A deadline of 0 or of two months is a mistake of the unit."""
    with pytest.raises(ConfigurationError, match=r"timing\.answer_ms must be an integer"):
        Timing(answer_ms=duration)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda c: c.update(seed="x"), "the specification has an unknown key 'seed'"),
        (lambda c: c.pop("timing"), "the specification needs the key 'timing'"),
        (lambda c: c.update(format="openoutcry-specification/2"), "format is 'openoutcry-specification/2'"),
        (lambda c: c.update(mechanism="uniform-clock"), "mechanism must be an object with a `name`"),
        (lambda c: c.update(mechanism={}), "mechanism must be an object with a `name`"),
        (lambda c: c["mechanism"].update(name=3), "unknown mechanism 3"),
        (lambda c: c["mechanism"].update(pricing=1), "pricing must be welfare or revenue, not 1"),
        (lambda c: c.update(market=[]), "market must be an object, not []"),
        (lambda c: c["market"].update(lots="x"), "market has an unknown key 'lots'; did you mean 'lot'?"),
        (lambda c: c["market"].update(groups="geology"), "market.groups must be a list, not 'geology'"),
        (lambda c: c["market"].update(groups=[1]), "group name must be text of 1..64 characters, not 1"),
        (lambda c: c["market"].update(groups=[f"g{i}" for i in range(257)]), "at most 256"),
        (lambda c: c["market"].update(signal_levels="3"), "signal_levels must be an integer in 2..1024"),
        (lambda c: c.update(bidders={}), "bidders must be a list, not {}"),
        (lambda c: c.update(bidders=[]), "there is no bidder"),
        (lambda c: c["bidders"].append(7), "bidders[3] must be an object, not 7"),
        (lambda c: c["bidders"][0].update(signal=2), "bidders[0] has an unknown key 'signal'"),
        (lambda c: c["bidders"][0].update(name=None), "bidder name must be text"),
        (
            lambda c: c["bidders"][0].update(group="geologie"),
            "bidders[0]: unknown group 'geologie'; did you mean",
        ),
        (lambda c: c["bidders"][2].update(value={"family": "linear"}), "bidders[2]: family 'linear' needs"),
        (lambda c: c["bidders"][1].update(key="AB" * 32), "bidders[1].key must be 64 lower-case hexadecimal"),
        (lambda c: c["bidders"][1].update(key=5), "bidders[1].key must be 64 lower-case hexadecimal"),
        (lambda c: c["timing"].update(answer_ms="soon"), "timing.answer_ms must be an integer"),
        (lambda c: c["timing"].update(seal_ms=1), "timing has an unknown key 'seal_ms'"),
        (lambda c: c.pop("disclosure"), "the specification needs the key 'disclosure'"),
        (lambda c: c.update(disclosure=0), "disclosure must be settlement or sealed, not 0"),
        (lambda c: c.update(absent=None), "absent must be exit or void, not None"),
        (lambda c: c.update(title=["x"]), "title must be text"),
    ],
)
def test_a_wrong_content_is_refused(edit: Callable[[dict[str, Any]], object], reason: str) -> None:
    """The message says what was wrong and where."""
    with pytest.raises(ConfigurationError) as refusal:
        decode_specification(changed(edit))
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no JSON in UTF-8"),
        (b"\xff", "no JSON in UTF-8"),
        (b"[]", "the specification must be an object"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":1,"b":2,"a":3}', "the key 'a' stands twice"),
        (b'{"a":1.0}', "1.0 is no integer"),
        (b'{"a":NaN}', "NaN is no integer"),
        (b'{"a":' + b"9" * 5000 + b"}", "no JSON in UTF-8"),
        (b'{"' + b"a" * 10_000 + b'":1}', "has an unknown key 'aaa"),
    ],
)
def test_bytes_that_are_no_strict_json_object_are_refused(data: bytes, reason: str) -> None:
    """Strangers' bytes end in one short line."""
    with pytest.raises(ConfigurationError) as refusal:
        decode_specification(data)
    assert reason in str(refusal.value)
    assert len(str(refusal.value)) < 300


@given(position=generators.integers(0, len(ENCODED) - 1), byte=generators.integers(0, 255))
def test_a_changed_byte_gives_another_specification_or_a_refusal(position: int, byte: int) -> None:
    """No byte is without meaning, and no change leads to any other error."""
    data = ENCODED[:position] + bytes([byte]) + ENCODED[position + 1 :]
    try:
        decoded = decode_specification(data)
    except ConfigurationError:
        return
    assert (decoded == SPECIFICATION) == (data == ENCODED)
