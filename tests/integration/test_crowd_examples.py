"""The stories of the crowd examples are true: every command runs, prints what is shown, and numbers are as told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from openoutcry.mechanisms.crowd.expectation import TypeExpectation
from openoutcry.scenario import Scenario, load_scenario, loads
from openoutcry.simulation import play_scenario
from openoutcry.simulation.expectation import Over, expect_scenario
from tests.integration.deployment import installed_environment

ROOT = Path(__file__).resolve().parents[2]
TREASURY = ROOT / "examples" / "treasury_bills"
LICENCES = ROOT / "examples" / "licences"
STORIES = [TREASURY / "README.md", LICENCES / "README.md", ROOT / "README.md"]
PATIENCE_SECONDS = 180
SHELL = re.compile(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
BIRCH_LIES = "collusive:partner=cedar,agreed=2"


def shell_blocks(document: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the commands of each shell block, and the lines that the document shows right below it."""
    for match in SHELL.finditer(document):
        yield re.sub(r"\\\n\s*", "", match[1]).splitlines(), tidy(match[2] or "")


def tidy(printed: str) -> list[str]:
    """Return lines without what another run may do otherwise: roots and ids, space at their ends, empty lines."""
    hidden = re.sub(r"\b[0-9a-f]{16,64}\b", "*", printed)
    return [line.rstrip() for line in hidden.splitlines() if line.strip()]


def run(folder: Path, command: str) -> list[str]:
    """Run a command of a shell; what it prints. It must end well."""
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env=installed_environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return tidy(ran.stdout)


def expectation(scenario: Scenario, over: Over | None = None) -> TypeExpectation:
    """Return what the scenario's own mechanism does on average."""
    found = expect_scenario(scenario, over=over).expectation
    assert isinstance(found, TypeExpectation)
    return found


def changed(name: str, *changes: tuple[str, str]) -> Scenario:
    """Return a scenario of the treasury with its text changed."""
    text = (TREASURY / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return loads(text, TREASURY)


def told(number: Fraction, digits: int = 1) -> float:
    """Return a number as a story tells it."""
    return round(float(number), digits)


@pytest.mark.parametrize("story", STORIES[:2], ids=lambda path: path.parent.name)
def test_what_a_story_tells_to_do_works_and_prints_what_it_shows(story: Path, tmp_path: Path):
    """All commands in order, in a folder that has the examples; what is shown is the end of what is printed."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for commands, shown in shell_blocks(story.read_text(encoding="utf-8")):
        printed = [run(tmp_path, command) for command in commands]
        assert printed[-1][len(printed[-1]) - len(shown) :] == shown


def test_the_table_of_the_readme_is_what_is_printed(tmp_path: Path):
    """Its other commands are run by the test of the README."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    ((commands, shown),) = [
        block for block in shell_blocks((ROOT / "README.md").read_text(encoding="utf-8")) if block[1]
    ]
    assert run(tmp_path, commands[0]) == shown


def test_commands_and_what_is_shown_are_found():
    """Continued lines are one command; a shown text belongs to the block right above it only."""
    document = "```sh\na \\\n    --b\nc\n```\n\n```text\n x 0123456789abcdef \n\ny\n```\n\n"
    document += "```sh\nd\n```\nand\n```text\nz\n```\n"
    assert list(shell_blocks(document)) == [(["a --b", "c"], [" x *", "y"]), (["d"], [])]


def test_the_demonstration_shows_the_commands_of_the_story():
    """`demo.sh` and the README give the same comparison, and run the same scenarios."""
    script = re.sub(r"\\\n\s*", "", (TREASURY / "demo.sh").read_text(encoding="utf-8"))
    first, *_ = shell_blocks((TREASURY / "README.md").read_text(encoding="utf-8"))
    assert (
        f"show {first[0][0]}".replace("examples/treasury_bills/scenario.toml", '"$example/scenario.toml"')
        in script
    )
    assert re.findall(r"show auctioneer run \"\$example/(\S+)\"", script) == [
        "scenario.toml",
        "with_a_liar.toml",
        "sealed.toml",
    ]


@pytest.mark.long
def test_the_demonstration_runs_twice_in_one_place(tmp_path: Path):
    """It ends with a line that says what happened and where everything is, and never writes over an earlier run."""
    for _ in range(2):
        lines = run(tmp_path, str(TREASURY / "demo.sh"))
        assert lines[-1].startswith("all three sales settled and verify; ")
        assert any(line.startswith("proved: OPENING_MISMATCH of bidder 'dogwood'") for line in lines)
        assert any(line.startswith("valid as far as it can be checked") for line in lines)
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_the_prior_and_what_banks_see_are_what_their_program_writes(tmp_path: Path):
    """`make_prior.py` writes the files that are kept, byte for byte."""
    program = tmp_path / "make_prior.py"
    program.write_bytes((TREASURY / "make_prior.py").read_bytes())
    subprocess.run([sys.executable, "-W", "error", str(program)], cwd=tmp_path, check=True)
    for name in ("prior.csv", "knowledge.csv"):
        assert (tmp_path / name).read_bytes() == (TREASURY / name).read_bytes()


@pytest.mark.parametrize(("name", "revenue"), [("scenario.toml", 105.7), ("independent.toml", 107.1)])
def test_what_the_sale_earns_if_nobody_sees_anybodys_book(name: str, revenue: float):
    """The same prior, each bank knowing its own value only."""
    text = (TREASURY / name).read_text(encoding="utf-8")
    kept = [
        line
        for line in text.splitlines()
        if "knowledge.csv" not in line and not line.startswith("[prior.knowledge]")
    ]
    own = loads("\n".join(kept), TREASURY)
    assert set(own.knowledge) == set()
    mechanism = "crowdsourced-lookahead-plus"
    assert own.specification.mechanism == mechanism
    assert told(expectation(own).revenue) == revenue


def test_what_a_bank_gives_up_by_saying_nothing():
    """An ignorant birch is paid EUR 252 instead of 270 on average, and the Treasury loses EUR 800."""
    fair = expectation(load_scenario(TREASURY / "scenario.toml"))
    lazy = expectation(changed("with_a_liar.toml", (BIRCH_LIES, "ignorant"), ("wrong-opening", "truthful")))
    assert (told(fair.rewards[1], 3), told(lazy.rewards[1], 3)) == (0.27, 0.252)
    assert told(fair.revenue - lazy.revenue) == 0.8


def test_what_a_favour_costs_and_brings():
    """Birch's lie costs it EUR 27 of its reward, and saves cedar EUR 40 000, whether or not dogwood misbehaves."""
    fair = load_scenario(TREASURY / "scenario.toml")
    favour = changed("with_a_liar.toml", ("wrong-opening", "truthful"))
    lost = expectation(fair, "private").rewards[1] - expectation(favour, "private").rewards[1]
    assert told(1000 * lost, 0) == 27
    prices = [
        play_scenario(scenario).price
        for scenario in (fair, favour, load_scenario(TREASURY / "with_a_liar.toml"))
    ]
    assert prices == [130, 90, 90]


def test_what_the_operators_would_pay_under_vcg():
    """Borealis and corvid pay 30 each for what atlas would have paid 80 for."""
    found = expect_scenario(
        loads(
            (LICENCES / "scenario.toml")
            .read_text(encoding="utf-8")
            .replace('"crowdsourced-optimal"', '"vcg"')
            .replace("reward =", "# reward =")
            .replace("delta  =", "# delta ="),
            LICENCES,
        ),
        over="private",
    ).expectation
    assert isinstance(found, TypeExpectation)
    assert [*found.payments, found.optimum] == [0, 30, 30, 110]


@pytest.mark.parametrize(
    ("seed", "payments"),
    [
        ("spring", {"atlas": "-1/12", "borealis": 60, "corvid": 50}),
        ("may", {"atlas": 30, "borealis": 60, "corvid": "-1/10"}),
    ],
)
def test_the_sales_of_the_licences_are_as_told(tmp_path: Path, seed: str, payments: dict[str, object]):
    """Atlas informs with the scenario's own seed, corvid with another."""
    scenario = LICENCES / "scenario.toml"
    printed = run(tmp_path, f"auctioneer run {scenario} --seed {seed} --quiet --json --out run.zip")
    assert json.loads(printed[-1])["payments"] == payments
