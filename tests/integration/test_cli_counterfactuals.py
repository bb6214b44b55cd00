"""`auctioneer replay --swap` on real runs, and what strategic deviations earned wherever they are listed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auctioneer.cli import main
from auctioneer.cli.deviations import find_consequences
from auctioneer.local_coin import local_coin
from openoutcry.protocol.transcript import encode_transcript
from openoutcry.scenario import load_scenario
from openoutcry.session.disclosure import Disclosure, encode_disclosure
from openoutcry.session.strategic import Consequence, StrategicDeviation
from openoutcry.simulation import PlayResult, play, read_seed, simulate_session
from openoutcry.simulation.sidecar import Sidecar, SidecarBidder, encode_sidecar
from openoutcry.strategies import load_strategy
from tests.integration.test_cli_auctioneer_processes import auctioneer
from tests.simulation.crowd_stage import begin, correlated, go_on, knowledge, make_type_specification
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC

SEED = "harbour"
"""With what it has cyd draw, ada's lie pays."""

SCENARIO = f"""
format = "openoutcry-scenario/1"
title = "Two and two"
seed = "{SEED}"
[mechanism]
name = "uniform-clock"
form = "sealed"
[market]
lot = "A lot"
currency = "EUR"
signal_levels = 4
groups = ["all"]
[[bidder]]
name = "ada"
group = "all"
value = {{ family = "linear", constant = 0, weights = {{ all = 3 }} }}
private = {{ signal = 2 }}
agent = {{ strategy = "shade:levels=1" }}
[[bidder]]
name = "ben"
group = "all"
value = {{ family = "linear", constant = 1, weights = {{ all = 8 }} }}
private = {{ signal = 1 }}
agent = {{ strategy = "overstay:levels=1" }}
[[bidder]]
name = "cyd"
group = "all"
value = {{ family = "linear", constant = 2, weights = {{ all = 1 }} }}
private = {{ signal = 1 }}
agent = {{ strategy = "dice.py:Dice" }}
[[bidder]]
name = "dan"
group = "all"
value = {{ family = "linear", constant = 0, weights = {{ all = 1 }} }}
private = {{ signal = 0 }}
agent = {{ strategy = "slow:seconds=0" }}
"""
DICE = """
from bidder_agent import Strategy


class Dice(Strategy):
    def report_signal(self, view):
        print("rolling")
        return view.rng.randrange(2)
"""
BOLD = """
from bidder_agent import Strategy


class Bold(Strategy):
    def report_signal(self, view):
        return view.signal_levels - 1
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Run an auction among processes once; give its folder, and what the run said."""
    folder = tmp_path_factory.mktemp("counterfactuals")
    (folder / "game").mkdir()
    (folder / "game" / "scenario.toml").write_text(SCENARIO)
    (folder / "game" / "dice.py").write_text(DICE)
    ended = auctioneer(folder, "run", "game/scenario.toml", "--out", "out/run.zip", "--json")
    assert ended.returncode == 0, ended.stderr
    return folder, json.loads(ended.stdout)


@pytest.fixture
def folder(ran: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of the run's folder in which a test may change what it likes, and go there."""
    shutil.copytree(ran[0], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def played(folder: Path, strategies: Mapping[str, str]) -> PlayResult:
    """Play the auction in this process with what the run's coin will be; cyd plays dice unless told otherwise."""
    scenario = load_scenario(folder / "game" / "scenario.toml")
    dice = load_strategy("dice.py:Dice", base_directory=folder / "game")
    return play(
        scenario.specification,
        scenario.signals(),
        seed=local_coin(scenario.specification, SEED),
        bidder_seed=read_seed(SEED),
        strategies={"cyd": dice, **strategies},
    )


def swapped(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Replay the run with swaps and return what a program is told."""
    capsys.readouterr()
    assert main(["replay", "out/run.zip", *arguments, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


LIES = {"ada": "shade:levels=1", "ben": "overstay:levels=1"}


def test_a_run_tells_what_each_deviation_earned(folder: Path, ran: tuple[Path, dict[str, Any]]):
    """Each deviating bidder has the difference to playing truthfully with all else the same."""
    honest = {name: played(folder, {**LIES, name: "truthful"}) for name in LIES}
    was = played(folder, LIES)
    told = {
        found["bidder"]: found["consequence"] for found in ran[1]["deviations"] if found["bidder"] in LIES
    }
    assert told == {
        name: {
            "earned": was.utilities[place] - honest[name].utilities[place],
            "welfare": was.welfare - honest[name].welfare,
            "revenue": was.revenue - honest[name].revenue,
            "stand_ins": [],
        }
        for place, name in enumerate(LIES)
    }
    assert told["ada"]["earned"] > 0


def test_a_swap_of_one(folder: Path, ran: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]):
    """The record is that of the run; what would have been is what play says; a program's output stays readable."""
    found = swapped(capsys, "--swap", "ada=truthful")
    was, now = played(folder, LIES), played(folder, {**LIES, "ada": "truthful"})
    assert found["session"] == ran[1]["session"]
    assert found["recorded"]["payments"] == ran[1]["payments"]
    assert found["replayed"]["utilities"] == dict(zip(now.names, map(int, now.utilities), strict=True))
    assert found["change"] == {
        "utilities": {
            name: after - before
            for name, before, after in zip(now.names, was.utilities, now.utilities, strict=True)
        },
        "welfare": now.welfare - was.welfare,
        "revenue": now.revenue - was.revenue,
    }
    assert (found["first_change"], found["waves"][0]["replayed"]["answers"]["ada"]) == (0, "reports signal 2")
    parts = {part["bidder"]: (part["role"], part["strategy"], part["reason"]) for part in found["parts"]}
    assert parts == {
        "ada": ("swapped", "truthful", None),
        "ben": ("own", "overstay:levels=1", None),
        "cyd": ("own", "dice.py:Dice", None),
        "dan": ("recorded", "slow:seconds=0", "it answers after a delay"),
    }


def test_a_swap_of_all_and_of_some_more(folder: Path, capsys: pytest.CaptureFixture[str]):
    """A bidder's own swap goes before that of all; files are found from the current directory."""
    (folder / "bold.py").write_text(BOLD)
    found = swapped(capsys, "--swap", "all=truthful", "--swap", "dan=bold.py:Bold")
    now = played(
        folder, {"ada": "truthful", "ben": "truthful", "cyd": "truthful", "dan": "overstay:levels=3"}
    )
    assert found["replayed"]["utilities"] == dict(zip(now.names, map(int, now.utilities), strict=True))
    assert found["replayed"]["winner"] == "dan"
    assert [part["strategy"] for part in found["parts"]] == ["truthful"] * 3 + ["bold.py:Bold"]


def test_people_are_shown_both_outcomes(folder: Path, capsys: pytest.CaptureFixture[str]):
    """What changed, who played, both outcomes, and a last line that says what the swap was worth."""
    assert main(["replay", "out/run.zip", "--swap", "ada=truthful"]) == 0
    shown = capsys.readouterr()
    assert "the first change is in wave 0 of 1 wave" in shown.out
    assert "ada reports signal 1" in shown.out
    assert "ada reports signal 2" in shown.out
    assert "dan (slow:seconds=0) answers as recorded" in " ".join(shown.out.split())
    assert shown.out.splitlines()[-1].startswith("truthful in the place of ada costs ada ")
    assert "rolling" not in shown.out
    assert "rolling" in shown.err


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.write_text(f"{DICE}\n# More.\n"), "dice.py has changed since"),
        (lambda path: path.unlink(), "dice.py is not there any more"),
    ],
)
def test_a_strategy_that_changed_or_is_gone_is_not_run(
    folder: Path, capsys: pytest.CaptureFixture[str], change, reason: str
):
    """Its recorded answers stand in for it, and the output says why."""
    change(folder / "game" / "dice.py")
    found = swapped(capsys, "--swap", "ada=truthful")
    assert (found["parts"][2]["role"], found["parts"][2]["reason"]) == ("recorded", reason)
    assert (
        found["recorded"]["payments"]
        == swapped(capsys, "--swap", "ben=overstay:levels=1")["replayed"]["payments"]
    )


def test_a_replay_and_a_verification_list_deviations_with_their_figures(
    folder: Path, ran: tuple[Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
):
    """A file that lies there is read, and nobody's code is run for it; a file that is named gives the same figures."""
    wanted = [found for found in ran[1]["deviations"] if found["kind"] == "strategic"]
    named = ["--private", "out/run.private.json", "--json"]
    for arguments in (["replay", "out/run.zip", *named], ["verify", "out/run.zip", *named]):
        assert main(arguments) == 0
        assert json.loads(capsys.readouterr().out)["strategic"] == wanted
    (folder / "game" / "dice.py").write_text("raise SystemExit('never run me')")
    assert main(["replay", "out/run.zip"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("strategic deviation, record") and "ada reported 1" in line for line in lines)
    assert any("that earned ada " in line for line in lines)
    assert main(["verify", "out/run.zip", "--json"]) == 0
    assert "strategic" not in json.loads(capsys.readouterr().out)


def test_without_the_file_reports_are_taken_for_types(folder: Path, capsys: pytest.CaptureFixture[str]):
    """That is said plainly, and truth then changes nothing."""
    (folder / "out" / "run.private.json").unlink()
    found = swapped(capsys, "--swap", "all=truthful")
    assert (found["private"], found["first_change"]) == (None, None)
    assert found["notes"][0].startswith("taking what bidders answered for what they knew: there is no file")
    assert found["change"]["utilities"] == dict.fromkeys(["ada", "ben", "cyd", "dan"], 0)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    """Replay the run and return the one line that says why not."""
    capsys.readouterr()
    assert main(["replay", "out/run.zip", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


@pytest.mark.parametrize(
    ("swaps", "problem"),
    [
        (["adda=truthful"], "there is no bidder 'adda' in this session: did you mean 'ada'?"),
        (["zoe=truthful"], "there is no bidder 'zoe' in this session: there are ada, ben, cyd, dan, and all"),
        (["truthful"], "write NAME=STRATEGY, such as ada=truthful, or all=truthful"),
        (["ada="], "write NAME=STRATEGY"),
        (["ada=truthful", "ada=shade"], "ada is given two strategies"),
        (["all=truthful", "all=shade"], "all is given two strategies"),
        (["ada=truthfull"], "strategy 'truthfull' is not known: did you mean truthful?"),
        (["ada=human"], "runs in an agent process only"),
        (["ada=nowhere.py:Bold"], "nowhere.py cannot be read"),
        (["ada=shade:levels=-1"], "shade:levels=-1"),
    ],
)
def test_wrong_swaps_are_refused_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], swaps: list[str], problem: str
):
    """Who is meant, and what to write."""
    assert problem in refused(capsys, *(part for swap in swaps for part in ("--swap", swap)))


def test_a_swap_goes_with_no_wave(folder: Path, capsys: pytest.CaptureFixture[str]):
    """It tells what changed, whichever wave that is."""
    assert "leave --wave and --step out" in refused(capsys, "--swap", "ada=truthful", "--wave", "0")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "run.private.json: is not JSON"),
        ("{}", "run.private.json: is no file of private types"),
        (
            '{"format": "openoutcry-private/1", "session": "00"}',
            "run.private.json: is of another session, 00",
        ),
    ],
)
def test_a_broken_file_is_refused_where_it_is_needed(
    folder: Path, capsys: pytest.CaptureFixture[str], content: str, problem: str
):
    """A swap needs it; a plain replay says that it is of no use, and goes on unless it was named."""
    (folder / "out" / "run.private.json").write_text(content)
    assert problem in refused(capsys, "--swap", "ada=truthful")
    assert main(["replay", "out/run.zip"]) == 0
    captured = capsys.readouterr()
    assert f"note: out/{problem}" in captured.err
    assert "ada" in captured.out
    assert main(["replay", "out/run.zip", "--private", "out/run.private.json"]) == 2
    assert problem in capsys.readouterr().err
    assert main(["replay", "out/run.zip", "--swap", "ada=truthful", "--private", "out/none.json"]) == 2
    assert "none.json: cannot be read" in capsys.readouterr().err


def test_a_transcript_that_does_not_hold_is_not_played_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    """Exit code 1, as a verification says it."""
    golden = Path(__file__).parents[1] / "golden" / "tampered.zip"
    (folder / "out" / "run.zip").write_bytes(golden.read_bytes())
    (folder / "out" / "run.private.json").unlink()
    assert "does not verify: outcome" in refused(capsys, "--swap", "all=truthful", code=1)


def test_sealed_reports_need_their_disclosure(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Nothing can be played again without it; it is found beside the transcript, and may be named."""
    known = knowledge(correlated(), (2, 1, 0))
    specification = make_type_specification("crowdsourced-lookahead", disclosure="sealed")
    stage, reporters = begin(specification, known)
    go_on(stage, reporters)
    transcript, disclosure = tmp_path / "sealed.zip", tmp_path / "key.json"
    transcript.write_bytes(encode_transcript(stage.transcript()))
    disclosure.write_bytes(
        encode_disclosure(Disclosure(session_id=stage.session.session_id, opening_key=stage.opening_key))
    )
    swap = ["replay", str(transcript), "--swap", "all=truthful", "--json"]
    assert main(swap) == 2
    assert (
        "are sealed, so nobody can tell what it would have been: give --disclosure FILE"
        in capsys.readouterr().err
    )
    assert main([*swap, "--disclosure", str(disclosure)]) == 0
    named = json.loads(capsys.readouterr().out)
    disclosure.rename(tmp_path / "sealed.disclosure.json")
    assert main(swap) == 0
    assert json.loads(capsys.readouterr().out) == named
    assert named["first_change"] is None


def recorded(folder: Path, strategy: str) -> tuple[Path, Path]:
    """Write a simulated session and a file beside it that says ben played this strategy; he was truthful."""
    specification = make_specification(3, mechanism="uniform-clock", parameters={"form": "sealed"})
    signals = (1, 2, 0)
    session = simulate_session(specification, signals, seed=SEED, codec=CODEC, strategies={"ada": "overstay"})
    transcript, private = folder / "session.zip", folder / "session.private.json"
    transcript.write_bytes(encode_transcript(session.transcript))
    played_by = ("overstay", strategy, "truthful")
    sidecar = Sidecar(
        session_id=session.session_id,
        bidders={
            name: SidecarBidder(private=signal, strategy=text)
            for name, signal, text in zip(session.roster, signals, played_by, strict=True)
        },
    )
    private.write_bytes(encode_sidecar(sidecar, specification.market))
    return transcript, private


WILD = """
from bidder_agent import Strategy


class Wild(Strategy):
    deterministic = True

    def report_signal(self, view):
        BODY
"""
LIE = StrategicDeviation(bidder="ada", index=0, did="reported 2", truthful="report 1")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("while True: pass", "it takes more than 3 seconds"),
        (
            "import os; os._exit(3)",
            "the process of the replay ended with status 3; a strategy that ends its own process does that",
        ),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "the process of the replay was ended by SIGKILL; a strategy that ends its own process does that",
        ),
    ],
)
def test_no_strategy_keeps_a_person_from_the_result(tmp_path: Path, body: str, problem: str):
    """What deviations earned is computed elsewhere, for a limited time: else it is said to be unknown, and why."""
    (tmp_path / "wild.py").write_text(WILD.replace("BODY", body))
    transcript, private = recorded(tmp_path, "wild.py:Wild")
    told = find_consequences(transcript, [LIE], private=private, disclosure=None, limit_seconds=3)
    assert told == {"ada": problem}
    told = find_consequences(transcript, [LIE], private=private, disclosure=None, runs_code=False)
    assert isinstance(told["ada"], Consequence)


def test_what_an_effect_needs_and_nobody_knows_is_said(tmp_path: Path):
    """A file that cannot be used is the reason why nothing is known of any bidder."""
    transcript, private = recorded(tmp_path, "truthful")
    private.write_text("{}")
    told = find_consequences(transcript, [LIE, replace(LIE, bidder="ben")], private=private, disclosure=None)
    assert set(told) == {"ada", "ben"}
    assert "is no file of private types" in str(told["ada"])
