"""Reports as evidence: what a bidder opened, against what it was asked for and what it had committed to.

A report counts only with everything that it must be read by, each bound to the next by a signature of the accused: its
commitment answers the question, its parts open that commitment, and its own seed part answers the roster that says
whom the question's subjects are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from openoutcry.errors import PeerError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.specification import decode_specification
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.commitments import report_commitment, seed_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import sender_id
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    AskReport,
    Report,
    ReportCommit,
    ReportKind,
    ReportOpening,
    RosterClosed,
    SeedOpening,
)
from openoutcry.protocol.opening import KEY_BYTES, OpeningKey, join_opening, opening_info, unpack_opening
from openoutcry.session.evidence_case import Case
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.reports import read_report, report_shape, report_type


def prove_opening_mismatch(case: Case, _: EnvelopeReader) -> str | None:
    """Return which opening was not committed to."""
    match [statement.body for statement in case.accused]:
        case [SeedOpening(part=part)] if case.enrol is not None:
            opened = seed_commitment(case.session_id, sender_id(case.enrol.public_key), part)
            return "a seed part that was not committed to" if opened != case.enrol.seed_commitment else None
    for opened_report in opened_reports(case):
        try:
            opened_report.content(case)
        except PeerError as problem:
            if problem.deviation == DeviationCode.OPENING_MISMATCH.value:
                return f"a report in wave {opened_report.wave} that was not committed to"
    return None


def prove_malformed_report(case: Case, reader: EnvelopeReader) -> str | None:
    """Return which report is none."""
    for opened_report in opened_reports(case):
        try:
            opened_report.report(case, reader)
        except PeerError as problem:
            if problem.deviation == DeviationCode.MALFORMED_REPORT.value:
                return f"a report in wave {opened_report.wave} that is none: {problem.reason}"
    return None


def prove_inconsistent_report(case: Case, reader: EnvelopeReader) -> str | None:
    """Return which reports name different types of one bidder."""
    values: dict[int, int] = {}
    for opened_report in opened_reports(case):
        report = opened_report.report(case, reader)
        if isinstance(report, TypeReport) and report.value is not None:
            values[opened_report.wave] = report.value
    match sorted(values.items()):
        case [(first, one), (second, other)] if one != other:
            return f"type {one} reported in wave {first} and type {other} in wave {second}"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedReport:
    """A question for a report, the commitment that answers it, and the opening."""

    ask: AskReport
    commit: ReportCommit
    parts: tuple[ReportOpening, ...]

    @property
    def wave(self) -> int:
        """Number of the wave."""
        return self.ask.wave

    def content(self, case: Case) -> bytes:
        """Return the encoded report; PeerError OPENING_MISMATCH when it was not committed to."""
        assert case.enrol is not None
        accused = sender_id(case.enrol.public_key)
        content = join_opening([part.content for part in self.parts])
        if self.ask.is_private:
            key = _opening_key(case)
            content = key.unseal(
                content, opening_info(case.session_id, accused, self.wave, self.commit.commitment)
            )
        nonce, data = unpack_opening(content)
        opened = report_commitment(
            session_id=case.session_id,
            sender_id=accused,
            wave=self.wave,
            payload_type=report_type(self.ask.kind),
            nonce=nonce,
            report=data,
        )
        if opened != self.commit.commitment:
            raise PeerError(DeviationCode.OPENING_MISMATCH.value, "the opening is not what was committed to")
        return data

    def report(self, case: Case, reader: EnvelopeReader) -> Report:
        """Return the report; PeerError when it is none, or was not committed to."""
        assert case.enrol is not None
        if hashlib.sha256(case.evidence.specification).digest() != case.opening.specification_digest:
            raise PeerError(DeviationCode.MALFORMED.value, "the specification is not the session's")
        return read_report(self.content(case), self._shape(case, case.enrol.name), reader.codec)

    def _shape(self, case: Case, name: str) -> ReportShape:
        market = decode_specification(case.evidence.specification).market
        names = [bidder.name for bidder in market.bidders]
        if name not in names:
            raise PeerError(DeviationCode.MALFORMED.value, "the accused is not invited to the session")
        if isinstance(market, Market) != (self.ask.kind is ReportKind.SIGNAL):
            raise PeerError(DeviationCode.MALFORMED.value, "the question does not fit the session's market")
        roster = _roster(case)
        if max((self.ask.bidder, *self.ask.subjects)) >= len(roster):
            raise PeerError(DeviationCode.MALFORMED.value, "the roster that the question means is not shown")
        if roster[self.ask.bidder] != names.index(name):
            raise PeerError(DeviationCode.MALFORMED.value, "the question was put to another bidder")
        subjects = [roster[subject] for subject in self.ask.subjects]
        if subjects != sorted(set(subjects)) or (subjects and subjects[-1] >= len(names)):
            raise PeerError(DeviationCode.MALFORMED.value, "the roster does not follow the specification")
        return report_shape(
            market,
            names.index(name),
            kind=self.ask.kind,
            subjects=subjects,
            weight_bits=self.ask.weight_bits,
        )


def opened_reports(case: Case) -> Iterator[OpenedReport]:
    """Yield the reports whose question, commitment and whole opening are all there, by wave."""
    if case.enrol is None:
        return
    commits = {
        statement.body.wave: statement
        for statement in case.accused
        if isinstance(statement.body, ReportCommit)
    }
    for question in case.questions:
        ask = question.body
        if not isinstance(ask, AskReport) or ask.wave not in commits:
            continue
        commit = commits[ask.wave]
        if commit.header.reply_to != leaf_hash(question.data):
            continue
        parts = [
            statement.body
            for statement in case.accused
            if isinstance(statement.body, ReportOpening) and statement.body.wave == ask.wave
        ]
        in_order = [part.part for part in parts] == list(range(len(parts)))
        if parts and in_order and all(part.part_count == len(parts) for part in parts):
            assert isinstance(commit.body, ReportCommit)
            yield OpenedReport(ask=ask, commit=commit.body, parts=tuple(parts))


def _roster(case: Case) -> tuple[int, ...]:
    """Return the places in the specification of the roster that the accused has answered; empty when not shown."""
    answered = {item.header.reply_to for item in case.accused if isinstance(item.body, SeedOpening)}
    for item in case.questions:
        if isinstance(item.body, RosterClosed) and leaf_hash(item.data) in answered:
            return tuple(member.bidder for member in item.body.members)
    return ()


def _opening_key(case: Case) -> OpeningKey:
    if not case.evidence.opening_secret:
        raise PeerError(DeviationCode.MALFORMED.value, "the opening is sealed, and its key is not disclosed")
    if len(case.evidence.opening_secret) != KEY_BYTES:
        raise PeerError(DeviationCode.MALFORMED.value, f"an opening key is made from {KEY_BYTES} bytes")
    key = OpeningKey(case.evidence.opening_secret)
    if key.public_key != case.opening.opening_key:
        raise PeerError(DeviationCode.MALFORMED.value, "the disclosed key is not the session's")
    return key
