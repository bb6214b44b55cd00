"""Strategic deviations: answers that the truthful strategy would not have given.

They are measured, never proved: they can be named only where the private signals are known, as in a local run, and
they are no fault. A truthful bidder accepts every level up to its signal, refuses the next, and reports its signal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openoutcry.errors import PeerError
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    Accept,
    AskReport,
    Body,
    Exit,
    Lapse,
    LapseSubject,
    Offer,
    Raise,
    ReportOpening,
    RosterClosed,
)
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategicDeviation:
    """One answer that was not the truthful one.

    Attributes:
        bidder: Name.
        index: Log index of the answer, or of the Lapse.
        did: What the bidder did.
        truthful: What the truthful strategy would have done.
    """

    bidder: str
    index: int
    did: str
    truthful: str


def strategic_deviations(
    entries: Sequence[bytes], *, names: Sequence[str], signals: Mapping[str, int], reader: EnvelopeReader
) -> tuple[StrategicDeviation, ...]:
    """Return every answer of a log that was not truthful.

    Args:
        entries: The log of a session that verifies.
        names: Of the bidders, in the order of the specification.
        signals: Private signal by name; bidders without one are passed over.
        reader: Reads the entries.
    """
    roster: dict[bytes, str] = {}
    members: list[str] = []
    asked: dict[bytes, Body] = {}
    found: list[StrategicDeviation] = []
    for index, data in enumerate(entries):
        header, body = read_entry(data, reader, index)
        match body:
            case RosterClosed():
                members = [names[member.bidder] for member in body.members]
                roster = {member.sender_id: names[member.bidder] for member in body.members}
                continue
            case Raise() | Offer() | AskReport():
                asked[leaf_hash(data)] = body
                continue
            case Lapse(bidder=int(member)):
                name = members[member]
            case _:
                name = roster.get(header.sender_id, "")
        signal = signals.get(name)
        if signal is not None:
            compared = _compare(body, asked.get(header.reply_to), signal, reader)
            if compared is not None:
                did, truthful = compared
                found.append(StrategicDeviation(bidder=name, index=index, did=did, truthful=truthful))
    return tuple(found)


def _compare(
    body: Body, question: Body | None, signal: int, reader: EnvelopeReader
) -> tuple[str, str] | None:
    """Return what was done and what is truthful, when they differ."""
    match body:
        case Accept(level=level) if level > signal:
            return f"accepted level {level}", f"exit: the signal is {signal}"
        case Exit(level=level) if level <= signal:
            return f"exited at level {level}", f"stay: the signal is {signal}"
        case Lapse(subject=LapseSubject.ANSWER) if (
            isinstance(question, Raise | Offer) and question.level <= signal
        ):
            return f"was silent at level {question.level}", f"stay: the signal is {signal}"
        case Lapse(subject=LapseSubject.COMMITMENT | LapseSubject.OPENING):
            return "withheld its report", f"report {signal}"
        case ReportOpening(report=report):
            try:
                value = reader.codec.decode_report(report).value
            except PeerError:
                return None
            return None if value == signal else (f"reported {value}", f"report {signal}")
        case _:
            return None
