"""The codec: every message survives a round trip, and any other bytes are a peer's error and nothing else."""

from __future__ import annotations

import string
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import PeerError
from openoutcry.mechanisms.conversation import Award, TypeReport
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product
from openoutcry.protocol import limits
from openoutcry.protocol import messages as values
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.messages import PAYLOAD_TYPES, Header, ReportKind, Role
from openoutcry.wire import WireCodec
from openoutcry.wire.v1 import messages_pb2 as wire

CODEC = WireCodec()
INT64 = 2**63 - 1
UINT32 = 2**32 - 1

hashes = generators.binary(min_size=32, max_size=32)
counts = generators.integers(0, UINT32)
money = generators.integers(0, INT64)
words = generators.text(alphabet=string.ascii_letters + string.digits + " äß字", min_size=1, max_size=60)
fractions = generators.fractions(min_value=-(2**40), max_value=2**40)
# As long above and below the line as amounts may be, if rarely.
long_fractions = generators.builds(
    lambda whole, denominator, rest: whole + Fraction(rest % denominator, denominator),
    generators.integers(-(2**62), 2**62),
    generators.integers(1, 256 ** (limits.AMOUNT_BYTES - 8) - 1),
    generators.integers(0, 256**limits.AMOUNT_BYTES),
)
amounts = generators.one_of(fractions, long_fractions)
last_parts = generators.binary(min_size=1, max_size=60)
full_parts = generators.binary(min_size=8, max_size=8).map(
    lambda data: data * (limits.OPENING_PART_BYTES // 8)
)


def rising(
    numbers: generators.SearchStrategy[int], *, least: int = 1
) -> generators.SearchStrategy[tuple[int, ...]]:
    """Generate a few numbers, rising."""
    return generators.lists(numbers, min_size=least, max_size=4, unique=True).map(
        lambda drawn: tuple(sorted(drawn))
    )


def awards_to(bidder: int) -> generators.SearchStrategy[Award]:
    """Generate awards to this bidder."""
    return generators.builds(
        Award, bidder=generators.just(bidder), goods=rising(counts), price=amounts.map(abs)
    )


headers = generators.builds(
    Header,
    session_id=generators.one_of(generators.just(b""), hashes),
    role=generators.sampled_from(Role),
    sender_id=hashes,
    seq=counts,
    prev_own=generators.one_of(generators.just(b""), hashes),
    seen_size=counts,
    seen_root=hashes,
    reply_to=generators.one_of(generators.just(b""), hashes),
    sent_at_ns=generators.integers(0, INT64),
)

BODIES: dict[type, generators.SearchStrategy] = {
    values.SessionOpen: generators.builds(
        values.SessionOpen,
        specification_digest=hashes,
        seed_commitment=hashes,
        message_key=hashes,
        checkpoint_key=hashes,
        opening_key=hashes,
        code_version=words,
    ),
    values.RosterClosed: generators.builds(
        values.RosterClosed,
        members=generators.lists(
            generators.builds(values.RosterMember, bidder=counts, sender_id=hashes), max_size=5
        ).map(tuple),
    ),
    values.Raise: generators.builds(values.Raise, bidder=counts, wave=counts, level=counts),
    values.Offer: generators.builds(
        values.Offer, bidder=counts, wave=counts, level=counts, target=counts, price=money
    ),
    values.AskReport: generators.one_of(
        generators.builds(
            values.AskReport,
            bidder=counts,
            wave=counts,
            kind=generators.sampled_from([ReportKind.SIGNAL, ReportKind.VALUE]),
            is_private=generators.booleans(),
        ),
        generators.builds(
            values.AskReport,
            bidder=counts,
            wave=counts,
            kind=generators.sampled_from([ReportKind.BELIEF, ReportKind.VALUE_AND_BELIEF]),
            subjects=rising(counts),
            is_private=generators.booleans(),
            weight_bits=generators.integers(1, limits.BELIEF_WEIGHT_BITS),
        ),
    ),
    values.CommitClosed: generators.builds(
        values.CommitClosed, wave=counts, commitment_indexes=generators.lists(counts, max_size=5).map(tuple)
    ),
    values.Lapse: generators.builds(
        values.Lapse,
        subject=generators.sampled_from(values.LapseSubject),
        bidder=generators.one_of(generators.none(), counts),
    ),
    values.DeviationNoted: generators.builds(
        values.DeviationNoted,
        deviation=generators.sampled_from(DeviationCode),
        accused_id=hashes,
        evidence=generators.binary(max_size=200),
        detail=words,
    ),
    values.OutcomeDeclared: generators.builds(
        values.OutcomeDeclared,
        awards=rising(counts, least=0).flatmap(
            lambda buyers: generators.tuples(*(awards_to(buyer) for buyer in buyers))
        ),
        payments=generators.lists(amounts, max_size=4).map(tuple),
        reason=words,
    ),
    values.OpeningKeyDisclosed: generators.builds(values.OpeningKeyDisclosed, secret=hashes),
    values.SeedOpening: generators.builds(values.SeedOpening, part=hashes),
    values.SessionVoid: generators.builds(
        values.SessionVoid, reason=generators.sampled_from(values.VoidReason), detail=words
    ),
    values.Hello: generators.builds(values.Hello, nonce=hashes, public_key=hashes, next_index=counts),
    values.Enrol: generators.builds(
        values.Enrol, name=words, public_key=hashes, seed_commitment=hashes, agent_version=words
    ),
    values.Accept: generators.builds(values.Accept, level=counts),
    values.Exit: generators.builds(values.Exit, level=counts),
    values.ReportCommit: generators.builds(values.ReportCommit, wave=counts, commitment=hashes),
    values.ReportOpening: generators.integers(1, limits.OPENING_PARTS).flatmap(
        lambda part_count: generators.integers(0, part_count - 1).flatmap(
            lambda part: generators.builds(
                values.ReportOpening,
                wave=counts,
                part=generators.just(part),
                part_count=generators.just(part_count),
                content=last_parts if part == part_count - 1 else full_parts,
            )
        )
    ),
}
KINDS = sorted(BODIES, key=lambda kind: kind.__name__)


def decode(kind: type, payload: bytes):
    """Decode a payload of this kind."""
    return CODEC.decode_message(PAYLOAD_TYPES[kind], payload)


def refusal_or(decoding: Callable[[], Any]) -> Any:
    """Return what was decoded, or the code under which it was refused; anything else that is raised fails."""
    try:
        return decoding()
    except PeerError as error:
        return error.deviation


def test_every_kind_of_message_is_here() -> None:
    """No message of the protocol is missing."""
    assert set(BODIES) | {values.SignalReport, TypeReport} == set(PAYLOAD_TYPES)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=generators.data())
def test_a_message_survives_the_round_trip(kind: type, data: generators.DataObject) -> None:
    """What was encoded is decoded to the same values."""
    header, body = data.draw(headers), data.draw(BODIES[kind])
    assert decode(kind, CODEC.encode_message(header, body)) == (header, body)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=generators.data())
def test_a_damaged_message_is_another_or_a_peers_error(kind: type, data: generators.DataObject) -> None:
    """A changed, cut or lengthened payload is refused, or is the only encoding of something else."""
    payload = CODEC.encode_message(data.draw(headers), data.draw(BODIES[kind]))
    place = data.draw(generators.integers(0, len(payload) - 1))
    changed = bytes([payload[place] ^ data.draw(generators.integers(1, 255))])
    damages = (
        payload[:place] + changed + payload[place + 1 :],
        payload[:place],
        payload + changed * data.draw(generators.integers(1, 8)),
        payload[:place] + payload[place:] * 2,
    )
    damage = data.draw(generators.sampled_from(damages))
    found = refusal_or(lambda: decode(kind, damage))
    assert found == "MALFORMED" or CODEC.encode_message(*found) == damage


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(payload=generators.binary(max_size=200))
def test_arbitrary_payloads_are_refused(kind: type, payload: bytes) -> None:
    """Arbitrary bytes are a peer's error; they are never half a message."""
    with pytest.raises(PeerError):
        decode(kind, payload)


@given(payload_type=generators.text(max_size=80), payload=generators.binary(max_size=50))
def test_an_unknown_type_is_refused(payload_type: str, payload: bytes) -> None:
    """What is of no known type is refused before it is parsed."""
    with pytest.raises(PeerError):
        CODEC.decode_message(payload_type, payload)


envelopes = generators.builds(
    Envelope,
    payload_type=words,
    payload=generators.binary(min_size=1, max_size=200),
    signature=generators.binary(min_size=64, max_size=64),
    sender_id=hashes,
)


@given(envelope=envelopes)
def test_an_envelope_survives_the_round_trip(envelope: Envelope) -> None:
    """What was encoded is decoded to the same envelope."""
    assert CODEC.decode_envelope(CODEC.encode_envelope(envelope)) == envelope


cut_envelopes = envelopes.map(CODEC.encode_envelope).map(lambda whole: whole[:-1])


@given(data=generators.one_of(generators.binary(max_size=200), cut_envelopes))
def test_other_bytes_are_no_envelope(data: bytes) -> None:
    """Anything but the only encoding of an envelope is refused."""
    with pytest.raises(PeerError):
        CODEC.decode_envelope(data)


@given(value=generators.integers(0, 2**31 - 2))
def test_a_signal_survives_the_round_trip(value: int) -> None:
    """A signal of 0 too is written out, so that no report is empty."""
    data = CODEC.encode_signal_report(values.SignalReport(value=value))
    assert data
    assert CODEC.decode_signal_report(data) == values.SignalReport(value=value)


@given(data=generators.binary(max_size=20))
def test_other_bytes_are_no_signal(data: bytes) -> None:
    """Arbitrary bytes are a report in its only encoding or MALFORMED_REPORT."""
    found = refusal_or(lambda: CODEC.decode_signal_report(data))
    assert found == "MALFORMED_REPORT" or CODEC.encode_signal_report(found) == data


@generators.composite
def shapes(draw: generators.DrawFn) -> ReportShape:
    """Generate questions about up to five bidders with up to six types each."""
    kind = draw(generators.sampled_from([ReportKind.VALUE, ReportKind.BELIEF, ReportKind.VALUE_AND_BELIEF]))
    subjects = () if kind is ReportKind.VALUE else draw(rising(generators.integers(0, 9)))
    return ReportShape(
        kind=kind,
        subjects=subjects,
        type_counts=tuple(draw(generators.integers(1, 6)) for _ in subjects),
        own_type_count=draw(generators.integers(1, 300)),
        weight_bits=200,
    )


@generators.composite
def beliefs(draw: generators.DrawFn, shape: ReportShape) -> Distribution:
    """Generate beliefs of both forms, with short weights and long ones."""
    weights = generators.one_of(generators.integers(1, 9), generators.integers(1, 2**30))
    types = [generators.integers(0, count - 1) for count in shape.type_counts]
    if draw(generators.booleans()):
        points = generators.dictionaries(generators.tuples(*types), weights, min_size=1, max_size=9)
        return Joint.of(shape.subjects, draw(points))
    factors = (draw(generators.dictionaries(type_, weights, min_size=1)) for type_ in types)
    return Product.of(dict(zip(shape.subjects, factors, strict=True)))


@generators.composite
def reports(draw: generators.DrawFn) -> tuple[TypeReport, ReportShape]:
    """Generate a report with the question that it answers."""
    shape = draw(shapes())
    value = draw(generators.integers(0, shape.own_type_count - 1)) if shape.has_value else None
    belief = draw(beliefs(shape)) if shape.has_belief else None
    return TypeReport(value=value, belief=belief), shape


@given(case=reports())
def test_a_report_survives_the_round_trip(case: tuple[TypeReport, ReportShape]) -> None:
    """Valuation and belief come out as they went in, and no report is empty."""
    report, shape = case
    data = CODEC.encode_type_report(report, shape)
    assert data
    assert CODEC.decode_type_report(data, shape) == report


@given(case=reports(), data=generators.data())
def test_a_damaged_report_is_another_or_malformed(
    case: tuple[TypeReport, ReportShape], data: generators.DataObject
) -> None:
    """A changed, cut or lengthened report is never the same one, and is refused unless it is another's encoding."""
    report, shape = case
    encoded = CODEC.encode_type_report(report, shape)
    place = data.draw(generators.integers(0, len(encoded) - 1))
    changed = bytes([encoded[place] ^ data.draw(generators.integers(1, 255))])
    damages = (
        encoded[:place] + changed + encoded[place + 1 :],
        encoded[:place],
        encoded + changed,
        encoded[:place] + changed + encoded[place:],
    )
    for damage in damages:
        found = refusal_or(partial(CODEC.decode_type_report, damage, shape))
        assert found != report
        assert found == "MALFORMED_REPORT" or CODEC.encode_type_report(found, shape) == damage


@given(
    shape=shapes(), data=generators.binary(max_size=60), form=generators.sampled_from(["joint", "product"])
)
def test_arbitrary_beliefs_are_read_in_one_way_or_refused(shape: ReportShape, data: bytes, form: str) -> None:
    """Arbitrary bytes, bare or as a belief, are a report in its only encoding or MALFORMED_REPORT."""
    value = 1 if shape.has_value else 0
    framed = wire.TypeReport(
        value_plus_one=value,
        joint=data if form == "joint" else None,
        product=data if form == "product" else None,
    )
    for encoded in (data, framed.SerializeToString()):
        found = refusal_or(partial(CODEC.decode_type_report, encoded, shape))
        assert found == "MALFORMED_REPORT" or CODEC.encode_type_report(found, shape) == encoded


@given(payment=amounts)
def test_payments_stay_exact(payment: Fraction) -> None:
    """A payment is never rounded on its way."""
    body = values.OutcomeDeclared(awards=(), payments=(payment,), reason="because")
    header = Header(
        session_id=b"",
        role=Role.AUCTIONEER,
        sender_id=b"s" * 32,
        seq=0,
        prev_own=b"",
        seen_size=0,
        seen_root=b"r" * 32,
        reply_to=b"",
        sent_at_ns=0,
    )
    assert decode(values.OutcomeDeclared, CODEC.encode_message(header, body))[1] == body
