"""The commands of `auctioneer` on scenarios of types: expectations, comparisons, and a run among processes."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from auctioneer.cli import main
from auctioneer.cli.expect import read_mechanism
from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.protocol.transcript import encode_transcript
from openoutcry.scenario import load_scenario
from openoutcry.session.disclosure import Disclosure, encode_disclosure
from openoutcry.simulation import play_scenario
from tests.simulation.crowd_stage import (
    begin,
    go_on,
    independent,
    knowledge,
    make_type_market,
    make_type_specification,
)

SCENARIO = """
format = "openoutcry-scenario/1"
title = "Three banks"
seed = "spring"
[mechanism]
name = "crowdsourced-lookahead-plus"
reward = "1/10"
delta = "0"
[market]
lot = "a bond"
currency = "EUR"
minor_units = 2
environment = "single-good"
[[bidder]]
name = "ada"
types = [100, 200, 400]
[[bidder]]
name = "bob"
types = [100, 200]
[[bidder]]
name = "[cyd]"
types = [100, 300]
[prior]
product = { ada = [[100, 1], [200, 1], [400, 2]], bob = [[100, 1], [200, 1]], "[cyd]" = [[100, 3], [300, 1]] }
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Give a scenario whose types are drawn from its prior."""
    path = tmp_path / "banks.toml"
    path.write_text(SCENARIO)
    return path


def test_an_expectation_over_a_prior_is_exact(scenario: Path, capsys: pytest.CaptureFixture[str]):
    """Numbers as fractions, OPT and the guarantee beside them; people get them in a table."""
    assert main(["expect", str(scenario), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["mechanism"], found["over"]) == ("crowdsourced-lookahead-plus", "prior")
    assert set(found["rewards"]) == {"ada", "bob", "[cyd]"}
    revenue, optimal = Fraction(found["revenue"]), Fraction(found["optimal_revenue"])
    assert Fraction(found["promised_revenue"]) <= revenue <= optimal <= Fraction(found["optimum"])
    wins = sum(map(Fraction, found["win_probability"].values()))
    assert wins + Fraction(found["unsold_probability"]) == 1
    assert main(["expect", str(scenario)]) == 0
    shown = capsys.readouterr().out
    assert "[cyd]" in shown
    assert "of the optimal revenue" in shown
    assert "over all 12 profiles of types" in shown


def test_all_mechanisms_in_one_table(scenario: Path, capsys: pytest.CaptureFixture[str]):
    """Each that can run has a row, OPT stands last, and who cannot run is told why in one line."""
    assert main(["expect", str(scenario), "--mechanism", "all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[1:])) <= 80
    rows = [line.split()[0] for line in lines if line.split()]
    of_types = [name for name, mechanism in MECHANISMS.items() if mechanism.market == "types"]
    assert [row for row in rows if row in of_types] == of_types
    assert rows.index("OPT,") > rows.index("posted-prices")
    assert any("money in EUR, rounded" in line for line in lines)
    assert sum(line.startswith("cremer-mclean cannot run: ") for line in lines) == 1


def test_a_comparison_as_json(scenario: Path, capsys: pytest.CaptureFixture[str]):
    """One object for each scenario, with parameters given on the command line in place of the scenario's."""
    arguments = ["--mechanism", "crowdsourced-optimal:reward=1/5", "--mechanism", "uniform-clock"]
    assert main(["expect", str(scenario), *arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (optimal,) = found["mechanisms"]
    assert optimal["parameters"] == {"reward": "1/5", "delta": "0"}
    assert [refused["mechanism"] for refused in found["cannot_run"]] == ["uniform-clock"]


def test_rows_of_one_mechanism_are_told_apart(scenario: Path, capsys: pytest.CaptureFixture[str]):
    """By the parameters in which they differ from the scenario's and from the defaults; the same choice stands once."""
    chosen = ["vickrey-reserve", "vickrey-reserve:order=eager", "vickrey-reserve:order=lazy"]
    own = "crowdsourced-lookahead-plus"
    chosen += [own, f"{own}:reward=1/10", f"{own}:reward=1/100000,delta=1/2"]
    arguments = [part for choice in chosen for part in ("--mechanism", choice)]
    assert main(["expect", str(scenario), *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("───"))
    rows = [line[:34].rstrip() for line in lines[start + 1 : start + 7]]
    assert rows == [
        "vickrey-reserve",
        "vickrey-reserve order=lazy",
        own,
        own,
        "  reward=1/100000 delta=1/2",
        "",
    ]
    # In the currency; rewards of a fraction of a cent keep their digits, and no number is broken.
    rewards = [float(line.split()[-2]) for line in lines[start + 3 : start + 5]]
    assert 0 < rewards[1] < 1e-6 < rewards[0] < 1e-3
    assert max(len(line) for line in lines if str(scenario) not in line) <= 80


def test_a_parameter_that_is_refused_is_named_with_its_row(
    scenario: Path, capsys: pytest.CaptureFixture[str]
):
    """So that one knows which of several it was; where there is no other, nothing was done."""
    rash = ("--mechanism", "vickrey-reserve:order=rash")
    for others, code in (((), 2), (("--mechanism", "vickrey"), 0)):
        assert main(["expect", str(scenario), *rash, *others]) == code
        assert "vickrey-reserve order=rash cannot run: " in capsys.readouterr().out


def test_long_texts_break_between_words(scenario: Path, capsys: pytest.CaptureFixture[str]):
    """At the width of a terminal; programs get them whole."""
    assert main(["expect", str(scenario)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if str(scenario) not in line) <= 80
    assert main(["expect", str(scenario), "--json"]) == 0
    guarantee = json.loads(capsys.readouterr().out)["guarantee"]
    assert guarantee in " ".join(line.strip() for line in lines)


def test_private_types_take_the_place_of_the_prior(scenario: Path, capsys: pytest.CaptureFixture[str]):
    """Only when all are given."""
    assert main(["expect", str(scenario), "--at-private-types"]) == 2
    assert "not every bidder has a private value" in capsys.readouterr().err
    text = scenario.read_text()
    for name, value in (("ada", 400), ("bob", 200), ("[cyd]", 100)):
        text = text.replace(f'name = "{name}"', f'name = "{name}"\nprivate = {{ value = {value} }}')
    scenario.write_text(text)
    assert main(["expect", str(scenario), "--at-private-types", "--mechanism", "vickrey", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["mechanisms"]
    assert (found["over"], found["win_probability"]["ada"], found["revenue"]) == ("private", "1", "200")


@pytest.mark.parametrize("text", ["vickrey:", "vickrey:openings", "vickrey:a=1,a=2", "vickrey:=1"])
def test_a_mechanism_that_cannot_be_read_is_refused(text: str):
    """Parameters are KEY=VALUE, each key once."""
    with pytest.raises(ConfigurationError, match="write NAME:KEY=VALUE"):
        read_mechanism(text)


def test_mechanisms_are_read_with_their_parameters():
    """Integers and truth values are what they look like, everything else is text."""
    chosen = read_mechanism("a-name:reward=1/10, limit=5,shown=true")
    assert (chosen.name, chosen.parameters) == ("a-name", {"reward": "1/10", "limit": 5, "shown": True})


@pytest.mark.parametrize("name", list(MECHANISMS))
def test_every_mechanism_is_explained(name: str, capsys: pytest.CaptureFixture[str]):
    """What it runs on, asks, tells whom, promises, and where it differs from its source."""
    assert main(["mechanisms", name]) == 0
    shown = capsys.readouterr().out
    for title in ("market", "prior", "source", "asks", "learns", "guarantee", "differs", "parameters"):
        assert f"\n{title}" in shown


def test_a_new_crowd_scenario_can_be_computed_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The starter of the other kind."""
    assert main(["new", "My crowd", "--kind", "crowd", "--directory", str(tmp_path / "crowd")]) == 0
    scenario = load_scenario(tmp_path / "crowd" / "scenario.toml")
    assert MECHANISMS[scenario.specification.mechanism].market == "types"


def test_a_run_with_drawn_types_settles_as_in_process_play(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Every bidder a process, its type through its standard input; the transcript verifies, the rest is exact."""
    out = tmp_path / "run.zip"
    assert main(["run", str(scenario), "--out", str(out), "--slow-motion", "0"]) == 0
    shown = capsys.readouterr().out
    assert 'seed "spring"' in shown
    assert "types that the scenario does not give are drawn from its prior" in shown
    assert "wave 0: committed 3 of 3" in shown
    assert "wave 0: opened 3 of 3" in shown
    assert "no deviations" in shown
    played = play_scenario(load_scenario(scenario))
    private = json.loads(out.with_suffix(".private.json").read_text())
    values = [known["value"] for known in private["bidders"].values()]
    market = load_scenario(scenario).specification.market
    assert isinstance(market, TypeMarket)
    reported = [report.value for report in played.reports if isinstance(report, TypeReport)]
    assert values == [market.value(i, index) for i, index in enumerate(reported) if index is not None]
    assert main(["verify", str(out)]) == 0
    capsys.readouterr()
    assert main(["run", str(scenario), "--out", str(tmp_path / "again.zip"), "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    found = json.loads(captured.out)
    assert found["allocation"] == {name: "+".join(goods) for name, goods in played.allocation.items()}
    assert list(found["rewards"]) == ["ada", "bob", "[cyd]"]
    assert {name: Fraction(paid) for name, paid in found["payments"].items()} == {
        name: Fraction(found["price"] if name in found["allocation"] else 0)
        - Fraction(found["rewards"][name])
        for name in found["payments"]
    }
    assert (found["welfare"], found["optimum"]) == (played.welfare, played.optimum)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ('agent = { strategy = "missing.py:Mine" }', "there is no file"),
        ('agent = { strategy = "truthfull" }', "truthful"),
        ('agent = { strategy = "collusive:partner=adaa" }', "did you mean 'ada'"),
        ('agent = { strategy = "collusive:partner=bob" }', "is this bidder itself"),
        ('agent = { strategy = "collusive:partner=ada,agreed=-1" }', "no place in a list"),
        (
            'agent = { strategy = "public-belief:file=belief.json" }',
            "belief.json: 7 is no value that ada may have",
        ),
    ],
)
def test_a_strategy_that_cannot_be_there_is_found_before_anything_starts(
    scenario: Path, capsys: pytest.CaptureFixture[str], extra: str, expected: str
):
    """Nothing was run, and the error names the bidder's key; a misspelt partner or belief is found as well."""
    scenario.with_name("belief.json").write_text('{"product": {"ada": [[7, 1]], "[cyd]": [[100, 1]]}}')
    scenario.write_text(scenario.read_text().replace('name = "bob"', f'name = "bob"\n{extra}'))
    for command in ("run", "expect"):
        assert main([command, str(scenario)]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "bidder[1].agent.strategy" in captured.err
        assert expected in captured.err


def test_a_quiet_run_is_one_line(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The outcome and the transcript, as its help says."""
    out = tmp_path / "run.zip"
    assert main(["run", str(scenario), "--out", str(out), "--quiet"]) == 0
    captured = capsys.readouterr()
    (line,) = captured.out.splitlines()
    assert line.startswith(f"{play_scenario(load_scenario(scenario)).winner} buys for ")
    assert line.endswith(f" EUR; transcript {out}")
    assert captured.err == ""
    assert main(["run", "--help"]) == 0
    assert "Print one line only, at the end: the outcome and" in " ".join(capsys.readouterr().out.split())


def test_the_end_of_a_run_can_be_read(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Small rewards have digits, names of strategies break where their parts do, values are in the currency."""
    text = scenario.read_text().replace('reward = "1/10"', 'reward = "1/30000"')
    strategy = 'agent = { strategy = "collusive:partner=ada,agreed=1" }'
    scenario.write_text(text.replace('name = "bob"', f'name = "bob"\n{strategy}'))
    assert main(["run", str(scenario), "--out", str(tmp_path / "run.zip"), "--slow-motion", "0"]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = [line for line in lines if line.startswith(("┃", "│", "┏", "└"))]
    assert max(map(len, table)) <= 80
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in table if line[0] == "│"]
    told = {row[0]: row for row in cells if row[0]}
    assert set(told) == {"ada", "bob", "[cyd]"}
    assert all(row[1] in ("1.00", "2.00", "3.00", "4.00") for row in told.values())
    assert "".join(row[2] for row in cells).count("collusive:partner=ada,agreed=1") == 1
    rewards = [float(row[5]) for row in told.values()]
    assert 0 < min(rewards) <= max(rewards) < 1e-6
    (promise,) = (place for place, line in enumerate(lines) if line.startswith("promised"))
    assert max(map(len, lines[promise : promise + 4])) <= 80


def test_sealed_reports_are_told_up_to_where_they_are_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """What can be told without the disclosure, and what to give for the rest; a wrong disclosure is refused."""
    for title in ("one", "other"):
        market = replace(make_type_market(), lot=title)
        specification = make_type_specification("crowdsourced-lookahead", market=market, disclosure="sealed")
        stage, reporters = begin(specification, knowledge(independent(), (0, 1, 2)))
        go_on(stage, reporters)
        disclosure = Disclosure(session_id=stage.session.session_id, opening_key=stage.opening_key)
        (tmp_path / f"{title}.zip").write_bytes(encode_transcript(stage.transcript()))
        (tmp_path / f"{title}.json").write_bytes(encode_disclosure(disclosure))
    sealed = str(tmp_path / "one.zip")
    assert main(["replay", sealed]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = next(int(line.split()[0]) for line in lines if "they are to be opened" in line) + 1
    assert lines[-1] == f"from record {first} on the reports are sealed: give --disclosure FILE to go on"
    assert main(["replay", sealed, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sealed_from"], found["moments"][-1]["record"]) == (first, first - 1)
    assert main(["replay", sealed, "--disclosure", str(tmp_path / "one.json")]) == 0
    shown = capsys.readouterr().out
    assert "opens its report: type" in shown
    assert "give --disclosure" not in shown
    assert main(["replay", sealed, "--disclosure", str(tmp_path / "other.json")]) == 2
    assert "the disclosure is of another session" in capsys.readouterr().err


def test_a_result_that_cannot_be_written_is_found_before_anything_starts(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A file in the place of the directory, and files that are there already."""
    (tmp_path / "taken").write_text("a file")
    assert main(["run", str(scenario), "--out", str(tmp_path / "taken" / "run.zip")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    (tmp_path / "run.private.json").write_text("{}")
    assert main(["run", str(scenario), "--out", str(tmp_path / "run.zip")]) == 2
    assert "run.private.json is there already" in capsys.readouterr().err
    assert not (tmp_path / "run.zip").exists()
