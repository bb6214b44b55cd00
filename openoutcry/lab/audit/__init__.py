"""Is it truthful? Checks of a mechanism's incentives on one market, by exhaustion or by sampling, with witnesses."""

from openoutcry.lab.audit.auditing import DEFAULT_LIMIT, DEFAULT_STEPS, AuditResult, audit
from openoutcry.lab.audit.claims import claims_of
from openoutcry.lab.audit.finding_mechanisms import Reference, find_subject, make_subject, read_reference
from openoutcry.lab.audit.properties import Claims, Finding, Property, Step, Verdict
from openoutcry.lab.audit.study import STUDY_MECHANISMS, StudyMechanism
from openoutcry.lab.audit.subject import Subject
from openoutcry.lab.audit.witness import Shown, Witness, replay_witness, write_witness
from openoutcry.lab.audit.wording import describe

__all__ = [
    "DEFAULT_LIMIT",
    "DEFAULT_STEPS",
    "STUDY_MECHANISMS",
    "AuditResult",
    "Claims",
    "Finding",
    "Property",
    "Reference",
    "Shown",
    "Step",
    "StudyMechanism",
    "Subject",
    "Verdict",
    "Witness",
    "audit",
    "claims_of",
    "describe",
    "find_subject",
    "make_subject",
    "read_reference",
    "replay_witness",
    "write_witness",
]
