"""What travels between a simulated bidder and a simulated auctioneer: the frames of the service's streams, as values.

The specification travels with the challenge, where the service has a call of its own for it. Nothing about a frame
is trusted; what counts is what is signed inside.
"""

from __future__ import annotations

from dataclasses import dataclass

from openoutcry.session.bidder_values import Concluded
from openoutcry.session.values import Delivery
from openoutcry.simulation.network import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """A bidder asks for a challenge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An envelope of a bidder: its Hello first, then its messages."""

    envelope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """The auctioneer's first frame: a fresh nonce, SessionOpen and the public specification."""

    nonce: bytes
    session_open: bytes
    specification: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The bidder cannot take part; connecting anew will not change that."""

    reason: str


UpwardFrame = Attach | Said
DownwardFrame = Challenge | Delivery | Concluded | Rejected
Stream = Connection[UpwardFrame, DownwardFrame]
