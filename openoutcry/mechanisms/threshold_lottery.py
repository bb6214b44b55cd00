"""The threshold lottery: whoever is best, or would be best with a lower signal of its own, may buy by lot.

At the reported signals a bidder is *eligible* if some signal of its own, up to the one it reported, would make it the
bidder to whom the lot is worth most; the lowest such signal is its *entry*. Few bidders are eligible at once, whatever
the valuations, so the best one is drawn often enough. Prices come from the entry, which depends on the others' signals
alone. It works for values of the groups' sums and for values that depend on how many bidders hold each signal.

The paper makes a table of all k^n profiles. Here owners are looked up at the realised state and its neighbours only.
The registry configures it; every driver of conversations runs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.asking import Reports, ask_reports, name_bidders
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.colouring import choose_colouring, most_eligible
from openoutcry.mechanisms.conversation import Conversation, Outcome
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.ownership import own_levels
from openoutcry.mechanisms.parameters import Pricing
from openoutcry.mechanisms.settlement import no_sale, sale, too_dear

Slots = Literal["colour", "uniform"]

VALUES_LIMIT = 10_000_000
"""Values of the lot that finding the eligible bidders may take; a few seconds' work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdLottery:
    """What a user of the threshold lottery chooses.

    Attributes:
        pricing: `welfare` charges the value at the entry (Theorem 12), `revenue` offers at the value at a random
            signal from the entry on (Theorem 13).
        slots: `colour` serves the eligible bidder of a drawn colour; `uniform` the eligible bidder in a drawn place of
            the roster, which is truthful in expectation only and is here to be studied.
    """

    pricing: Pricing = "welfare"
    slots: Slots = "colour"


def check_size(market: Market) -> None:
    """Refuse a market in which looking for the eligible bidders would take too long.

    Raises:
        ConfigurationError: Saying how long.
    """
    if not market.is_by_counts:
        return
    falls = 0
    for group in range(len(market.groups)):
        # As many signals as there are members can be held, the highest ones in the worst case.
        highest = range(market.signal_levels - 1, 0, -1)
        falls += sum(highest[: len(market.members(group))])
    values = (falls + 1) * len(market.bidders)
    if values > VALUES_LIMIT:
        raise ConfigurationError(
            f"threshold-lottery would compute {values:,} values to see who may buy, more than {VALUES_LIMIT:,}: take "
            "fewer bidders or signal levels, or values that depend on group sums"
        )


def converse(market: Market, parameters: ThresholdLottery, chance: Chance) -> Conversation:
    """Run the threshold lottery.

    Args:
        market: Who bids. Groups without members, which a restricted market may have, count as none.
        parameters: Pricing, and how the eligible bidder is drawn.
        chance: Drawn from under the labels threshold-lottery/{colour, slot, price}; a draw with one possible result is
            not made.

    Returns:
        A conversation of one wave of reports.

    Source: CLOCK, Theorems 12 and 13. We deviate in one point: serving a random one of the eligible bidders in some
    order is truthful in expectation only, so a colouring that no bidder can influence takes the order's place.
    """
    reports = yield from ask_reports(market)
    entries = find_entries(market, reports.signals)
    draw = _draw_place if parameters.slots == "uniform" else _draw_colour
    bidder, drawn = draw(market, reports, entries, chance)
    if bidder is None:
        return no_sale(market, f"{drawn}, but only {name_bidders(market, entries)} may buy")
    return _offer(market, parameters, reports, bidder, entries[bidder], chance)


def find_entries(market: Market, signals: Sequence[int]) -> dict[int, int]:
    """Return who may buy, and from which own signal on.

    Args:
        market: Whose valuations count.
        signals: Length n, each in 0..k-1.

    Returns:
        For each eligible bidder, rising, its entry: the lowest signal that makes it the owner where the others have
        theirs. It is at most the bidder's signal.

    Source: CLOCK, the allocation rule in the proof of Theorem 12, at one profile.
    """
    entries = (
        _entries_by_counts(market, signals) if market.is_by_counts else _entries_by_sums(market, signals)
    )
    return dict(sorted(entries.items()))


def _entries_by_sums(market: Market, signals: Sequence[int]) -> dict[int, int]:
    """Look at each level that a group's sum could fall to: one owner for each group and distance."""
    state = market.sums(signals)
    everybody = range(len(market.bidders))
    entries: dict[int, int] = {}
    for group, total in enumerate(state):
        highest = max((signals[member] for member in market.members(group)), default=0)
        levels = range(total - highest, total + 1)
        owners = own_levels(market, group=group, levels=levels, sums=state, candidates=everybody)
        # Lowest levels first: they belong to the lowest signals of their owners.
        for level, owner in zip(levels, owners, strict=True):
            entry = signals[owner] - (total - level)
            if market.bidders[owner].group == group and entry >= 0:
                entries.setdefault(owner, entry)
    return entries


def _entries_by_counts(market: Market, signals: Sequence[int]) -> dict[int, int]:
    """Look at each state in which one member holds less: one owner for each group, held value and lower value."""
    state = market.state(signals)
    everybody = range(len(market.bidders))
    entries: dict[int, int] = {}
    for group in range(len(market.groups)):
        for held in sorted({signals[member] for member in market.members(group)}):
            for entry in range(held):
                owner = market.owner(market.lowered(state, group, held, entry), everybody)
                if market.bidders[owner].group == group and signals[owner] == held:
                    entries.setdefault(owner, entry)
    best = market.owner(state, everybody)
    entries.setdefault(best, signals[best])
    return entries


def _draw_colour(
    market: Market, reports: Reports, entries: Mapping[int, int], chance: Chance
) -> tuple[int | None, str]:
    """Return the eligible bidder of a drawn colour, if there is one, and what was drawn in words."""
    colouring = choose_colouring(market)
    colours = colouring.colours(market, reports.signals, entries)
    drawn = 0
    if colouring.count > 1:
        drawn = chance.uniform("threshold-lottery/colour", colouring.count, state=reports)
    served = next((bidder for bidder, colour in colours.items() if colour == drawn), None)
    if colouring.kind == "bidder":
        return served, f"{market.bidders[drawn].name} was drawn"
    return served, f"colour {drawn} of 0..{colouring.count - 1} was drawn"


def _draw_place(
    market: Market, reports: Reports, entries: Mapping[int, int], chance: Chance
) -> tuple[int | None, str]:
    """Return the eligible bidder in a drawn place of the roster's order, if there is one, and what was drawn."""
    places = most_eligible(market)
    drawn = chance.uniform("threshold-lottery/slot", places, state=reports) if places > 1 else 0
    eligible = list(entries)
    served = eligible[drawn] if drawn < len(eligible) else None
    return served, f"place {drawn} of 0..{places - 1} was drawn"


def _offer(
    market: Market,
    parameters: ThresholdLottery,
    reports: Reports,
    bidder: int,
    entry: int,
    chance: Chance,
) -> Outcome:
    name = market.bidders[bidder].name
    if bidder in reports.withheld:
        return no_sale(market, f"{name} was drawn, but it reported nothing and cannot buy")
    signal = entry
    above = market.signal_levels - entry
    if parameters.pricing == "revenue" and above > 1:
        known = (bidder, entry, reports)
        signal = entry + chance.uniform("threshold-lottery/price", above, state=known)
    price = market.value(bidder, _state_with(market, reports.signals, bidder, signal))
    worth = market.value(bidder, market.state(reports.signals))
    if worth < price:
        return too_dear(market, bidder, worth, price)
    why = "the lowest with which it may buy" if signal == entry else "which was drawn"
    return sale(market, bidder, price, f"{name} was drawn and pays its value at signal {signal}, {why}")


def _state_with(market: Market, signals: Sequence[int], bidder: int, signal: int) -> tuple[int, ...]:
    return market.state([*signals[:bidder], signal, *signals[bidder + 1 :]])
