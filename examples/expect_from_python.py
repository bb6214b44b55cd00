"""What happens on average, exactly: every random choice of the mechanism is followed to its end, none is sampled."""

from pathlib import Path
from typing import cast

from openoutcry.mechanisms import Market, find_mechanism
from openoutcry.mechanisms.answering import answer_with_signal
from openoutcry.mechanisms.expectation import Expectation, expect
from openoutcry.scenario import load_scenario

scenario = load_scenario(Path(__file__).with_name("scenarios") / "wallet.toml")
market = cast(Market, scenario.specification.market)
mechanism = find_mechanism(scenario.specification.mechanism)
parameters = mechanism.configure(scenario.specification.parameters)
signals = scenario.signals()


def expectation_if(answered: tuple[int, ...]) -> Expectation:
    """Return what happens on average when bidders answer as if these were their signals."""
    return expect(market, mechanism, parameters, [answer_with_signal(signal) for signal in answered], signals)


truthful = expectation_if(signals)
for name, chance in zip(scenario.names, truthful.win_probability, strict=True):
    print(f"{name} wins with probability {chance}")
print(
    f"welfare {truthful.welfare} of {truthful.optimum}, unsold with probability {truthful.unsold_probability}"
)
print(f"promised: {mechanism.guarantee(market, parameters).welfare} of the optimum")

# Nobody gains by answering as if its signal were another one.
for bidder, name in enumerate(scenario.names):
    for pretended in set(range(market.signal_levels)) - {signals[bidder]}:
        answered = (*signals[:bidder], pretended, *signals[bidder + 1 :])
        gain = expectation_if(answered).utilities[bidder] - truthful.utilities[bidder]
        print(f"{name} gains {gain} by answering as if its signal were {pretended}")
