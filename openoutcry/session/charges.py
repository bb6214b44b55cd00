"""What a session's log records against bidders: the one place where a peer's error becomes a deviation.

A refusal goes back to the sender. It becomes an entry of the log only where the bytes are somebody's over its own
signature, the session still goes on, and that sender has not filled its share of the log with such entries.
"""

from __future__ import annotations

from openoutcry.protocol.deviations import Blame, Deviation, DeviationCode
from openoutcry.protocol.messages import DeviationNoted, LapseSubject
from openoutcry.session.admission import Admitted, Party, Refused
from openoutcry.session.enrolment import Enrolment
from openoutcry.session.scribe import Scribe
from openoutcry.session.values import Deadline


class Charges:
    """The deviations of one session.

    Args:
        scribe: Writes what is recorded, and refuses.
        enrolment: Knows who takes part.

    Attributes:
        deviations: All that the log records, in order.
    """

    def __init__(self, *, scribe: Scribe, enrolment: Enrolment) -> None:
        self.deviations: list[Deviation] = []
        self._scribe = scribe
        self._enrolment = enrolment

    def refuse(self, refused: Refused, data: bytes, *, is_over: bool) -> None:
        """Refuse bytes that were not admitted.

        Args:
            refused: Why.
            data: As they came.
            is_over: Whether nothing is logged any more.
        """
        party = self._enrolment.parties.get(refused.sender_id) if refused.is_attributable else None
        self._record(
            refused.refusal,
            refused.reason,
            data=data,
            party=None if is_over else party,
            sender=refused.sender_id,
        )

    def note(self, code: DeviationCode, detail: str, admitted: Admitted) -> None:
        """Refuse an admitted message of a session that goes on."""
        self._record(code, detail, data=admitted.data, party=admitted.party, sender=admitted.party.sender_id)

    def silence(self, deadline: Deadline, party: Party) -> None:
        """Note that a deadline of a member has passed; the log's last entry is the Lapse that says so."""
        party.lapsed.add(deadline.question)
        is_opening = deadline.subject in (LapseSubject.SEED_OPENING, LapseSubject.OPENING)
        self.deviations.append(
            Deviation(
                code=DeviationCode.OPENING_MISSING if is_opening else DeviationCode.SILENT,
                accused=party.name,
                index=self._scribe.log.size - 1,
                detail=f"no {deadline.subject.name.lower().replace('_', ' ')} came in time",
            )
        )

    def _record(
        self, code: DeviationCode, detail: str, *, data: bytes, party: Party | None, sender: bytes
    ) -> None:
        is_recorded = party is not None and party.has_room_to_note(code)
        if party is not None and is_recorded:
            party.note(code)
            noted = DeviationNoted(deviation=code, accused_id=sender, evidence=data, detail=detail)
            written = self._scribe.write(noted, to=(sender,))
            accused = "" if code.blame is Blame.NOBODY else party.name
            self.deviations.append(
                Deviation(code=code, accused=accused, index=written.index, detail=detail, evidence=data)
            )
        self._scribe.refuse(code, party=sender, detail=detail, is_recorded=is_recorded)
