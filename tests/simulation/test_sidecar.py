"""The file of private types beside a transcript: written, read again, and refused in one line when it is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import ConfigurationError
from openoutcry.simulation.sidecar import Sidecar, SidecarBidder, decode_sidecar, encode_sidecar
from tests.simulation.crowd_stage import correlated, knowledge, make_type_market
from tests.simulation.markets import make_market

SESSION = bytes(range(32))
MARKET = make_market(2, levels=3)
DIGEST = "0" * 64
SIGNALS = Sidecar(
    session_id=SESSION,
    seed="spring",
    directory="../there",
    bidders={
        "ada": SidecarBidder(private=2, strategy="bold.py:Bold", files={"bold.py": DIGEST}),
        "ben": SidecarBidder(private=0),
    },
)


def test_signals_come_back() -> None:
    """What is written is read again, whatever is left out."""
    assert decode_sidecar(encode_sidecar(SIGNALS, MARKET), MARKET, SESSION) == SIGNALS
    bare = Sidecar(session_id=SESSION, bidders={name: SidecarBidder(private=1) for name in ("ada", "ben")})
    assert decode_sidecar(encode_sidecar(bare, MARKET), MARKET, SESSION) == bare


def test_types_and_beliefs_come_back() -> None:
    """Types are written as values, and beliefs in the form of private input."""
    market = make_type_market(3)
    known = knowledge(correlated(), (2, 1, 0))
    sidecar = Sidecar(
        session_id=SESSION,
        bidders={
            name: SidecarBidder(private=private, strategy="truthful")
            for name, private in zip(market.names, known, strict=True)
        },
    )
    data = encode_sidecar(sidecar, market)
    assert json.loads(data)["bidders"]["ada"]["value"] == 6
    assert decode_sidecar(data, market, SESSION) == sidecar


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the file with a change."""
    content = json.loads(encode_sidecar(SIGNALS, MARKET))
    change(content)
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is no file of private types"),
        (b"{}", "is no file of private types"),
        (
            changed(lambda content: content.update(format="openoutcry-private/2")),
            "is no file of private types",
        ),
        (changed(lambda content: content.update(session="ab" * 32)), "is of another session, abab"),
        (changed(lambda content: content.pop("session")), "session must be a text on one line"),
        (changed(lambda content: content.update(sed="spring")), "there is no key 'sed': known are about"),
        (changed(lambda content: content.update(seed=7)), "seed must be a text"),
        (changed(lambda content: content.update(directory=None)), "directory must be a text"),
        (changed(lambda content: content.update(bidders=[])), 'has no "bidders"'),
        (changed(lambda content: content["bidders"].pop("ben")), "says nothing of bidder 'ben'"),
        (changed(lambda content: content["bidders"].update(zoe={})), "bidder 'zoe' is not in this session"),
        (changed(lambda content: content["bidders"].update(ben=3)), "bidder 'ben': must be an object"),
        (
            changed(lambda content: content["bidders"]["ben"].update(signal=3)),
            "bidder 'ben': the signal is 3",
        ),
        (changed(lambda content: content["bidders"]["ben"].pop("signal")), "bidder 'ben': is no private"),
        (
            changed(lambda content: content["bidders"]["ben"].update(clock=3)),
            "bidder 'ben': there is no key 'clock'",
        ),
        (
            changed(lambda content: content["bidders"]["ben"].update(strategy=3)),
            "bidder 'ben': strategy must be",
        ),
        (changed(lambda content: content["bidders"]["ben"].update(files=["x"])), "bidder 'ben': files gives"),
        (
            changed(lambda content: content["bidders"]["ben"].update(files={"x": "y"})),
            "bidder 'ben': files gives",
        ),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(data: bytes, problem: str) -> None:
    """Each is told what is wrong and with whom."""
    with pytest.raises(ConfigurationError) as refusal:
        decode_sidecar(data, MARKET, SESSION)
    assert problem in str(refusal.value)
    assert "\n" not in str(refusal.value)


ANYTHING = generators.recursive(
    generators.none()
    | generators.booleans()
    | generators.integers()
    | generators.floats()
    | generators.text(max_size=8)
    | generators.sampled_from(["signal", "strategy", "truthful", DIGEST]),
    lambda inner: (
        generators.lists(inner, max_size=3)
        | generators.dictionaries(
            generators.sampled_from(["signal", "value", "belief", "strategy", "files", "ada"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@given(generators.sampled_from(["seed", "directory", "bidders", "ada", "session"]), ANYTHING)
def test_whatever_stands_in_a_file_it_is_read_or_refused(key: str, anything: object) -> None:
    """Nothing but a refusal comes of what somebody wrote into it."""
    content = json.loads(encode_sidecar(SIGNALS, MARKET))
    (content["bidders"] if key == "ada" else content)[key] = anything
    told, found = "", None
    try:
        found = decode_sidecar(json.dumps(content).encode(), MARKET, SESSION)
    except ConfigurationError as refusal:
        told = str(refusal)
    assert len(told.splitlines()) == (found is None)
    assert found is None or set(found.bidders) == {"ada", "ben"}
