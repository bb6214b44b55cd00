"""When questions come, as the process that holds all bidders of a program sees it.

Decides: which questions count, and what one cycle is: from a question to the next one, of the same bidder when all
are in flight. Both programs use it in the same way.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from time import perf_counter, process_time

from benchmarks.child import tell
from benchmarks.load import Load


class Stopwatch:
    """Notes the time of every question.

    Args:
        load: What is asked.
        tell: Told `begin` and `end`, each once, at the moments between which the measurement lies.
    """

    def __init__(self, load: Load, tell: Callable[[dict[str, object]], None]) -> None:
        self._load = load
        self._tell = tell
        self._count = 0
        self._began_s = 0.0
        self._began_cpu_s = 0.0
        self._previous_s: dict[int, float] = {}
        self._cycles_s = array("d")

    def note(self, bidder: int) -> None:
        """Note that a question has come to this bidder."""
        now = perf_counter()
        self._count += 1
        lane = bidder if self._load.in_flight == "all" else 0
        if self._load.warm_up < self._count <= self._load.cycles and lane in self._previous_s:
            self._cycles_s.append(now - self._previous_s[lane])
        self._previous_s[lane] = now
        if self._count == self._load.warm_up:
            self._began_s, self._began_cpu_s = now, process_time()
            self._tell({"at": "begin"})
        if self._count == self._load.cycles:
            self._tell(
                {
                    "at": "end",
                    "cycles": self._count - self._load.warm_up,
                    "seconds": now - self._began_s,
                    "cpu_seconds": process_time() - self._began_cpu_s,
                    "p50_seconds": percentile(self._cycles_s, 50),
                    "p99_seconds": percentile(self._cycles_s, 99),
                }
            )


class Span:
    """From the first message that counts to the end; the process that measures is told both, each once."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._began_cpu_s = 0.0

    def begin(self) -> None:
        """Begin, unless it has begun."""
        if self._began_s is None:
            self._began_s, self._began_cpu_s = perf_counter(), process_time()
            tell({"at": "begin"})

    def end(self, figures: Callable[[], Mapping[str, object]]) -> None:
        """End, with further figures that are worked out afterwards."""
        assert self._began_s is not None, "nothing has begun"
        seconds, cpu_seconds = perf_counter() - self._began_s, process_time() - self._began_cpu_s
        tell({"at": "end", "seconds": seconds, "cpu_seconds": cpu_seconds, **figures()})


def percentile(values: array[float], percent: int) -> float:
    """Return the value below which this percentage of the values lies.

    Args:
        values: At least one.
        percent: 0..100.
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
