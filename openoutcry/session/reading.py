"""Reading envelopes: bytes to an envelope, its signature, and the message inside, each as its own step.

The steps are separate because the protocol fixes their order and lets cheap refusals come first. Replay puts in
a reader that remembers what it has verified already.
"""

from __future__ import annotations

from openoutcry.protocol.codec import Codec
from openoutcry.protocol.envelope import Envelope, verify_envelope
from openoutcry.protocol.keys import VerifyKey
from openoutcry.protocol.messages import Body, Header


class EnvelopeReader:
    """Reads each envelope anew; every method raises PeerError and nothing else."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def read_envelope(self, data: bytes) -> Envelope:
        """Return the envelope in `data`; MALFORMED when it is not exactly one."""
        return self.codec.decode_envelope(data)

    def verify(self, envelope: Envelope, key: VerifyKey) -> None:
        """Check the signature, strictly; BAD_SIGNATURE when it does not hold."""
        verify_envelope(envelope, key)

    def read_message(self, envelope: Envelope) -> tuple[Header, Body]:
        """Return what was signed; MALFORMED when it is not exactly one known message."""
        return self.codec.decode_message(envelope.payload_type, envelope.payload)


class RememberingReader(EnvelopeReader):
    """Reads and verifies each envelope once and remembers it; for envelopes that it has read itself.

    A signature counts as verified only for the very envelope and key for which it was: an envelope that is
    quoted as evidence of a bad signature is checked like any other.
    """

    def __init__(self, codec: Codec) -> None:
        super().__init__(codec)
        self._envelopes: dict[bytes, Envelope] = {}
        # By identity: an envelope is the very object that `read_envelope` keeps, and its hash is not for free.
        self._messages: dict[int, tuple[Header, Body]] = {}
        self._verified: dict[int, VerifyKey] = {}

    def read_envelope(self, data: bytes) -> Envelope:
        """Return the envelope in `data`, parsed at most once."""
        envelope = self._envelopes.get(data)
        if envelope is None:
            envelope = self._envelopes[data] = super().read_envelope(data)
        return envelope

    def verify(self, envelope: Envelope, key: VerifyKey) -> None:
        """Check the signature unless it was found good under this key before."""
        if self._verified.get(id(envelope)) != key:
            super().verify(envelope, key)
            self._verified[id(envelope)] = key

    def read_message(self, envelope: Envelope) -> tuple[Header, Body]:
        """Return what was signed, parsed at most once."""
        message = self._messages.get(id(envelope))
        if message is None:
            message = self._messages[id(envelope)] = super().read_message(envelope)
        return message
