"""Limits that must agree with each other."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.mechanisms import market
from openoutcry.mechanisms.conversation import NOTHING, Award
from openoutcry.mechanisms.crowd import distributions
from openoutcry.protocol import limits
from openoutcry.protocol.commitments import SECRET_BYTES
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.messages import (
    MAXIMUM_DETAIL,
    PAYLOAD_TYPES,
    AskReport,
    Body,
    Header,
    OutcomeDeclared,
    ReportKind,
    ReportOpening,
    Role,
)
from openoutcry.protocol.opening import PADDING_BYTES, SEAL_BYTES
from openoutcry.protocol.tiles import MAXIMUM_ENTRY_BYTES
from openoutcry.wire import WireCodec

CODEC = WireCodec()
INT64 = 2**63 - 1
EPSILON = Fraction(2**59 - 1, 2**31 - 1)
"""A large reward: 90 bits above and below the line together, less than 2^34 minor units."""


def entry_size(body: Body) -> int:
    """Return how many bytes an envelope with this body has, if all else in it is as long as can be."""
    hash_ = b"h" * 32
    header = Header(
        session_id=hash_,
        role=Role.AUCTIONEER,
        sender_id=hash_,
        seq=limits.ENTRIES,
        prev_own=hash_,
        seen_size=limits.ENTRIES,
        seen_root=hash_,
        reply_to=hash_,
        sent_at_ns=INT64,
    )
    payload = CODEC.encode_message(header, body)
    envelope = Envelope(
        payload_type=PAYLOAD_TYPES[type(body)], payload=payload, signature=b"s" * 64, sender_id=hash_
    )
    return len(CODEC.encode_envelope(envelope))


def reward(weight: int, total: int) -> Fraction:
    """Return the reward for a belief that gave a weight to what came true, and all other weight to one point."""
    squares = weight**2 + (total - weight) ** 2
    score = Fraction(2 * total * weight - squares - total**2, total**2)
    return EPSILON / (2 * limits.ROSTER) * (2 + score)


def outcome(report_count: int, weight_bits: int) -> OutcomeDeclared:
    """Return the longest outcome in which so many beliefs of so large a total weight are paid for."""
    total = 2**weight_bits - 1
    price = Fraction(INT64 * 2 - 1, 2)
    payments = [-reward(total - 2, total)] * report_count
    payments += [NOTHING] * (limits.ROSTER - report_count)
    payments[limits.ROSTER - 1] += price
    return OutcomeDeclared(
        awards=(Award(bidder=limits.ROSTER - 1, goods=(0,), price=price),),
        payments=tuple(payments),
        reason="字" * MAXIMUM_DETAIL,
    )


def test_every_envelope_fits_a_tile():
    """Whatever may be logged can be written to a transcript."""
    assert limits.BIDDER_ENVELOPE_BYTES <= limits.AUCTIONEER_ENVELOPE_BYTES <= MAXIMUM_ENTRY_BYTES


def test_evidence_fits_an_envelope():
    """Evidence that is kept whole leaves room for what is said about it."""
    assert limits.BIDDER_ENVELOPE_BYTES + 4096 <= limits.AUCTIONEER_ENVELOPE_BYTES


@pytest.mark.parametrize("report_count", [1, 2, 5, 6, 10, 50, 100, 500, 1000, limits.ROSTER])
def test_every_reward_fits_the_outcome(report_count: int):
    """However many beliefs are paid for exactly, the longest outcome is one entry of the log."""
    weight_bits = limits.belief_weight_bits(report_count)
    assert weight_bits >= 16
    assert entry_size(outcome(report_count, weight_bits)) <= limits.AUCTIONEER_ENVELOPE_BYTES


@pytest.mark.parametrize("report_count", [50, 100, limits.ROSTER])
def test_weights_are_not_held_below_what_fits(report_count: int):
    """A fifth more, or two bytes where they are few, and the longest outcome would be too long."""
    weight_bits = limits.belief_weight_bits(report_count) * 6 // 5
    if report_count == limits.ROSTER:
        weight_bits += 16
    assert entry_size(outcome(report_count, weight_bits)) > limits.AUCTIONEER_ENVELOPE_BYTES


def test_the_longest_amount_can_be_shown():
    """The largest reward is within the limit of an amount, and that within what Python writes in decimal."""
    longest = reward(2**limits.BELIEF_WEIGHT_BITS - 3, 2**limits.BELIEF_WEIGHT_BITS - 1)
    assert longest.denominator.bit_length() <= 8 * limits.AMOUNT_BYTES
    assert len(str(256**limits.AMOUNT_BYTES - 1)) <= 4000


def test_one_belief_has_the_most_weight():
    """Fewer reports never have less room, and none has as much as one."""
    bits = [limits.belief_weight_bits(count) for count in range(limits.ROSTER + 1)]
    assert bits == sorted(bits, reverse=True)
    assert bits[0] == bits[1] == limits.BELIEF_WEIGHT_BITS


def test_the_longest_report_fits_the_parts_of_an_opening():
    """The nonce, the padding and the seal included, and not one part is too many."""
    longest = limits.REPORT_BYTES + SECRET_BYTES + PADDING_BYTES + SEAL_BYTES
    assert longest > (limits.OPENING_PARTS - 1) * limits.OPENING_PART_BYTES
    assert longest <= limits.OPENING_PARTS * limits.OPENING_PART_BYTES


def test_every_part_of_an_opening_fits_an_envelope():
    """A full part in the longest envelope of a bidder."""
    part = ReportOpening(
        wave=2**32 - 1,
        part=limits.OPENING_PARTS - 1,
        part_count=limits.OPENING_PARTS,
        content=bytes(limits.OPENING_PART_BYTES),
    )
    assert entry_size(part) <= limits.BIDDER_ENVELOPE_BYTES


def test_every_question_fits_an_envelope():
    """A belief about everybody can be asked for."""
    question = AskReport(
        bidder=limits.ROSTER - 1,
        wave=2**32 - 1,
        kind=ReportKind.VALUE_AND_BELIEF,
        subjects=tuple(range(limits.ROSTER)),
        is_private=True,
        weight_bits=limits.BELIEF_WEIGHT_BITS,
    )
    assert entry_size(question) <= limits.AUCTIONEER_ENVELOPE_BYTES


def test_beliefs_fit_their_limits():
    """Whatever distribution may be made of a market has few enough points for a report."""
    assert limits.BELIEF_POINTS == distributions.POINT_LIMIT
    assert limits.BELIEF_POINTS * 20 == limits.BELIEF_CELLS


def test_markets_fit_a_session():
    """Whatever market is accepted can be played."""
    assert limits.BIDDERS == market.BIDDER_LIMIT
    assert limits.SIGNAL_LEVELS == market.SIGNAL_LEVELS_LIMIT


def test_largest_file_is_a_plain_zip():
    """Sizes and counts stay below those at which ZIP needs its extension."""
    assert limits.TRANSCRIPT_BYTES < 2**32 - 1
    assert limits.TRANSCRIPT_MEMBERS < 2**16 - 1
