"""Every registered mechanism: its exact expectation is what following each path of its draws by hand adds up to.

Nothing of the product's exploring, driving or summing is used here: scripts of branches, one after another, and sums.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from openoutcry.mechanisms.answering import answer_with_signal
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    ReportedType,
    ReportType,
    TypeReport,
)
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product
from openoutcry.mechanisms.crowd.expectation import TypeExpectation, expect_over_prior, truthful_answerers
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.expectation import Expectation, expect_over_signals
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import MECHANISMS
from tests.reference.crowd_play import good_market
from tests.reference.driving import truthful
from tests.reference.instances import Instance, owned_tables, single_group

Respond = Callable[[Question, int], Answer]
Raw = dict[str, object]

VARIANTS: Mapping[str, tuple[Raw, ...]] = {
    "signal-discovery": (
        {},
        {"pricing": "revenue", "scope": "all", "uniform_probability": "1/3"},
        {"form": "sealed", "uniform_probability": "1/20"},
    ),
    "uniform-clock": ({}, {"form": "sealed"}),
    "threshold-lottery": ({}, {"pricing": "revenue"}, {"slots": "uniform"}),
    "crowdsourced-optimal": ({}, {"delta": "1/3", "payment": "lottery"}),
    "crowdsourced-lookahead": (
        {},
        {"delta": "1/3", "reward": 1, "payment": "lottery"},
        {"reading": "literal"},
    ),
    "crowdsourced-lookahead-plus": ({}, {"delta": "1/3", "payment": "lottery"}),
    "vickrey": ({},),
    "vickrey-reserve": ({}, {"order": "lazy"}),
    "myerson": ({},),
    "english": ({},),
    "vcg": ({},),
    "single-sample": ({},),
    "empirical-reserve": ({}, {"variant": "random-split"}),
    "posted-prices": ({},),
    "cremer-mclean": ({},),
}
CASES = [(name, raw) for name, variants in VARIANTS.items() for raw in variants]

VALUES = ([0, 2, 5], [1, 4])
INDEPENDENT = Product.of({0: {0: 1, 1: 2, 2: 1}, 1: {0: 2, 1: 1}})
CORRELATED = Joint.of((0, 1), {(0, 0): 3, (0, 1): 1, (1, 0): 1, (1, 1): 2, (2, 0): 1, (2, 1): 1})
ALIKE = Joint.of((0, 1), {(0, 0): 2, (0, 1): 1, (1, 0): 1, (1, 1): 2})


class BranchChance:
    """Takes the branches that a script names and the first possible one beyond it, and notes all probabilities."""

    def __init__(self, script: Sequence[int]) -> None:
        self.met: list[list[Fraction]] = []
        self.taken: list[int] = []
        self._script = script

    def uniform(self, label: str, n: int, *, state: Hashable = None) -> int:
        """Each with 1/n."""
        return self._take([Fraction(1, n)] * n)

    def bernoulli(self, label: str, probability: Fraction, *, state: Hashable = None) -> bool:
        """True with this probability."""
        return self._take([1 - probability, Fraction(probability)]) == 1

    def weighted(self, label: str, weights: Sequence[int], *, state: Hashable = None) -> int:
        """Each by its weight."""
        return self._take([Fraction(weight, sum(weights)) for weight in weights])

    def pick(self, label: str, candidates: Sequence[int], *, state: Hashable = None) -> int:
        """Each candidate alike."""
        return candidates[self._take([Fraction(1, len(candidates))] * len(candidates))]

    def _take(self, probabilities: list[Fraction]) -> int:
        place = len(self.met)
        first = next(index for index, probability in enumerate(probabilities) if probability)
        branch = self._script[place] if place < len(self._script) else first
        self.met.append(probabilities)
        self.taken.append(branch)
        return branch


def all_paths(
    begin: Callable[[Chance], Conversation], respond: Respond, size: int
) -> Iterator[tuple[Fraction, Outcome]]:
    """Yield every path with its probability."""
    scripts: list[list[int]] = [[]]
    while scripts:
        script = scripts.pop()
        chance = BranchChance(script)
        outcome = hold(begin(chance), respond, size)
        probability = Fraction(1)
        for place, (probabilities, branch) in enumerate(zip(chance.met, chance.taken, strict=True)):
            probability *= probabilities[branch]
            if place >= len(script):
                others = (b for b, share in enumerate(probabilities) if share and b != branch)
                scripts += [[*chance.taken[:place], other] for other in others]
        yield probability, outcome


def hold(conversation: Conversation, respond: Respond, size: int) -> Outcome:
    """Hold a conversation to its end."""
    clocks = [0] * size
    try:
        wave = next(conversation)
        while True:
            answers = []
            for question in wave.questions:
                answer = respond(question, clocks[question.bidder])
                if isinstance(answer, Climbed):
                    clocks[question.bidder] = answer.level
                answers.append(answer)
            wave = conversation.send(tuple(answers))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


class Sums:
    """What is added up, path by path; and by bidder and signal or type: how likely, wins, payment and utility."""

    def __init__(self, size: int) -> None:
        self.unsold = self.optimum = Fraction(0)
        self.wins, self.payments, self.values, self.prices = ([Fraction(0)] * size for _ in range(4))
        self.by_type: dict[tuple[int, int], list[Fraction]] = {}

    def add(self, share: Fraction, outcome: Outcome, worth: Sequence[int], profile: Sequence[int]) -> None:
        """Add a path; `worth` is what the lot is worth to each bidder."""
        buyers = [award.bidder for award in outcome.awards]
        self.unsold += share * (not buyers)
        for award in outcome.awards:
            self.prices[award.bidder] += share * award.price
        for bidder, payment in enumerate(outcome.payments):
            wins, value = bidder in buyers, worth[bidder] * (bidder in buyers)
            self.wins[bidder] += share * wins
            self.payments[bidder] += share * payment
            self.values[bidder] += share * value
            own = self.by_type.setdefault((bidder, profile[bidder]), [Fraction(0)] * 4)
            for place, part in enumerate((Fraction(1), Fraction(wins), payment, value - payment)):
                own[place] += share * part

    def check(self, found: Expectation | TypeExpectation) -> None:
        """Compare with what the product finds."""
        assert found.win_probability == tuple(self.wins)
        assert found.unsold_probability == self.unsold
        assert found.payments == tuple(self.payments)
        assert found.revenue == sum(self.payments)
        assert found.welfare == sum(self.values)
        assert found.optimum == self.optimum
        gains = (value - payment for value, payment in zip(self.values, self.payments, strict=True))
        assert found.utilities == tuple(gains)
        if isinstance(found, TypeExpectation):
            both = zip(self.prices, self.payments, strict=True)
            assert found.rewards == tuple(price - payment for price, payment in both)
        for (bidder, index), (share, wins, payment, utility) in self.by_type.items():
            interim = found.interim[bidder][index]
            assert interim is not None
            assert interim.probability == share
            assert interim.win_probability * share == wins
            assert interim.payment * share == payment
            assert interim.utility * share == utility


def signal_markets() -> list[Market]:
    """Return three bidders with three signals in one group, and with two signals in two groups."""
    rising = [(0, 1, 5, 6, 9, 9, 10), (2, 3, 4, 7, 8, 11, 11), (1, 3, 3, 8, 8, 9, 12)]
    group_of = (0, 1, 0)
    tables = owned_tables(2, group_of, lambda state: (state[0] + 2 * state[1]) % 3, 3)
    return [single_group(3, rising).market(), Instance(levels=2, group_of=group_of, tables=tables).market()]


def check_over_signals(market: Market, name: str, raw: Raw) -> None:
    """Compare over all profiles of signals."""
    mechanism = MECHANISMS[name]
    parameters = mechanism.configure(raw)
    size, levels = len(market.bidders), market.signal_levels
    sums, each = Sums(size), Fraction(1, levels**size)
    for signals in product(range(levels), repeat=size):
        worth = [market.value(bidder, market.state(signals)) for bidder in range(size)]
        sums.optimum += each * max(worth)
        for share, outcome in all_paths(
            lambda chance: mechanism.converse(market, parameters, chance), truthful(signals), size
        ):
            sums.add(each * share, outcome, worth, signals)
    sums.check(
        expect_over_signals(
            market, mechanism, parameters, lambda held: [answer_with_signal(signal) for signal in held]
        )
    )


def type_case(name: str) -> tuple[TypeMarket, Distribution]:
    """Return a market and a prior on which the mechanism runs."""
    priors: dict[str, Distribution] = {"myerson": INDEPENDENT, "cremer-mclean": ALIKE}
    prior = priors.get(name, CORRELATED)
    market = good_market([1, 4], [1, 4]) if prior is ALIKE else good_market(*VALUES)
    return (replace(market, prior=prior) if MECHANISMS[name].uses_prior else market), prior


def responding(name: str, market: TypeMarket, profile: Sequence[int], prior: Distribution) -> Respond:
    """Answer truthfully, everybody knowing its own type and the prior."""

    def respond(question: Question, clock: int) -> Answer:
        bidder = question.bidder
        (worth,) = market.bidders[bidder].types[profile[bidder]]
        if isinstance(question, Climb):
            prices = [
                market.clock[level - 1] if question.price is None else question.price
                for level in range(1, question.target + 1)
            ]
            level = sum(price <= worth for price in prices)
            return Climbed(level=level, exited=level < question.target)
        assert isinstance(question, ReportType)
        belief = None
        if question.subjects:
            others = prior.given({bidder: profile[bidder]})
            assert others is not None
            known = MECHANISMS[name].belief_when_asked(market, bidder, profile[bidder], others)
            belief = known.marginal(question.subjects)
        report = TypeReport(value=profile[bidder] if question.asks_value else None, belief=belief)
        return ReportedType(report=report)

    return respond


def check_over_prior(name: str, raw: Raw) -> None:
    """Compare over all profiles of a prior."""
    market, prior = type_case(name)
    mechanism = MECHANISMS[name]
    parameters = mechanism.configure(raw)
    sums = Sums(len(market.bidders))
    for profile, weight in prior.items():
        each = Fraction(weight, prior.total)
        worth = [market.bidders[bidder].types[index][0] for bidder, index in enumerate(profile)]
        sums.optimum += each * max(worth)
        for share, outcome in all_paths(
            lambda chance: mechanism.converse(market, parameters, chance),
            responding(name, market, profile, prior),
            len(worth),
        ):
            sums.add(each * share, outcome, worth, profile)
    answerers = truthful_answerers(market, mechanism)
    sums.check(expect_over_prior(market, mechanism, parameters, prior, answerers))


def test_no_mechanism_is_left_out() -> None:
    """Whoever registers a mechanism says here with which parameters it is held against brute force."""
    assert set(VARIANTS) == set(MECHANISMS)


@pytest.mark.parametrize(("name", "raw"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_the_exact_expectation_is_what_brute_force_finds(name: str, raw: Raw) -> None:
    """All numbers, also those of each signal or type, on two markets of signals or over a prior."""
    if MECHANISMS[name].market == "signals":
        for market in signal_markets():
            check_over_signals(market, name, raw)
    else:
        check_over_prior(name, raw)


def test_brute_force_finds_a_wrong_number() -> None:
    """A sum that is off by a little is not what the product finds."""
    market = signal_markets()[0]
    mechanism = MECHANISMS["uniform-clock"]
    found = expect_over_signals(
        market, mechanism, mechanism.configure({}), lambda held: [answer_with_signal(s) for s in held]
    )
    with pytest.raises(AssertionError):
        Sums(3).check(found)
