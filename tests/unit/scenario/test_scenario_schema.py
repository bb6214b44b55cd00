"""The shipped schema is a valid JSON Schema, describes every key, and is what the loader checks with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from openoutcry.mechanisms.crowd.encoding import ASSIGNMENTS_LIMIT, UNITS_LIMIT
from openoutcry.mechanisms.crowd.environment import ENVIRONMENT_KINDS, GOODS_LIMIT
from openoutcry.mechanisms.crowd.market import TYPES_LIMIT
from openoutcry.mechanisms.market import BIDDER_LIMIT, LOT_LIMIT, NAME_LIMIT, SIGNAL_LEVELS_LIMIT
from openoutcry.mechanisms.specification import DURATION_LIMIT_MS, Timing
from openoutcry.scenario import FORMAT, schema
from openoutcry.scenario.model import DEFAULT_SEED, DEFAULT_STRATEGY
from openoutcry.scenario.schema import format_key, nearest


def properties(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk over the keys that a scenario may have, families of values aside."""
    for name, sub in part.get("properties", {}).items():
        yield f"{path}{name}", sub
        yield from properties(sub.get("items", sub), f"{path}{name}.")


def test_the_schema_is_a_schema():
    """Editors and other languages can use it."""
    Draft202012Validator.check_schema(schema())


def test_every_key_is_described():
    """Whoever meets a refusal, or an editor's hint, is told what the key means."""
    undescribed = [
        path for path, sub in properties(schema()) if "description" not in sub and "properties" not in sub
    ]
    assert undescribed == []


def test_format_defaults_and_limits_are_those_of_the_code():
    """The schema repeats numbers that the code owns; here they are held together."""
    keys = dict(properties(schema()))
    definitions = schema()["$defs"]
    assert keys["format"]["const"] == FORMAT
    assert keys["seed"]["default"] == DEFAULT_SEED
    assert keys["bidder.agent.strategy"]["default"] == DEFAULT_STRATEGY
    assert keys["timing.enrol_ms"]["default"] == Timing().enrol_ms
    assert keys["timing.answer_ms"]["default"] == Timing().answer_ms
    assert keys["timing.answer_ms"]["maximum"] == DURATION_LIMIT_MS
    assert keys["market.signal_levels"]["maximum"] == SIGNAL_LEVELS_LIMIT
    assert keys["bidder.private.signal"]["maximum"] == SIGNAL_LEVELS_LIMIT - 1
    assert keys["bidder"]["maxItems"] == BIDDER_LIMIT
    assert tuple(keys["market.environment"]["enum"]) == ENVIRONMENT_KINDS
    assert keys["market.goods"]["maxItems"] == GOODS_LIMIT
    assert keys["market.units"]["maximum"] == UNITS_LIMIT
    assert keys["market.assignments"]["maxItems"] == ASSIGNMENTS_LIMIT
    assert keys["bidder.types"]["maxItems"] == TYPES_LIMIT
    assert definitions["factors"]["additionalProperties"]["maxItems"] == TYPES_LIMIT
    assert definitions["label"]["maxLength"] == LOT_LIMIT
    assert definitions["name"]["maxLength"] == NAME_LIMIT


CLOCK = {
    "format": FORMAT,
    "title": "T",
    "mechanism": {"name": "uniform-clock"},
    "market": {"lot": "L", "currency": "EUR", "signal_levels": 2},
    "bidder": [{"name": "ada", "private": {"signal": 1}}],
}
CROWD = {
    "format": FORMAT,
    "title": "T",
    "mechanism": {"name": "vickrey"},
    "market": {"lot": "L", "currency": "EUR", "environment": "single-good"},
    "bidder": [{"name": "ada", "types": [1, 4], "private": {"value": 4}}],
    "prior": {"product": {"ada": [[1, 2], [4, 1]]}},
}


def is_valid(document: dict[str, Any]) -> bool:
    """Ask the shipped schema alone, as an editor does."""
    return Draft202012Validator(schema()).is_valid(document)


def changed(document: dict[str, Any], part: str, **keys: object) -> dict[str, Any]:
    """Return a document with further keys in its market, its bidder or the bidder's private part."""
    bidder = document["bidder"][0]
    if part == "market":
        return {**document, "market": {**document["market"], **keys}}
    if part == "private":
        keys = {"private": {**bidder["private"], **keys}}
    return {**document, "bidder": [{**bidder, **keys}]}


def test_the_schema_alone_knows_both_kinds_of_market():
    """An editor accepts either, and no key of the one in the other."""
    assert is_valid(CLOCK)
    assert is_valid(CROWD)
    mixtures = [
        {**CLOCK, "prior": CROWD["prior"]},
        changed(CLOCK, "market", environment="single-good"),
        changed(CLOCK, "market", goods=["a"]),
        changed(CLOCK, "bidder", types=[1]),
        changed(CLOCK, "private", value=1),
        changed(CROWD, "market", signal_levels=2),
        changed(CROWD, "market", groups=["g"]),
        changed(CROWD, "bidder", group="g"),
        changed(CROWD, "private", signal=1),
        changed(CROWD, "bidder", types=[[1]]),
        changed(CROWD, "market", environment="unit-demand", goods=["a", "b"]),
        changed(CROWD, "market", environment="identical-units"),
    ]
    assert [document for document in mixtures if is_valid(document)] == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([], ""),
        (["market", "lot"], "market.lot"),
        (["bidder", 3, "private", "signal"], "bidder[3].private.signal"),
        (["timing", "two words"], "timing.'two words'"),
    ],
)
def test_keys_are_written_as_a_person_would(path, expected):
    """Dotted, with indices in brackets."""
    assert format_key(path) == expected


def test_the_nearest_name_is_offered_or_all():
    """A slip gets one suggestion, anything else the whole choice."""
    assert nearest("pricng", ["pricing", "form"]) == "did you mean 'pricing'?"
    assert nearest("zzz", ["pricing", "form"]) == "known here are pricing, form"
