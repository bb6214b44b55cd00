"""Over the prior: what the truth gains a bidder that knows its own type alone, beside its best plan of answers.

The others are truthful, and their types follow the prior given the bidder's own. A plan says what to answer after all
that the bidder has been asked by then; what it is asked may tell it something of the others. Whatever is truthful after
the fact is truthful here, and not the other way round: the side bets of a seller that knows the prior hold on average
only.

Source: the usual Bayesian incentive compatibility and interim individual rationality, as in J. Crémer and R. McLean,
Full extraction of the surplus in Bayesian and dominant strategy auctions (Econometrica 1988).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from openoutcry.lab.audit.cases import Case
from openoutcry.lab.audit.judging import (
    Judged,
    Valued,
    average,
    best_plan,
    best_under_same_luck,
    sort_paths,
)
from openoutcry.lab.audit.paths import Path
from openoutcry.lab.audit.properties import Finding, Property
from openoutcry.lab.audit.subject import Subject
from openoutcry.mechanisms.crowd.distributions import Distribution


@dataclass(frozen=True, slots=True)
class Likely:
    """A case that is possible under the prior, with all that can happen in it.

    Attributes:
        case: The bidder and the others' types.
        probability: Of the others' types, given the bidder's own.
        paths: Every path of the case, over all coins.
    """

    case: Case
    probability: Fraction
    paths: Sequence[Path]


def likely_others(prior: Distribution, bidder: int, truth: int) -> Iterator[tuple[Case, Fraction]]:
    """Yield the cases of a bidder of this type with their probabilities; none when it has the type never.

    Args:
        prior: Of everybody's types.
        bidder: Its index.
        truth: Index of its type.
    """
    others = prior.given({bidder: truth})
    if others is None:
        return
    for profile, weight in others.items():
        case = Case(bidder=bidder, others=(*profile[:bidder], 0, *profile[bidder:]), held=None)
        yield case, Fraction(weight, others.total)


def judge_over_prior(subject: Subject, bidder: int, truth: int, likely: Sequence[Likely]) -> Judged:
    """Compare the truth with every plan of answers, on average over the others' types and all coins.

    Args:
        subject: A mechanism that asks for no beliefs.
        bidder: Its index.
        truth: Index of its type.
        likely: Everything that is possible for it, at least one case.
    """
    sorted_by_case = [_weigh(subject, each, truth) for each in likely]
    honest = [valued for truthful, _ in sorted_by_case for valued in truthful]
    others = [valued for _, lies in sorted_by_case for valued in lies]
    gained = average(honest)
    reached, plan = best_plan([*honest, *others])
    findings = []
    if gained < 0:
        worst = min(range(len(likely)), key=lambda place: average(sorted_by_case[place][0]))
        path = min(sorted_by_case[worst][0], key=lambda valued: valued.utility).path
        findings.append(_finding(Property.SAFE_INTERIM, likely[worst].case, truth, -gained, path))
    if reached > gained:
        case, shown = _shown(likely, sorted_by_case, plan)
        findings.append(_finding(Property.INTERIM, case, truth, reached - gained, shown.path))
    return Judged(
        findings=tuple(findings),
        cases={Property.INTERIM: len(others), Property.SAFE_INTERIM: 1},
        valued=(*honest, *others),
    )


def _weigh(subject: Subject, likely: Likely, truth: int) -> tuple[list[Valued], list[Valued]]:
    honest, others = sort_paths(subject, likely.case, truth, likely.paths)
    for group in (honest, others):
        for place, valued in enumerate(group):
            path = replace(valued.path, probability=valued.path.probability * likely.probability)
            group[place] = Valued(path, valued.utility)
    return honest, others


def _shown(
    likely: Sequence[Likely],
    sorted_by_case: Sequence[tuple[list[Valued], list[Valued]]],
    plan: Sequence[Valued],
) -> tuple[Case, Valued]:
    """Return a case and a path of the plan that show it best: where it gains most over the truth under equal luck."""
    followed = set(map(id, plan))
    best: tuple[Fraction, Case, Valued] | None = None
    for each, (honest, others) in zip(likely, sorted_by_case, strict=True):
        lies = [valued for valued in others if id(valued) in followed]
        found = best_under_same_luck(honest, lies)
        if found is not None and (best is None or found[0] > best[0]):
            best = Fraction(found[0]), each.case, found[1]
    if best is not None:
        return best[1], best[2]
    # Gains under equal luck there are none: the draws themselves are others.
    lies_of = (
        (each.case, valued)
        for each, (_, others) in zip(likely, sorted_by_case, strict=True)
        for valued in others
        if id(valued) in followed
    )
    return max(lies_of, key=lambda pair: pair[1].path.probability)


def _finding(what: Property, case: Case, truth: int, gain: Fraction, path: Path) -> Finding:
    return Finding(
        what=what,
        bidder=case.bidder,
        profile=case.profile(truth),
        held=None,
        gain=gain,
        steps=() if what is Property.SAFE_INTERIM else path.steps,
        luck=path.luck,
    )
