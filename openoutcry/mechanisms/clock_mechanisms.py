"""The clock mechanisms on offer: what each asks, what it promises and why, and how it is configured and run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from openoutcry.mechanisms import signal_discovery, uniform_clock
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import (
    Form,
    Parameter,
    Pricing,
    Scope,
    check_names,
    read_choice,
    read_probability,
)
from openoutcry.mechanisms.signal_discovery import SignalDiscovery
from openoutcry.mechanisms.uniform_clock import UniformClock

_PAPER = "Prior-Free Clock Auctions for Bidders with Interdependent Values"

_FORM = Parameter(
    name="form",
    default="clock",
    choices=("clock", "sealed"),
    meaning="clock: levels are asked one at a time; sealed: everybody reports its signal once",
)
_PRICING = Parameter(
    name="pricing",
    default="welfare",
    choices=("welfare", "revenue"),
    meaning="which of the levels that the last bidder owns sets the price: the lowest, or a random one",
)
_SCOPE = Parameter(
    name="scope",
    default="group",
    choices=("group", "all"),
    meaning="group: the best of the guessed group owns a level; all: the best of all bidders does",
)
_UNIFORM = Parameter(
    name="uniform_probability",
    default="0",
    choices='a fraction in 0..1 in quotes, such as "1/20"',
    meaning="how often uniform-clock runs instead, so that being asked early does not tell that one lost",
)


def _configure_signal_discovery(raw: Mapping[str, object]) -> SignalDiscovery:
    check_names("signal-discovery", raw, (_PRICING, _FORM, _SCOPE, _UNIFORM))
    return SignalDiscovery(
        pricing=cast(Pricing, read_choice(raw, _PRICING)),
        form=cast(Form, read_choice(raw, _FORM)),
        scope=cast(Scope, read_choice(raw, _SCOPE)),
        uniform_probability=read_probability(raw, _UNIFORM),
    )


def _configure_uniform_clock(raw: Mapping[str, object]) -> UniformClock:
    check_names("uniform-clock", raw, (_FORM,))
    return UniformClock(form=cast(Form, read_choice(raw, _FORM)))


def _guarantee_signal_discovery(market: Market, parameters: SignalDiscovery) -> Guarantee:
    sizes = [len(market.members(group)) for group in range(len(market.groups))]
    groups = sum(1 for size in sizes if size)
    guesses = groups * (market.signal_levels - 1)
    ran = 1 - parameters.uniform_probability
    conditions = (
        f"with l = {groups} and k = {market.signal_levels}, all bidders truthful, whatever their signals"
    )
    if parameters.uniform_probability:
        conditions += f"; {ran} is the probability that signal discovery runs and not the uniform clock"
    if parameters.pricing == "welfare":
        rivals = min(4, max(sizes))
        share = ran / (rivals * guesses)
        text = (
            f"the bidder to whom the lot is worth most wins with probability at least {share}, hence "
            f"expected welfare is at least that share of the optimum: {ran} / (min(4, largest group) l "
            f"(k-1)), {conditions}; no share of revenue is promised under welfare pricing"
        )
        return Guarantee(welfare=share, revenue=None, text=text)
    share = ran / (6 * guesses)
    text = (
        f"expected revenue is at least {share} of the optimal welfare: {ran} / (6 l (k-1)), {conditions}; "
        "expected welfare is at least that too, since no truthful bidder pays more than its value"
    )
    return Guarantee(welfare=share, revenue=share, text=text)


def _guarantee_uniform_clock(market: Market, parameters: UniformClock) -> Guarantee:
    text = (
        "none: it sells to the highest signal, which need not be the highest value; with all bidders "
        "truthful the lot is always sold, and the winner never pays more than its value"
    )
    return Guarantee(welfare=None, revenue=None, text=text)


_SIGNAL_DISCOVERY = Mechanism(
    name="signal-discovery",
    summary="learns the quality of the lot from bidders that it rejects, then offers it to the one left",
    source=f"{_PAPER}: Mechanisms 1 and 2, Theorems 1-5 and 7-10",
    parameters=(_PRICING, _FORM, _SCOPE, _UNIFORM),
    asks=(
        "Clock form: a group is drawn, and all bidders outside it climb side by side until they exit. A "
        "residue of the quality modulo k-1 is drawn. Then one random bidder of the group at a time climbs "
        "until it exits, followed by all those, side by side, who would be best at no level that is still "
        "possible. The last one left is asked nothing but the final offer: to climb to a level at a fixed "
        "price. At level 0 there is nothing to ask, and it buys. Sealed form: everybody reports its signal "
        "once, and the same is computed from the reports."
    ),
    learns=(
        "Whoever is asked to climb without a price learns that it cannot buy, unless uniform_probability "
        "mixes in an auction in which it could. The auctioneer learns the full signals of all but the last "
        "bidder, and of that one only whether it reaches the offer; in the sealed form it learns them all "
        "at once. Ties go to the earlier bidder in the roster. Truthful bidding is an "
        "ex-post equilibrium for every outcome of the draws, and in the clock form an obvious one. A silent "
        "bidder exits; one that withholds its report counts as signal 0 and cannot buy."
    ),
    repaired=(
        "A level has one owner, the first in the roster among equals: with everybody in the argmax as an "
        "owner, Lemma 1 and Theorem 1 fail. The constants are sharper than the paper's 5 and 10: min(4, "
        "largest group) for the best bidder's chance, 6 for revenue. If all bidders of the group are "
        "discovered, the lot stays unsold."
    ),
    configure=_configure_signal_discovery,
    converse=signal_discovery.converse,
    guarantee=_guarantee_signal_discovery,
)

_UNIFORM_CLOCK = Mechanism(
    name="uniform-clock",
    summary="all signal clocks rise together, and the highest signal wins",
    source=f"{_PAPER}: footnote 2",
    parameters=(_FORM,),
    asks=(
        "Clock form: at each new level the bidders still active are asked one after another, the last in "
        "the roster first, until one is left. Sealed form: everybody reports its signal once."
    ),
    learns=(
        "The auctioneer learns the signals of all but the winner, and of that one only that it reaches the "
        "lowest signal that wins; in the sealed form it learns all. The winner pays its value at that "
        "lowest signal, ties going to the earlier bidder in the roster. Truthful bidding is an ex-post "
        "equilibrium. If a bidder that withheld its report would win with signal 0, the lot stays unsold."
    ),
    repaired=(
        "The paper leaves the order of questions open. Asking all active bidders at once and charging the "
        "level just accepted overcharges a bidder that ties favour, so that it gains by leaving early: "
        "hence one at a time, the last first."
    ),
    configure=_configure_uniform_clock,
    converse=uniform_clock.converse,
    guarantee=_guarantee_uniform_clock,
)

CLOCK_MECHANISMS = (_SIGNAL_DISCOVERY, _UNIFORM_CLOCK)
