"""A piece of evidence, read and checked: who is accused, and what was signed by whom."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from openoutcry.errors import PeerError
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.keys import VerifyKey, sender_id
from openoutcry.protocol.messages import Body, Enrol, Header, SessionOpen
from openoutcry.session.reading import EnvelopeReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Signed envelopes that prove one deviation.

    Attributes:
        code: What they prove.
        session_open: The session's SessionOpen.
        enrol: The accused bidder's Enrol; empty when the auctioneer is accused.
        statements: What contradicts itself, each an encoded envelope of the accused or a question to it.
        specification: The public specification, where reports are judged by it; else empty.
        opening_secret: The disclosed key of private openings, where they are to be read; else empty.
    """

    code: DeviationCode
    session_open: bytes
    enrol: bytes
    statements: tuple[bytes, ...]
    specification: bytes = b""
    opening_secret: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One signed envelope, read."""

    data: bytes
    header: Header
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the rules look at: the accused, its own statements, and the auctioneer's."""

    session_id: bytes
    opening: SessionOpen
    enrol: Enrol | None
    evidence: Evidence
    accused: list[Statement]
    questions: list[Statement]


def read_case(evidence: Evidence, reader: EnvelopeReader) -> Case:
    """Return the case, every signature in it verified.

    Raises:
        PeerError: A signature or an envelope does not hold, or belongs elsewhere.
    """
    envelope, _, opening = read_statement(evidence.session_open, reader)
    if not isinstance(opening, SessionOpen):
        raise PeerError(DeviationCode.MALFORMED.value, "there is no SessionOpen")
    auctioneer_key = VerifyKey(opening.message_key)
    reader.verify(envelope, auctioneer_key)
    session_id = hashlib.sha256(envelope.payload).digest()
    enrol: Enrol | None = None
    accused_key = auctioneer_key
    if evidence.enrol:
        envelope, header, body = read_statement(evidence.enrol, reader)
        if not isinstance(body, Enrol) or header.session_id != session_id:
            raise PeerError(DeviationCode.MALFORMED.value, "the enrolment is none of this session")
        accused_key = VerifyKey(body.public_key)
        reader.verify(envelope, accused_key)
        enrol = body
    case = Case(
        session_id=session_id, opening=opening, enrol=enrol, evidence=evidence, accused=[], questions=[]
    )
    for data in evidence.statements:
        envelope, header, body = read_statement(data, reader)
        is_accused = envelope.sender_id == sender_id(accused_key.public_key)
        reader.verify(envelope, accused_key if is_accused else auctioneer_key)
        if header.session_id != session_id or header.sender_id != envelope.sender_id:
            raise PeerError(
                DeviationCode.WRONG_SESSION.value, "a statement belongs to another session or sender"
            )
        statement = Statement(data=data, header=header, body=body)
        (case.accused if is_accused else case.questions).append(statement)
    return case


def read_statement(data: bytes, reader: EnvelopeReader) -> tuple[Envelope, Header, Body]:
    """Return what is in an encoded envelope; PeerError when it is none."""
    envelope = reader.read_envelope(data)
    header, body = reader.read_message(envelope)
    return envelope, header, body
