"""`auctioneer expect` as people and programs use it: by type, over signals, estimates, and what is refused."""

from __future__ import annotations

import json
import signal
from fractions import Fraction
from pathlib import Path

import pytest

from auctioneer.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"
TINY = str(EXAMPLES / "scenarios" / "tiny.toml")
WALLET = str(EXAMPLES / "scenarios" / "wallet.toml")
LICENCES = str(EXAMPLES / "licences" / "scenario.toml")

ALIKE = """
format = "openoutcry-scenario/1"
title = "Alike"
[mechanism]
name = "{name}"
[market]
lot = "a lot"
currency = "EUR"
environment = "single-good"
[[bidder]]
name = "ada"
types = [1, 4]
[[bidder]]
name = "bob"
types = [1, 4]
[prior]
joint = "prior.csv"
"""


def alike(folder: Path, name: str) -> str:
    """Write a scenario of two bidders who agree two times in three."""
    (folder / "prior.csv").write_text("ada,bob,weight\n1,1,2\n1,4,1\n4,1,1\n4,4,2\n")
    path = folder / f"{name}.toml"
    path.write_text(ALIKE.format(name=name))
    return str(path)


def print_of(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """Run `expect` and return what it prints, in one line."""
    assert main(["expect", *arguments]) == code
    return " ".join(capsys.readouterr().out.split())


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """Run `expect --json` on one scenario."""
    found: dict[str, object] = json.loads(print_of(capsys, *arguments, "--json"))
    return found


# --- What one scenario shows ------------------------------------------------------------------------------


def test_the_optimum_and_what_is_promised_stand_beside_what_is_found(capsys: pytest.CaptureFixture[str]):
    """As shares and as amounts, for people and for programs."""
    shown = print_of(capsys, TINY)
    assert "welfare 5 of 10 (50.0%), at least 5/2 (2.5) promised (25.0%)" in shown
    assert "revenue 5, 50.0% of the greatest welfare" in shown
    found = json_of(capsys, TINY)
    assert (found["welfare_share"], found["revenue_share"], found["promised_welfare"]) == (
        "1/2",
        "1/2",
        "5/2",
    )
    assert (found["guaranteed_welfare_share"], found["guaranteed_revenue_share"]) == ("1/4", None)
    assert (found["promised_revenue"], found["not_truthful"]) == (None, {})


def test_who_breaks_the_condition_of_the_promise_is_named(capsys: pytest.CaptureFixture[str]):
    """A promise is for truthful bidders."""
    shown = print_of(capsys, WALLET)
    assert "the promise is for truthful bidders, and not all are: lou: overstay:levels=1" in shown
    assert json_of(capsys, WALLET)["not_truthful"] == {"lou": "overstay:levels=1"}


def test_what_each_type_gets(capsys: pytest.CaptureFixture[str]):
    """Weighted with how likely it is, utilities of types are those of the bidder."""
    found = json_of(capsys, LICENCES, "--by-type")
    by_type, utilities = found["by_type"], found["utilities"]
    assert isinstance(by_type, dict)
    assert isinstance(utilities, dict)
    assert [each["value"] for each in by_type["corvid"]] == [
        "low: 20, low+mid: 20, mid: 0",
        "low: 50, low+mid: 50, mid: 0",
    ]
    for name, types in by_type.items():
        gained = sum(Fraction(each["probability"]) * Fraction(each["utility"]) for each in types)
        assert gained == Fraction(utilities[name])
    shown = print_of(capsys, LICENCES, "--by-type")
    assert "what a bidder gets on average once it knows its own value" in shown
    assert "by_type" not in json_of(capsys, LICENCES)


def test_over_all_signals(capsys: pytest.CaptureFixture[str]):
    """Signals that are given play no part; each signal of each bidder has its numbers."""
    found = json_of(capsys, TINY, "--over-signals", "--by-type")
    assert (found["over"], found["profiles"]) == ("signals", 16)
    by_type = found["by_type"]
    assert isinstance(by_type, dict)
    assert [each["signal"] for each in by_type["ana"]] == [0, 1]
    assert "over all 16 profiles of signals, equally likely" in print_of(capsys, TINY, "--over-signals")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([TINY, "--by-type"], "take --over-signals"),
        ([LICENCES, "--over-signals"], "its bidders have types, not signals"),
        ([LICENCES, "--at-private-types", "--by-type"], "add a [prior]"),
        ([TINY, "--over-signals", "--at-private-types"], "exclude each other"),
        ([TINY, "--seed", "x"], "give --estimate N"),
        ([TINY, "--by-bidder"], "goes with --mechanism"),
        ([TINY, "--estimate", "10"], "100"),
    ],
    ids=" ".join,
)
def test_wishes_that_do_not_fit_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
):
    """In one line that says what to do."""
    assert main(["expect", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert reason in captured.err
    assert captured.err.count("\n") == 1


def test_private_parts_that_are_not_used_are_told(capsys: pytest.CaptureFixture[str]):
    """Over a prior, what a person wrote of values and beliefs plays no part; asked for, it does."""
    assert main(["expect", LICENCES, "--json"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "what is private to atlas, borealis, corvid is not used" in line
    assert line.endswith("--at-private-types takes them")
    assert main(["expect", LICENCES, "--at-private-types", "--json"]) == 0
    assert capsys.readouterr().err == ""


# --- Several mechanisms -----------------------------------------------------------------------------------


def test_mechanisms_on_signals_show_shares_and_promises(capsys: pytest.CaptureFixture[str]):
    """Of welfare and of revenue; bidders are shown for each mechanism on demand."""
    shown = print_of(capsys, TINY, "--mechanism", "all")
    assert "signal-discovery 5 50.0% 2.5 5 50.0% - " in shown
    assert "threshold-lottery 7.5 75.0% 5 7.5 75.0% - " in shown
    assert "dan" not in shown
    assert print_of(capsys, TINY, "--mechanism", "all", "--by-bidder").count("dan") == 3


def test_side_bets_are_no_rewards(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Cremer and McLean's bidders pay bets to the seller: nothing is shown as a reward below 0."""
    path = alike(tmp_path, "cremer-mclean")
    shown = print_of(capsys, path)
    assert "by bets" in shown
    assert "bets bidders pay 1 beside prices, already in the revenue" in shown
    assert "is rewarded" not in shown
    shown = print_of(capsys, path, "--mechanism", "all")
    assert "cremer-mclean 3 112.5% 3 - 2.667" in shown
    assert "in side bets on each other's values bidders pay 1, which is in the revenue" in shown


# --- Several scenarios ------------------------------------------------------------------------------------


def test_a_scenario_that_cannot_be_used_does_not_stop_the_others(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """Myerson's auction cannot run on a correlated prior: that is reported, the rest is done, and the code is 2."""
    wrong = alike(tmp_path, "myerson")
    assert main(["expect", wrong, TINY, "nowhere.toml", WALLET, "--mechanism", "all"]) == 2
    captured = capsys.readouterr()
    assert "Four neighbours" in captured.out
    assert "Wallets" in captured.out
    errors = [line for line in captured.err.splitlines() if line.startswith("error: ")]
    assert [("myerson" in errors[0]), ("nowhere.toml" in errors[1]), len(errors)] == [True, True, 2]


def test_programs_get_one_object_for_each_scenario(capsys: pytest.CaptureFixture[str]):
    """In the order given, with the reason in place of numbers."""
    assert main(["expect", "nowhere.toml", TINY, "--json"]) == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["scenario"] for line in lines] == ["nowhere.toml", TINY]
    assert "cannot be read" in lines[0]["error"]
    assert lines[1]["welfare"] == "5"


# --- Too large --------------------------------------------------------------------------------------------


def large(folder: Path, bidders: int) -> str:
    """Write a scenario in which every bidder is best at one level: there is most to explore then."""
    lines = [
        'format = "openoutcry-scenario/1"',
        'title = "Large"',
        "[mechanism]",
        'name = "signal-discovery"',
    ]
    lines += ["[market]", 'lot = "a lot"', 'currency = "EUR"', "signal_levels = 2", 'values = "values.csv"']
    for bidder in range(bidders):
        lines += ["[[bidder]]", f'name = "b{bidder}"', f"private = {{ signal = {bidder % 2} }}"]
    path = folder / "large.toml"
    path.write_text("\n".join(lines) + "\n")
    rows = ["everybody," + ",".join(f"b{bidder}" for bidder in range(bidders))]
    for level in range(bidders + 1):
        values = [2 * level + (bidder == min(level, bidders - 1)) for bidder in range(bidders)]
        rows.append(",".join(map(str, [level, *values])))
    (folder / "values.csv").write_text("\n".join(rows) + "\n")
    return str(path)


def test_what_is_too_large_is_refused_with_size_limit_and_an_offer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """And the command that is offered works as it stands."""
    path = large(tmp_path, 40)
    assert main(["expect", path, "--limit", "20"]) == 2
    told = capsys.readouterr().err
    assert "runs of the mechanism or more, and the limit is 20" in told
    offer = told.strip().partition(": auctioneer expect ")[2]
    assert offer == f"{path} --estimate 10000"
    assert main(["expect", path, "--over-signals"]) == 2
    told = capsys.readouterr().err
    assert "about 10^12 profiles of signals; at most 20000" in told
    assert told.strip().endswith(f"auctioneer expect {path} --over-signals --estimate 10000")
    estimate = json_of(capsys, path, "--over-signals", "--estimate", "100")["estimate"]
    assert isinstance(estimate, dict)
    assert estimate["auctions"] == 100


def test_an_estimate_is_offered_for_mechanisms_that_are_too_large(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """The others are exact."""
    path = large(tmp_path, 12)
    assert (
        main(
            [
                "expect",
                path,
                "--limit",
                "5",
                "--mechanism",
                "signal-discovery",
                "--mechanism",
                "uniform-clock",
            ]
        )
        == 0
    )
    captured = capsys.readouterr()
    assert "uniform-clock" in captured.out
    assert "signal-discovery cannot run" in captured.out
    assert f"expect {path} --estimate 10000 --mechanism signal-discovery" in captured.err


# --- Estimates --------------------------------------------------------------------------------------------


def test_an_estimate_is_marked_everywhere(capsys: pytest.CaptureFixture[str]):
    """For people in the headline, with ranges; for programs under a key of its own, and no exact key beside it."""
    shown = print_of(capsys, WALLET, "--estimate", "400", "--seed", "monday")
    assert "ESTIMATE from 400 auctions, seed 'monday'" in shown
    assert "estimated probabilities" in shown
    assert "±" in shown
    found = json_of(capsys, WALLET, "--estimate", "400", "--seed", "monday")
    assert not {"win_probability", "welfare", "revenue", "optimum", "utilities"} & set(found)
    estimate = found["estimate"]
    assert isinstance(estimate, dict)
    assert (estimate["seed"], estimate["confidence"], estimate["was_interrupted"]) == ("monday", 0.99, False)
    kim = estimate["win_probability"]["kim"]
    assert kim["low"] < 1 / 3 < kim["high"]
    assert estimate["optimum"] == {"low": 113.0, "mean": 113.0, "high": 113.0}
    assert json_of(capsys, WALLET, "--estimate", "400")["estimate"]["seed"] == "wallet"  # type: ignore[index]


def test_an_estimate_by_type_and_by_mechanism(capsys: pytest.CaptureFixture[str]):
    """Each with how many auctions it rests on."""
    found = json_of(capsys, LICENCES, "--estimate", "200", "--by-type")
    estimate = found["estimate"]
    assert isinstance(estimate, dict)
    assert sum(each["auctions"] for each in estimate["by_type"]["atlas"]) == 200
    assert found["optimal_revenue"] == "80"
    arguments = (LICENCES, "--estimate", "100", "--mechanism", "vcg", "--mechanism", "crowdsourced-optimal")
    shown = print_of(capsys, *arguments, "--by-bidder", "--by-type")
    assert "ESTIMATE from 100 auctions" in shown
    assert "OPT (exact), greatest welfare 80" in shown
    assert shown.count("vcg, estimated from 100 auctions") == 1
    compared = json_of(capsys, *arguments)["mechanisms"]
    assert isinstance(compared, list)
    assert [each["mechanism"] for each in compared] == ["vcg", "crowdsourced-optimal"]


@pytest.mark.parametrize("compares", [False, True], ids=["one", "compared"])
def test_ctrl_c_prints_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str], compares: bool):
    """As an estimate from fewer auctions that says so; a strategy at work when it comes has not failed.

    The strategy itself presses, in the ninth auction in which it is asked.
    """
    marks = ["--mechanism", "signal-discovery", "--mechanism", "uniform-clock"] if compares else []
    (tmp_path / "pressing.py").write_text(
        "import os, signal\n"
        "from openoutcry.strategies import Strategy, Stay\n"
        "class Pressing(Strategy):\n"
        "    asked = 0\n"
        "    def on_raise(self, view):\n"
        "        Pressing.asked += 1\n"
        "        if Pressing.asked == 9:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "        return Stay\n"
    )
    text = Path(TINY).read_text(encoding="utf-8")
    pressing = text.replace('strategy = "truthful"', 'strategy = "pressing.py:Pressing"', 1)
    assert pressing != text
    path = tmp_path / "tiny.toml"
    path.write_text(pressing)
    before = signal.getsignal(signal.SIGINT)
    assert main(["expect", str(path), *marks, "--estimate", "100000000", "--json"]) == 130
    assert signal.getsignal(signal.SIGINT) is before
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    estimate = (found["mechanisms"][0] if compares else found)["estimate"]
    assert estimate["was_interrupted"]
    assert 9 <= estimate["auctions"] < estimate["wanted"] == 100_000_000
    assert captured.err == ""
    if compares:
        assert (found["was_interrupted"], len(found["mechanisms"])) == (True, 1)


# --- Mechanisms that cannot run ---------------------------------------------------------------------------


@pytest.mark.parametrize("more", [(), ("--json",), ("--estimate", "100")])
def test_the_exit_code_says_that_no_mechanism_could_run(
    more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
):
    """A misspelt parameter is no answer; beside a mechanism that runs it is a line."""
    wrong = ("--mechanism", "uniform-clock:nope=1")
    assert main(["expect", WALLET, *wrong, *more]) == 2
    assert "no parameter 'nope'" in capsys.readouterr().out
    assert main(["expect", WALLET, *wrong, "--mechanism", "uniform-clock", *more]) == 0


def test_mechanisms_for_study_are_named_with_what_can_be_computed(capsys: pytest.CaptureFixture[str]):
    """Audits alone know them; one of them is a parameter of a registered mechanism."""
    assert main(["expect", WALLET, "--mechanism", "slot-draw"]) == 2
    assert "threshold-lottery:slots=uniform" in capsys.readouterr().err
    assert main(["expect", WALLET, "--mechanism", "uniform-clock-at-once"]) == 2
    assert "auctioneer audit SCENARIO --mechanism uniform-clock-at-once" in capsys.readouterr().err


@pytest.mark.parametrize("estimate", [(), ("--estimate", "100")])
def test_what_strategies_print_is_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], estimate: tuple[str, ...]
):
    """It goes where errors go, so that a program can read the one object."""
    (tmp_path / "loud.py").write_text(
        "from openoutcry.strategies import Stay, Strategy\n"
        "class Loud(Strategy):\n"
        "    deterministic = True\n"
        "    def on_raise(self, view):\n"
        "        print('loud')\n"
        "        return Stay\n"
    )
    scenario = tmp_path / "loud.toml"
    scenario.write_text(Path(TINY).read_text(encoding="utf-8").replace('"truthful"', '"loud.py:Loud"'))
    assert main(["expect", str(scenario), *estimate, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["scenario"] == str(scenario)
    assert "loud" in printed.err
