"""Drives a bidder's session over simulated streams, as the agent does over real ones.

Every input is kept before what follows from it leaves, so that a bidder that dies comes back byte for byte. A bidder
connects anew when its stream breaks, when a delivery does not follow what it knows, and when it has heard nothing for
a while; it then sends again what may have been lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from openoutcry.errors import UsageError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.messages import SignalReport
from openoutcry.protocol.opening import seal_opening
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import (
    Asked,
    BidderEffects,
    BidderInput,
    Concluded,
    Decided,
    Delivered,
    LevelAsked,
    Opened,
    OpeningAsked,
    OpeningChosen,
    OpeningSealed,
    SealAsked,
    SignalAsked,
    SignalChosen,
    Specified,
    TypeAsked,
    TypeChosen,
)
from openoutcry.session.report_writer import ReportWriter
from openoutcry.session.values import Delivery
from openoutcry.simulation.frames import Attach, Challenge, DownwardFrame, Rejected, Said, Stream
from openoutcry.simulation.network import Dice, Faults
from openoutcry.simulation.player import Player
from openoutcry.simulation.virtual_time import NANOSECONDS_PER_MILLISECOND, VirtualTime
from openoutcry.strategies import NoAnswer

Decision = Decided | SignalChosen | TypeChosen | OpeningChosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One input as it was kept."""

    given: BidderInput
    at_ns: int


class BidderDriver:
    """One simulated bidder.

    Args:
        renew: Returns this bidder's session as it is before its first input.
        player: Its strategy in its seat.
        connect: Returns a new stream to the auctioneer.
        codec: Encodes reports.
        time: Of the simulation.
        faults: What goes wrong.
        dice: Draws it.

    Attributes:
        session: Where the bidder stands.
        is_done: Whether nothing more will come from it.
        rejection: Why it cannot take part; empty if it can.
        connections: How often it has connected.
        crashes: How often it died.
    """

    def __init__(
        self,
        *,
        renew: Callable[[], BidderSession],
        player: Player,
        connect: Callable[[], Stream],
        codec: Codec,
        time: VirtualTime,
        faults: Faults,
        dice: Dice,
    ) -> None:
        self.session = renew()
        self.is_done = False
        self.rejection = ""
        self.connections = 0
        self.crashes = 0
        self._renew = renew
        self._player = player
        self._connect = connect
        self._codec = codec
        self._writer = ReportWriter(codec)
        self._time = time
        self._faults = faults
        self._dice = dice
        self._kept: list[Kept] = []
        self._stream: Stream | None = None
        self._greeted: Stream | None = None
        self._silent = 0
        self._heard_ns = 0
        self._decisions: dict[bytes, Decision] = {}

    def start(self) -> None:
        """Connect for the first time, after the delay that is drawn for it."""
        self._time.after(self._dice.nanoseconds(self._faults.join_ms), self._begin)

    def _begin(self) -> None:
        self._player.start()
        self._attach()
        self._watch()

    # --- The connection. ---

    def _attach(self) -> None:
        if self.is_done:
            return
        if self._silent >= self._faults.patience:
            self.is_done = True
            return
        self._silent += 1
        self.connections += 1
        stream = self._stream = self._connect()
        stream.on_downward = lambda frame: self._take(stream, frame)
        stream.on_broken = lambda: self._reattach(stream)
        self._heard_ns = self._time.now_ns
        stream.send_up(Attach())

    def _reattach(self, stream: Stream) -> None:
        # A break of a stream that was given up before is no news.
        if stream is self._stream:
            self._attach()

    def _renew_stream(self) -> None:
        old, self._stream = self._stream, None
        if old is not None:
            old.close()
        self._attach()

    def _watch(self) -> None:
        if self.is_done:
            return
        retry_ns = self._faults.retry_ms * NANOSECONDS_PER_MILLISECOND
        if self._time.now_ns - self._heard_ns >= retry_ns:
            self._renew_stream()
        self._time.after(retry_ns, self._watch)

    def _take(self, stream: Stream, frame: DownwardFrame) -> None:
        if stream is not self._stream or self.is_done:
            return
        self._heard_ns = self._time.now_ns
        self._silent = 0
        match frame:
            case Challenge():
                self._greet(stream, frame)
            case Delivery():
                self._apply(Delivered(delivery=frame))
            case Concluded():
                self._apply(frame)
            case Rejected(reason=reason):
                self.rejection = reason
                self._finish()

    def _greet(self, stream: Stream, challenge: Challenge) -> None:
        if stream is self._greeted:
            return
        self._greeted = stream
        for given in (
            Opened(session_open=challenge.session_open),
            Specified(specification=challenge.specification),
        ):
            self._keep(given)
        if self.session.complaint is not None:
            self._finish()
            return
        stream.send_up(Said(envelope=self.session.hello(challenge.nonce, self._time.now_ns)))
        for envelope in self.session.waiting:
            stream.send_up(Said(envelope=envelope))

    # --- The session. ---

    def _keep(self, given: BidderInput) -> BidderEffects:
        self._kept.append(Kept(given=given, at_ns=self._time.now_ns))
        return self.session.apply(given, self._time.now_ns)

    def _apply(self, given: BidderInput) -> None:
        effects = self._keep(given)
        if effects.has_ended:
            self._finish()
            return
        if self._dice.happens(self._faults.bidder_crash):
            self._crash()
            return
        if effects.must_resume:
            self._renew_stream()
            return
        if self._stream is not None:
            for envelope in effects.send:
                self._stream.send_up(Said(envelope=envelope))
        if effects.ask is not None:
            self._think(effects.ask)
        if effects.seal is not None:
            self._seal(effects.seal)

    def _seal(self, asked: SealAsked) -> None:
        sealed = seal_opening(asked.content, recipient=asked.recipient, info=asked.info)
        self._apply(OpeningSealed(question=asked.question, sealed=sealed))

    def _think(self, asked: Asked) -> None:
        decision = self._decisions.get(asked.question)
        if decision is None:
            # A strategy is asked once: a bidder that dies while it thinks does not toss its coin again.
            decision = self._decisions[asked.question] = self._decide(asked)
        answer = decision
        self._time.after(self._dice.nanoseconds(self._faults.think_ms), lambda: self._answer(answer))

    def _decide(self, asked: Asked) -> Decision:
        player = self._player
        match asked:
            case LevelAsked():
                accepts = player.accepts(
                    level=asked.level, price=asked.price, target=asked.target, wave=asked.wave
                )
                return Decided(question=asked.question, accepts=accepts)
            case SignalAsked():
                return SignalChosen(question=asked.question, signal=player.signal(wave=asked.wave))
            case TypeAsked():
                report = player.type_report(
                    wave=asked.wave,
                    asks_value=asked.asks_value,
                    subjects=asked.subjects,
                    is_private=asked.is_private,
                )
                return TypeChosen(question=asked.question, report=self._encode(report, asked))
            case OpeningAsked():
                return self._decide_opening(asked)
            case _:
                assert_never(asked)

    def _decide_opening(self, asked: OpeningAsked) -> OpeningChosen:
        committed = self._writer.recall(asked)
        report = committed.value if isinstance(committed, SignalReport) else committed
        chosen = self._player.opening(wave=asked.wave, report=report)
        if isinstance(chosen, TypeReport):
            instead = self._encode(chosen, asked)
        elif isinstance(chosen, int):
            instead = self._codec.encode_signal_report(SignalReport(value=chosen))
        else:
            instead = None
        return OpeningChosen(question=asked.question, opens=chosen is not NoAnswer, instead=instead)

    def _encode(self, report: TypeReport | None, asked: TypeAsked | OpeningAsked) -> bytes | None:
        if report is None:
            return None
        try:
            return self._writer.write(report, asked.shape)
        except UsageError as problem:
            # A belief may be right in itself and too large for a message, or its weights for exact payments.
            taken = "opened" if isinstance(asked, OpeningAsked) else "withheld"
            self._player.note_default(taken, asked.wave, str(problem))
            return None

    def _answer(self, answer: Decision) -> None:
        asked = self.session.asked
        if not self.is_done and asked is not None and asked.question == answer.question:
            self._apply(answer)

    def _crash(self) -> None:
        self.crashes += 1
        self.session = self._renew()
        for kept in self._kept:
            self.session.apply(kept.given, kept.at_ns)
        self._renew_stream()
        if self.session.asked is not None:
            self._think(self.session.asked)
        if self.session.sealing is not None:
            self._seal(self.session.sealing)

    def _finish(self) -> None:
        self.is_done = True
        if self._stream is not None:
            self._stream.close()
