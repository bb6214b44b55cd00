"""What the codec refuses, case by case: each is somebody's attempt to say one thing in two ways, or too much."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from openoutcry.errors import PeerError
from openoutcry.protocol.messages import PAYLOAD_TYPES, OutcomeDeclared, Raise
from openoutcry.session.bidder_values import Concluded
from openoutcry.session.values import Delivery
from openoutcry.wire import (
    WireCodec,
    decode_challenge,
    decode_conclusion,
    decode_delivery,
    encode_conclusion,
    encode_delivery,
)
from openoutcry.wire.v1 import messages_pb2 as wire
from openoutcry.wire.v1 import service_pb2 as frames

CODEC = WireCodec()
HASH = b"h" * 32


def make_header() -> wire.Header:
    """Return a header as a bidder's program in another language would write it."""
    return wire.Header(
        protocol_version=1,
        session_id=HASH,
        role=wire.ROLE_AUCTIONEER,
        sender_id=HASH,
        seq=3,
        prev_own=HASH,
        seen_size=7,
        seen_root=HASH,
        reply_to=HASH,
        sent_at_ns=1,
    )


def refuse(kind: type, payload: bytes, match: str) -> None:
    """Check that a payload is refused for this reason."""
    with pytest.raises(PeerError, match=match) as caught:
        CODEC.decode_message(PAYLOAD_TYPES[kind], payload)
    assert caught.value.deviation == "MALFORMED"


def test_another_program_may_write_the_message() -> None:
    """The payload that the generated code writes is the one that is accepted."""
    payload = wire.Raise(header=make_header(), wave=1, level=2).SerializeToString()
    header, body = CODEC.decode_message(PAYLOAD_TYPES[Raise], payload)
    assert (header.seq, body) == (3, Raise(wave=1, level=2))


HEADER_FAULTS: dict[str, tuple[Callable[[wire.Header], object], str]] = {
    "another version": (lambda header: setattr(header, "protocol_version", 2), "version"),
    "no version": (lambda header: header.ClearField("protocol_version"), "version"),
    "no role": (lambda header: header.ClearField("role"), "Role"),
    "an unknown role": (lambda header: setattr(header, "role", 9), "Role"),
    "a short session": (lambda header: setattr(header, "session_id", b"s"), "session_id"),
    "no sender": (lambda header: header.ClearField("sender_id"), "sender_id"),
    "a long sender": (lambda header: setattr(header, "sender_id", HASH + b"h"), "sender_id"),
    "a short previous": (lambda header: setattr(header, "prev_own", b"p"), "prev_own"),
    "no root": (lambda header: header.ClearField("seen_root"), "seen_root"),
    "a short question": (lambda header: setattr(header, "reply_to", b"q"), "reply_to"),
}


@pytest.mark.parametrize("name", HEADER_FAULTS)
def test_a_faulty_header_is_refused(name: str) -> None:
    """Every field of a header is what it must be."""
    change, match = HEADER_FAULTS[name]
    header = make_header()
    change(header)
    refuse(Raise, wire.Raise(header=header, wave=1, level=2).SerializeToString(), match)


def test_a_missing_header_is_refused() -> None:
    """A body alone is no message."""
    refuse(Raise, wire.Raise(wave=1, level=2).SerializeToString(), "version")


@pytest.mark.parametrize(
    "surplus",
    [b"\xf8\x01\x01", b"\x10\x01", b"\x10\x00"],
    ids=["unknown field", "twice", "a default written out"],
)
def test_a_second_spelling_is_refused(surplus: bytes) -> None:
    """Unknown fields, repeated fields and defaults written out would let one message be two byte strings."""
    payload = wire.Raise(header=make_header(), wave=0, level=2).SerializeToString()
    if surplus == b"\x10\x01":
        payload = wire.Raise(header=make_header(), wave=1, level=2).SerializeToString()
    refuse(Raise, payload + surplus, "only encoding")


def make_outcome(exact: str, rounded: int = 0, *, price: int = 0, reason: str = "because") -> bytes:
    """Return an outcome with one payment, as its exact text and its rounding."""
    payment = wire.Payment(exact_minor=exact, rounded_minor=rounded)
    return wire.Outcome(
        header=make_header(), price_minor=price, payments=[payment], reason=reason
    ).SerializeToString()


@pytest.mark.parametrize(
    "exact",
    [
        "",
        "x",
        "1/0",
        " 1",
        "01",
        "2/4",
        "1.5",
        "+1",
        "1_0",
        "1e3",
        "1e999999999",
        "9" * 30,
        "9" * 5000,
        "1/" + "9" * 5000,
    ],
    ids=lambda text: text[:12] or "empty",
)
def test_a_faulty_payment_is_refused(exact: str) -> None:
    """A payment has one spelling and a sane size; a huge exponent costs nothing to refuse."""
    with pytest.raises(PeerError):
        CODEC.decode_message(PAYLOAD_TYPES[OutcomeDeclared], make_outcome(exact))


def test_a_wrong_rounding_is_refused() -> None:
    """The rounded payment follows from the exact one; nobody can be shown two different amounts."""
    refuse(OutcomeDeclared, make_outcome("7/2", 5), "round|only encoding")
    CODEC.decode_message(PAYLOAD_TYPES[OutcomeDeclared], make_outcome("7/2", 4))


@pytest.mark.parametrize("reason", ["", "a\nb", "x" * 513, "\x1b[2J"], ids=["none", "line", "long", "escape"])
def test_texts_are_short_and_printable(reason: str) -> None:
    """A text is shown to people: no control characters reach their terminal."""
    refuse(OutcomeDeclared, make_outcome("0", reason=reason), "reason")


def test_a_negative_price_is_refused() -> None:
    """The lot is never given away with money on top."""
    refuse(OutcomeDeclared, make_outcome("0", price=-1), "price_minor")


@pytest.mark.parametrize("own_index", [None, 0, 5])
def test_a_delivery_survives_its_frame(own_index: int | None) -> None:
    """A missing own index stays missing, and 0 stays 0."""
    delivery = Delivery(
        index=9,
        envelope=b"e",
        consistency_from=4,
        consistency=(HASH, HASH),
        own_index=own_index,
        inclusion=() if own_index is None else (HASH,),
    )
    frame = frames.ParticipateResponse.FromString(encode_delivery(delivery).SerializeToString())
    assert decode_delivery(frame.delivery) == delivery


def test_a_conclusion_survives_its_frame() -> None:
    """The final checkpoint and its proof come out as they went in."""
    concluded = Concluded(note=b"note", consistency_from=4, consistency=(HASH,))
    frame = frames.ParticipateResponse.FromString(encode_conclusion(concluded).SerializeToString())
    assert decode_conclusion(frame.final_checkpoint) == concluded


def test_a_stream_begins_with_a_challenge() -> None:
    """Any other first frame is a peer's error."""
    challenge = frames.ParticipateResponse(challenge=frames.Challenge(nonce=HASH, session_open=b"open"))
    assert decode_challenge(challenge) == (HASH, b"open")
    with pytest.raises(PeerError, match="challenge"):
        decode_challenge(frames.ParticipateResponse())
