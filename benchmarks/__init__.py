"""Measurements of what is fast and what is slow, against programs that do the least that must be done.

`python -m benchmarks` prints a table of goals and ratios and writes nothing. `docs/performance.md` explains it.
"""
