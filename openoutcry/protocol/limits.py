"""Every limit of the protocol, each with its reason: one place to look and one place to change.

Whoever reads something from outside checks its limit first, before parsing, hashing or keeping it.
"""

from __future__ import annotations

BIDDER_ENVELOPE_BYTES = 32 * 1024
"""One envelope of a bidder. Its largest message is a report of a few KiB, and a flood must stay cheap."""

AUCTIONEER_ENVELOPE_BYTES = 65_535
"""One envelope of the auctioneer. It may quote a bidder's; a tile writes an entry's length in two bytes."""

BIDDERS = 10_000
"""One market. A mechanism runs in process with as many."""

ROSTER = 1_500
"""One session. RosterClosed names every member in 38 bytes, and an entry of the log has at most 64 KiB."""

SIGNAL_LEVELS = 1024
"""Levels of one clock. Each is a question over the network: more make an auction that nobody waits for."""

DEVIATIONS_PER_BIDDER = 16
"""Deviations of one bidder that are recorded. They prove a habit; further ones would let it fill the log."""

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
