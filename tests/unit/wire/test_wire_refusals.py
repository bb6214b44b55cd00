"""What the codec refuses, case by case: each is somebody's attempt to say one thing in two ways, or too much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import pytest

from openoutcry.errors import PeerError, UsageError
from openoutcry.mechanisms.conversation import Award
from openoutcry.protocol import limits
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    AskReport,
    OpeningKeyDisclosed,
    OutcomeDeclared,
    Raise,
    ReportOpening,
    SessionOpen,
)
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
    assert (header.seq, body) == (3, Raise(bidder=0, wave=1, level=2))


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


def make_amount(numerator: int, denominator: int = 1, rounded: int | None = None) -> wire.Amount:
    """Return an amount as it must be written, if numerator and denominator have no common divisor."""
    return wire.Amount(
        is_negative=numerator < 0,
        numerator=to_bytes(abs(numerator)),
        denominator=b"" if denominator == 1 else to_bytes(denominator),
        rounded_minor=round(Fraction(numerator, denominator)) if rounded is None else rounded,
    )


def to_bytes(number: int) -> bytes:
    """Return a magnitude: big-endian, without leading zeros."""
    return number.to_bytes(-(-number.bit_length() // 8), "big")


def make_outcome(*payments: wire.Amount, awards: Sequence[wire.Award] = (), reason: str = "because") -> bytes:
    """Return the payload of an outcome."""
    return wire.Outcome(
        header=make_header(), awards=awards, payments=payments, reason=reason
    ).SerializeToString()


def make_award(bidder: int = 0, goods: Sequence[int] = (0,), price: wire.Amount | None = None) -> wire.Award:
    """Return an award as it must be written, if the goods are rising."""
    return wire.Award(bidder=bidder, goods=goods, price=price or make_amount(7))


def test_amounts_are_exact() -> None:
    """Nothing, a whole amount, a debt and a fraction of thousands of digits come out as they went in."""
    long = 3**8000
    amounts = [make_amount(0), make_amount(5), make_amount(-7, 2), make_amount(-long, 2 * long + 1)]
    _, body = CODEC.decode_message(PAYLOAD_TYPES[OutcomeDeclared], make_outcome(*amounts))
    assert body == OutcomeDeclared(
        awards=(),
        payments=(Fraction(0), Fraction(5), Fraction(-7, 2), Fraction(-long, 2 * long + 1)),
        reason="because",
    )


LONG = b"\x01" + bytes(limits.AMOUNT_BYTES)
AMOUNT_FAULTS: dict[str, tuple[wire.Amount, str]] = {
    "a zero before the numerator": (wire.Amount(numerator=b"\x00\x05", rounded_minor=5), "magnitude"),
    "a zero written out": (wire.Amount(numerator=b"\x00"), "magnitude"),
    "a zero before the denominator": (
        wire.Amount(numerator=b"\x05", denominator=b"\x00\x02", rounded_minor=2),
        "magnitude",
    ),
    "a zero as denominator": (wire.Amount(numerator=b"\x05", denominator=b"\x00"), "magnitude"),
    "a denominator of one": (
        wire.Amount(numerator=b"\x05", denominator=b"\x01", rounded_minor=5),
        "denominator of 1",
    ),
    "not in lowest terms": (make_amount(4, 6), "only encoding"),
    "a whole number as a fraction": (make_amount(6, 3), "only encoding"),
    "nothing over something": (wire.Amount(denominator=b"\x02"), "only encoding"),
    "a negative nothing": (wire.Amount(is_negative=True), "only encoding"),
    "another sign than rounded": (make_amount(5, rounded=-5), "rounded"),
    "rounded away from even": (make_amount(7, 2, 3), "rounded"),
    "rounded half up": (make_amount(5, 2, 3), "rounded"),
    "not rounded": (make_amount(7, rounded=0), "rounded"),
    "more than is displayed": (make_amount(2**63, rounded=0), "rounded"),
    "a long numerator": (wire.Amount(numerator=LONG), "magnitude"),
    "a long denominator": (wire.Amount(numerator=b"\x01", denominator=LONG), "magnitude"),
}


@pytest.mark.parametrize("name", AMOUNT_FAULTS)
def test_a_faulty_amount_is_refused(name: str) -> None:
    """An amount has one spelling, a sane size and one rounding; nobody can be shown two different amounts."""
    amount, match = AMOUNT_FAULTS[name]
    refuse(OutcomeDeclared, make_outcome(amount), match)
    refuse(OutcomeDeclared, make_outcome(awards=[make_award(price=amount)]), match)


@pytest.mark.parametrize(
    ("amount", "match"),
    [
        (Fraction(2**63), "64 bits"),
        (Fraction(-(2**63) * 2 - 3, 2), "64 bits"),
        (Fraction(1, 256**limits.AMOUNT_BYTES), "bytes"),
    ],
    ids=["large", "low", "fine"],
)
def test_an_amount_that_would_be_refused_is_not_written(amount: Fraction, match: str) -> None:
    """Whoever made it is told what is too large about it."""
    body = OutcomeDeclared(awards=(), payments=(amount,), reason="because")
    header, _ = CODEC.decode_message(PAYLOAD_TYPES[OutcomeDeclared], make_outcome())
    with pytest.raises(UsageError, match=match):
        CODEC.encode_message(header, body)


@pytest.mark.parametrize("amount", [2**63 - 1, -(2**63)])
def test_the_largest_amounts_are_written(amount: int) -> None:
    """The limit itself is within the limit."""
    _, body = CODEC.decode_message(PAYLOAD_TYPES[OutcomeDeclared], make_outcome(make_amount(amount)))
    assert body == OutcomeDeclared(awards=(), payments=(Fraction(amount),), reason="because")


@pytest.mark.parametrize("reason", ["", "a\nb", "x" * 513, "\x1b[2J"], ids=["none", "line", "long", "escape"])
def test_texts_are_short_and_printable(reason: str) -> None:
    """A text is shown to people: no control characters reach their terminal."""
    refuse(OutcomeDeclared, make_outcome(reason=reason), "reason")


def test_awards_are_exact() -> None:
    """Each buyer, what it gets, and the price; a price of nothing is still a price."""
    awards = [make_award(1, (0, 4), make_amount(1, 3)), make_award(7, (2,), make_amount(0))]
    _, body = CODEC.decode_message(PAYLOAD_TYPES[OutcomeDeclared], make_outcome(awards=awards))
    assert body == OutcomeDeclared(
        awards=(
            Award(bidder=1, goods=(0, 4), price=Fraction(1, 3)),
            Award(bidder=7, goods=(2,), price=Fraction(0)),
        ),
        payments=(),
        reason="because",
    )


AWARD_FAULTS: dict[str, tuple[list[wire.Award], str]] = {
    "no goods": ([make_award(goods=())], "goods"),
    "goods twice": ([make_award(goods=(1, 1))], "rising"),
    "goods falling": ([make_award(goods=(2, 1))], "rising"),
    "no price": ([wire.Award(bidder=0, goods=(0,))], "price"),
    "a negative price": ([make_award(price=make_amount(-1, 2))], "negative"),
    "a buyer twice": ([make_award(3), make_award(3, (1,))], "rising"),
    "buyers falling": ([make_award(3), make_award(2, (1,))], "rising"),
}


@pytest.mark.parametrize("name", AWARD_FAULTS)
def test_a_faulty_award_is_refused(name: str) -> None:
    """Awards are in one order, of something, and the lot is never given away with money on top."""
    awards, match = AWARD_FAULTS[name]
    refuse(OutcomeDeclared, make_outcome(awards=awards), match)


OTHER_KIND: Any = 9
QUESTION_FAULTS: dict[str, tuple[wire.AskReport, str]] = {
    "no kind": (wire.AskReport(wave=1), "ReportKind"),
    "an unknown kind": (wire.AskReport(kind=OTHER_KIND), "ReportKind"),
    "subjects of a valuation": (wire.AskReport(kind=wire.REPORT_KIND_VALUE, subjects=[1]), "subjects"),
    "subjects of a signal": (
        wire.AskReport(kind=wire.REPORT_KIND_SIGNAL, subjects=[1], weight_bits=9),
        "subjects",
    ),
    "a limit of a valuation": (wire.AskReport(kind=wire.REPORT_KIND_VALUE, weight_bits=9), "limit"),
    "a belief about nobody": (wire.AskReport(kind=wire.REPORT_KIND_BELIEF, weight_bits=9), "subjects"),
    "a belief without a limit": (wire.AskReport(kind=wire.REPORT_KIND_BELIEF, subjects=[1]), "limit"),
    "too high a limit": (
        wire.AskReport(kind=wire.REPORT_KIND_BELIEF, subjects=[1], weight_bits=limits.BELIEF_WEIGHT_BITS + 1),
        "weight_bits",
    ),
    "a subject twice": (
        wire.AskReport(kind=wire.REPORT_KIND_VALUE_AND_BELIEF, subjects=[1, 1], weight_bits=9),
        "rising",
    ),
    "subjects falling": (
        wire.AskReport(kind=wire.REPORT_KIND_BELIEF, subjects=[2, 1], weight_bits=9),
        "rising",
    ),
}


@pytest.mark.parametrize("name", QUESTION_FAULTS)
def test_a_faulty_question_is_refused(name: str) -> None:
    """A question for a belief says about whom and how fine; no other question does."""
    question, match = QUESTION_FAULTS[name]
    question.header.CopyFrom(make_header())
    refuse(AskReport, question.SerializeToString(), match)


FULL = limits.OPENING_PART_BYTES


@pytest.mark.parametrize(
    ("part", "part_count", "size", "match"),
    [
        (0, 0, 1, "part 0 of 0"),
        (1, 1, 1, "part 1 of 1"),
        (0, limits.OPENING_PARTS + 1, FULL, "parts"),
        (0, 1, 0, "part has"),
        (0, 1, FULL + 1, "part has"),
        (0, 2, FULL - 1, "part has"),
        (0, 2, FULL + 1, "part has"),
        (1, 2, 0, "part has"),
    ],
)
def test_a_faulty_part_of_an_opening_is_refused(part: int, part_count: int, size: int, match: str) -> None:
    """An opening is cut in one way: full parts, of which the last may be shorter."""
    message = wire.ReportOpening(
        header=make_header(), wave=1, part=part, part_count=part_count, content=bytes(size)
    )
    refuse(ReportOpening, message.SerializeToString(), match)


@pytest.mark.parametrize("size", [31, 33])
def test_keys_have_32_bytes(size: int) -> None:
    """An opening key, its secret and the rest of a session's beginning have their lengths."""
    disclosed = wire.OpeningKeyDisclosed(header=make_header(), secret=bytes(size))
    refuse(OpeningKeyDisclosed, disclosed.SerializeToString(), "secret")
    session = wire.SessionOpen(
        header=make_header(),
        specification_digest=HASH,
        seed_commitment=HASH,
        message_key=HASH,
        checkpoint_key=HASH,
        opening_key=bytes(size),
        code_version="1",
    )
    refuse(SessionOpen, session.SerializeToString(), "opening_key")


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
