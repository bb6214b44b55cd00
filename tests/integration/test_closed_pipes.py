"""Programs whose output nobody reads any more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize("program", ["auctioneer", "bidder-agent"])
def test_a_closed_pipe_is_no_answer(program: str):
    """Not "no", which a transcript that holds would not deserve; and nothing is said of it."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [str(Path(sys.executable).with_name(program)), "verify", str(GOLDEN / "vickrey.zip")]
    try:
        ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60)
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")
