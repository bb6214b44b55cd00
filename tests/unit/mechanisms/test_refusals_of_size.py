"""What is too large is refused up front: with its size, the limit and what to do instead, in little memory and time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.mechanisms.oversized import CASES

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 3.0
"""Of processor time; a refusal takes far less, and most of this is making what is refused."""


@pytest.fixture(scope="module")
def ends() -> dict[str, tuple[str, str, float]]:
    """How every case ended: kind, text and seconds."""
    finished = subprocess.run(
        [sys.executable, "-m", "tests.unit.mechanisms.oversized"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    read: dict[str, tuple[str, str, float]] = json.loads(finished.stdout)
    return read


@pytest.mark.parametrize("name", CASES)
def test_too_large_is_refused(ends: dict[str, tuple[str, str, float]], name: str) -> None:
    """It is refused in one short line that names size and limit, long before memory or patience run out."""
    kind, text, seconds = ends[name]
    assert kind == "refusal", text
    assert seconds < SECONDS
    assert "\n" not in text
    assert len(text) < 400
    # Where counting further would be the very work that is refused, the size is "more than" the limit.
    assert len(re.findall(r"\d+", text)) >= (1 if "more than" in text else 2), text
    assert re.search(r": [a-z]|; use|are not multiplied out", text), text


def test_every_case_was_tried(ends: dict[str, tuple[str, str, float]]) -> None:
    """The program tried what the tests are about, and nothing else."""
    assert list(ends) == list(CASES)
