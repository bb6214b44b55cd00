"""Pretending to be another type of one's own public list: what several deviations have in common."""

from __future__ import annotations

from openoutcry.strategies.seats import TypeSeat
from openoutcry.strategies.views import RaiseView, View


def shifted_index(view: View, places: int) -> int:
    """Return the place in the own list that lies so many places further up (down, when negative), within the list."""
    return min(max(view.value_index + places, 0), len(view.types) - 1)


def stays_shifted(view: RaiseView, levels: int) -> bool:
    """Whether a truthful bidder would stay whose signal, or place in the own list of types, lies so many further up."""
    if isinstance(view.seat, TypeSeat):
        return view.would_pay(shifted_index(view, levels))
    return view.level <= view.signal + levels


def other_index(view: View, index: int) -> int:
    """Return another place in the own list: the one below, or above the lowest; the same when there is no other."""
    return index - 1 if index else min(1, len(view.types) - 1)
