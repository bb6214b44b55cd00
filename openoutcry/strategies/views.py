"""What a strategy is shown: one frozen view for each occasion on which it is called.

A view holds nothing that the bidder could not know in an agent process of its own: the public market, its own signal
or value, its own knowledge and randomness. It holds no other bidder's signal, clock or answer. Every driver makes
these views: the agent process, the simulation, the exact expectation and the counterfactual replay. Views that only
markets of types bring are in `openoutcry.strategies.type_views`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from openoutcry.errors import UsageError
from openoutcry.mechanisms.market import Market
from openoutcry.strategies.seats import AnySeat, Seat, TypeSeat, WrongMarket
from openoutcry.strategies.valuations import readable, value_of, values_of

if TYPE_CHECKING:
    from openoutcry.mechanisms.conversation import Award
    from openoutcry.mechanisms.crowd.market import TypeMarket
    from openoutcry.strategies.belief import Belief


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What every occasion shows. Subclasses add what is particular to theirs.

    Attributes:
        seat: What the bidder knows throughout; the properties below read it.
    """

    seat: AnySeat

    @property
    def market(self) -> Market | TypeMarket:
        """The public market."""
        return self.seat.market

    @property
    def bidder(self) -> int:
        """This bidder's index in the market, 0..n-1."""
        return self.seat.bidder

    @property
    def name(self) -> str:
        """This bidder's name."""
        return self.seat.market.bidders[self.seat.bidder].name

    @property
    def rng(self) -> random.Random:
        """This bidder's own generator: draw from it and the run can be repeated from its seed."""
        return self.seat.rng

    @property
    def value(self) -> Any:
        """What the lot is worth to this bidder, in minor units.

        Where the others' signals matter too, a function: `view.value({"geology": 5, "seismic": 2})`, with one sum of
        signals for each group, this bidder's own included. Where values depend on how many hold each signal, with one
        list of counts for each group: `view.value({"geology": (2, 0, 1), "seismic": (1, 1, 0)})`. In a market of types
        the bidder's own value: an integer, or a mapping by bundle name where there are several bundles.
        """
        if isinstance(self.seat, TypeSeat):
            return readable(self.seat.market, value_of(self.seat.market, self.seat.bidder, self.seat.value))
        return self._value_at

    # --- In markets of signals. ---

    @property
    def group(self) -> str:
        """The name of this bidder's expertise group."""
        market = self._signal_seat("group").market
        return market.groups[market.bidders[self.seat.bidder].group]

    @property
    def signal(self) -> int:
        """This bidder's private signal, 0..signal_levels-1."""
        return self.seat.signal

    @property
    def signal_levels(self) -> int:
        """How many values a signal can have (k)."""
        return self._signal_seat("signal_levels").market.signal_levels

    def value_bounds(self, signal: int | None = None) -> tuple[int, int]:
        """Say between which values the lot must lie for this bidder, whatever the others know.

        Args:
            signal: Suppose this signal, 0..k-1, instead of the bidder's own.

        Returns:
            The value when everybody else's signal is 0, and when everybody else's is the highest; minor
            units.

        Raises:
            UsageError: The supposed signal is outside 0..k-1.
        """
        seat = self._signal_seat("value_bounds()")
        market, own = seat.market, seat.signal if signal is None else signal
        top = market.signal_levels - 1
        if not 0 <= own <= top:
            raise UsageError(f"signal {own} is outside 0..{top}")
        own_group = market.bidders[seat.bidder].group
        if market.is_by_counts:
            return self._count_bounds(market, own_group, own)
        lowest, highest = [], []
        for group in range(len(market.groups)):
            mine = own if group == own_group else 0
            others = len(market.members(group)) - (1 if group == own_group else 0)
            lowest.append(mine)
            highest.append(mine + others * top)
        return market.value(seat.bidder, tuple(lowest)), market.value(seat.bidder, tuple(highest))

    # --- In markets of types. ---

    @property
    def value_index(self) -> int:
        """Place of this bidder's true value in its public list, 0..."""
        return self._type_seat("value_index").value

    @property
    def types(self) -> tuple[Any, ...]:
        """Every value that this bidder may have, in the order of the public list, each as `value` is given."""
        seat = self._type_seat("types")
        return tuple(readable(seat.market, value) for value in values_of(seat.market, seat.bidder))

    @property
    def knowledge(self) -> Belief:
        """What this bidder believes of all the others."""
        return self._type_seat("knowledge").knowledge

    def _count_bounds(self, market: Market, own_group: int, own: int) -> tuple[int, int]:
        def value(signal: int) -> int:
            """Return the value where everybody else holds this signal."""
            counts = [[0] * market.signal_levels for _ in market.groups]
            for group, held in enumerate(counts):
                held[signal] = len(market.members(group)) - (1 if group == own_group else 0)
            counts[own_group][own] += 1
            return market.value(self.seat.bidder, market.state_of_counts(counts))

        return value(0), value(market.signal_levels - 1)

    def _value_at(self, sums: Mapping[str, Any]) -> int:
        """Say what the lot is worth if the groups' signals add up to `sums`, or are held as it counts.

        Raises:
            UsageError: A group is missing or unknown, or a sum or a list of counts is impossible.
        """
        market = self._signal_seat("value()").market
        if market.is_by_counts:
            return self._value_at_counts(market, sums)
        if sorted(sums) != sorted(market.groups):
            raise UsageError(f"value() needs one sum for each of the groups {', '.join(market.groups)}")
        for index, group in enumerate(market.groups):
            highest = len(market.members(index)) * (market.signal_levels - 1)
            if not 0 <= sums[group] <= highest:
                raise UsageError(f"the signals of {group} cannot add up to {sums[group]}: say 0..{highest}")
        return market.value(self.seat.bidder, tuple(sums[group] for group in market.groups))

    def _value_at_counts(self, market: Market, given: Mapping[str, Sequence[int]]) -> int:
        if sorted(given) != sorted(market.groups):
            raise UsageError(f"value() needs one list of counts for each of {', '.join(market.groups)}")
        for index, group in enumerate(market.groups):
            members, counts = len(market.members(index)), given[group]
            if not isinstance(counts, Sequence) or len(counts) != market.signal_levels:
                raise UsageError(f"value() needs {market.signal_levels} counts of {group}, by signal")
            if min(counts) < 0 or sum(counts) != members:
                raise UsageError(f"{tuple(counts)} are no counts of the {members} members of {group}")
        return market.value(
            self.seat.bidder, market.state_of_counts([given[group] for group in market.groups])
        )

    def _signal_seat(self, wanted: str) -> Seat:
        if isinstance(self.seat, TypeSeat):
            raise WrongMarket(
                f"view.{wanted} is for markets of signals: in this one there are view.value, view.types and "
                f"view.knowledge"
            )
        return self.seat

    def _type_seat(self, wanted: str) -> TypeSeat:
        if isinstance(self.seat, Seat):
            raise WrongMarket(
                f"view.{wanted} is for markets of types: in this one there are view.signal and view.value()"
            )
        return self.seat


@dataclass(frozen=True, slots=True, kw_only=True)
class StartView(View):
    """The session has begun; nothing is asked yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseView(View):
    """The bidder's clock is about to rise by one level: stay or exit.

    Attributes:
        level: The level asked now, 1..k-1.
        clock: The last level accepted, 0 when none was; always `level - 1`.
        price: None while information is being collected. In the final offer, what the lot costs this bidder
            once it has accepted `target`, in minor units.
        wave: Number of the wave that asks, from 0.
        target: In the final offer, the level whose acceptance buys the lot, at least `level`; else None.
    """

    level: int
    clock: int
    price: int | None
    wave: int
    target: int | None = None

    @property
    def is_offer(self) -> bool:
        """Whether this question belongs to the final offer, which sells the lot at `price`."""
        return self.price is not None

    @property
    def asking_price(self) -> int:
        """In a market of types: the price that the bidder says it would pay by staying, in minor units."""
        seat = self._type_seat("asking_price")
        if self.price is not None:
            return self.price
        prices = seat.market.clock
        if not 1 <= self.level <= len(prices):
            raise UsageError(f"there is no level {self.level} among the {len(prices)} prices of this market")
        return prices[self.level - 1]

    @property
    def stays_truthfully(self) -> bool:
        """Whether a truthful bidder stays: up to its signal, or while the price is at most its value."""
        seat = self.seat
        return self.level <= seat.signal if isinstance(seat, Seat) else self.would_pay(seat.value)

    def would_pay(self, index: int) -> bool:
        """In a market of types: whether a bidder of the type at this place would pay the asking price."""
        seat = self._type_seat("would_pay()")
        if not seat.market.environment.is_single_parameter:
            raise UsageError("there is one asking price only where a bidder wants one thing")
        return seat.market.value(seat.bidder, index) >= self.asking_price


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView(View):
    """The bidder must report its signal, once.

    Attributes:
        wave: Number of the wave that asks, from 0.
    """

    wave: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView(View):
    """The session has ended.

    Attributes:
        winner: Name of the only buyer, None when nobody buys or more than one.
        price: What all buyers pay together for what they get, in minor units; 0 when unsold.
        payment: What this bidder pays in all, in minor units, exact; negative when it is paid.
        utility: This bidder's value less its payment, when the true value is known to it, else None. A bidder
            with a value of its own always knows it.
        goods: Names of the goods that this bidder gets; empty where it gets none, or there are no named goods.
        reward: What this bidder is paid for what it reported, in minor units, exact; `payment` counts it already.
            Negative where a mechanism makes bidders pay for more than goods.
    """

    winner: str | None
    price: int | Fraction
    payment: Fraction
    utility: Fraction | None
    goods: tuple[str, ...] = ()
    reward: Fraction = Fraction(0)

    @property
    def won(self) -> bool:
        """Whether this bidder buys something."""
        return self.winner == self.name or bool(self.goods)

    @property
    def own_price(self) -> Fraction:
        """What this bidder pays for what it gets, in minor units."""
        return self.payment + self.reward


def make_outcome_view(
    seat: AnySeat,
    *,
    awards: Sequence[Award],
    names: Sequence[str],
    payment: Fraction,
    utility: Fraction | None = None,
) -> OutcomeView:
    """Return what a bidder is shown at the end.

    Args:
        seat: Of the bidder.
        awards: Who gets what for how much.
        names: By the indices that the awards use: those of the market or of the roster.
        payment: What this bidder pays in all, exact.
        utility: In a market of signals, if the true value is known; in one of types it follows.
    """
    name = seat.market.bidders[seat.bidder].name
    own = next((award for award in awards if names[award.bidder] == name), None)
    own_price = Fraction(0) if own is None else own.price
    goods: tuple[str, ...] = ()
    if isinstance(seat, TypeSeat):
        environment, worth = seat.market.environment, 0
        if own is not None:
            goods = tuple(environment.goods[good] for good in own.goods)
            # An auctioneer that gives away what is no bundle is found out elsewhere; here it is worth nothing.
            if own.goods in environment.bundles:
                worth = seat.market.value(seat.bidder, seat.value, environment.bundles.index(own.goods))
        utility = worth - payment
    return OutcomeView(
        seat=seat,
        winner=names[awards[0].bidder] if len(awards) == 1 else None,
        price=sum((award.price for award in awards), Fraction(0)),
        payment=payment,
        utility=utility,
        goods=goods,
        reward=own_price - payment,
    )
