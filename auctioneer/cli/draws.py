"""One random choice in words."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from auctioneer.cli.printing import show_exact
from openoutcry.mechanisms.chance import Draw


def describe_draw(draw: Draw, names: Sequence[str]) -> str:
    """Return one draw in words; `names` are of those who took part."""
    match draw.options:
        case tuple(weights) if draw.kind == "weighted":
            chance = show_exact(Fraction(weights[int(draw.result)], sum(weights)), has_decimal=False)
            return f"{draw.label}: choice {draw.result} of {len(weights)}, with probability {chance}"
        case tuple(candidates):
            offered = ", ".join(show_place(candidate, names) for candidate in candidates)
            return f"{draw.label}: {show_place(int(draw.result), names)} of {offered}"
        case Fraction() as probability:
            shown = show_exact(probability, has_decimal=False)
            return f"{draw.label}: {'yes' if draw.result else 'no'}, with probability {shown}"
        case count if draw.label.endswith("/informant"):
            return f"{draw.label}: {show_place(int(draw.result), names)}, one of {count}"
        case count:
            return f"{draw.label}: {draw.result} of 0..{count - 1}"


def draw_values(draw: Draw) -> dict[str, object]:
    """Return one draw as one JSON object."""
    return {"label": draw.label, "kind": draw.kind, "options": draw.options, "result": draw.result}


def show_place(place: object, names: Sequence[str]) -> str:
    """Return the name of the bidder at a place; what is no place stands as it is."""
    return names[place] if isinstance(place, int) and 0 <= place < len(names) else str(place)
