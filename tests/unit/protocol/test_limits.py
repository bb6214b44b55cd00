"""Limits that must agree with each other."""

from __future__ import annotations

from openoutcry.mechanisms import market
from openoutcry.protocol import limits
from openoutcry.protocol.tiles import MAXIMUM_ENTRY_BYTES


def test_every_envelope_fits_a_tile():
    """Whatever may be logged can be written to a transcript."""
    assert limits.BIDDER_ENVELOPE_BYTES <= limits.AUCTIONEER_ENVELOPE_BYTES <= MAXIMUM_ENTRY_BYTES


def test_evidence_fits_an_envelope():
    """Evidence that is kept whole leaves room for what is said about it."""
    assert limits.BIDDER_ENVELOPE_BYTES + 4096 <= limits.AUCTIONEER_ENVELOPE_BYTES


def test_markets_fit_a_session():
    """Whatever market is accepted can be played."""
    assert limits.BIDDERS == market.BIDDER_LIMIT
    assert limits.SIGNAL_LEVELS == market.SIGNAL_LEVELS_LIMIT


def test_largest_file_is_a_plain_zip():
    """Sizes and counts stay below those at which ZIP needs its extension."""
    assert limits.TRANSCRIPT_BYTES < 2**32 - 1
    assert limits.TRANSCRIPT_MEMBERS < 2**16 - 1
