"""Signal discovery for thousands of auctions at once: the same winners and prices as the reference generator.

The generator rejects bidders one at a time. The outcome can be had without doing so. Call a set A of bidders of the
group *closed* when each of them owns a level of S within the window that A leaves open, [q - sum of A's signals,
q + sum of what A's signals lack to k-1], q being the group's true sum. The window grows with A, so unions of closed
sets are closed and every set X has a greatest closed subset cl(X). After the t-th bidder in the order of the costly
draws has gone, the active bidders are cl(all bidders from t on): free discovery computes exactly that, and whoever is
not in it when its turn comes is not there to be rejected. Hence, in a group of two or more:

1. Alone, a bidder i is closed when it owns a level in [q - s_i, q - s_i + k-1]; these *finalists* are at most three,
   the owners of the foot (the highest level of S up to q) and of its two neighbours on the ladder.
2. Only the finalist that is last in the order can win. It must not be first of all: the first is always rejected.
3. It wins if cl(itself and all after it in the order) is itself alone; otherwise it is rejected while others are
   still active, no finalist is left, and the lot stays unsold.

cl is computed for all auctions together by dropping, again and again, whoever owns nothing in the window; on most
markets two or three passes do. The price follows from the levels that the winner owns in its last window.

Source: CLOCK, Mechanism 2; the reduction is ours, and tests hold it against the generator draw by draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from openoutcry.lab.chance import Luck, draw_numbers, draw_orders
from openoutcry.lab.kernels.closure import Closing, close_with_arrays
from openoutcry.lab.kernels.tabulation import (
    GroupTables,
    rank_others,
    refusal,
    state_shape,
    tabulate_group,
    tabulate_values,
)
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.signal_discovery import SignalDiscovery

Integers = NDArray[np.int64]
Signals = NDArray[np.uint16]
Engine = Literal["numpy", "numba"]

NOBODY = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How auctions went, one entry for each; money in minor units.

    Attributes:
        winner: Roster index; -1 where the lot stayed unsold.
        price: 0 where unsold.
        welfare: What the lot is worth to the winner; 0 where unsold.
        optimum: What it is worth to whom it is worth most.
    """

    winner: Integers
    price: Integers
    welfare: Integers
    optimum: Integers


def why_not(market: Market, parameters: SignalDiscovery) -> str | None:
    """Return why the kernel cannot run this and the generator must, or None."""
    if market.is_by_counts:
        return "values of counts are left to the generator"
    if parameters.uniform_probability:
        return "a mixture with the uniform clock is left to the generator"
    return refusal(market)


class SignalDiscoveryKernel:
    """Signal discovery on one market, all bidders truthful.

    Args:
        market: Of which `why_not` says nothing.
        parameters: Pricing, form and scope; no mixture.
        engine: `numba` computes cl in a compiled loop, if it is installed; the results are the same.
    """

    def __init__(self, market: Market, parameters: SignalDiscovery, *, engine: Engine = "numpy") -> None:
        self._step = market.signal_levels - 1
        self._bidder_count = len(market.bidders)
        self._parameters = parameters
        shape = state_shape(market)
        self._values = tabulate_values(market)
        self._best = self._values.max(axis=0)
        among_all = parameters.scope == "all"
        self._groups = [
            tabulate_group(market, self._values, group, among_all=among_all) for group in range(len(shape))
        ]
        self._others = [np.array(rank_others(shape, group), dtype=np.int64) for group in range(len(shape))]
        self._strides = np.array([group.stride for group in self._groups], dtype=np.int64)
        self._close: Closing = close_with_arrays
        if engine == "numba":
            from openoutcry.lab.kernels.compiled import close_with_loops

            self._close = close_with_loops

    def run(self, luck: Luck, first: int, signals: Signals) -> Batch:
        """Run auctions `first`, `first + 1`, ...: one for each row of signals.

        Args:
            luck: Of the market.
            first: Number of the first auction.
            signals: Shape (auctions, n): everybody's signal, 0..k-1.
        """
        count, step = len(signals), self._step
        sums = self._sum_groups(signals)
        state = sums @ self._strides
        groups = np.zeros(count, dtype=np.int64)
        if len(self._groups) > 1:
            groups = draw_numbers(luck, "signal-discovery/group", first, count, len(self._groups))
        residues = np.zeros(count, dtype=np.int64)
        if step > 1:
            residues = draw_numbers(luck, "signal-discovery/residue", first, count, step)
        keys = draw_orders(luck, "signal-discovery/costly", first, count, self._bidder_count)
        winner = np.full(count, NOBODY, dtype=np.int64)
        prices = np.zeros(count, dtype=np.int64)
        coin = None
        if self._parameters.pricing == "revenue":
            coin = draw_numbers(luck, "signal-discovery/price", first, count, 2)
        for number, group in enumerate(self._groups):
            if len(self._groups) == 1:
                one = _Group(group, step, sums[:, 0], state, sums @ self._others[0], signals, keys, residues)
                rows = np.arange(count)
            else:
                rows = np.flatnonzero(groups == number)
                one = _Group(
                    group,
                    step,
                    sums[rows, number],
                    state[rows],
                    sums[rows] @ self._others[number],
                    np.ascontiguousarray(signals[np.ix_(rows, group.members)]),
                    np.ascontiguousarray(keys[np.ix_(rows, group.members)]),
                    residues[rows],
                )
            sold, member, level = one.decide(self._close, None if coin is None else coin[rows])
            self._settle(group, one, rows, sold, member, level, winner, prices)
        buyer = np.maximum(winner, 0)
        welfare = np.where(winner >= 0, self._values[buyer, state], 0)
        return Batch(winner=winner, price=prices, welfare=welfare, optimum=self._best[state])

    def _settle(
        self,
        group: GroupTables,
        one: _Group,
        rows: Integers,
        found: NDArray[np.bool_],
        member: Integers,
        level: Integers,
        winner: Integers,
        prices: Integers,
    ) -> None:
        """Charge each last bidder its value at the level drawn, if it buys at all."""
        picked = np.flatnonzero(found)
        bidder, offered = group.members[member[picked]], level[picked]
        state = one.state[picked]
        price = self._values[bidder, state + group.stride * (offered - one.sums[picked])]
        # Clock form: the winner's signal reaches the threshold exactly when the level is at most the true sum.
        buys = offered <= one.sums[picked]
        if self._parameters.form == "sealed":
            buys = self._values[bidder, state] >= price
        at = rows[picked[buys]]
        winner[at], prices[at] = bidder[buys], price[buys]

    def _sum_groups(self, signals: Signals) -> Integers:
        if len(self._groups) == 1:
            total: Integers = signals.sum(axis=1, dtype=np.int64)[:, None]
            return total
        return np.stack(
            [signals[:, group.members].sum(axis=1, dtype=np.int64) for group in self._groups], axis=1
        )


class _Group:
    """The auctions in which one group can buy, one row each."""

    def __init__(
        self,
        tables: GroupTables,
        step: int,
        sums: Integers,
        state: Integers,
        vector: Integers,
        signals: Signals,
        keys: NDArray[np.uint64],
        residues: Integers,
    ) -> None:
        self.tables = tables
        self.step = step
        self.sums = sums
        self.state = state
        self._vector = vector
        self._signals = signals
        self._keys = keys
        # How far the true sum stands above the foot of its ladder, 0..k-2.
        self._above_foot = (sums - residues) % step
        self._foot = sums - self._above_foot

    def decide(self, close: Closing, coin: Integers | None) -> tuple[NDArray[np.bool_], Integers, Integers]:
        """Return for each auction whether somebody is offered the lot, who (a place among members), at which level."""
        size, step = len(self.tables.members), self.step
        everyone = np.arange(len(self.sums))
        # The three levels that a last window can hold, lowest first, and who owns them.
        levels = self._foot[:, None] + np.array([-step, 0, step])
        owners = self._own(levels)
        owned = owners >= 0
        places = np.maximum(owners, 0)
        held = self._signals[everyone[:, None], places].astype(np.int64)
        d = self._above_foot[:, None]
        within = np.concatenate((held[:, :1] >= d + step, held[:, 1:2] >= d, held[:, 2:] <= d), axis=1)
        finalist = owned & within
        # Keys are above 0 but for one bidder in 2^57, and that one is first of all, which loses as well.
        late = np.where(finalist, self._keys[everyone[:, None], places], 0)
        last = late.argmax(axis=1)
        member = places[everyone, last]
        found = finalist[everyone, last]
        if size > 1:
            own_key = self._keys[everyone, member]
            rivals = self._keys > own_key[:, None]
            # Whoever is first in the order is rejected first, before anybody is discovered for free.
            found &= np.count_nonzero(rivals, axis=1) < size - 1
            rows = np.flatnonzero(found)
            is_alone = close(
                rivals[rows],
                self._signals[rows],
                held[rows, last[rows]],
                self.tables.gaps,
                self._vector[rows] * self.tables.gap_stride + self._foot[rows] + step,
                self._above_foot[rows],
                step,
            )
            found[rows] = is_alone
        return found, member, self._choose_level(levels, finalist & (places == member[:, None]), coin)

    def _own(self, levels: Integers) -> Integers:
        """Return the owner's place for each level; -1 where nobody of the group owns it, or it is none."""
        exists = (levels >= 0) & (levels <= self.tables.top)
        state = self.state[:, None] + self.tables.stride * (levels - self.sums[:, None])
        owners = self.tables.owners[np.where(exists, state, 0)]
        places: Integers = np.where(exists, owners, NOBODY).astype(np.int64)
        return places

    @staticmethod
    def _choose_level(levels: Integers, is_own: NDArray[np.bool_], coin: Integers | None) -> Integers:
        """Return the lowest level that the last bidder owns in its window, or, of two, the one that the coin says."""
        lowest = is_own.argmax(axis=1)
        rows = np.arange(len(levels))
        chosen: Integers = levels[rows, lowest]
        if coin is None:
            return chosen
        highest = 2 - is_own[:, ::-1].argmax(axis=1)
        takes_higher = (coin == 1) & (highest > lowest)
        return np.where(takes_higher, levels[rows, highest], chosen)
