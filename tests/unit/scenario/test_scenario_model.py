"""A scenario can be built from Python, and checks its private part against the public one."""

from __future__ import annotations

import pytest

from openoutcry.errors import ScenarioError
from openoutcry.mechanisms import Bidder, Linear, Market, Specification
from openoutcry.scenario import AgentSetting, PrivateType, Scenario


@pytest.fixture
def specification():
    """Two bidders in one group, signals 0..1."""
    bidders = tuple(
        Bidder(name=name, group=0, valuation=Linear(constant=0, weights=(1,))) for name in ("ada", "bob")
    )
    market = Market(
        lot="Crate", currency="EUR", minor_units=0, signal_levels=2, groups=("crew",), bidders=bidders
    )
    return Specification(title="Built", market=market, mechanism="uniform-clock")


def test_a_scenario_is_built_from_its_parts(specification):
    """The dataclasses are the constructor; order of the mappings does not matter."""
    scenario = Scenario(
        specification=specification,
        seed="campaign 12",
        private={"bob": PrivateType(signal=1), "ada": PrivateType(signal=0)},
        agents={"bob": AgentSetting(strategy="silent")},
    )
    assert (scenario.title, scenario.signals()) == ("Built", (0, 1))
    assert [factory.name for factory in scenario.load_strategies()] == ["truthful", "silent"]


def test_a_scenario_without_private_types_has_no_signals(specification):
    """It can be served, and says what a local run is missing."""
    with pytest.raises(ScenarioError, match=r"bidder\[0\]: bidder 'ada' has no \[bidder\.private\] signal"):
        Scenario(specification=specification).signals()


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (
            {"private": {"adda": PrivateType(signal=0)}},
            "private: there is no bidder 'adda': did you mean 'ada'",
        ),
        ({"agents": {"zoe": AgentSetting()}}, "agents: there is no bidder 'zoe'"),
        ({"private": {"bob": PrivateType(signal=2)}}, r"bidder\[1\]\.private\.signal: .* outside 0\.\.1"),
        ({"agents": {"bob": AgentSetting(strategy="?")}}, r"bidder\[1\]\.agent\.strategy: .*understood"),
    ],
)
def test_a_private_part_that_does_not_fit_is_refused(specification, part, reason):
    """The same checks hold for a scenario from Python as for one from a file."""
    with pytest.raises(ScenarioError, match=reason):
        Scenario(specification=specification, **part)


def test_a_strategy_that_cannot_be_loaded_is_refused_by_its_key(specification, tmp_path):
    """Strategies are loaded on request, relative to the scenario's directory."""
    agents = {"bob": AgentSetting(strategy="mine.py:Mine")}
    scenario = Scenario(specification=specification, agents=agents, directory=tmp_path, file="s.toml")
    with pytest.raises(
        ScenarioError, match=r"^s\.toml: bidder\[1\]\.agent\.strategy: .*mine\.py cannot be read"
    ):
        scenario.load_strategies()
    (tmp_path / "mine.py").write_text("def Mine(view):\n    return 0\n")
    assert scenario.load_strategies()[1].name == "mine.py:Mine"
