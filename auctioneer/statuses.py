"""Errors as gRPC statuses: the one place where what went wrong becomes what a caller is told.

A message of ours is one line for a person and holds nothing that its receiver may not know, so it travels as it is.
Called by the servicer and by the streams; nobody else chooses a status.
"""

from __future__ import annotations

import grpc

from openoutcry.errors import (
    ConfigurationError,
    OpenOutcryError,
    PeerError,
    ServiceError,
    StorageError,
    TranscriptError,
    UsageError,
)
from openoutcry.protocol.deviations import DeviationCode


class CallRefused(ServiceError):
    """A call or a stream is refused or ended for a reason that has a status of its own.

    Attributes:
        status: For the caller.
    """

    def __init__(self, status: grpc.StatusCode, reason: str) -> None:
        super().__init__(reason)
        self.status = status


_INVALID = frozenset(
    {
        DeviationCode.MALFORMED,
        DeviationCode.MALFORMED_REPORT,
        DeviationCode.INCONSISTENT_REPORT,
        DeviationCode.WRONG_SESSION,
    }
)
_DENIED = frozenset({DeviationCode.UNKNOWN_SENDER, DeviationCode.BAD_SIGNATURE, DeviationCode.REPLAYED})


def status_of(error: OpenOutcryError) -> tuple[grpc.StatusCode, str]:
    """Return the status and the text that a caller gets for an error."""
    match error:
        case CallRefused(status=status):
            return status, str(error)
        case PeerError(deviation=deviation):
            return _status_of_deviation(DeviationCode(deviation)), f"{deviation}: {error}"
        case ConfigurationError() | UsageError():
            return grpc.StatusCode.INVALID_ARGUMENT, str(error)
        case StorageError():
            # What the store says names files of this machine: that is for the log, not for a stranger.
            return grpc.StatusCode.UNAVAILABLE, "the log cannot be reached now: try again"
        case TranscriptError():
            return grpc.StatusCode.DATA_LOSS, str(error)
        case _:
            return grpc.StatusCode.INTERNAL, str(error)


def _status_of_deviation(code: DeviationCode) -> grpc.StatusCode:
    if code in _INVALID:
        return grpc.StatusCode.INVALID_ARGUMENT
    if code in _DENIED:
        return grpc.StatusCode.PERMISSION_DENIED
    if code is DeviationCode.RATE_LIMIT:
        return grpc.StatusCode.RESOURCE_EXHAUSTED
    return grpc.StatusCode.FAILED_PRECONDITION
