"""A scenario made by a program, without any file: the same classes that a file is read into, then played."""

from openoutcry.mechanisms import Bidder, Linear, Market, Specification, Threshold
from openoutcry.scenario import AgentSetting, PrivateType, Scenario
from openoutcry.simulation import play_scenario

# Geologists and seismologists have looked at the tract; its worth to each depends on what both found.
ada = Bidder(name="ada", group=0, valuation=Linear(constant=60, weights=(30, 10)))
ben = Bidder(name="ben", group=0, valuation=Threshold(value_reached=240, at=4, weights=(1, 1)))
cyd = Bidder(name="cyd", group=1, valuation=Linear(constant=0, weights=(20, 35)))
dan = Bidder(name="dan", group=1, valuation=Linear(constant=90, weights=(5, 15)))
market = Market(
    lot="Tract 7",
    currency="USD",
    minor_units=0,
    signal_levels=3,
    groups=("geology", "seismic"),
    bidders=(ada, ben, cyd, dan),
)
signals = {"ada": 2, "ben": 1, "cyd": 2, "dan": 0}
scenario = Scenario(
    specification=Specification(title="Lease sale", market=market, mechanism="signal-discovery"),
    private={name: PrivateType(signal=signal) for name, signal in signals.items()},
    agents={"dan": AgentSetting(strategy="shade:levels=1")},
)
for number in range(6):
    result = play_scenario(scenario, seed=f"sale {number}")
    sold = f"{result.winner} buys at {result.price}" if result.winner else "unsold"
    print(f"{sold}, welfare {result.welfare} of {result.optimum}: {result.reason}")
