"""What a mark says when one points at it: its fields, under names for people."""

from __future__ import annotations

from typing import Any

from openoutcry.lab.pictures.libraries import import_altair

_TITLES = {
    "instead": "truthful is",
    "owner": "told by",
    "subject": "told of",
    "truth": "privately knew",
    "until": "until record",
    "last_wave": "last wave",
    "last_level": "highest level",
}


def hover(*fields: str, **titles: str) -> list[Any]:
    """Return the tooltip of a mark.

    Args:
        fields: With their types, as Vega-Lite writes them: `bidder:N`.
        titles: Of fields that have another name here than everywhere.
    """
    alt = import_altair()
    names = [field.partition(":")[0] for field in fields]
    return [
        alt.Tooltip(field, title=titles.get(name, _TITLES.get(name, name)))
        for field, name in zip(fields, names, strict=True)
    ]
