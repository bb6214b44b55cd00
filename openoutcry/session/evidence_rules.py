"""What contradicts what: one rule for each deviation that stands on signatures alone."""

from __future__ import annotations

from collections.abc import Callable

from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import sender_id
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import Accept, Exit, Hello, Offer, Raise, SeedOpening
from openoutcry.session.evidence_case import Case
from openoutcry.session.evidence_reports import (
    prove_inconsistent_report,
    prove_malformed_report,
    prove_opening_mismatch,
)
from openoutcry.session.reading import EnvelopeReader


def _prove_equivocation(case: Case, _: EnvelopeReader) -> str | None:
    if any(isinstance(statement.body, Hello) for statement in case.accused):
        return None  # A Hello stands outside its sender's sequence.
    match case.accused:
        case [first, second] if first.header.seq == second.header.seq and first.data != second.data:
            return f"two messages under sequence number {first.header.seq}"
    return None


def _prove_fork(case: Case, _: EnvelopeReader) -> str | None:
    match case.accused:
        case [first, second] if case.enrol is None:
            one, other = first.header, second.header
            if one.seen_size == other.seen_size and one.seen_root != other.seen_root:
                return f"two heads of one log at size {one.seen_size}"
    return None


def _prove_wrong_level(case: Case, _: EnvelopeReader) -> str | None:
    match case.questions, case.accused:
        case [question], [answer] if answer.header.reply_to == leaf_hash(question.data):
            if isinstance(question.body, Raise | Offer) and isinstance(answer.body, Accept | Exit):
                asked, answered = question.body.level, answer.body.level
                return f"level {answered} answered to level {asked}" if asked != answered else None
    return None


def _prove_exit_reversal(case: Case, _: EnvelopeReader) -> str | None:
    match case.accused:
        case [first, second] if first.header.seq < second.header.seq:
            if isinstance(first.body, Exit) and isinstance(second.body, Accept):
                return f"level {second.body.level} accepted after an exit at level {first.body.level}"
    return None


def _prove_seed_missing(case: Case, _: EnvelopeReader) -> str | None:
    match [statement.body for statement in case.accused]:
        case [SeedOpening(part=part)] if case.enrol is None:
            opening = case.opening
            opened = seed_commitment(opening.specification_digest, sender_id(opening.message_key), part)
            return "a seed part that was not committed to" if opened != opening.seed_commitment else None
    return None


ABOUT_REPORTS = frozenset(
    {
        DeviationCode.OPENING_MISMATCH,
        DeviationCode.MALFORMED_REPORT,
        DeviationCode.INCONSISTENT_REPORT,
    }
)

# Each returns what it proves, or None when nothing contradicts anything.
RULES: dict[DeviationCode, Callable[[Case, EnvelopeReader], str | None]] = {
    DeviationCode.EQUIVOCATION: _prove_equivocation,
    DeviationCode.FORKED: _prove_fork,
    DeviationCode.WRONG_LEVEL: _prove_wrong_level,
    DeviationCode.EXIT_REVERSAL: _prove_exit_reversal,
    DeviationCode.OPENING_MISMATCH: prove_opening_mismatch,
    DeviationCode.MALFORMED_REPORT: prove_malformed_report,
    DeviationCode.INCONSISTENT_REPORT: prove_inconsistent_report,
    DeviationCode.SEED_MISSING: _prove_seed_missing,
}
