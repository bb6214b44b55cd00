"""The page on paying for beliefs is true: its files load, its program prints what is shown, its numbers hold."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from auctioneer.cli import main
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.scenario import load_scenario

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "paying_for_beliefs.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w.-]+)`.*?\n\n```(?:toml|csv)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
MECHANISMS = (
    "vickrey",
    "vickrey-reserve",
    "crowdsourced-optimal",
    "crowdsourced-lookahead",
    "crowdsourced-lookahead-plus",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder into which the reader has saved the page's files, and be in it."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def block(language: str) -> str:
    """Return the only block in a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return found


def expect(*arguments: str) -> dict[str, dict[str, Any]]:
    """Return what `auctioneer expect` says of each mechanism."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["expect", "lorry.toml", "--json", *arguments]) == 0
    found = json.loads(printed.getvalue())
    return {entry["mechanism"]: {**found, **entry} for entry in found["mechanisms"]}


def playing(folder: Path, **strategies: str) -> None:
    """Give bidders of the saved scenario these strategies."""
    path = folder / "lorry.toml"
    text = FILES["lorry.toml"]
    for name, strategy in strategies.items():
        text = text.replace(
            f'name    = "{name}"', f'name    = "{name}"\nagent   = {{ strategy = "{strategy}" }}'
        )
    path.write_text(text, encoding="utf-8")


def row(start: str) -> list[str]:
    """Return the cells of the row that starts with this, and that has a fraction or a number behind it."""
    (found,) = re.findall(rf"^\| {re.escape(start)} \| (\d[^\n]*) \|$", PAGE, re.MULTILINE)
    return found.split(" | ")


def test_the_program_prints_what_is_shown(folder: Path) -> None:
    """Beliefs, scores, rewards, and the price with and without what cyd knows."""
    assert sorted(FILES) == ["contract.csv", "lorry.toml", "prior.csv"]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block("python"), "page", "exec"), {})  # The page's own program.
    assert printed.getvalue() == block("text")
    rewards = [Fraction(line.split()[3]) for line in printed.getvalue().splitlines()[:3]]
    assert f"sum to {sum(rewards)}" in PAGE


def test_the_table_of_averages(folder: Path) -> None:
    """The command of the page gives its revenues and promises, and no bidder's knowledge is left out."""
    words = shlex.split(block("sh"))
    assert words[:4] == ["auctioneer", "expect", "lorry.toml", "--json"]
    found = expect(*words[4:])
    assert tuple(found) == MECHANISMS
    for name, entry in found.items():
        revenue, about, promised, _ = row(f"`{name}`")
        assert revenue == entry["revenue"]
        assert about == f"{float(Fraction(revenue)):.2f}"
        assert promised == (entry["promised_revenue"] or "nothing")
    assert (
        row("OPT, the best that a seller with the prior could do")[0] == found["vickrey"]["optimal_revenue"]
    )
    assert f"with probability {found['crowdsourced-lookahead-plus']['unsold_probability']} in" in PAGE
    assert Fraction(found["vickrey"]["unsold_probability"]) == 0


def test_the_round_in_all_three(folder: Path) -> None:
    """At (6, 4, 1), without the lottery: 6 less rewards in both lookaheads, 14/3 less rewards in M, 4 in Vickrey's."""
    names = [name for name in MECHANISMS if name.startswith("crowd")]
    options = [option for name in names for option in ("--mechanism", f"{name}:delta=0")]
    found = expect("--at-private-types", *options, "--mechanism", "vickrey")
    before = {
        name: Fraction(entry["revenue"]) + sum(map(Fraction, entry["rewards"].values()))
        for name, entry in found.items()
    }
    assert before == {
        "crowdsourced-optimal": Fraction(14, 3),
        "crowdsourced-lookahead": 6,
        "crowdsourced-lookahead-plus": 6,
        "vickrey": 4,
    }
    assert "14/3 before rewards" in PAGE


def test_the_sellers_risk_and_the_limit_of_the_bonus(folder: Path) -> None:
    """As the guarantees say, at the page's own reward."""
    scenario = load_scenario(folder / "lorry.toml")
    for name in MECHANISMS[2:]:
        mechanism = find_mechanism(name)
        parameters = mechanism.configure({"reward": "1/10", "delta": "1/100"})
        loss = mechanism.guarantee(scenario.specification.market, parameters).revenue_loss
        assert re.search(rf"^\| `{name}` \| ε.* \| {loss} \|$", PAGE, re.MULTILINE)
    lookahead = find_mechanism("crowdsourced-lookahead")
    for reward, is_warned in (("1/10", True), ("1/1800", True), ("1/2000", False)):
        parameters = lookahead.configure({"reward": reward, "delta": "1/100"})
        assert bool(lookahead.check(scenario.specification.market, parameters)) == is_warned


def test_ignorance(folder: Path) -> None:
    """Everybody claims to know nothing."""
    playing(folder, ada="ignorant", bob="ignorant", cyd="ignorant")
    found = expect("--mechanism", "crowdsourced-lookahead-plus")["crowdsourced-lookahead-plus"]
    assert f"still brings {found['revenue']}" in PAGE


@pytest.mark.parametrize(("agreed", "price"), [(1, 4), (0, 1)])
def test_rings(folder: Path, agreed: int, price: int) -> None:
    """Two bring the price down, in Vickrey's auction no less, and bob is paid more than for the truth."""
    honest = expect("--at-private-types", "--mechanism", "crowdsourced-lookahead-plus:delta=0")
    playing(
        folder, ada=f"collusive:partner=bob,agreed={agreed}", bob=f"collusive:partner=ada,agreed={agreed}"
    )
    ring = expect(
        "--at-private-types", "--mechanism", "crowdsourced-lookahead-plus:delta=0", "--mechanism", "vickrey"
    )
    name = "crowdsourced-lookahead-plus"
    paid = Fraction(ring[name]["payments"]["ada"]) + Fraction(ring[name]["rewards"]["ada"])
    assert paid == Fraction(ring["vickrey"]["payments"]["ada"]) == price
    assert Fraction(ring[name]["rewards"]["bob"]) > Fraction(honest[name]["rewards"]["bob"])
