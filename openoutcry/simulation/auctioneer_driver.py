"""Drives an auctioneer's session over simulated streams, as the service does over real ones.

Entries are kept before anything that follows from them leaves; deadlines start when the questions have left; the
newest stream of a bidder takes the place of its older ones. When it dies it comes back from what it kept: the log and
its own secrets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from openoutcry.errors import PeerError
from openoutcry.protocol.checkpoints import Checkpoint, session_origin, sign_checkpoint
from openoutcry.protocol.draws import keyed_hash
from openoutcry.protocol.framing import u64
from openoutcry.protocol.keys import SigningKey
from openoutcry.session.attachment import verify_hello
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.bidder_values import Concluded
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.values import Deadline, DeadlinePassed, Effects, Input, Received, Refusal
from openoutcry.simulation.frames import Attach, Challenge, Rejected, Said, Stream, UpwardFrame
from openoutcry.simulation.network import Dice, Faults
from openoutcry.simulation.virtual_time import NANOSECONDS_PER_MILLISECOND, VirtualTime


@dataclass(slots=True, kw_only=True, eq=False)
class _Attachment:
    """One stream as the auctioneer sees it.

    Attributes:
        stream: Its connection.
        nonce: That was sent as its challenge; empty before.
        hello: The Hello that attached it; empty before.
        party: Who is attached; empty before.
        head_size: Size of the head that the bidder holds when it has taken all that was sent.
    """

    stream: Stream
    nonce: bytes = b""
    hello: bytes = b""
    party: bytes = b""
    head_size: int = 0


class AuctioneerDriver:
    """One simulated auctioneer.

    Args:
        session: Not yet started.
        recover: Returns the session that wrote the entries given, ready to go on.
        specification: The public specification, byte for byte.
        checkpoint_key: Signs the final checkpoint.
        nonce_key: Nonces of challenges come from it; 32 bytes.
        reader: Reads and verifies envelopes.
        time: Of the simulation.
        faults: What goes wrong.
        dice: Draws it.

    Attributes:
        session: Where the session stands.
        entries: The log.
        refusals: What was refused, in order.
        crashes: How often the auctioneer died.
    """

    def __init__(
        self,
        *,
        session: AuctioneerSession,
        recover: Callable[[list[bytes]], AuctioneerSession],
        specification: bytes,
        checkpoint_key: SigningKey,
        nonce_key: bytes,
        reader: EnvelopeReader,
        time: VirtualTime,
        faults: Faults,
        dice: Dice,
    ) -> None:
        self.session = session
        self.entries: list[bytes] = []
        self.refusals: list[Refusal] = []
        self.crashes = 0
        self._recover = recover
        self._specification = specification
        self._checkpoint_key = checkpoint_key
        self._nonce_key = nonce_key
        self._nonces = 0
        self._reader = reader
        self._time = time
        self._faults = faults
        self._dice = dice
        self._attached: dict[bytes, _Attachment] = {}
        self._streams: list[Stream] = []

    def start(self) -> None:
        """Open the session."""
        effects = self.session.start()
        self.entries.extend(effects.entries)
        self._await(effects.deadlines)

    def accept(self, stream: Stream) -> None:
        """Listen on a new stream."""
        attachment = _Attachment(stream=stream)
        stream.on_upward = lambda frame: self._take(attachment, frame)
        self._streams.append(stream)

    def _take(self, attachment: _Attachment, frame: UpwardFrame) -> None:
        if isinstance(frame, Attach):
            if not attachment.nonce:
                self._challenge(attachment)
        elif not attachment.party:
            self._attach(attachment, frame)
        elif frame.envelope != attachment.hello:
            self._apply(Received(data=frame.envelope), attachment)

    def _challenge(self, attachment: _Attachment) -> None:
        attachment.nonce = keyed_hash(self._nonce_key, u64(self._nonces))
        self._nonces += 1
        attachment.stream.send_down(
            Challenge(
                nonce=attachment.nonce,
                session_open=self.entries[0],
                specification=self._specification,
            )
        )

    def _attach(self, attachment: _Attachment, frame: Said) -> None:
        log = self.session.log
        try:
            attached = verify_hello(
                frame.envelope,
                nonce=attachment.nonce,
                session_id=self.session.session_id,
                reader=self._reader,
                tree=log.tree,
            )
        except PeerError:
            # Its Hello may have been lost or overtaken on this network; the bidder will connect anew.
            attachment.stream.close()
            return
        attachment.hello = frame.envelope
        attachment.party = attached.sender_id
        attachment.head_size = attached.head_size
        self._attached[attached.sender_id] = attachment
        for index in log.addressed_from(attached.sender_id, attached.next_index):
            self._deliver(attachment, index)
        self._conclude_if_ended(attachment)

    def _apply(self, given: Input, source: _Attachment | None = None) -> None:
        effects = self.session.apply(given, at_ns=self._time.now_ns)
        self.entries.extend(effects.entries)
        self.refusals.extend(effects.refusals)
        if effects.entries and self._dice.happens(self._faults.auctioneer_crash):
            self._crash()
            return
        self._send(effects)
        if source is not None and effects.refusals and source.party not in self.session.enrolment.parties:
            source.stream.send_down(Rejected(reason=effects.refusals[0].detail))

    def _send(self, effects: Effects) -> None:
        for addressed in effects.addressed:
            attachment = self._attached.get(addressed.party)
            if attachment is not None:
                self._deliver(attachment, addressed.index)
        self._await(effects.deadlines)
        if effects.entries and self.session.phase.is_final:
            for attachment in self._attached.values():
                self._conclude_if_ended(attachment)

    def _deliver(self, attachment: _Attachment, index: int) -> None:
        delivery = self.session.log.delivery(
            party=attachment.party,
            index=index,
            envelope=self.entries[index],
            from_size=attachment.head_size,
        )
        attachment.head_size = index
        attachment.stream.send_down(delivery)

    def _conclude_if_ended(self, attachment: _Attachment) -> None:
        # Whoever never enrolled has seen nothing that a checkpoint could extend.
        if not self.session.phase.is_final or attachment.party not in self.session.enrolment.parties:
            return
        tree = self.session.log.tree
        checkpoint = Checkpoint(
            origin=session_origin(self.session.session_id), size=tree.size, root=tree.root()
        )
        attachment.stream.send_down(
            Concluded(
                note=sign_checkpoint(checkpoint, self._checkpoint_key),
                consistency_from=attachment.head_size,
                consistency=tree.consistency_proof(attachment.head_size, tree.size),
            )
        )

    def _await(self, deadlines: tuple[Deadline, ...]) -> None:
        for deadline in deadlines:
            self._time.after(deadline.after_ms * NANOSECONDS_PER_MILLISECOND, self._passing(deadline))

    def _passing(self, deadline: Deadline) -> Callable[[], None]:
        life = self.crashes

        def passed() -> None:
            # The deadlines of a process die with it; those that still matter are started anew, in full.
            if life == self.crashes:
                self._apply(DeadlinePassed(deadline=deadline))

        return passed

    def _crash(self) -> None:
        self.crashes += 1
        for stream in self._streams:
            stream.close()
        self._streams.clear()
        self._attached.clear()
        self.session = self._recover(self.entries)
        self._await(self.session.deadlines)
