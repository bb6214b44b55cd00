"""A bidder's session whose inputs are kept: applied, appended to the receipts, and brought back after a crash.

Decides what is worth keeping: every input that moves the session. Refuses to go on with receipts from which other
messages would follow than were said: a bidder answers the same question with the same bytes, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable

from bidder_agent.receipts import Receipts
from openoutcry.errors import StorageError
from openoutcry.session.bidder import BidderSession
from openoutcry.session.bidder_values import (
    BidderEffects,
    BidderInput,
    Decided,
    Delivered,
    Opened,
    OpeningChosen,
    OpeningSealed,
    SignalChosen,
    TypeChosen,
)
from openoutcry.wire.journal import JournalEntry


class KeptSession:
    """One bidder's session and its receipts.

    Args:
        session: New.
        receipts: Of this bidder and session; their entries are applied when this is made.
        now_ns: Tells the time, nanoseconds since 1970.

    Attributes:
        session: As far as it has come.
        receipts: To be persisted by the driver before anything leaves.
        entries: Everything that was kept, in order.

    Raises:
        StorageError: The receipts' messages are not those that follow from its inputs.
    """

    def __init__(self, session: BidderSession, receipts: Receipts, *, now_ns: Callable[[], int]) -> None:
        self.session = session
        self.receipts = receipts
        self.entries: list[JournalEntry] = []
        self._now_ns = now_ns
        for entry in receipts.entries:
            effects = session.apply(entry.given, entry.at_ns)
            if effects.send != entry.said:
                raise StorageError(
                    f"{receipts.directory}: other messages follow from these receipts than were sent: "
                    "go on with the release that wrote them"
                )
            self.entries.append(entry)

    @property
    def is_over(self) -> bool:
        """Whether nothing will follow any more."""
        return self.session.has_ended or self.session.complaint is not None

    @property
    def failures(self) -> tuple[str, ...]:
        """Why answers were the default ones, one line each."""
        return tuple(entry.failure for entry in self.entries if entry.failure)

    def apply(self, given: BidderInput, *, failure: str = "") -> BidderEffects:
        """Apply an input and append it to the receipts.

        Args:
            given: The input.
            failure: Why an answer is the default one, in one line.

        Returns:
            What follows; nothing of it may leave before the receipts are persisted.

        Raises:
            UsageError: The input does not fit this bidder; nothing has changed.
        """
        if self.is_over or self._says_nothing_new(given):
            return BidderEffects(has_ended=self.is_over)
        at_ns = self._now_ns()
        effects = self.session.apply(given, at_ns)
        if not effects.must_resume:
            entry = JournalEntry(at_ns=at_ns, given=given, said=effects.send, failure=failure)
            self.receipts.append(entry)
            self.entries.append(entry)
        return effects

    def _says_nothing_new(self, given: BidderInput) -> bool:
        """Whether the session would ignore it: repeated by the network, or an answer nobody waits for."""
        witness, asked, sealing = self.session.witness, self.session.asked, self.session.sealing
        match given:
            case Opened(session_open=session_open):
                return witness is not None and witness.session_open == session_open
            case Delivered(delivery=delivery):
                return witness is not None and delivery.index < witness.next_index
            case (
                Decided(question=question)
                | SignalChosen(question=question)
                | TypeChosen(question=question)
                | OpeningChosen(question=question)
            ):
                return asked is None or asked.question != question
            case OpeningSealed(question=question):
                return sealing is None or sealing.question != question
            case _:
                return False
