"""The clock mechanisms on offer: what each asks, what it promises and why, and how it is configured and run."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

from openoutcry.mechanisms import signal_discovery, threshold_lottery, uniform_clock
from openoutcry.mechanisms.colouring import Colouring, choose_colouring, most_eligible
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
from openoutcry.mechanisms.threshold_lottery import Slots, ThresholdLottery
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
_OFFERED = Parameter(
    name="pricing",
    default="welfare",
    choices=("welfare", "revenue"),
    meaning="the price is the bidder's value at the lowest signal with which it may buy, or at a random one above",
)
_SLOTS = Parameter(
    name="slots",
    default="colour",
    choices=("colour", "uniform"),
    meaning=(
        "colour: draw a colour that nobody's own signal decides; uniform: draw a place among those who may buy, for "
        "study, truthful in expectation only"
    ),
)
_SEALED = Parameter(
    name="form",
    default="sealed",
    choices=("sealed",),
    meaning="everybody reports its signal once; there is no clock form",
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


def _configure_threshold_lottery(raw: Mapping[str, object]) -> ThresholdLottery:
    check_names("threshold-lottery", raw, (_OFFERED, _SLOTS, _SEALED))
    read_choice(raw, _SEALED)
    return ThresholdLottery(
        pricing=cast(Pricing, read_choice(raw, _OFFERED)), slots=cast(Slots, read_choice(raw, _SLOTS))
    )


def _check_signal_discovery(market: Market, parameters: SignalDiscovery) -> tuple[str, ...]:
    signal_discovery.check_market(market)
    return ()


def _check_threshold_lottery(market: Market, parameters: ThresholdLottery) -> tuple[str, ...]:
    threshold_lottery.check_size(market)
    if parameters.slots == "colour":
        return ()
    return (
        'slots is "uniform": truth is best in expectation only, and a bidder that knew the draw could gain by lying',
    )


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


def _guarantee_threshold_lottery(market: Market, parameters: ThresholdLottery) -> Guarantee:
    if parameters.slots == "uniform":
        count = most_eligible(market)
        rule = f"one of {count} places is drawn; truth is best in expectation only, not for every outcome of the draw"
    else:
        colouring = choose_colouring(market)
        count = colouring.count
        rule = f"{_describe(colouring)}; truth is best for every outcome of the draws"
    groups = sum(1 for group in range(len(market.groups)) if market.members(group))
    levels = market.signal_levels
    conditions = (
        f"with n = {len(market.bidders)}, l = {groups} and k = {levels}, values of {_say_state(market)}, all bidders "
        f"truthful, whatever their signals; {rule}"
    )
    share = Fraction(1, count)
    if parameters.pricing == "welfare":
        text = (
            f"the bidder to whom the lot is worth most wins with probability {share}, hence expected welfare is at "
            f"least that share of the optimum, {conditions}; no share of revenue is promised under welfare pricing"
        )
        return Guarantee(welfare=share, revenue=None, text=text)
    share /= levels
    text = (
        f"expected revenue is at least {share} of the optimal welfare: 1 / ({count} k), {conditions}; expected welfare "
        "is at least that too, since no truthful bidder pays more than its value"
    )
    return Guarantee(welfare=share, revenue=share, text=text)


def _describe(colouring: Colouring) -> str:
    """Say which colouring is used, how many colours it has, and whether fewer would do."""
    kind = "one of the bidders is drawn" if colouring.kind == "bidder" else "one colour of a hash is drawn"
    rho = colouring.most_eligible
    fewest = "as few as" if colouring.count == rho else "more than the"
    return f"{kind}, of N = {colouring.count}, {fewest} rho = {rho} bidders who may be eligible at once"


def _say_state(market: Market) -> str:
    return "counts of signals" if market.is_by_counts else "group sums"


_SIGNAL_DISCOVERY = Mechanism(
    name="signal-discovery",
    summary="asks those it rejects, and sells to the one left",
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
    check=_check_signal_discovery,
)

_UNIFORM_CLOCK = Mechanism(
    name="uniform-clock",
    summary="all clocks rise together; the highest signal wins",
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

_THRESHOLD_LOTTERY = Mechanism(
    name="threshold-lottery",
    summary="draws the buyer among the few who may be best",
    source=f"{_PAPER}: Theorems 12 and 13",
    parameters=(_OFFERED, _SLOTS, _SEALED),
    asks=(
        "Everybody reports its signal once. Eligible is whoever would be the best bidder with some signal up to its "
        "own; the lowest such signal is its entry. A colour is drawn, and the eligible bidder that has it, if there is "
        "one, is offered the lot at its value at its entry, or, under revenue pricing, at a random signal from the "
        "entry on. It buys if its value at all reported signals is at least the price. It runs on values of group sums "
        "and on values that depend on how many bidders of a group hold each signal."
    ),
    learns=(
        "The auctioneer learns all signals, and so does everybody when the reports are opened. Ties go to the earlier "
        "bidder in the roster. A bidder's colour, entry and price come from the others' signals alone, so truth is an "
        "ex-post equilibrium for every outcome of the draws. A report that is withheld counts as signal 0, and its "
        "bidder cannot buy."
    ),
    repaired=(
        "The payment identity alone makes no universally truthful mechanism: serving the bidder in a random place "
        'among the eligible is truthful in expectation only (slots = "uniform", for study). Colours that no bidder '
        "influences are drawn instead: the bidders themselves, where no more bid than can be eligible, else a hash of "
        "the entry state; the guarantee says which, and how many colours there are. Owners are looked up at the "
        "reported state and its neighbours only, never for all k^n profiles. Of values of sums at most l (k-1) + 1 "
        "bidders are eligible, not l C(k, 2) + 1."
    ),
    configure=_configure_threshold_lottery,
    converse=threshold_lottery.converse,
    guarantee=_guarantee_threshold_lottery,
    check=_check_threshold_lottery,
)

CLOCK_MECHANISMS = (_SIGNAL_DISCOVERY, _UNIFORM_CLOCK, _THRESHOLD_LOTTERY)
