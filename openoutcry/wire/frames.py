"""Frames of the bidders' streams: session values to protocol buffers and back.

Frames are not signed, so nothing about them is trusted; what does not fit becomes a PeerError.
"""

from __future__ import annotations

from openoutcry.errors import PeerError
from openoutcry.session.bidder_values import Concluded
from openoutcry.session.values import Delivery
from openoutcry.wire.v1 import service_pb2 as wire


def encode_delivery(delivery: Delivery) -> wire.ParticipateResponse:
    """Return the frame that carries a delivery."""
    return wire.ParticipateResponse(
        delivery=wire.Delivery(
            index=delivery.index,
            envelope=delivery.envelope,
            consistency_from=delivery.consistency_from,
            consistency=delivery.consistency,
            own_index=delivery.own_index,
            inclusion=delivery.inclusion,
        )
    )


def decode_delivery(frame: wire.Delivery) -> Delivery:
    """Return the delivery in a frame."""
    return Delivery(
        index=frame.index,
        envelope=frame.envelope,
        consistency_from=frame.consistency_from,
        consistency=tuple(frame.consistency),
        own_index=frame.own_index if frame.HasField("own_index") else None,
        inclusion=tuple(frame.inclusion),
    )


def encode_conclusion(concluded: Concluded) -> wire.ParticipateResponse:
    """Return the frame that carries the final checkpoint."""
    return wire.ParticipateResponse(
        final_checkpoint=wire.FinalCheckpoint(
            note=concluded.note,
            consistency_from=concluded.consistency_from,
            consistency=concluded.consistency,
        )
    )


def decode_conclusion(frame: wire.FinalCheckpoint) -> Concluded:
    """Return the final checkpoint in a frame."""
    return Concluded(
        note=frame.note, consistency_from=frame.consistency_from, consistency=tuple(frame.consistency)
    )


def decode_challenge(frame: wire.ParticipateResponse) -> tuple[bytes, bytes]:
    """Return nonce and SessionOpen of the first frame of a stream.

    Raises:
        PeerError: MALFORMED, when the frame is no challenge.
    """
    if frame.WhichOneof("frame") != "challenge":
        raise PeerError("MALFORMED", "the stream does not begin with a challenge")
    return frame.challenge.nonce, frame.challenge.session_open
