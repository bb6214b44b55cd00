"""A wrong CSV file beside a scenario of a market of types is refused with file and row."""

from __future__ import annotations

import pytest

TABLES = [
    ("prior.csv", "ada,bob\n1,1\n", "row 1", "must be the header: names of bidders, then 'weight' last"),
    ("prior.csv", "", "row 1", "must be the header: names of bidders, then 'weight' last"),
    ("prior.csv", "ada,weight\n1,1\n", "row 1", "has no column for bidder 'bob'"),
    (
        "prior.csv",
        "ada,bob,eve,weight\n",
        "row 1",
        "column 'eve' is no bidder of the market: known here are ada, bob",
    ),
    ("prior.csv", "ada,ada,bob,weight\n", "row 1", "column 'ada' stands there twice"),
    ("prior.csv", "ada,bob,weight\n", "row 1", "no row below gives a weight above 0"),
    ("prior.csv", "ada,bob,weight\n1,1,0\n", "row 1", "no row below gives a weight above 0"),
    ("prior.csv", "ada,bob,weight\n1,1\n", "row 2", "has 2 cells; the header has 3"),
    (
        "prior.csv",
        "ada,bob,weight\n1,1,1\n5,1,0\n",
        "row 3",
        "column 'ada': 5 is not among the types of 'ada': 1, 4, 6",
    ),
    ("prior.csv", "ada,bob,weight\n1,1,1\n\n1,1,2\n", "row 4", "repeats the types of row 2"),
    (
        "prior.csv",
        "ada,bob,weight\n1,1,1/2\n",
        "row 2",
        "column 'weight' holds '1/2', which is not an integer",
    ),
    (
        "prior.csv",
        "ada,bob,weight\n1,1,-1\n",
        "row 2",
        "column 'weight' holds -1, outside 0..9223372036854775807",
    ),
    ("prior.csv", 'ada,bob,weight\n"1,1,1\n', "row 2", "is not CSV: unexpected end of data"),
    ("ada-belief.csv", "ada,weight\n4,1\n", "row 1", "has no column for bidder 'bob'"),
    (
        "ada-belief.csv",
        "ada,bob,weight\n4,1,1\n6,4,1\n",
        "row 3",
        "column 'ada' holds 6; 'ada' knows that its own is 4",
    ),
    ("ada-belief.csv", "bob,weight\n1,0\n", "row 1", "no row below gives a weight above 0"),
    ("ada-belief.csv", "bob,weight\n6,1\n", "row 2", "column 'bob': 6 is not among the types of 'bob': 1, 4"),
    (
        "cells.csv",
        "ada,bob\n1,1\n",
        "row 1",
        "must be the header: a column for each bidder, then columns of labels",
    ),
    (
        "cells.csv",
        "ada,season\n1,1\n",
        "row 1",
        "column 'season' is no bidder of the market: known here are ada, bob",
    ),
    ("cells.csv", "ada,bob,x,x\n1,1,a,b\n", "row 1", "columns of labels need different names"),
    (
        "cells.csv",
        "ada,bob,reason\n1,1,a\n4,1,b\n4,4,c\n",
        "row 1",
        "has no column of labels 'season': did you mean 'reason'?",
    ),
    (
        "cells.csv",
        "ada,bob,season\n1,1,a\n4,1,b\n",
        "row 1",
        "no row below is about ada=4, bob=4, which the prior allows",
    ),
    ("cells.csv", "ada,bob,season\n1,1,a\n1,1,b\n", "row 3", "repeats the types of row 2"),
    (
        "cells.csv",
        "ada,bob,season\n1,7,a\n",
        "row 2",
        "column 'bob': 7 is not among the types of 'bob': 1, 4",
    ),
    (
        "cells.csv",
        "ada,bob,season\n1,1,a\n4,1,b\n4,4,a\n",
        "row 4",
        "puts bob=4 into the cell 'a' of row 2, where bob=1: a bidder knows its own",
    ),
]


@pytest.mark.parametrize(("name", "content", "key", "reason"), TABLES)
def test_a_wrong_table_is_refused_with_file_and_row(refuse, lorry, name, content, key, reason):
    """The message names the file that is wrong, not the one that names it."""
    assert refuse(lorry, {name: content}) == (name, key, reason)


def test_a_file_of_too_many_rows_is_refused_at_the_first_of_them(refuse, lorry):
    """The rest of it is not looked at: its last row would be refused for something else."""
    wide = lorry.replace("types = [1, 4, 6]", f"types = {list(range(1001))}")
    wide = wide.replace("types = [1, 4]", f"types = {list(range(101))}")
    rows = [f"{ada},{bob},1" for bob in range(101) for ada in range(1001)]
    content = "\n".join(["ada,bob,weight", *rows, "no row at all"])
    assert refuse(wide, {"prior.csv": content}) == (
        "prior.csv",
        "row 100002",
        "is row 100001 below the header; at most 100000 are computed with: leave out unlikely rows, or give "
        "independent types as a product",
    )


@pytest.mark.parametrize("name", ["ada-belief.csv", "cells.csv", "prior.csv"])
def test_a_missing_file_is_refused_by_its_own_name(refuse, lorry, name):
    """As every other file that a scenario names."""
    text = lorry.replace(name, f"absent-{name}")
    assert refuse(text) == (
        f"absent-{name}",
        "",
        "cannot be read: No such file or directory",
    )


def test_private_values_that_the_prior_rules_out_are_refused(refuse, lorry):
    """One that never occurs, and two that never occur together."""
    alone = {"prior.csv": "ada,bob,weight\n1,4,1\n6,4,1\n", "cells.csv": "ada,bob,season\n1,4,x\n6,4,x\n"}
    assert refuse(lorry, alone) == (
        "s.toml",
        "prior",
        "it gives no weight to the private value given, ada=4",
    )
    together = {"prior.csv": "ada,bob,weight\n1,4,1\n4,1,1\n", "cells.csv": "ada,bob,season\n1,4,x\n4,1,y\n"}
    assert refuse(lorry, together) == (
        "s.toml",
        "prior",
        "it gives no weight to the private values given together, ada=4, bob=4",
    )
