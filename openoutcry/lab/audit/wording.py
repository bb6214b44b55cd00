"""Findings in words: who gains how much by saying what, among whom."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import log10

from openoutcry.lab.audit.coins import Luck, named
from openoutcry.lab.audit.properties import Finding, Property, Step
from openoutcry.lab.audit.subject import Subject
from openoutcry.mechanisms.conversation import Climb, Climbed, Reported, ReportedType
from openoutcry.mechanisms.crowd.distributions import Distribution, Product
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.strategies.valuations import readable, value_of

SHOWN_POINTS = 4
"""Rows of a belief that are written out."""

READABLE = 10**12
"""Counts from here on are told by their order of magnitude: nobody reads so many digits."""


def show_large(count: int, noun: str) -> str:
    """Return a count with its noun, however large it is: `1 case`, `816 cases`, `about 10^614 cases`."""
    # Python refuses to turn counts of cases of large crowds into digits.
    number = f"{count:,}" if count < READABLE else f"about 10^{log10(count):.0f}"
    return f"{number} {noun}{'' if count == 1 else 's'}"


def describe(subject: Subject, finding: Finding) -> str:
    """Return a finding in one clause, without its luck: `cyd, worth 3, gains 2 by reporting 1, where ada is worth 1`.

    Args:
        subject: Of the audit.
        finding: Of the same.
    """
    if finding.what is Property.FUNDED:
        return f"the seller pays out {finding.gain} more than it said{_among(subject, finding)}"
    bidder = finding.bidder
    assert bidder is not None
    who = f"{subject.names[bidder]}, {describe_truth(subject, bidder, finding.profile[bidder])},"
    among = _among(subject, finding)
    if finding.what is Property.SAFE_INTERIM:
        return f"{who} loses {finding.gain} by the truth on average over the prior"
    if finding.what in (Property.SAFE, Property.SAFE_ON_AVERAGE):
        return f"{who} loses {finding.gain} by the truth{among}"
    how = describe_answers(subject, finding)
    if not finding.gain:
        return f"{who} loses nothing by {how}{among}"
    if finding.what is Property.OBVIOUS:
        return f"{who} may gain {finding.gain} more at best by {how} than the truth gains at worst{among}"
    if finding.what is Property.INTERIM:
        return f"{who} gains {finding.gain} on average over the prior by {how}{among.replace(', where', ', as where')}"
    on_average = {Property.ON_AVERAGE, Property.STRICT, Property.BELIEFS}
    average = " on average" if finding.what in on_average else ""
    return f"{who} gains {finding.gain}{average} by {how}{among}"


def describe_truth(subject: Subject, bidder: int, truth: int) -> str:
    """Return a bidder's truth: `with signal 2`, or `worth 3`."""
    market = subject.market
    if isinstance(market, TypeMarket):
        return f"worth {_value(market, bidder, truth)}"
    return f"with signal {truth}"


def describe_answers(subject: Subject, finding: Finding) -> str:
    """Return what a bidder does otherwise than by the truth, in order."""
    bidder = finding.bidder
    assert bidder is not None
    held = finding.held
    honest = subject.honest(bidder, finding.profile[bidder], held)
    false = [step for step in finding.steps if honest(step.question, step.clock) != step.answer]
    parts = [_say(subject, step, tells_belief=finding.what is Property.BELIEFS) for step in false]
    return " and ".join(dict.fromkeys(parts)) or "answering so"


def describe_luck(luck: Luck) -> str:
    """Return the draws: `price 1, informant 0`; empty where nothing is drawn."""
    return ", ".join(f"{label.partition('/')[2] or label} {result}" for label, result in named(luck))


def _among(subject: Subject, finding: Finding) -> str:
    is_types = isinstance(subject.market, TypeMarket)
    others = [
        f"{name} {'is' if is_types else 'has'} {describe_truth(subject, other, truth).removeprefix('with ')}"
        for other, (name, truth) in enumerate(zip(subject.names, finding.profile, strict=True))
        if other != finding.bidder
    ]
    return f", where {_joined(others)}" if others else ""


def _joined(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _say(subject: Subject, step: Step, *, tells_belief: bool) -> str:
    market = subject.market
    match step.answer:
        case Climbed(level=level, exited=True):
            assert isinstance(step.question, Climb)
            if step.question.price is not None:
                return f"refusing to buy at {step.question.price}"
            return f"leaving at {_level(subject, level + 1)}"
        case Climbed(level=level):
            assert isinstance(step.question, Climb)
            if step.question.price is not None:
                return f"buying at {step.question.price}"
            return f"staying to {_level(subject, level)}"
        case Reported(value=None) | ReportedType(report=None):
            return "reporting nothing"
        case Reported(value=value):
            return f"reporting {value}"
        case ReportedType(report=report):
            assert report is not None
            assert isinstance(market, TypeMarket)
            bidder = step.question.bidder
            if report.belief is not None and (tells_belief or report.value is None):
                return f"believing {describe_belief(market, report.belief)}"
            assert report.value is not None
            return f"reporting {_value(market, bidder, report.value)}"


def describe_belief(market: TypeMarket, belief: Distribution) -> str:
    """Return a belief by value and probability: `bob 1: 1/2, bob 3: 1/2`."""
    joint = belief.expanded() if isinstance(belief, Product) else belief
    rows = []
    for profile, weight in list(joint.items())[:SHOWN_POINTS]:
        row = " ".join(
            f"{market.bidders[player].name} {_value(market, player, index)}"
            for player, index in zip(joint.players, profile, strict=True)
        )
        rows.append(f"{row}: {Fraction(weight, joint.total)}")
    more = joint.support_size - SHOWN_POINTS
    return ", ".join(rows) + (f" and {more} more" if more > 0 else "")


def _level(subject: Subject, level: int) -> str:
    market = subject.market
    if isinstance(market, TypeMarket):
        return f"the price {market.clock[level - 1]}"
    return f"level {level}"


def _value(market: TypeMarket, bidder: int, index: int) -> str:
    value = readable(market, value_of(market, bidder, index))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {amount}" for name, amount in value.items()) + "}"
    return str(value)
