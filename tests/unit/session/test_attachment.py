"""Attaching a stream: only the holder of a key can, on this stream, in this session, with a head of this log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openoutcry.errors import PeerError
from openoutcry.protocol.messages import Accept, Body, Hello
from openoutcry.session.attachment import Attached, verify_hello
from tests.simulation.markets import make_specification
from tests.simulation.stage import READER, Hand, Stage, key_of

NONCE = b"x" * 32


def attach(stage: Stage, data: bytes) -> Attached:
    """Attach with this envelope."""
    return verify_hello(
        data,
        nonce=NONCE,
        session_id=stage.session.session_id,
        reader=READER,
        tree=stage.session.log.tree,
    )


def make_stage() -> tuple[Stage, Hand, Hello]:
    """Return a stage, a bidder that has enrolled, and its Hello."""
    stage = Stage(make_specification())
    stage.enrol()
    hand = stage.hands["ada"]
    return stage, hand, Hello(nonce=NONCE, public_key=hand.key.public_key, next_index=3)


def test_a_hello_attaches_its_signer() -> None:
    """It says who is there, what it has processed, and from which head proofs must start."""
    stage, hand, hello = make_stage()
    attached = attach(stage, hand.seal(hand.header(), hello))
    assert attached == Attached(sender_id=hand.key.sender_id, next_index=3, head_size=stage.session.log.size)


def test_a_stranger_may_attach() -> None:
    """Who has not enrolled yet has to be able to attach before it can."""
    stage, _, _ = make_stage()
    stranger = Hand(stage, "a stranger")
    hello = Hello(nonce=NONCE, public_key=stranger.key.public_key, next_index=0)
    assert attach(stage, stranger.seal(stranger.header(), hello)).sender_id == stranger.key.sender_id


@pytest.mark.parametrize(
    ("code", "header", "body"),
    [
        ("REPLAYED", {}, {"nonce": b"y" * 32}),
        ("WRONG_SESSION", {"session_id": b"s" * 32}, {}),
        ("WRONG_HISTORY", {"seen_root": b"r" * 32}, {}),
        ("WRONG_HISTORY", {"seen_size": 1000}, {}),
        ("MALFORMED", {"sender_id": b"i" * 32}, {}),
        ("BAD_SIGNATURE", {}, {"public_key": key_of("ben").public_key}),
        ("BAD_SIGNATURE", {}, {"public_key": b"\x00" * 32}),
    ],
)
def test_a_wrong_hello_is_refused(code: str, header: dict[str, object], body: dict[str, object]) -> None:
    """A nonce of another stream, another session or log, or somebody else's key do not attach."""
    stage, hand, hello = make_stage()
    changed: Body = replace(hello, **body)  # type: ignore[arg-type]
    with pytest.raises(PeerError) as caught:
        attach(stage, hand.seal(replace(hand.header(), **header), changed))  # type: ignore[arg-type]
    assert caught.value.deviation == code


def test_only_a_hello_attaches() -> None:
    """Another message, or garbage, is refused."""
    stage, hand, _ = make_stage()
    for data in (hand.seal(hand.header(), Accept(level=1)), b"", b"\xff"):
        with pytest.raises(PeerError) as caught:
            attach(stage, data)
        assert caught.value.deviation == "MALFORMED"
