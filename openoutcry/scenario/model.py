"""A scenario: a public specification, and the private part that only local runs use.

The public part is a value of its own type, so nothing private can reach a session or a transcript through it.
Files are read by `loading`; a program builds the same thing from the same classes:

```python
Scenario(
    seed="campaign 12",
    specification=Specification(title="Tract 7", market=market, mechanism="signal-discovery"),
    private={"ada": PrivateType(signal=2), "bob": PrivateType(signal=0)},
    agents={"ada": AgentSetting(strategy="shade:levels=1")},
)
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from openoutcry.errors import ScenarioError, StrategyError
from openoutcry.mechanisms.specification import Specification
from openoutcry.strategies import StrategyFactory, check_strategy_name, load_strategy

DEFAULT_SEED = "openoutcry"
DEFAULT_STRATEGY = "truthful"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateType:
    """What only one bidder knows.

    Attributes:
        signal: 0..k-1.
    """

    signal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSetting:
    """Who bids for one bidder in a local run.

    Attributes:
        strategy: A strategy's name, with options.
    """

    strategy: str = DEFAULT_STRATEGY


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One auction as a person described it.

    Attributes:
        specification: The public part.
        seed: Local runs derive every private random value from it.
        private: Private types by bidder name; may be incomplete unless the scenario is run locally.
        agents: Settings by bidder name; a bidder without one is truthful.
        file: The file as the person named it, for messages.
        directory: Where relative files of strategies start.

    Raises:
        ScenarioError: A name is not in the market, a signal is outside 0..k-1, or a strategy's name is wrong.
    """

    specification: Specification
    seed: str = DEFAULT_SEED
    private: Mapping[str, PrivateType] = field(default_factory=dict, hash=False)
    agents: Mapping[str, AgentSetting] = field(default_factory=dict, hash=False)
    file: str = "scenario"
    directory: Path = field(default_factory=Path)

    def __post_init__(self) -> None:
        """Check the private part against the public one."""
        self._check_names("private", self.private)
        self._check_names("agents", self.agents)
        for name, private in self.private.items():
            self._check_signal(name, private.signal)
        for name, setting in self.agents.items():
            try:
                check_strategy_name(setting.strategy)
            except StrategyError as error:
                raise self._refusal(f"{self._bidder_key(name)}.agent.strategy", str(error)) from error

    @property
    def title(self) -> str:
        """One line for people."""
        return self.specification.title

    @property
    def names(self) -> tuple[str, ...]:
        """The bidders' names in roster order."""
        return tuple(bidder.name for bidder in self.specification.market.bidders)

    def signals(self) -> tuple[int, ...]:
        """Give every bidder's private signal, in roster order.

        Raises:
            ScenarioError: A bidder has no private part, so the scenario cannot be run locally.
        """
        for name in self.names:
            if name not in self.private:
                reason = f"bidder {name!r} has no [bidder.private] signal, which local runs need"
                raise self._refusal(self._bidder_key(name), reason)
        return tuple(self.private[name].signal for name in self.names)

    def strategy(self, name: str) -> str:
        """Give the name of a bidder's strategy, with options; `name` is a bidder's."""
        return self.agents.get(name, AgentSetting()).strategy

    def load_strategies(self) -> tuple[StrategyFactory, ...]:
        """Load every bidder's strategy, in roster order. This runs the code of the strategies' authors.

        Raises:
            ScenarioError: A strategy cannot be loaded.
        """
        factories = []
        for name in self.names:
            try:
                factories.append(load_strategy(self.strategy(name), base_directory=self.directory))
            except StrategyError as error:
                raise self._refusal(f"{self._bidder_key(name)}.agent.strategy", str(error)) from error
        return tuple(factories)

    def _check_names(self, part: str, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.names:
                near = get_close_matches(name, self.names, n=1)
                advice = f": did you mean {near[0]!r}?" if near else ""
                raise self._refusal(part, f"there is no bidder {name!r}{advice}")

    def _check_signal(self, name: str, signal: object) -> None:
        levels = self.specification.market.signal_levels
        if not isinstance(signal, int) or isinstance(signal, bool) or not 0 <= signal < levels:
            reason = f"the signal of {name!r} is {signal!r:.80}, outside 0..{levels - 1}"
            raise self._refusal(f"{self._bidder_key(name)}.private.signal", reason)

    def _bidder_key(self, name: str) -> str:
        return f"bidder[{self.names.index(name)}]"

    def _refusal(self, key: str, reason: str) -> ScenarioError:
        return ScenarioError(file=self.file, key=key, reason=reason)
