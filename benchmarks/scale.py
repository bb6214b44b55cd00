"""How much is measured: in full for the record, or a short slice that only shows that everything runs."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.load import Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Sizes of all measurements.

    Attributes:
        turns: How often programs take their turn.
        loads: For speed and latency; the first has one question in flight.
        crowd: Many connected bidders with one question in flight.
        crowd_turns: How often this takes its turn.
        idle_bidders: Connected bidders whose memory is measured, more than 10.
        idle_sessions: Sessions whose memory is measured, more than 10.
        long_log: Records of the log at whose end cycles are measured.
        fold_cycles: Cycles measured at either length of the log.
        transcript_cycles: Cycles of the transcript that is verified.
        repetitions: How often everything in one process is repeated.
        seconds: Of each repetition of what can be repeated at will.
        set_up_bidders: Bidders of the market that is set up.
        belief_bidders: Bidders of the market whose product beliefs are scored and sold by.
        belief_points: Points of the belief that is priced by, written, read and sealed; at most 10^6.
        optimum_types: Types of each of three bidders, for an optimum with a goal and for a larger one.
        sale_bidders: Bidders of a crowdsourced session over the network, 3 or more.
        sale_turns: How often such a session takes its turn.
    """

    turns: int
    loads: tuple[Load, ...]
    crowd: Load
    crowd_turns: int
    idle_bidders: int
    idle_sessions: int
    long_log: int
    fold_cycles: int
    transcript_cycles: int
    repetitions: int
    seconds: float
    set_up_bidders: int
    belief_bidders: int
    belief_points: int
    optimum_types: tuple[int, int]
    sale_bidders: int
    sale_turns: int


FULL = Scale(
    turns=3,
    loads=(
        Load(bidders=2, levels=1000, in_flight="one"),
        Load(bidders=10, levels=400, in_flight="all"),
        Load(bidders=100, levels=50, in_flight="all"),
        Load(bidders=1000, levels=6, in_flight="all"),
    ),
    crowd=Load(bidders=1000, levels=2, in_flight="one"),
    crowd_turns=2,
    idle_bidders=1000,
    idle_sessions=1000,
    long_log=100_000,
    fold_cycles=1000,
    transcript_cycles=5000,
    repetitions=3,
    seconds=1.0,
    set_up_bidders=1000,
    belief_bidders=1000,
    belief_points=100_000,
    optimum_types=(15, 30),
    sale_bidders=100,
    sale_turns=5,
)

QUICK = Scale(
    turns=1,
    loads=(Load(bidders=2, levels=40, in_flight="one"), Load(bidders=8, levels=10, in_flight="all")),
    crowd=Load(bidders=12, levels=8, in_flight="one"),
    crowd_turns=1,
    idle_bidders=14,
    idle_sessions=14,
    long_log=5000,
    fold_cycles=60,
    transcript_cycles=120,
    repetitions=1,
    seconds=0.05,
    set_up_bidders=50,
    belief_bidders=20,
    belief_points=500,
    optimum_types=(3, 4),
    sale_bidders=5,
    sale_turns=1,
)
