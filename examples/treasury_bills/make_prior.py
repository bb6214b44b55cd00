"""Write prior.csv and knowledge.csv: how the four banks' values hang together, and what banks can tell of each other.

Run it from anywhere: python make_prior.py. It needs nothing but the standard library and always writes the same files.

What the bills are worth to a bank is a rung of one ladder, and follows from two things:

- the money market, `easy`, `normal` or `tight`: the harder cash is to come by, the more everybody's clients want bills.
  It lifts all banks alike, by 0, 1 or 2 rungs, so their values rise together;
- the bank's own order book, `thin`, `usual` or `full`: 0, 1 or 2 rungs more, whatever the others' books are.

A bank knows its value, and the middle rungs come about in several ways: a value is evidence of the market, no proof.

On top of that three banks deal with each other daily. Whoever clears another's trades sees whether its book is good for
a high value: `keen`, from KEEN on, or `calm`. That is what the labels in knowledge.csv say, after the bank's own value.
"""

import csv
import itertools
import math
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

LADDER = (40, 60, 90, 130, 180)
"""What the bills may be worth: thousands of euros above what the Treasury's own account would pay for them."""

KEEN = 130

MARKET = {"easy": 3, "normal": 5, "tight": 2}
"""Weight of each state of the money market."""

BOOKS = {"alder": (3, 2, 1), "birch": (1, 2, 1), "cedar": (1, 2, 2), "dogwood": (4, 1, 1)}
"""Weights of a thin, a usual and a full book of each bank, in the order of the roster."""

CLEARS = {"alder": "birch", "birch": "cedar", "cedar": "alder"}
"""Who clears whose trades. Dogwood came last month: it sees nobody's, and nobody sees its."""

Values = tuple[int, ...]


def prior() -> dict[Values, int]:
    """Return the weight of every combination of values, in rising order: of all markets and books that lead to it."""
    weights: Counter[Values] = Counter()
    for lift, market in enumerate(MARKET.values()):
        for books in itertools.product(range(3), repeat=len(BOOKS)):
            likely = math.prod(odds[book] for odds, book in zip(BOOKS.values(), books, strict=True))
            weights[tuple(LADDER[lift + book] for book in books)] += market * likely
    return dict(sorted(weights.items()))


def seen(values: Values) -> list[str]:
    """Return what each bank that clears for another can tell: its own value, and whether the other is keen."""
    by_name = dict(zip(BOOKS, values, strict=True))
    return [
        f"{by_name[bank]} {'keen' if by_name[other] >= KEEN else 'calm'}" for bank, other in CLEARS.items()
    ]


def write(name: str, rows: Iterable[Iterable[object]]) -> None:
    """Write a file beside this one."""
    with Path(__file__).with_name(name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> None:
    """Write both files."""
    weights = prior()
    write("prior.csv", [[*BOOKS, "weight"], *([*values, weight] for values, weight in weights.items())])
    labels = [f"{bank}_sees" for bank in CLEARS]
    write("knowledge.csv", [[*BOOKS, *labels], *([*values, *seen(values)] for values in weights)])


if __name__ == "__main__":
    main()
