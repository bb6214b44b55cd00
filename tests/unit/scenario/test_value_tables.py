"""Value tables in CSV are read exactly, or refused with file and row."""

from __future__ import annotations

import pytest

from openoutcry.errors import ScenarioError
from openoutcry.mechanisms.tables import CountTable, Table
from openoutcry.scenario import read_values
from openoutcry.scenario.tables import TableShape, parse_values

ONE_GROUP = TableShape(groups=("g",), members=(2,), signal_levels=2, bidders=("ada", "bob"))
TWO_GROUPS = TableShape(groups=("g", "h"), members=(1, 1), signal_levels=3, bidders=("ada", "bob"))

GOOD = "g,ada,bob\n0,1,2\n1,3,2\n2,3,9\n"


def refusal(text: str, shape: TableShape = ONE_GROUP) -> ScenarioError:
    """Read a text that must be refused."""
    with pytest.raises(ScenarioError) as caught:
        parse_values(text, shape, file="v.csv")
    assert caught.value.file == "v.csv"
    return caught.value


def test_group_sums_are_read():
    """One table for each bidder, in roster order."""
    ada, bob = parse_values(GOOD, ONE_GROUP, file="v.csv")
    assert ada == Table(shape=(3,), values=(1, 3, 3))
    assert bob.values == (2, 2, 9)


def test_rows_columns_spaces_and_blank_lines_may_be_in_any_order():
    """Columns are found by name within states and bidders; the market's order is kept."""
    rows = [f"{h}, {g} ,{10 * g + h}, {g}" for g in (2, 0, 1) for h in (1, 2, 0)]
    text = "h, g, bob, ada\r\n\r\n" + "\r\n".join(rows) + "\r\n"
    ada, bob = parse_values(text, TWO_GROUPS, file="v.csv")
    assert ada.values == (0, 0, 0, 1, 1, 1, 2, 2, 2)
    assert bob.values == (0, 1, 2, 10, 11, 12, 20, 21, 22)


def test_counts_of_two_signal_values_are_read_as_sums():
    """The count of g:1 is the sum; both counts must fit the group."""
    text = "g:0,g:1,ada,bob\n2,0,1,2\n1,1,3,2\n0,2,3,9\n"
    assert parse_values(text, ONE_GROUP, file="v.csv") == parse_values(GOOD, ONE_GROUP, file="v.csv")


def test_a_group_and_a_bidder_may_have_the_same_name():
    """State columns come first, so there is no confusion."""
    shape = TableShape(groups=("ada",), members=(1,), signal_levels=2, bidders=("ada",))
    assert parse_values("ada,ada\n0,5\n1,6\n", shape, file="v.csv")[0].values == (5, 6)


def test_a_group_may_have_a_name_like_a_count_column():
    """A colon and a number in a group's own name do not make it a count."""
    shape = TableShape(groups=("g", "g:0"), members=(1, 1), signal_levels=3, bidders=("ada",))
    text = "g:0,g,ada\n" + "".join(f"{h},{g},{h}\n" for h in range(3) for g in range(3))
    assert parse_values(text, shape, file="v.csv")[0].values == (0, 1, 2) * 3


def test_a_byte_order_mark_is_accepted(tmp_path):
    """Spreadsheets write one."""
    path = tmp_path / "v.csv"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert read_values(path, ONE_GROUP, file="v.csv") == parse_values(GOOD, ONE_GROUP, file="v.csv")


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("", "row 1", "has no column for state 'g'"),
        ("g,ada,bob\n0,1,2\n2,3,9\n", "", "has 2 of 3 states: g=1 is missing"),
        (GOOD + "1,3,2\n", "row 5", "repeats the state g=1 of row 3"),
        (GOOD + "3,9,9\n", "row 5", "the signals of 'g' cannot add up to 3: 0..2"),
        (GOOD.replace("1,3,2", "1,0,2"), "row 3", "of 'ada' falls from 1 at g=0 (row 2) to 0 at g=1"),
        (GOOD.replace("2,3,9", "2,3,9223372036854775808"), "row 4", "outside 0..9223372036854775807"),
        (GOOD.replace("2,3,9", "2,3," + "9" * 6000), "row 4", "outside 0..9223372036854775807"),
        (GOOD.replace("0,1,2", "0,-1,2"), "row 2", "column 'ada' holds -1, outside 0.."),
        (GOOD.replace("0,1,2", "0,1.5,2"), "row 2", "column 'ada' holds '1.5', which is not an integer"),
        (GOOD.replace("0,1,2", "0,,2"), "row 2", "column 'ada' holds '', which is not an integer"),
        (GOOD.replace("0,1,2", "0,\u0661,2"), "row 2", "which is not an integer"),
        (GOOD.replace("0,1,2", "0,1"), "row 2", "has 2 cells; the header has 3"),
        ("g,ada\n0,1\n1,1\n2,1\n", "row 1", "has no column for bidder 'bob'"),
        (
            GOOD.replace("bob", "bobb"),
            "row 1",
            "column 'bobb' is no bidder of the market: did you mean 'bob'?",
        ),
        (GOOD.replace("bob", "ada"), "row 1", "column 'ada' stands there twice"),
        (GOOD.replace("g,", "k,"), "row 1", "column 'k' is no state of the market: known here are g"),
        (GOOD + '"0,1,2\n', "row 5", "is not CSV"),
        ("g:0,g:1,ada,bob\n2,0,1,2\n1,0,3,2\n", "row 3", "counts 1 + 0 members of 'g', which has 2"),
    ],
)
def test_wrong_tables_are_refused_with_their_row(text, key, reason):
    """A row is the line of the file, the header being row 1."""
    error = refusal(text)
    assert error.key == key
    assert reason in error.reason


def test_a_fall_along_any_group_is_found():
    """Each group's sum is checked, not only the first."""
    rows = [f"{g},{h},{g},{5 * g + (h == 1)}" for g in range(3) for h in range(3)]
    error = refusal("g,h,ada,bob\n" + "\n".join(rows), TWO_GROUPS)
    assert error.key == "row 4"
    assert "of 'bob' falls from 1 at g=0, h=1 (row 3) to 0 at g=0, h=2" in error.reason


COUNTS = TableShape(groups=("g",), members=(2,), signal_levels=3, bidders=("ada", "bob"))
COUNTED = "g:0,g:1,g:2,ada,bob\n2,0,0,0,5\n1,1,0,1,5\n1,0,1,5,6\n0,2,0,2,5\n0,1,1,7,9\n0,0,2,9,9\n"


def test_counts_of_more_signal_values_are_read():
    """One table by counts for each bidder, its values by states sorted."""
    ada, bob = parse_values(COUNTED, COUNTS, file="v.csv")
    assert ada == CountTable(members=(2,), signal_levels=3, values=(0, 1, 5, 2, 7, 9))
    assert bob == CountTable(members=(2,), signal_levels=3, values=(5, 5, 6, 5, 9, 9))


def test_rows_and_columns_of_counts_may_be_in_any_order():
    """Two groups, whose columns are mixed."""
    shape = TableShape(groups=("g", "h"), members=(1, 2), signal_levels=3, bidders=("ada",))
    rows = [
        (g, h, 9 * g.index(1) + h[1] + 3 * h[2])
        for g in ((0, 0, 1), (1, 0, 0), (0, 1, 0))
        for h in ((0, 0, 2), (2, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 0), (0, 2, 0))
    ]
    lines = [f"{h[2]},{g[1]},{h[0]},{g[0]},{h[1]},{g[2]},{worth}" for g, h, worth in rows]
    (table,) = parse_values("h:2,g:1,h:0,g:0,h:1,g:2,ada\n" + "\n".join(lines), shape, file="v.csv")
    assert isinstance(table, CountTable)
    for g, h, worth in rows:
        state = (g[1] + g[2], g[2], h[1] + h[2], h[2])
        assert table.value(state) == worth


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        (COUNTED.replace("1,0,1,5,6\n", ""), "", "has 5 of 6 states: g:0=1, g:1=0, g:2=1 is missing"),
        (COUNTED + "1,1,0,1,5\n", "row 8", "repeats the state g:0=1, g:1=1, g:2=0 of row 3"),
        (COUNTED + "1,1,1,1,5\n", "row 8", "counts 1 + 1 + 1 members of 'g', which has 2"),
        (
            COUNTED.replace("0,2,0,2,5", "0,2,0,2,4"),
            "row 5",
            "falls from 5 at g:0=1, g:1=1, g:2=0 (row 3) to 4 at g:0=0",
        ),
        (
            COUNTED.replace("0,1,1,7,9", "0,1,1,4,9"),
            "row 6",
            "of 'ada' falls from 5 at g:0=1, g:1=0, g:2=1 (row 4) to 4",
        ),
        (COUNTED.replace("g:2,", "g:3,"), "row 1", "column 'g:3' is no state of the market"),
        (COUNTED.replace("2,0,0,0,5", "2,0,0,0,-5"), "row 2", "column 'bob' holds -5, outside 0.."),
        ("g:0,g:1,ada,bob\n2,0,1,2\n", "row 1", "column 'ada' is no state of the market"),
    ],
)
def test_wrong_tables_by_counts_are_refused_with_their_row(text, key, reason):
    """Missing, repeated and impossible states, and values that fall when one signal rises."""
    error = refusal(text, COUNTS)
    assert error.key == key
    assert reason in error.reason


def test_a_missing_state_of_more_states_than_can_be_written_is_found_at_once():
    """Its number has thousands of digits."""
    groups = tuple(f"g{index}" for index in range(20))
    shape = TableShape(groups=groups, members=(9_000,) * 20, signal_levels=300, bidders=("ada",))
    columns = [f"{group}:{signal}" for group in groups for signal in range(300)]
    row = [9_000 if column.endswith(":0") else 0 for column in columns]
    text = f"{','.join([*columns, 'ada'])}\n{','.join(map(str, [*row, 0]))}\n"
    assert "has 1 of about 10^" in refusal(text, shape).reason


def test_a_missing_state_of_a_huge_market_is_found_at_once():
    """The search stops at the first gap instead of listing 2^40 states."""
    groups = tuple(f"g{index}" for index in range(40))
    shape = TableShape(groups=groups, members=(1,) * 40, signal_levels=2, bidders=("ada",))
    header, zeros = ",".join([*groups, "ada"]), ",".join(["0"] * 41)
    assert "of 1099511627776 states" in refusal(f"{header}\n{zeros}\n", shape).reason


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    """The first wrong byte is named."""
    path = tmp_path / "v.csv"
    path.write_bytes(b"g,ada,b\xf6b\n")
    with pytest.raises(ScenarioError, match=r"is not UTF-8 \(byte 7\)"):
        read_values(path, ONE_GROUP, file="v.csv")
