"""The whole tree of errors, each class with a stable code.

```
OpenOutcryError
├── UsageError               our caller broke a documented rule of the API
├── ConfigurationError       what a person wrote cannot be used
│   ├── ScenarioError        a scenario file, or a file that it names
│   ├── CampaignError        a campaign file, or the results of one
│   ├── TooLargeError        work that would not end in time or fit into memory
│   ├── MarketError          groups, signals and valuations that make no market
│   └── StrategyError        a strategy that cannot be found, loaded or made
├── Undecided                what follows from what is known cannot be worked out on this machine
├── PeerError                bytes of a peer break the protocol; becomes a deviation, never a crash
├── TranscriptError          a transcript is not what an honest session leaves behind
│   └── UnreadableTranscript the file cannot be read as a transcript at all
├── StorageError             a store could not keep or give back entries
│   └── StaleLogError        compare-and-append: the log has another size than the caller expected
└── ServiceError             a service cannot start, be reached, or refused the call
```

Messages are one line for a person: what was wrong, where, and what to do.
"""

from __future__ import annotations

from typing import ClassVar


class OpenOutcryError(Exception):
    """Root of every error that this project raises.

    Attributes:
        code: Stable UPPER_SNAKE name, the same in every release.
    """

    code: ClassVar[str] = "ERROR"


class UsageError(OpenOutcryError):
    """The caller broke a documented rule of the API; the callee's state is unchanged."""

    code: ClassVar[str] = "USAGE"


class ConfigurationError(OpenOutcryError):
    """Something that a person wrote cannot be used as it stands."""

    code: ClassVar[str] = "CONFIGURATION"


class Undecided(OpenOutcryError):
    """What follows from what is known cannot be worked out here: a library is missing, or a proof was not found.

    Nobody is to blame for it, and nobody may be blamed by it: another machine may well decide the same question.
    """

    code: ClassVar[str] = "UNDECIDED"


class WrittenFileError(ConfigurationError):
    """A file that a person wrote is wrong.

    Attributes:
        file: The file as the person named it.
        key: Dotted path of the key, or the row of a table; empty for the file as a whole.
        reason: What is wrong with it and what to do.
    """

    def __init__(self, *, file: str, key: str, reason: str) -> None:
        super().__init__(f"{file}: {key}: {reason}" if key else f"{file}: {reason}")
        self.file = file
        self.key = key
        self.reason = reason


class ScenarioError(WrittenFileError):
    """A scenario, or a file that it names, is wrong."""

    code: ClassVar[str] = "SCENARIO"


class CampaignError(WrittenFileError):
    """A campaign file, or what a campaign left behind, is wrong."""

    code: ClassVar[str] = "CAMPAIGN"


class TooLargeError(ConfigurationError):
    """Work is refused because there is too much of it.

    Attributes:
        size: How much there is, at least and about.
        limit: How much is done at most.
    """

    code: ClassVar[str] = "TOO_LARGE"

    def __init__(self, reason: str, *, size: int, limit: int) -> None:
        super().__init__(reason)
        self.size = size
        self.limit = limit


class MarketError(ConfigurationError):
    """Groups, signals and valuations do not make a market that a mechanism can run on."""

    code: ClassVar[str] = "MARKET"


class StrategyError(ConfigurationError):
    """A strategy cannot be found, loaded or made."""

    code: ClassVar[str] = "STRATEGY"


class PeerError(OpenOutcryError):
    """Bytes that a peer sent break the protocol.

    Attributes:
        deviation: Stable code of the deviation, one of `openoutcry.protocol.deviations`.
    """

    code: ClassVar[str] = "PEER"

    def __init__(self, deviation: str, reason: str) -> None:
        super().__init__(reason)
        self.deviation = deviation
        self.reason = reason


class TranscriptError(OpenOutcryError):
    """A transcript is not what an honest session leaves behind.

    Attributes:
        index: Index of the first record that fails, or None when the file as a whole does.
        reason: Why it fails.
    """

    code: ClassVar[str] = "TRANSCRIPT"

    def __init__(self, reason: str, *, index: int | None = None) -> None:
        super().__init__(reason if index is None else f"record {index}: {reason}")
        self.index = index
        self.reason = reason


class UnreadableTranscript(TranscriptError):
    """The file cannot be read as a transcript at all."""

    code: ClassVar[str] = "UNREADABLE_TRANSCRIPT"


class StorageError(OpenOutcryError):
    """A store could not keep entries or give them back."""

    code: ClassVar[str] = "STORAGE"


class StaleLogError(StorageError):
    """The log has another size than the caller expected: somebody else appended first.

    Attributes:
        expected_size: Entries that the caller believed the log to hold.
        actual_size: Entries that it holds.
    """

    code: ClassVar[str] = "STALE_LOG"

    def __init__(self, *, expected_size: int, actual_size: int) -> None:
        super().__init__(
            f"the log holds {actual_size} entries, not {expected_size}: another writer appended first"
        )
        self.expected_size = expected_size
        self.actual_size = actual_size


class ServiceError(OpenOutcryError):
    """A service cannot start, cannot be reached, or refused a call."""

    code: ClassVar[str] = "SERVICE"
