"""The page on expectations: what it shows is what is printed, and its keys are those that programs get."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from auctioneer.cli import main

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs" / "expectations.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^auctioneer (expect .*)$", TEXT, re.MULTILINE)
LICENCES = "examples/licences/scenario.toml"
OBJECTS = (
    [LICENCES, "--by-type"],
    ["examples/scenarios/tiny.toml", "--over-signals", "--by-type"],
    [LICENCES, "--mechanism", "vcg", "--mechanism", "vickrey"],
)


@pytest.fixture(autouse=True)
def at_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of documents are given at the top of the checkout."""
    monkeypatch.chdir(ROOT)


def bare(printed: str) -> list[str]:
    """Return lines without space at their ends, and without empty lines at either end."""
    return [line.rstrip() for line in printed.strip().splitlines()]


def test_the_first_command_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Word for word, at the width of a page."""
    shown = re.search(r"```text\n(.*?)```", TEXT, re.DOTALL)
    assert shown is not None
    assert main(COMMANDS[0].split()) == 0
    assert bare(capsys.readouterr().out) == bare(shown[1])


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_every_command_works(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """It ends well and prints a table."""
    assert main(command.split()) == 0
    assert "wins" in capsys.readouterr().out


def test_every_key_is_told_and_every_told_key_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Of exact expectations; those that are there only sometimes are named here."""
    table = TEXT[TEXT.index("| key | holds |") :].partition("\n\n")[0]
    told = {key for row in table.splitlines()[2:] for key in re.findall(r"`(\w+)`", row.split("|")[1])}
    found: set[str] = set()
    for arguments in OBJECTS:
        assert main(["expect", *arguments, "--json"]) == 0
        values = json.loads(capsys.readouterr().out)
        found |= set(values)
        for each in values.get("mechanisms", []):
            found |= set(each)
    assert told - found == {"error", "optimal_revenue_bounds"}
    assert found - told == set()


def test_what_is_said_of_python_works() -> None:
    """The block runs, and prints gains, what types get, and an interval."""
    block = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert block is not None
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(block[1], "expectations.md", "exec"), {})
    assert "Interim(" in printed.getvalue()
    assert "Interval(" in printed.getvalue()
