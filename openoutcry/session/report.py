"""What a verification found, as lines for a person and as plain values for a program."""

from __future__ import annotations

from collections.abc import Sequence

from openoutcry.protocol.deviations import Deviation
from openoutcry.session.strategic import StrategicDeviation
from openoutcry.session.verdicts import Level, Verdict, Verification

_MARKS = {Verdict.VALID: "ok", Verdict.INVALID: "FAILED", Verdict.UNCHECKED: "-"}


def verification_lines(verification: Verification, more: Sequence[Level] = ()) -> list[str]:
    """Return the four levels, what the log records against anybody, and a last line with the verdict.

    Args:
        verification: Of a transcript.
        more: What else was checked by whoever asks, such as a bidder's own receipts.
    """
    lines = [
        f"session     {verification.session_id.hex() or 'unknown'}",
        f"auctioneer  {verification.auctioneer_key.hex() or 'unknown'}",
        *(
            f"{level.name:<11} {_MARKS[level.verdict]:<6}  {_locate(level)}"
            for level in (*verification.levels, *more)
        ),
        *(
            f"deviation   record {found.index}: {describe_deviation(found)}"
            for found in verification.deviations
        ),
    ]
    failure = _first_failure(verification, more)
    if failure is None and verification.is_undecided:
        lines.append(
            "cannot be checked here: integrity and authorship hold, and this machine cannot work out the rest"
        )
    elif failure is None and verification.is_sealed:
        lines.append(
            f"valid as far as it can be checked: {verification.entries} records, integrity and authorship; the "
            "reports are sealed, so conduct and outcome need the disclosure file"
        )
    elif failure is None:
        lines.append(f"valid: {verification.entries} records, verified and re-executed")
    else:
        lines.append(f"INVALID: {failure.name}: {_locate(failure)}")
    return lines


def verification_values(verification: Verification, more: Sequence[Level] = ()) -> dict[str, object]:
    """Return the same as one JSON object."""
    return {
        "valid": verification.is_valid and _first_failure(verification, more) is None,
        "sealed": verification.is_sealed,
        "undecided": verification.is_undecided,
        "session": verification.session_id.hex(),
        "auctioneer_key": verification.auctioneer_key.hex(),
        "checkpoint_key": verification.checkpoint_key.hex(),
        "records": verification.entries,
        "levels": [
            {
                "name": level.name,
                "verdict": level.verdict.value,
                "detail": level.detail,
                "record": level.index,
                "code": level.code.value if level.code else None,
            }
            for level in (*verification.levels, *more)
        ],
        "deviations": [deviation_values(found) for found in verification.deviations],
    }


def describe_deviation(deviation: Deviation) -> str:
    """Return a deviation in one line; the record's index is left to the caller."""
    accused = deviation.accused or "nobody is blamed"
    return f"{deviation.code.value} ({accused}): {deviation.detail}"


def deviation_values(deviation: Deviation) -> dict[str, object]:
    """Return a protocol deviation as one JSON object."""
    return {
        "kind": "protocol",
        "code": deviation.code.value,
        "bidder": deviation.accused,
        "record": deviation.index,
        "detail": deviation.detail,
    }


def strategic_values(deviation: StrategicDeviation) -> dict[str, object]:
    """Return a strategic deviation as one JSON object."""
    return {
        "kind": "strategic",
        "bidder": deviation.bidder,
        "record": deviation.index,
        "did": deviation.did,
        "truthful": deviation.truthful,
    }


def _first_failure(verification: Verification, more: Sequence[Level]) -> Level | None:
    failed = next((level for level in more if level.verdict is Verdict.INVALID), None)
    return verification.first_failure or failed


def _locate(level: Level) -> str:
    code = f"{level.code.value}: " if level.code else ""
    return f"{code}{level.detail}" if level.index is None else f"record {level.index}: {code}{level.detail}"
