"""Every example does what it says: programs run as they stand, strategies are good ones, scenarios load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from openoutcry.scenario import load_scenario
from openoutcry.simulation import play_scenario

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
GOLDEN = ROOT / "tests" / "golden"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py"))
CAMPAIGNS = EXAMPLES / "campaigns"
SCENARIOS = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for path in EXAMPLES.rglob("*.toml")
    if CAMPAIGNS not in path.parents
)
LONGEST = 40
PATIENCE_SECONDS = 90


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program, warnings being errors, in a folder that is not the checkout."""
    return subprocess.run(
        [sys.executable, "-W", "error", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def lines_of(folder: Path, name: str, *words: str) -> list[str]:
    """Return what an example prints; it must end well and complain of nothing."""
    ran = run(folder, str(EXAMPLES / name), *words)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.splitlines()


@pytest.mark.parametrize("name", PROGRAMS)
def test_examples_are_short(name: str):
    """An example is read in a minute."""
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) < LONGEST


def test_the_smallest_strategy_is_a_good_one(tmp_path: Path):
    """`bidder-agent check` finds nothing wrong with it, and its first lines are those of the README."""
    checked = run(tmp_path, "-m", "bidder_agent", "check", f"{EXAMPLES / 'cautious.py'}:Cautious")
    assert (checked.returncode, checked.stderr) == (0, "")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = [line for line in (EXAMPLES / "cautious.py").read_text().splitlines() if '"""' not in line]
    for line in filter(None, code):
        assert line in readme


def test_a_service_and_its_agents_come_to_one_result(tmp_path: Path):
    """Every agent settles, gives the same reason, and finds its own receipts in the verified transcript."""
    lines = lines_of(tmp_path, "service_and_agents.py")
    assert [line.split()[0] for line in lines] == ["ana", "ben", "cyd", "dan"]
    assert len({line.partition(": ")[2].partition(";")[0] for line in lines}) == 1
    assert all(": settled, " in line and "transcript verified (" in line for line in lines)
    assert list(tmp_path.iterdir()) == []


def test_the_expectation_is_exact_and_nobody_gains(tmp_path: Path):
    """Probabilities are fractions; every gain of answering otherwise is none or a loss."""
    lines = lines_of(tmp_path, "expect_from_python.py")
    assert "kim wins with probability 1/3" in lines
    assert "welfare 335/6 of 113, unsold with probability 1/2" in lines
    gains = [line.split()[2] for line in lines if " gains " in line]
    assert len(gains) == 5 * 3
    assert all(gain == "0" or gain.startswith("-") for gain in gains)
    assert any(gain.startswith("-") for gain in gains)


def test_a_transcript_is_verified_and_told(tmp_path: Path):
    """The four levels, then every record and every draw."""
    lines = lines_of(tmp_path, "verify_from_python.py", str(GOLDEN / "signal-discovery-clock.zip"))
    names = [line.partition(":")[0] for line in lines[:4]]
    assert names == ["integrity", "authorship", "conduct", "outcome"]
    assert any("drawn for signal-discovery/group: " in line for line in lines)
    told = [line.split()[0] for line in lines[4:] if line[:4].strip()]
    assert told == [str(index) for index in range(len(told))]


def test_a_tampered_transcript_is_not_told(tmp_path: Path):
    """The example ends with 1 and says which level fails."""
    ran = run(tmp_path, str(EXAMPLES / "verify_from_python.py"), str(GOLDEN / "tampered.zip"))
    assert (ran.returncode, ran.stderr) == (1, "")
    assert len(ran.stdout.splitlines()) == 4
    assert "outcome: invalid, " in ran.stdout


def test_a_scenario_built_by_a_program_is_played(tmp_path: Path):
    """Six sales, at least one of which sells."""
    lines = lines_of(tmp_path, "build_scenario.py")
    assert len(lines) == 6
    assert any(" buys at " in line for line in lines)


def test_playing_in_this_process_compares_strategies(tmp_path: Path):
    """One auction, then what a strategy earns against the truthful one: pretending to more does not pay."""
    lines = lines_of(tmp_path, "play_in_process.py")
    earned = {line.partition(":")[0]: float(line.split()[-3]) for line in lines if " on average" in line}
    assert earned["bold"] <= earned["truthful"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_played(name: str):
    """It loads with a private signal and a strategy for everybody."""
    scenario = load_scenario(EXAMPLES / name)
    result = play_scenario(scenario)
    assert result.optimum is not None
    assert result.welfare <= result.optimum
    assert result.defaults == ()


def test_the_table_of_values_is_what_its_program_writes(tmp_path: Path):
    """`make_values.py` writes the file that is kept, byte for byte."""
    folder = EXAMPLES / "offshore_tract"
    program = tmp_path / "make_values.py"
    program.write_bytes((folder / "make_values.py").read_bytes())
    ran = run(tmp_path, str(program))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "values.csv").read_bytes() == (folder / "values.csv").read_bytes()


def test_the_list_of_examples_names_every_scenario():
    """What stands in the folder stands in its README."""
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in SCENARIOS if f"]({name})" not in readme] == []
