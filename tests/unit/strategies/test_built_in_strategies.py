"""The built-in strategies answer as their names say."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.errors import StrategyError
from openoutcry.strategies import Exit, NoAnswer, Stay, answer_raise, answer_report, load_strategy


def play(strategy, raise_to, signal, levels=3):
    """Raise a clock level by level and give the last level accepted."""
    for level in range(1, levels + 1):
        if answer_raise(strategy, raise_to(level, signal)) is not Stay:
            return level - 1
    return levels


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("truthful", [0, 1, 2, 3]),
        ("shade", [0, 0, 1, 2]),
        ("shade:levels=2", [0, 0, 0, 1]),
        ("shade:levels=0", [0, 1, 2, 3]),
        ("overstay", [1, 2, 3, 3]),
        ("overstay:levels=9", [3, 3, 3, 3]),
        ("random:stay_probability=1", [3, 3, 3, 3]),
        ("random:stay_probability=0", [0, 0, 0, 0]),
    ],
)
def test_clock_and_report_agree(raise_to, report_of, name, expected):
    """For each signal 0..3 a strategy reports what its clock would have shown."""
    factory = load_strategy(name)
    assert [play(factory.make(), raise_to, signal) for signal in range(4)] == expected
    assert [answer_report(factory.make(), report_of(signal)) for signal in range(4)] == expected


def test_silent_never_answers(raise_to, report_of):
    """Silence is a result of its own, so that drivers can tell it from a failure."""
    strategy = load_strategy("silent").make()
    assert answer_raise(strategy, raise_to(1)) is NoAnswer
    assert answer_report(strategy, report_of()) is NoAnswer


def test_random_draws_from_the_bidders_own_generator(report_of):
    """Equal generators give equal reports, and both answers occur."""
    strategy = load_strategy("random:stay_probability=1/2").make()
    view, again = report_of(), report_of()
    reports = [answer_report(strategy, view) for _ in range(50)]
    assert reports == [answer_report(strategy, again) for _ in range(50)]
    assert set(reports) == {0, 1, 2, 3}


def test_scripted_plays_its_file_and_then_answers_truthfully(tmp_path, raise_to):
    """The list is used in order; null is silence."""
    (tmp_path / "answers.json").write_text('["exit", null, "stay"]')
    strategy = load_strategy("scripted:file=answers.json", base_directory=tmp_path).make()
    answers = [answer_raise(strategy, raise_to(level)) for level in (1, 1, 3, 2, 3)]
    assert answers == [Exit, NoAnswer, Stay, Stay, Exit]


def test_scripted_reports_integers_and_then_answers_truthfully(tmp_path, report_of):
    """Reports are integers in the same list."""
    (tmp_path / "answers.json").write_text("[3, null]")
    strategy = load_strategy("scripted:file=answers.json", base_directory=tmp_path).make()
    assert [answer_report(strategy, report_of()) for _ in range(3)] == [3, NoAnswer, 2]


def test_a_scripted_answer_that_does_not_fit_its_question_is_named(tmp_path, raise_to, report_of):
    """The message gives the file and the number of the item."""
    (tmp_path / "answers.json").write_text('[1, "stay"]')
    strategy = load_strategy("scripted:file=answers.json", base_directory=tmp_path).make()
    with pytest.raises(StrategyError, match=r"answers\.json: item 1 is 1, but the question is a raise"):
        answer_raise(strategy, raise_to(1))
    with pytest.raises(
        StrategyError, match=r"answers\.json: item 2 is .stay., but the question is a report of a signal"
    ):
        answer_report(strategy, report_of())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        ("[", "is not JSON"),
        ('{"a": 1}', "must be a list of answers"),
        ('["stay", "leave"]', "item 2 is 'leave'"),
        ("[true]", "item 1 is True"),
    ],
)
def test_a_scripted_file_that_is_no_list_of_answers_is_refused(tmp_path, content, reason):
    """Each refusal names the file."""
    if content is not None:
        (tmp_path / "answers.json").write_text(content)
    factory = load_strategy("scripted:file=answers.json", base_directory=tmp_path)
    with pytest.raises(StrategyError, match=reason):
        factory.make()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("shade:levels=-1", "levels=-1 is negative"),
        ("overstay:levels=-1", "levels=-1 is negative"),
        ("random:stay_probability=3/2", "is no probability"),
    ],
)
def test_options_outside_their_range_are_refused(name, reason):
    """The refusal names the strategy and the option."""
    with pytest.raises(StrategyError, match=reason):
        load_strategy(name).make()


def test_only_memoryless_strategies_call_themselves_deterministic():
    """Exact expectations rely on this."""
    names = ["truthful", "shade", "overstay", "silent", "random", "scripted:file=x.json"]
    assert [load_strategy(name).deterministic for name in names] == [True, True, True, True, False, False]


def test_probabilities_are_exact():
    """A fraction stays a fraction."""
    assert load_strategy("random:stay_probability=1/3").options == (("stay_probability", Fraction(1, 3)),)
