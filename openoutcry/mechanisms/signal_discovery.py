"""Signal discovery: learn the lot's quality from bidders that will not get it, then offer it to the one left.

The auction guesses a group and a residue of its quality, then rejects random bidders of that group. Each
rejected bidder's signal narrows the levels that are still possible; whoever would own the lot at none of them
is discovered at no loss. The last bidder is offered the lot at its value at a level that it would own.
Nobody's price depends on what it says about itself. The registry configures it; every driver of conversations
runs it.

Binary signals (Mechanism 1) are the case k = 2, where the residue is 0 and every level is in S.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms import uniform_clock
from openoutcry.mechanisms.asking import Reports, ask_climbs, ask_reports, name_bidders
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import Answer, Climb, Conversation, Outcome, Wave
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.ownership import recall_owners
from openoutcry.mechanisms.parameters import Form, Pricing, Scope
from openoutcry.mechanisms.settlement import no_sale, sale, too_dear
from openoutcry.mechanisms.window import Window

Asking = Generator[Wave, tuple[Answer, ...], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalDiscovery:
    """What a user of signal discovery chooses.

    Attributes:
        pricing: `welfare` offers at the lowest level that the last bidder owns, `revenue` at a random one.
        form: `clock` asks level by level, `sealed` asks everybody once for its signal.
        scope: Whether levels are owned by the best of the guessed `group` or of `all` bidders.
        uniform_probability: Probability with which the uniform clock runs instead, 0..1.
    """

    pricing: Pricing = "welfare"
    form: Form = "clock"
    scope: Scope = "group"
    uniform_probability: Fraction = Fraction(0)


def check_market(market: Market) -> None:
    """Refuse a market in which a group has no single level that its signals add up to.

    Raises:
        ConfigurationError: Values depend on counts of more than two signal values.
    """
    if market.is_by_counts:
        raise ConfigurationError(
            f"signal-discovery needs values that depend on group sums; here they depend on how many hold each of "
            f"{market.signal_levels} signal values: use threshold-lottery"
        )


def converse(market: Market, parameters: SignalDiscovery, chance: Chance) -> Conversation:
    """Run signal discovery.

    Args:
        market: Who bids. Groups without members, which a restricted market may have, are never drawn.
        parameters: Pricing, form, scope and mixture.
        chance: Drawn from under the labels signal-discovery/{mixture, group, residue, costly, price}; a draw
            with one possible result is not made.

    Returns:
        A conversation of at most a few waves more than there are bidders.

    Source: CLOCK, Mechanisms 1 and 2, Theorems 1-5 and 7-10, footnote 2. We deviate in one point: a level has
    one owner, the lowest index among equals, since with all of the argmax as owners Lemma 1 does not hold.

    Raises:
        ConfigurationError: As `check_market`.
    """
    check_market(market)
    mixture = parameters.uniform_probability
    if mixture and chance.bernoulli("signal-discovery/mixture", mixture, state=()):
        uniform = uniform_clock.UniformClock(form=parameters.form)
        return (yield from uniform_clock.converse(market, uniform, chance))
    reports = (yield from ask_reports(market)) if parameters.form == "sealed" else None
    session = _Discovery(market, parameters, chance, reports)
    yield from session.discover_outsiders()
    session.guess_residue()
    while len(session.active) > 1:
        yield from session.discover_at_a_cost()
        while ownerless := session.take_ownerless():
            yield from session.discover_for_free(ownerless)
        session.forgive_rejected()
    return (yield from session.offer())


class _Discovery:
    """One run: what has been discovered, and what is still possible.

    The paper's A is `active`, its R* is `rejected`; `window` holds h over S within q_min and q_max.
    """

    def __init__(
        self, market: Market, parameters: SignalDiscovery, chance: Chance, reports: Reports | None
    ) -> None:
        self.market = market
        self.parameters = parameters
        self.chance = chance
        self.reports = reports
        self.phase = "outsiders"
        self.clocks = [0] * len(market.bidders)
        self.group = self._guess_group()
        self.members = market.members(self.group)
        # A dictionary serves as an ordered set: bidders leave in any order, draws see roster order.
        self.active = dict.fromkeys(self.members)
        self.rejected: list[int] = []
        self.residue: int | None = None
        self.sums = [0] * len(market.groups)
        highest = len(self.members) * (market.signal_levels - 1)
        # Until the residue is guessed no level has an owner.
        self.window = Window(levels=range(0), owners=(), bidder_count=len(market.bidders), highest=highest)
        self._ownerless: list[int] = []

    def discover_outsiders(self) -> Asking:
        """Learn the signals of everybody outside the guessed group; they can never win."""
        outsiders = [b for b, bidder in enumerate(self.market.bidders) if bidder.group != self.group]
        if outsiders:
            name = self.market.groups[self.group]
            yield from self._discover(
                outsiders, f"only group {name} can buy: everybody else is discovered first"
            )
            self.sums = list(self.market.sums(self.clocks))

    def guess_residue(self) -> None:
        """Guess the quality modulo k-1 and find the owner of every level that has this residue."""
        market, step = self.market, self.market.signal_levels - 1
        self.residue = 0
        if step > 1:
            known = (self.group, tuple(self.sums), self.reports)
            self.residue = self.chance.uniform("signal-discovery/residue", step, state=known)
        highest = self.window.highest
        levels = range(self.residue, highest + 1, step)
        candidates = self.members if self.parameters.scope == "group" else range(len(market.bidders))
        owners = recall_owners(market, group=self.group, levels=levels, sums=self.sums, candidates=candidates)
        self.window = Window(levels=levels, owners=owners, bidder_count=len(market.bidders), highest=highest)
        self._ownerless = [bidder for bidder in self.members if not self.window.owned(bidder)]

    def discover_at_a_cost(self) -> Asking:
        """Reject one active bidder at random and learn its signal, although it may be the best."""
        candidates = tuple(self.active)
        bidder = self.chance.pick("signal-discovery/costly", candidates, state=self._sufficient(candidates))
        del self.active[bidder]
        self.rejected.append(bidder)
        self.phase = "costly"
        name = self.market.bidders[bidder].name
        reason = f"{name} was drawn: it cannot buy, and its signal narrows what the quality can be"
        yield from self._discover_members([bidder], reason)

    def take_ownerless(self) -> list[int]:
        """Return, rising, the active bidders that have come to own no level within the window; each once."""
        ownerless = sorted(bidder for bidder in self._ownerless if bidder in self.active)
        self._ownerless = []
        return ownerless

    def discover_for_free(self, bidders: Sequence[int]) -> Asking:
        """Learn the signals of active bidders that own no level that is still possible.

        All at once: the window only shrinks, so who owns nothing now owns nothing later, and the order
        changes nothing.
        """
        for bidder in bidders:
            del self.active[bidder]
        self.phase = "free"
        names = name_bidders(self.market, bidders)
        yield from self._discover_members(
            bidders, f"{names} would be best at no level that is still possible"
        )

    def forgive_rejected(self) -> None:
        """Drop from R* whoever owns no level that is still possible: rejecting it cost nothing after all."""
        self.rejected = [bidder for bidder in self.rejected if self.window.owned(bidder)]

    def offer(self) -> Conversation:
        """Offer the lot to the last active bidder at its value at a level that it owns."""
        if not self.active:
            return no_sale(self.market, "nobody is left who would be best at a level that is still possible")
        (bidder,) = self.active
        name, window = self.market.bidders[bidder].name, self.window
        thresholds = [level - window.lowest for level, owner in window.contents() if owner == bidder]
        if not thresholds:
            return no_sale(
                self.market, f"{name} is left, but would be best at no level that was guessed possible"
            )
        threshold = self._choose_threshold(bidder, thresholds)
        price = self.market.value(bidder, self._state_with(threshold))
        if self.reports is not None:
            return self._decide_sealed(bidder, threshold, price, self.reports)
        if threshold:
            self.phase = "offer"
            question = Climb(bidder=bidder, target=threshold, price=price)
            reason = f"{name} is the last one left and is offered the lot at its value at signal {threshold}"
            (answer,) = yield from ask_climbs((question,), reason=reason, state=self.describe)
            self.clocks[bidder] = answer.level
            if answer.exited:
                return no_sale(
                    self.market, f"{name} left its clock at {answer.level}, below the offer's {threshold}"
                )
        # At threshold 0 there is no level to ask: no signal is too low for the offer.
        return sale(self.market, bidder, price, _say_sold(name, threshold))

    def describe(self) -> Mapping[str, object]:
        """Return the state by name, bidders by index, as it stands while a wave is being answered.

        `active` leaves out whoever is asked in this wave; `window` still counts it in, its signal being
        unknown. `levels` pairs every level of S within the window with its owner.
        """
        return {
            "phase": self.phase,
            "group": self.group,
            "residue": self.residue,
            "active": list(self.active),
            "rejected": list(self.rejected),
            "window": [self.window.lowest, self.window.highest],
            "levels": [list(pair) for pair in self.window.contents()],
            "clocks": list(self.clocks),
        }

    def _guess_group(self) -> int:
        populated = [group for group in range(len(self.market.groups)) if self.market.members(group)]
        if len(populated) == 1:
            return populated[0]
        return populated[self.chance.uniform("signal-discovery/group", len(populated), state=self.reports)]

    def _discover(self, bidders: Sequence[int], reason: str) -> Asking:
        if self.reports is not None:
            for bidder in bidders:
                self.clocks[bidder] = self.reports.signals[bidder]
            return
        target = self.market.signal_levels - 1
        questions = tuple(Climb(bidder=bidder, target=target) for bidder in bidders)
        answers = yield from ask_climbs(questions, reason=reason, state=self.describe)
        for bidder, answer in zip(bidders, answers, strict=True):
            self.clocks[bidder] = answer.level

    def _discover_members(self, bidders: Sequence[int], reason: str) -> Asking:
        yield from self._discover(bidders, reason)
        window, step = self.window, self.market.signal_levels - 1
        lowest = window.lowest + sum(self.clocks[bidder] for bidder in bidders)
        self._ownerless += window.narrow(lowest, lowest + step * len(self.active))

    def _choose_threshold(self, bidder: int, thresholds: Sequence[int]) -> int:
        if self.parameters.pricing == "welfare" or len(thresholds) == 1:
            return thresholds[0]
        known = self._sufficient((bidder,))
        return thresholds[self.chance.uniform("signal-discovery/price", len(thresholds), state=known)]

    def _decide_sealed(self, bidder: int, threshold: int, price: int, reports: Reports) -> Outcome:
        name = self.market.bidders[bidder].name
        if bidder in reports.withheld:
            return no_sale(
                self.market, f"{name} is the last one left, but it reported nothing and cannot buy"
            )
        self.clocks[bidder] = reports.signals[bidder]
        worth = self.market.value(bidder, self._state_with(reports.signals[bidder]))
        if worth < price:
            return too_dear(self.market, bidder, worth, price)
        return sale(self.market, bidder, price, _say_sold(name, threshold))

    def _state_with(self, signal: int) -> tuple[int, ...]:
        sums = list(self.sums)
        sums[self.group] = self.window.lowest + signal
        return tuple(sums)

    def _sufficient(self, active: tuple[int, ...]) -> Hashable:
        # Signals matter only through sums. R* is left out: nothing that follows depends on it.
        return (self.group, self.residue, tuple(self.sums), self.window.lowest, active, self.reports)


def _say_sold(name: str, threshold: int) -> str:
    return f"{name} is the last one left and pays its value at signal {threshold}, which it would own"
