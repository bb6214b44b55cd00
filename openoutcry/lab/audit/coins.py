"""Which random choices can happen together: the truth and a lie are compared under the same luck.

Luck is fixed before anybody answers. What a bidder says may change which draws are made, but not what a draw gives: one
under the same label, over the same options, gives the same result, and all picks of a label follow one order of the
roster. That is how a seeded session draws. Draws that differ in their options have nothing to do with each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from openoutcry.mechanisms.chance import Draw

Luck = tuple[Draw, ...]


def can_coincide(first: Luck, second: Luck) -> bool:
    """Return whether some luck, fixed beforehand, gives both the first draws and the second."""
    results: dict[object, object] = {}
    preferences: dict[str, list[tuple[int, Sequence[int]]]] = {}
    for draw in (*first, *second):
        if draw.kind == "pick":
            assert isinstance(draw.options, tuple)
            preferences.setdefault(draw.label, []).append((int(draw.result), draw.options))
        elif results.setdefault((draw.label, draw.kind, draw.options), draw.result) != draw.result:
            return False
    return all(map(_has_order, preferences.values()))


def _has_order(picks: Iterable[tuple[int, Sequence[int]]]) -> bool:
    """Return whether one order of the roster puts each picked candidate before the others it was picked from."""
    after: dict[int, set[int]] = {}
    for picked, candidates in picks:
        after.setdefault(picked, set()).update(other for other in candidates if other != picked)
    while after:
        last = [bidder for bidder, others in after.items() if not others & after.keys()]
        if not last:
            return False
        for bidder in last:
            del after[bidder]
    return True


def named(draws: Luck) -> Iterator[tuple[str, str]]:
    """Yield each draw as a label and a result for people; those with one possible result are left out."""
    for draw in draws:
        is_free = draw.options not in (1, 0) and not (
            isinstance(draw.options, tuple) and draw.kind == "pick" and len(draw.options) == 1
        )
        if is_free:
            yield draw.label, str(draw.result)
