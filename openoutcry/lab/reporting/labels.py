"""Short names for what a campaign compares: whatever is the same everywhere is left out."""

from __future__ import annotations

from collections.abc import Sequence

from openoutcry.lab.campaign import Campaign, Raw


def short_labels(entries: Sequence[tuple[str, Raw]]) -> tuple[str, ...]:
    """Return a name for each entry, with those parameters in which entries of its name differ.

    Args:
        entries: Names with raw parameters.
    """
    chosen: dict[str, list[dict[str, str]]] = {}
    for name, raw in entries:
        chosen.setdefault(name, []).append({key: str(value) for key, value in raw})
    labels = []
    for name, raw in entries:
        varying = [
            f"{key}={value}"
            for key, value in raw
            if any(other.get(key) != str(value) for other in chosen[name])
        ]
        labels.append(f"{name} {', '.join(varying)}" if varying else name)
    return tuple(labels)


def mechanism_labels(campaign: Campaign) -> tuple[str, ...]:
    """Return a short name of the mechanism of each cell."""
    return short_labels([(cell.mechanism, cell.parameters) for cell in campaign.cells])


def instance_labels(campaign: Campaign) -> tuple[str, ...]:
    """Return a short name of the instances of each cell."""
    return short_labels(
        [(cell.generator, (*cell.instance_parameters, ("markets", cell.markets))) for cell in campaign.cells]
    )
