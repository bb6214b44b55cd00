"""Reading an envelope once although two look at it: its stream, which asks whose it is, and then the session."""

from __future__ import annotations

from openoutcry.protocol.codec import Codec
from openoutcry.protocol.envelope import Envelope
from openoutcry.session.reading import EnvelopeReader

AHEAD_LIMIT = 4096
"""Envelopes that were read ahead and not asked for yet; beyond that, some were dropped on the way to their session."""


class HandoverReader(EnvelopeReader):
    """Remembers what `read_ahead` has read until it is asked for again, by the very same bytes object."""

    def __init__(self, codec: Codec) -> None:
        super().__init__(codec)
        # By identity: the bytes are kept beside the envelope, so that no other object can have their identity.
        self._ahead: dict[int, tuple[bytes, Envelope]] = {}

    def read_ahead(self, data: bytes) -> Envelope:
        """Return the envelope in `data`, and remember it; MALFORMED when it is not exactly one."""
        envelope = self.codec.decode_envelope(data)
        if len(self._ahead) >= AHEAD_LIMIT:
            self._ahead.clear()
        self._ahead[id(data)] = (data, envelope)
        return envelope

    def read_envelope(self, data: bytes) -> Envelope:
        """Return the envelope in `data`; MALFORMED when it is not exactly one."""
        ahead = self._ahead.pop(id(data), None)
        return self.codec.decode_envelope(data) if ahead is None else ahead[1]
