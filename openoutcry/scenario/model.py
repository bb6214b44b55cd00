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

In a market of types, private parts are a `PrivateKnowledge`, or a `PrivateValue` with a prior from which the belief
follows; whoever has none gets a type drawn from the prior.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from openoutcry.errors import MarketError, ScenarioError, StrategyError
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.crowd.distributions import Distribution, Profile
from openoutcry.mechanisms.crowd.knowledge import Partition, own_value
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.sampling import draw_profile
from openoutcry.mechanisms.specification import Specification
from openoutcry.scenario.private import (
    Private,
    belief_of,
    check_knowledge,
    check_prior,
    check_private,
)
from openoutcry.strategies import (
    PrivateKnowledge,
    PrivateType,
    StrategyFactory,
    check_strategy_name,
    load_strategy,
)

DEFAULT_SEED = "openoutcry"
DEFAULT_STRATEGY = "truthful"

TYPES_LABEL = "scenario/types"
"""What the types that are not given are drawn under."""


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
        private: Private parts by bidder name; may be incomplete unless the scenario is run locally.
        agents: Settings by bidder name; a bidder without one is truthful.
        file: The file as the person named it, for messages.
        directory: Where relative files of strategies start.
        prior: In a market of types, the distribution of everybody's; when the market publishes the seller's, it is
            the same, and need not be given.
        knowledge: What bidders know of the types beside the prior, by name; only its own type, where there is none.

    Raises:
        ScenarioError: A name is not in the market; a private part, the prior or some knowledge does not fit the
            market or each other; or a strategy's name is wrong.
    """

    specification: Specification
    seed: str = DEFAULT_SEED
    private: Mapping[str, Private] = field(default_factory=dict, hash=False)
    agents: Mapping[str, AgentSetting] = field(default_factory=dict, hash=False)
    file: str = "scenario"
    directory: Path = field(default_factory=Path)
    prior: Distribution | None = None
    knowledge: Mapping[str, Partition] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Check the private part against the public one."""
        self._check_names("private", self.private)
        self._check_names("agents", self.agents)
        self._check_names("prior.knowledge", self.knowledge)
        market = self.specification.market
        for player, name in enumerate(self.names):
            private = self.private.get(name)
            wrong = None if private is None else check_private(market, player, private)
            if wrong is not None:
                parts = (f"bidder[{player}].private", wrong[0])
                raise self._refusal(".".join(filter(None, parts)), wrong[1])
        if isinstance(market, TypeMarket):
            self._check_prior(market)
        elif self.prior is not None or self.knowledge:
            raise self._refusal("prior", "bidders with signals have none: a prior is about types")
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

    @property
    def is_sampled(self) -> bool:
        """Whether some bidder's type is not given, so that `types` draws it from the prior."""
        return isinstance(self.specification.market, TypeMarket) and len(self.private) < len(self.names)

    def signals(self) -> tuple[int, ...]:
        """Give every bidder's private signal, in roster order.

        Raises:
            ScenarioError: The market is one of types, or a bidder has no private part, so that the scenario cannot
                be run locally.
        """
        if isinstance(self.specification.market, TypeMarket):
            raise self._refusal("market", "its bidders have types, not signals: ask for types()")
        signals = []
        for name in self.names:
            private = self.private.get(name)
            if not isinstance(private, PrivateType):
                reason = f"bidder {name!r} has no [bidder.private] signal, which local runs need"
                raise self._refusal(self._bidder_key(name), reason)
            signals.append(private.signal)
        return tuple(signals)

    def types(self, chance: Chance) -> tuple[PrivateKnowledge, ...]:
        """Give every bidder's type and belief, in roster order.

        Types that are not given are drawn from the prior, given those that are. Beliefs that are not given follow
        from the prior and the bidder's knowledge; without a prior, all types of the others are equally likely.

        Args:
            chance: Draws under the label "scenario/types"; not asked when every type is given.

        Raises:
            ScenarioError: The market is one of signals, or a bidder has no private value and there is no prior.
        """
        market = self._type_market()
        profile = self._profile(chance)
        beliefs = []
        for player, name in enumerate(self.names):
            private = self.private.get(name)
            if isinstance(private, PrivateKnowledge):
                beliefs.append(private.belief)
            else:
                beliefs.append(belief_of(market, player, profile, self.prior, self.knowledge.get(name)))
        return tuple(
            PrivateKnowledge(value=index, belief=belief)
            for index, belief in zip(profile, beliefs, strict=True)
        )

    def partitions(self) -> tuple[Partition, ...]:
        """Give what every bidder knows of the types beside the prior, in roster order.

        Raises:
            ScenarioError: The market is one of signals.
        """
        self._type_market()
        return tuple(self.knowledge.get(name, own_value(player)) for player, name in enumerate(self.names))

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
        known = dict.fromkeys(self.names)
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                advice = f": did you mean {near[0]!r}?" if near else ""
                raise self._refusal(part, f"there is no bidder {name!r}{advice}")

    def _check_prior(self, market: TypeMarket) -> None:
        if self.prior is None:
            object.__setattr__(self, "prior", market.prior)
        elif market.prior is not None and market.prior != self.prior:
            raise self._refusal("prior", "it is not the seller's prior that the market publishes")
        if self.prior is None:
            if self.knowledge:
                raise self._refusal("prior", "knowledge needs a prior: it says what is known beside it")
            return
        try:
            check_prior(market, self.prior, self._given())
        except MarketError as error:
            raise self._refusal("prior", str(error)) from error
        for name, partition in self.knowledge.items():
            wrong = check_knowledge(market, self.names.index(name), partition, self.prior)
            if wrong is not None:
                raise self._refusal(f"prior.knowledge.{name}", wrong)

    def _type_market(self) -> TypeMarket:
        market = self.specification.market
        if not isinstance(market, TypeMarket):
            raise self._refusal("market", "its bidders have signals, not types: ask for signals()")
        return market

    def _given(self) -> dict[int, int]:
        """Give the type indices of those whose types are given, by bidder."""
        privates = ((player, self.private.get(name)) for player, name in enumerate(self.names))
        return {
            player: private.value
            for player, private in privates
            if private is not None and not isinstance(private, PrivateType)
        }

    def _profile(self, chance: Chance) -> Profile:
        given = self._given()
        if len(given) == len(self.names):
            return tuple(given[player] for player in range(len(self.names)))
        within = None
        if self.prior is not None:
            within = self.prior.within({player: (index,) for player, index in given.items()})
        if within is None:
            name = next(name for player, name in enumerate(self.names) if player not in given)
            reason = f"bidder {name!r} has no [bidder.private] value, and there is no [prior] to draw it from"
            raise self._refusal(self._bidder_key(name), reason)
        return draw_profile(within, chance, TYPES_LABEL)

    def _bidder_key(self, name: str) -> str:
        return f"bidder[{self.names.index(name)}]"

    def _refusal(self, key: str, reason: str) -> ScenarioError:
        return ScenarioError(file=self.file, key=key, reason=reason)
