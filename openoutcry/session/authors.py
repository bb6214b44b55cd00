"""Who writes the auctioneer's envelopes: a key in a live session, the recorded bytes in a replay.

A session says what must be said; an author turns it into an envelope. That is the only difference between running
a session and re-executing its transcript.
"""

from __future__ import annotations

from typing import Protocol

from openoutcry.protocol.codec import Codec
from openoutcry.protocol.envelope import seal
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import PAYLOAD_TYPES, Body, Header


class Author(Protocol):
    """Turns messages of one party into envelopes."""

    def seal(self, header: Header, body: Body) -> bytes:
        """Return the encoded envelope that says this."""
        ...


class SigningAuthor:
    """Signs with a key: the author of every live session."""

    def __init__(self, key: SigningKey, codec: Codec) -> None:
        self._key = key
        self._codec = codec

    def seal(self, header: Header, body: Body) -> bytes:
        """Return the encoded envelope that says this, signed."""
        payload = self._codec.encode_message(header, body)
        return self._codec.encode_envelope(seal(self._key, PAYLOAD_TYPES[type(body)], payload))
