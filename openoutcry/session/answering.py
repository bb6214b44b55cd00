"""What a bidder is asked at this moment, one question at a time, and the report that it has committed to.

Decides what becomes of an answer of the driver's, and whether another question may come. Says nothing itself: what is
to be said goes back to the bidder's session, which signs it.
"""

from __future__ import annotations

from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    AskReport,
    Body,
    CommitClosed,
    Lapse,
    LapseSubject,
    Offer,
    Raise,
    ReportOpening,
)
from openoutcry.session.bidder_values import (
    Asked,
    Decided,
    LevelAsked,
    OpeningAsked,
    OpeningChosen,
    OpeningSealed,
    SealAsked,
    SignalAsked,
    TypeAsked,
)
from openoutcry.session.own_report import OwnReport
from openoutcry.session.witness import Breach, OutOfStep


class Answering:
    """The open question of one bidder in one session, if any.

    Attributes:
        asked: The question that the strategy has not answered, if any.
        sealing: What the driver has not sealed yet, if anything.
        report: The last that this bidder has committed to, and may still open.
    """

    def __init__(self) -> None:
        self.asked: Asked | None = None
        self.sealing: SealAsked | None = None
        self.report: OwnReport | None = None
        self._has_skipped = False

    @property
    def _is_busy(self) -> bool:
        return self.asked is not None or self.sealing is not None

    # --- What is asked. ---

    def follow(self, body: Body, *, skips: bool) -> None:
        """Note that an entry is about to be taken.

        Args:
            body: What it says.
            skips: Whether entries lie before it that were not delivered: most are for others, but one of them may have
                been withheld on the way.

        Raises:
            OutOfStep: It asks something before the last question was answered, and a lapse may be missing.
        """
        skipped = self._has_skipped or skips
        if skipped and self._is_busy and isinstance(body, Raise | Offer | AskReport | CommitClosed):
            raise OutOfStep(
                "a second question came, and word that the time for the first is over may be missing"
            )
        self._has_skipped = skipped

    def require_free(self) -> None:
        """Refuse a question while another is open.

        Raises:
            Breach: The auctioneer asks two things at once.
        """
        if self._is_busy:
            raise Breach(DeviationCode.WRONG_QUESTION, "a second question came before the first was answered")

    def ask(self, asked: Asked) -> Asked:
        """Open a question, and return it."""
        self.asked, self._has_skipped = asked, False
        return asked

    def ask_opening(self, body: CommitClosed, *, own_index: int | None, question: bytes) -> OpeningAsked:
        """Open the question for the opening of the report.

        Args:
            body: Closes the commitments of a wave.
            own_index: Where the log holds this bidder's last message.
            question: Leaf hash of the entry.

        Raises:
            Breach: There is nothing to be opened, or the list leaves this bidder's commitment out.
        """
        if self.report is None or body.wave != self.report.wave:
            raise Breach(DeviationCode.WRONG_QUESTION, "an opening is asked for what was not committed to")
        if self.report.is_closed:
            # Whoever opened twice would leave statements that contradict each other.
            raise Breach(DeviationCode.WRONG_QUESTION, "an opening is asked for a second time")
        self.require_free()
        if own_index not in body.commitment_indexes:
            raise Breach(DeviationCode.SUPPRESSED, "the list of commitments leaves this bidder's out")
        asked = self.report.ask_opening(question)
        self.ask(asked)
        return asked

    def drop(self) -> None:
        """Forget the open question: nobody waits for its answer any more."""
        self.asked = self.sealing = None

    def lapse(self, lapse: Lapse) -> None:
        """Note that the time for the open question is over."""
        self.drop()
        if lapse.subject in (LapseSubject.COMMITMENT, LapseSubject.OPENING):
            # A report whose time is over is opened no more.
            self.report = None

    def refuse(self, leaf: bytes) -> None:
        """Note that the own message with this leaf hash was refused."""
        if self.report is not None and not self.report.is_closed and self.report.leaf == leaf:
            # No list of commitments need hold what was refused.
            self.report = None

    # --- What the driver answers; None where it is no answer to the open question. ---

    def level(self, given: Decided) -> LevelAsked | None:
        """Close a question for a level, and return it."""
        asked = self.asked
        if not isinstance(asked, LevelAsked) or asked.question != given.question:
            return None
        self.asked = None
        return asked

    def report_question(self, question: bytes) -> SignalAsked | TypeAsked | None:
        """Close a question for a report, and return it."""
        asked = self.asked
        if not isinstance(asked, SignalAsked | TypeAsked) or asked.question != question:
            return None
        self.asked = None
        return asked

    def open_report(self, chosen: OpeningChosen) -> SealAsked | tuple[ReportOpening, ...]:
        """Return the parts of the opening, or what must be sealed for them first; none where it is not to be opened."""
        asked = self.asked
        if not isinstance(asked, OpeningAsked) or asked.question != chosen.question:
            return ()
        self.asked = None
        if not chosen.opens:
            return ()
        assert self.report is not None, "an opening is asked for after a commitment only"
        opening = self.report.open(chosen.question, chosen.instead)
        if isinstance(opening, SealAsked):
            self.sealing = opening
        return opening

    def sealed_report(self, given: OpeningSealed) -> tuple[ReportOpening, ...]:
        """Return the parts of an opening that the driver has sealed; none where nobody asked for that."""
        if self.sealing is None or self.sealing.question != given.question or self.report is None:
            return ()
        self.sealing = None
        return self.report.parts(given.sealed)
