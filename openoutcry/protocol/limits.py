"""Every limit of the protocol, each with its reason: one place to look and one place to change.

Whoever reads something from outside checks its limit first, before parsing, hashing or keeping it.
"""

from __future__ import annotations

from openoutcry.mechanisms.crowd.distributions import POINT_LIMIT

BIDDER_ENVELOPE_BYTES = 32 * 1024
"""One envelope of a bidder. Its largest message is a part of an opening, and a flood must stay cheap."""

AUCTIONEER_ENVELOPE_BYTES = 65_535
"""One envelope of the auctioneer. It may quote a bidder's; a tile writes an entry's length in two bytes."""

BIDDERS = 10_000
"""One market. A mechanism runs in process with as many."""

ROSTER = 1_500
"""One session. RosterClosed names every member in 38 bytes, and an entry of the log has at most 64 KiB."""

SIGNAL_LEVELS = 1024
"""Levels of one clock. Each is a question over the network: more make an auction that nobody waits for."""

REPORT_BYTES = 2 * 1024 * 1024
"""One report, encoded. A belief of as many points as may be takes some hundred KiB; wide markets take more."""

OPENING_PART_BYTES = 24 * 1024
"""What one ReportOpening carries of an opening. It leaves a bidder's envelope 8 KiB for all else."""

OPENING_PARTS = 86
"""Parts of one opening: enough for the largest report, the bytes that hid it, the padding and the seal."""

BELIEF_POINTS = POINT_LIMIT
"""Points of a joint belief: as many as a distribution may have."""

BELIEF_CELLS = 2_000_000
"""Types in all points of a joint belief, one for each point and player: all its points where there are 20 players. Two
bytes of a report can stand for a point of a thousand types; this many are read in parts of a second."""

BELIEF_WEIGHT_BITS = 6_000
"""Bits of a belief's total weight. A reward has its square below the line: some 3 600 digits, which leaves room for
what else stands there among the `AMOUNT_BYTES`."""

AMOUNT_BYTES = 1_660
"""Numerator or denominator of an amount of money: 3 998 decimal digits. Python turns integers of more than 4 300
digits into text only when asked to, and every amount must be shown somewhere."""

DEVIATIONS_PER_BIDDER = 16
"""Deviations of one bidder that are recorded. They prove a habit; further ones would let it fill the log."""

REFUSED_ANSWERS_PER_BIDDER = DEVIATIONS_PER_BIDDER + OPENING_PARTS
"""Messages of one bidder that keep their place in its chain although they are refused; they are counted apart. Each
must be recorded, or nobody could follow the chain, so nothing is taken from a bidder that has sent so many. An honest
one never does: an opening that comes too late is refused part by part."""

ENTRIES = 2**32
"""Entries of one log. Far more than a session needs, and every other implementation can count as far."""

NOTE_BYTES = 128 * 1024
"""One signed note. Its standard asks for room for 16 signatures of up to 5 kB each, in base64."""

NOTE_SIGNATURES = 64
"""Signatures of one note. Its standard asks for 16; each one that names our key costs a verification."""

MANIFEST_BYTES = 64 * 1024
"""The manifest of a transcript. It is a few lines for people, and nothing in it is trusted."""

SPECIFICATION_BYTES = 16 * 1024 * 1024
"""The public specification. A value table of 10 000 states for 200 bidders fits in."""

TRANSCRIPT_BYTES = 1024 * 1024 * 1024
"""One transcript file. It is checked in memory, and stays below the sizes at which ZIP changes its format."""

TRANSCRIPT_MEMBERS = 65_534
"""Members of one transcript file. A ZIP counts them in two bytes, and the highest count means another format.
At 256 entries a tile that is room for some eight million entries."""

_OUTCOME_REST_BYTES = 3 * 1024
"""An envelope of an Outcome without its payments: at most 300 bytes of envelope and header, a reason of 512
characters of up to 4 bytes, and what the buyer's price adds to the award and to the buyer's payment."""

_PAYMENT_REST_BYTES = 32
"""A payment without what grows with the weights: 11 bytes of tags and lengths, 6 of the rounded amount, 2 because
numerator and denominator take whole bytes, and 13 for their other factors: 2 bits for 3, 12 for 2n, and 90 for the
numerator and the denominator of epsilon, which is below 2^34 minor units."""

_NO_PAYMENT_BYTES = 2
"""A payment of nothing: its tag and its length."""


def belief_weight_bits(report_count: int) -> int:
    """Return how many bits the total weight of one belief may have, so that the outcome fits one entry.

    With a belief of total weight W a reward is epsilon / (2n) times (2W^2 + 2Ww - sum of squares - W^2) / W^2. The
    numerator is at most 3 epsilon W^2, the denominator 2n W^2 times that of epsilon: in lowest terms they have 4
    times the bits of W between them, beside a few that `_PAYMENT_REST_BYTES` counts. As many rewards as there are
    reports share what an entry of the auctioneer leaves them. W is the product of the factors' totals where the
    belief is a product.

    Args:
        report_count: How many beliefs earn a reward that is paid exactly, 0..ROSTER; none counts as one.
    """
    rewards = max(1, report_count)
    nothings = _NO_PAYMENT_BYTES * max(0, ROSTER - rewards)
    room = (AUCTIONEER_ENVELOPE_BYTES - _OUTCOME_REST_BYTES - nothings) // rewards
    return max(0, min(BELIEF_WEIGHT_BITS, 8 * (room - _PAYMENT_REST_BYTES) // 4))
