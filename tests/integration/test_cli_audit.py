"""`auctioneer audit`: what it prints, its exit codes and refusals, and a witness that real processes play out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from auctioneer.cli import main
from auctioneer.local_coin import local_coin
from openoutcry.lab.audit import STUDY_MECHANISMS
from openoutcry.scenario import load_scenario
from openoutcry.simulation import play

ROOT = Path(__file__).resolve().parents[2]
SMALL = str(ROOT / "examples" / "audit" / "two_bidders.toml")
FIRST_PRICE = f"{ROOT / 'examples' / 'audit' / 'first_price.py'}:FIRST_PRICE"
# The lottery runs nine times of ten, so that a seed must be found that shows what happens otherwise.
OVERPAID = "crowdsourced-lookahead:reward=1/10,delta=9/10"


SLOTS = """
format = "openoutcry-scenario/1"
title = "Slots"
mechanism = { name = "uniform-clock" }
[market]
lot = "a lot"
currency = "EUR"
signal_levels = 2
[[bidder]]
name = "ada"
value = { family = "table", shape = [4], values = [0, 1, 20, 30] }
[[bidder]]
name = "bob"
value = { family = "table", shape = [4], values = [0, 10, 12, 14] }
[[bidder]]
name = "cyd"
value = { family = "table", shape = [4], values = [1, 2, 3, 4] }
"""


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed, spaces and line breaks made one."""
    return " ".join(capsys.readouterr().out.split())


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """Return the exit code, and the one object that is printed on standard output."""
    code = main(["audit", *words, "--json"])
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1, captured.err
    return code, json.loads(captured.out)


def test_a_mechanism_that_is_what_it_claims(capsys: pytest.CaptureFixture[str]):
    """0, the size before the work, and the last line says it plainly."""
    assert main(["audit", SMALL]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "vickrey among 2 bidders"
    assert lines[1].startswith("6 cases of a bidder, the types of the others, about 4 runs each: all of them")
    assert lines[-1] == "no profitable deviation: 54 cases"


def test_a_mechanism_of_somebody_else_is_caught_and_its_witness_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """1, who gains what by which lie, and the same once more from the folder."""
    witness = tmp_path / "caught"
    assert main(["audit", SMALL, "--mechanism", FIRST_PRICE, "--witness", str(witness)]) == 1
    told = "ada, worth 3, gains 2 by reporting 1, where bob is worth 1"
    assert printed(capsys).endswith(f"NOT truthful: {told}")
    assert main(["audit", str(witness)]) == 1
    shown = printed(capsys)
    assert told in shown
    assert shown.endswith("seen: 2")
    # Nothing is seen of it any more once the lie is the truth.
    (witness / "deviation.json").write_text('[{"value": 3}]')
    assert main(["audit", str(witness)]) == 0
    assert "NOT seen" in printed(capsys)


def test_the_object_for_programs_is_complete_and_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Every property with its claim, its coverage and its worst failure, as exact texts."""
    code, values = answer(capsys, SMALL, "--mechanism", FIRST_PRICE, "--witness", str(tmp_path / "w"))
    assert code == 1
    assert values["is_as_claimed"] is False
    first = values["properties"][0]
    assert (first["property"], first["is_claimed"], first["holds"]) == ("every_coin", True, False)
    assert (first["coverage"], first["cases"]) == ("exhaustive", 54)
    assert (first["worst"]["bidder"], first["worst"]["gain"]) == ("ada", "2")
    assert first["worst"]["truths"] == {"ada": 2, "bob": 0}
    assert values["witness"]["utilities_deviating"] == {"ada": "2", "bob": "0"}
    assert values["answer"].startswith("NOT truthful: ada")


def test_what_is_not_claimed_does_not_count_as_broken(capsys: pytest.CaptureFixture[str]):
    """0, and the reason that the mechanism gives stands beside the gain."""
    code, values = answer(capsys, SMALL, "--mechanism", OVERPAID, "--grid", "1")
    assert code == 0
    found = {each["property"]: each for each in values["properties"]}
    assert found["on_average"]["is_claimed"] is False
    assert "overbidding may pay" in found["on_average"]["not_claimed_because"]
    assert Fraction(found["on_average"]["worst"]["gain"]) == Fraction(1, 10) - Fraction(9, 10) / 12
    assert values["answer"].startswith("no claim is broken")


def test_a_large_market_is_sampled_and_says_so(capsys: pytest.CaptureFixture[str]):
    """The same seed draws the same cases."""
    large = str(ROOT / "examples" / "offshore_tract" / "scenario.toml")
    first, second = (answer(capsys, large, "--samples", "3", "--seed", "x") for _ in range(2))
    assert first == second
    assert first[0] == 0
    assert {each["coverage"] for each in first[1]["properties"]} == {"sampled"}
    assert first[1]["plans"][0].startswith("50,331,648 cases")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.toml"], "nowhere.toml"),
        ([SMALL, "--mechanism", "vickry"], "did you mean 'vickrey'"),
        ([SMALL, "--mechanism", "signal-discovery"], "runs on signals"),
        ([SMALL, "--mechanism", "myerson"], "add [prior]"),
        ([SMALL, "--witness", str(ROOT)], "not empty"),
        ([str(ROOT)], "holds no witness"),
        ([str(ROOT), "--mechanism", "vickrey"], "leave out --mechanism"),
        ([SMALL, "--limit", "0"], "--limit"),
    ],
    ids=lambda words: " ".join(words[-2:]) if isinstance(words, list) else "",
)
def test_what_cannot_be_audited_ends_with_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    """One line of advice on standard error."""
    assert main(["audit", *words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error


def test_the_help_shows_every_option_and_the_mechanisms_for_study(capsys: pytest.CaptureFixture[str]):
    """Whoever asks is told what there is."""
    assert main(["audit", "--help"]) == 0
    shown = printed(capsys)
    for word in (
        "--mechanism",
        "--witness",
        "--samples",
        "--grid",
        "slot-draw",
        "literal-lookahead",
        "path/to/file",
    ):
        assert word in shown


def run_among_processes(scenario: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a scenario with a service and an agent process for each bidder."""
    code = main(["run", str(scenario), "--out", str(scenario.with_suffix(".zip")), "--json", "--quiet"])
    assert code == 0
    return json.loads(capsys.readouterr().out)


def test_real_processes_show_the_gain_of_a_witness(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """One bidder plays the script over the network: its gain over the truthful run is the one that the audit tells.

    The run's coin follows from all parties' parts; it is known beforehand, or the seed would not have been found.
    """
    folder = tmp_path / "witness"
    code, values = answer(capsys, SMALL, "--mechanism", OVERPAID, "--grid", "1", "--witness", str(folder))
    assert (code, values["witness"]["can_run"]) == (0, True)
    assert Fraction(values["witness"]["gain"]) == Fraction(1, 10)
    bidder = next(each["worst"]["bidder"] for each in values["properties"] if each["worst"] is not None)
    runs = [run_among_processes(folder / name, capsys) for name in ("truthful.toml", "scenario.toml")]
    # Nobody buys in either, so what is paid is all that is gained.
    assert [run["winner"] for run in runs] == [None, None]
    before, after = (-Fraction(run["payments"][bidder]) for run in runs)
    assert after - before == Fraction(1, 10)
    scenario = load_scenario(folder / "truthful.toml")
    coin = local_coin(scenario.specification, scenario.seed)
    private = [scenario.private[name] for name in scenario.names]
    in_process = play(scenario.specification, private, seed=coin)  # type: ignore[arg-type]  # All are given in full.
    assert {name: str(paid) for name, paid in zip(scenario.names, in_process.payments, strict=True)} == {
        name: str(paid) for name, paid in runs[0]["payments"].items()
    }


def test_a_study_mechanism_that_a_session_offers_is_seen_over_the_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The slot draw is a choice of the threshold lottery: real processes run its witness under that name."""
    (tmp_path / "slots.toml").write_text(SLOTS)
    folder = tmp_path / "witness"
    words = [str(tmp_path / "slots.toml"), "--mechanism", "slot-draw", "--witness", str(folder)]
    code, values = answer(capsys, *words)
    assert (code, values["witness"]["can_run"], values["witness"]["gain"]) == (1, True, "2")
    truthful, deviating = (
        run_among_processes(folder / name, capsys) for name in ("truthful.toml", "scenario.toml")
    )
    # Worth 12 to bob at the true signals, whom his lie lets buy at 10.
    assert (truthful["payments"]["bob"], deviating["winner"], deviating["payments"]["bob"]) == (0, "bob", 10)
    assert main(["audit", str(folder)]) == 1
    assert printed(capsys).endswith("seen: 2")


def test_mechanisms_for_study_are_listed_apart(capsys: pytest.CaptureFixture[str]):
    """In a list of their own, each with what is wrong, and with the name under which a session offers it, if any."""
    assert main(["mechanisms"]) == 0
    _, _, listed = capsys.readouterr().out.partition("for study:")
    assert [name for name in STUDY_MECHANISMS if f"\n  {name} " in listed] == list(STUDY_MECHANISMS)
    assert main(["mechanisms", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["for_study"]
    assert {entry["name"]: entry["wrong"] for entry in told} == {
        name: study.wrong for name, study in STUDY_MECHANISMS.items()
    }
    assert told[1]["in_sessions"] == {"name": "threshold-lottery", "parameters": {"slots": "uniform"}}
    for name, study in STUDY_MECHANISMS.items():
        assert main(["mechanisms", name]) == 0
        assert study.wrong in printed(capsys)


def test_an_interrupt_ends_cleanly_with_what_was_found(tmp_path: Path):
    """Ctrl-C in the middle: the verdicts so far, the last line says so, and the code is that of an interrupt."""
    words = [
        sys.executable,
        "-m",
        "auctioneer",
        "audit",
        str(ROOT / "examples" / "scenarios" / "wallet.toml"),
    ]
    # Its output comes line by line, so that the work is known to have begun.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*words, "--limit", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = [process.stdout.readline() for _ in range(3)]
        assert b"limit 1,000,000 runs" in b"".join(first)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().decode()
        assert process.stderr.read() == b""
    assert process.returncode == 130
    assert rest.splitlines()[-1].startswith("interrupted after ")


def test_a_gain_that_takes_rare_draws_is_not_said_to_be_there_on_average(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """It is there for some coins, which no seed that was tried had; on average truth is best."""
    text = (ROOT / "examples" / "audit" / "two_bidders.toml").read_text().replace("[1, 2, 3]", "[1, 2]")
    (tmp_path / "market.toml").write_text(text.replace("value = 3", "value = 2"))
    words = ["--mechanism", "crowdsourced-lookahead:reading=literal", "--witness", str(tmp_path / "witness")]
    assert main(["audit", str(tmp_path / "market.toml"), *words]) == 0
    shown = " ".join(printed(capsys).split())
    assert "no witness: none of 500 seeds showed it in one run; the draws that it needs are too rare" in shown
    assert not (tmp_path / "witness").exists()


def test_where_nobody_has_a_choice_nothing_is_said_to_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """One bidder and two signal levels: the lot is sold without a question."""
    text = (
        'format = "openoutcry-scenario/1"\ntitle = "One"\n[mechanism]\nname = "signal-discovery"\n'
        '[market]\nlot = "x"\ncurrency = "EUR"\nsignal_levels = 2\n'
        '[[bidder]]\nname = "ada"\nvalue = { family = "linear", constant = 3, weights = {} }\n'
    )
    (tmp_path / "one.toml").write_text(text)
    assert main(["audit", str(tmp_path / "one.toml")]) == 0
    shown = printed(capsys)
    assert shown.startswith("signal-discovery among 1 bidder 1 case of")
    assert shown.endswith("nothing to compare: nobody has anything else to say than the truth")
