"""Tables keep words and numbers whole, use the width that there is, and no more of it than they must."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from auctioneer.cli.tables import STRATEGY_BREAKS, Column, print_table

COLUMNS = (
    Column(heading="bidder"),
    Column(heading="strategy", breaks_after=STRATEGY_BREAKS, indent="  "),
    Column(heading="is paid", is_number=True),
)
ROWS = (
    ("ada", "strategies/mine.py:Doubtful:levels=1,share=1/10", "1/12 (0.08333)"),
    ("[/bob]", "truthful", "-19459.6800"),
)
PARTS = ("strategies/", "mine.py:", "Doubtful:", "levels=1,", "share=1/", "10", "1/12", "(0.08333)")


def shown(width: int, *, is_terminal: bool = False, is_light: bool = False) -> list[str]:
    """Return the lines of the table."""
    written = io.StringIO()
    console = Console(file=written, width=width, force_terminal=is_terminal, color_system=None)
    print_table(console, COLUMNS, ROWS, is_light=is_light)
    assert console.width == width
    return written.getvalue().splitlines()


@pytest.mark.parametrize("is_light", [False, True])
def test_a_table_that_fits_has_a_line_for_each_row(is_light: bool):
    """Nothing is broken without need, and numbers stand to the right."""
    lines = shown(100, is_light=is_light)
    assert sum("levels=1,share=1/10" in line and "1/12 (0.08333)" in line for line in lines) == 1
    assert len({len(line.rstrip(" │")) for line in lines if "0.08333" in line or "19459" in line}) == 1


@pytest.mark.parametrize("width", [20, 40, 44, 50, 60])
@pytest.mark.parametrize("is_light", [False, True])
def test_words_and_numbers_stay_whole(width: int, is_light: bool):
    """Whatever the width; lines are no longer than it, as long as the longest words fit beside each other."""
    lines = shown(width, is_light=is_light)
    text = "\n".join(lines)
    for part in (*PARTS, "truthful", "-19459.6800", "[/bob]", "bidder", "strategy", "is paid"):
        assert part in text
    if width >= 45:
        assert max(map(len, lines)) <= width


def test_a_row_that_goes_on_is_indented():
    """So that it does not look like another row."""
    lines = shown(40, is_light=True)
    assert any(line.split() == ["mine.py:"] and line.startswith(" " * 10) for line in lines)


def test_a_terminal_that_is_too_narrow_is_kept_to_and_shows_all():
    """There words are broken after all, and not a character is left out."""
    lines = shown(30, is_terminal=True)
    assert max(map(len, lines)) <= 30
    assert "…" not in "".join(lines)


def test_no_rows_are_a_heading():
    """A table may be empty."""
    written = io.StringIO()
    print_table(Console(file=written, width=60), COLUMNS, ())
    assert "strategy" in written.getvalue()
