"""The lower bounds of Theorems 6 and 11: as printed they do not separate the bidders, repaired they do, and it counts.

What a bound proves is computed a second time, without its argument: the best approximation that any monotone
allocation has on the instance is the optimum of a linear program over all profiles that the argument looks at.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.answering import answer_with_signal
from openoutcry.mechanisms.expectation import expect
from openoutcry.mechanisms.hard_instances import HardInstance, hard_counts, hard_sums
from openoutcry.mechanisms.registry import MECHANISMS

Make = Callable[..., HardInstance]

BOUNDS: dict[Make, Callable[[int, int], int]] = {
    hard_sums: lambda groups, levels: groups * (levels - 1) + 1,
    hard_counts: lambda groups, levels: groups * levels * (levels - 1) // 2 + 1,
}
SIZES = [(1, 2), (1, 3), (1, 4), (2, 2), (2, 3), (3, 2), (2, 4), (3, 3)]


def best_worst_share(instance: HardInstance) -> float:
    """Return the largest share of the optimum that a monotone allocation keeps at every profile of the argument.

    Variables: for each bidder's own profile who is served with which probability, the same at the common profile,
    and the share. Monotone: a bidder is served at the common profile at least as often as at its own.
    """
    highspy = pytest.importorskip("highspy")
    market, count = instance.market, len(instance.market.bidders)
    profiles = [instance.profile(bidder) for bidder in range(count)] + [instance.signals]
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    served = [[model.addVariable(lb=0, ub=1) for _ in range(count)] for _ in profiles]
    share = model.addVariable(lb=0, ub=1)
    for place, profile in enumerate(profiles):
        state = market.state(profile)
        values = [market.value(bidder, state) for bidder in range(count)]
        best = max(values)
        model.addConstr(sum(served[place]) <= 1)
        model.addConstr(sum(p * (v / best) for p, v in zip(served[place], values, strict=True)) >= share)
        if place < count:
            model.addConstr(served[count][place] >= served[place][place])
    model.maximize(share)
    return float(model.getInfo().objective_function_value)


@pytest.mark.parametrize("make", BOUNDS)
@pytest.mark.parametrize(("groups", "levels"), SIZES)
def test_repaired_every_bidder_stands_alone_at_its_profile(make: Make, groups: int, levels: int) -> None:
    """Anybody else is worth at most 1/H of it there, so the bound of the paper is approached as H grows."""
    proved = []
    for growth in (2, 4, 8):
        instance = make(groups, levels, growth=growth)
        assert instance.target == BOUNDS[make](groups, levels) == len(instance.market.bidders)
        assert instance.is_separating
        assert all(instance.rivalry(b) <= Fraction(1, growth) for b in range(instance.target))
        proved.append(instance.proved)
        assert (
            instance.target
            >= instance.proved
            >= instance.target / (1 + Fraction(instance.target - 1, growth))
        )
    assert proved == sorted(set(proved))


@pytest.mark.parametrize("make", BOUNDS)
@pytest.mark.parametrize(("groups", "levels"), SIZES)
def test_as_printed_they_do_not_separate(make: Make, groups: int, levels: int) -> None:
    """Theorem 6 but for l = 1, k = 2; Theorem 11 from k = 3 on. However large H is, less than the bound is proved."""
    fails = (groups, levels) != (1, 2) if make is hard_sums else levels > 2
    for growth in (2, 6):
        assert make(groups, levels, growth=growth, printed=True).is_separating is not fails
    if fails:
        instance = make(groups, levels, growth=6, printed=True)
        assert instance.proved < make(groups, levels, growth=6).proved
        assert any(instance.rivalry(bidder) >= 1 for bidder in range(instance.target))


def test_the_printed_bounds_fail_as_the_design_says() -> None:
    """{0, 2, 2} lies above {0, 1, 2}, so (1, 0) and (2, 0) tie; and by sums, lower thresholds get larger values."""
    counts = hard_counts(1, 3, printed=True)
    names = [bidder.name for bidder in counts.market.bidders]
    low, rival = names.index("group 0 from 1 to 0"), names.index("group 0 from 2 to 0")
    state = counts.market.state(counts.profile(low))
    assert (counts.market.value(low, state), counts.market.value(rival, state)) == (1, 1)
    assert [counts.rivalry(bidder) for bidder in range(4)] == [1, 0, Fraction(1, 10), Fraction(1, 100)]
    sums = hard_sums(1, 3, printed=True)
    assert [sums.rivalry(bidder) for bidder in range(3)] == [10, 0, Fraction(1, 10)]


@pytest.mark.parametrize("make", BOUNDS)
@pytest.mark.parametrize("printed", [False, True])
@pytest.mark.parametrize(("groups", "levels"), [(1, 2), (1, 3), (2, 2), (2, 3), (1, 4)])
def test_what_is_proved_is_no_more_than_a_linear_program_finds(
    make: Make, printed: bool, groups: int, levels: int
) -> None:
    """No monotone allocation does better than the argument says, and with H large the best is near the bound."""
    instance = make(groups, levels, growth=30, printed=printed)
    best = 1 / best_worst_share(instance)
    assert float(instance.proved) <= best + 1e-6
    if not printed:
        assert best <= instance.target + 1e-6
        assert float(instance.proved) > instance.target * 0.8


def test_the_printed_instances_prove_less_by_the_linear_program_too() -> None:
    """With H = 100, for bounds of 4, the printed Theorem 6 allows an approximation near 2, and Theorem 11 near 3."""
    assert 1 / best_worst_share(hard_sums(1, 4, growth=100, printed=True)) < 2.1
    assert 1 / best_worst_share(hard_counts(1, 3, growth=100, printed=True)) < 3.1
    assert 1 / best_worst_share(hard_sums(1, 4, growth=100)) > 3.9
    assert 1 / best_worst_share(hard_counts(1, 3, growth=100)) > 3.9


@pytest.mark.parametrize("make", BOUNDS)
@pytest.mark.parametrize(("groups", "levels"), [(1, 2), (1, 3), (2, 2), (2, 3)])
def test_the_lottery_is_as_good_there_as_anything_can_be(make: Make, groups: int, levels: int) -> None:
    """At the common profile all bidders are eligible, and each is served with one over the bound."""
    instance = make(groups, levels, growth=5)
    lottery = MECHANISMS["threshold-lottery"]
    parameters = lottery.configure({})
    answerers = [answer_with_signal(signal) for signal in instance.signals]
    found = expect(instance.market, lottery, parameters, answerers, instance.signals)
    assert set(found.win_probability) == {Fraction(1, instance.target)}
    assert lottery.guarantee(instance.market, parameters).welfare == Fraction(1, instance.target)


@pytest.mark.parametrize(
    ("make", "arguments", "reason"),
    [
        (hard_sums, {"groups": 0, "levels": 2}, "make no such market"),
        (hard_counts, {"groups": 1, "levels": 1}, "make no such market"),
        (hard_sums, {"groups": 1, "levels": 3, "growth": 1}, "make no such market"),
        (hard_sums, {"groups": 5, "levels": 5}, "values grow to 10\\^20"),
        (hard_sums, {"groups": 200, "levels": 1000, "growth": 2}, "values grow to 2\\^199800"),
        (hard_counts, {"groups": 1, "levels": 40, "growth": 10}, "values grow to 10\\^40"),
        (hard_counts, {"groups": 3, "levels": 4}, "more than 200,000 states of counts"),
    ],
)
def test_sizes_beyond_reach_are_refused(make: Make, arguments: dict[str, int], reason: str) -> None:
    """Before anything is made."""
    with pytest.raises(ConfigurationError, match=reason):
        make(**arguments)
