"""The measurement of how far exact expectations reach: it ends, and finds what can be found in time."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.enumeration import FIRST_BIDDERS, measure_reach
from benchmarks.scale import QUICK


def test_the_reach_is_found_for_each_number_of_levels() -> None:
    """With next to no time none is reached; with a tenth of a second some bidders are."""
    nothing = measure_reach(replace(QUICK, seconds=1e-7))
    assert [finding.measured for finding in nothing] == [0.0] * 3
    found = measure_reach(replace(QUICK, seconds=0.01))
    assert [finding.name.split(":")[0][-5:] for finding in found] == ["k = 2", "k = 3", "k = 4"]
    assert all(finding.measured is not None and finding.measured >= FIRST_BIDDERS for finding in found)
