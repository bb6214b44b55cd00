"""What a local run says of an agent that did not end well: why, in one short line, whatever the agent wrote."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from auctioneer.agents import REASON_LENGTH, AgentProcess, show_words

COMPLAINT = {"code": "WRONG_OUTCOME", "accused": "auctioneer", "index": 9, "detail": "the price is another"}
BROKEN = {"valid": False, "levels": [{"name": "outcome", "verdict": "invalid", "detail": "another price"}]}


async def describe_end(program: str, receipts: Path) -> str:
    """Run a program in place of an agent, and return how it is said to have ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    agent = AgentProcess("ada", process, receipts)
    await agent.wait()
    return agent.describe_end()


async def test_the_last_error_line_is_the_reason(tmp_path: Path):
    """What a library writes while the process ends does not hide the line in which the agent says why."""
    said = "error: no room\nerror: the disk is full\n\nI0000 bye"
    program = f"import sys; print({said!r}, file=sys.stderr); sys.exit(1)"
    told = await describe_end(program, tmp_path)
    assert told == "the agent of ada ended with status 1: error: the disk is full"


async def test_any_last_line_is_better_than_none(tmp_path: Path):
    """A fault that is no error of ours ends with a line of Python's."""
    told = await describe_end("import nothing_of_this_name", tmp_path)
    reason = "ModuleNotFoundError: No module named 'nothing_of_this_name'"
    assert told == f"the agent of ada ended with status 1: {reason}"


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (
            {"complaint": COMPLAINT, "audit": None, "reason": "-"},
            ": complaint: WRONG_OUTCOME: the price is another",
        ),
        (
            {"complaint": None, "audit": BROKEN, "reason": "-"},
            ": the transcript does not hold: outcome: another price",
        ),
        ({"complaint": None, "audit": None, "reason": "nobody came"}, ": nobody came"),
        ({"complaint": None}, ""),
        ([], ""),
    ],
)
async def test_a_quiet_agent_leaves_its_reason_in_its_receipts(tmp_path: Path, outcome: object, reason: str):
    """An agent that writes nothing has a reason all the same; receipts that are cut off take nothing else away."""
    (tmp_path / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
    told = await describe_end("import sys; sys.exit(1)", tmp_path)
    assert told == f"the agent of ada ended with status 1{reason}"


async def test_without_any_reason_the_status_is_told(tmp_path: Path):
    """An agent that was killed left nothing."""
    told = await describe_end("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", tmp_path)
    assert told == "the agent of ada was ended by SIGKILL"


def test_an_agents_words_are_one_short_line():
    """A strategy is a stranger's program: it must not paint the terminal, nor fill it."""
    assert show_words("\x1b[31mred\x07\r\nand\u202e more\x00") == "[31mred and more"
    assert show_words("x" * 10_000) == "x" * (REASON_LENGTH - 3) + "..."
