"""Protocol buffers: the encoding of every message, and the frames of the service."""

from openoutcry.wire.codec import WireCodec
from openoutcry.wire.frames import (
    decode_challenge,
    decode_conclusion,
    decode_delivery,
    encode_conclusion,
    encode_delivery,
)

__all__ = [
    "WireCodec",
    "decode_challenge",
    "decode_conclusion",
    "decode_delivery",
    "encode_conclusion",
    "encode_delivery",
]
