"""Short names for what a campaign compares: whatever is the same everywhere is left out, and said once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openoutcry.lab.campaigns.campaign import Campaign, Cell, Raw

Entry = tuple[str, Raw]
"""A name with raw parameters."""


def short_labels(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return a name for each entry, with those parameters in which entries of its name differ.

    A name that all entries have is left out where the parameters alone tell them apart.

    Args:
        entries: Of mechanisms, or of instances.
    """
    varying = _varying(entries)
    if _is_left_out(entries):
        return tuple(", ".join(words) for words in varying)
    return tuple(
        f"{name} {', '.join(words)}" if words else name
        for (name, _), words in zip(entries, varying, strict=True)
    )


def _varying(entries: Sequence[Entry]) -> list[list[str]]:
    common = _common_keys(entries)
    return [[f"{key}={value}" for key, value in raw if key not in common[name]] for name, raw in entries]


def _is_left_out(entries: Sequence[Entry]) -> bool:
    """Return whether all entries have one name, and each some parameter that varies."""
    return len({name for name, _ in entries}) == 1 and all(_varying(entries))


def mechanism_labels(campaign: Campaign) -> tuple[str, ...]:
    """Return a short name of the mechanism of each cell."""
    return short_labels(_mechanisms(campaign))


def instance_labels(campaign: Campaign) -> tuple[str, ...]:
    """Return a short name of the instances of each cell."""
    return short_labels(_instances(campaign))


def strategy_labels(campaign: Campaign) -> tuple[str, ...]:
    """Return a short name of the strategies of each cell: the observed bidder's, where all others have one."""
    return tuple(
        cell.observed if _others_are_alike(campaign) else cell.strategies_label for cell in campaign.cells
    )


def common_labels(campaign: Campaign) -> tuple[str, ...]:
    """Return what short names leave out: a line for each mechanism, generator and strategy with something common."""
    return tuple(_common(campaign))


def _common(campaign: Campaign) -> Iterator[str]:
    for entries in (_mechanisms(campaign), _instances(campaign)):
        common = _common_keys(entries)
        for name, raw in dict(entries).items():
            words = [f"{key}={value}" for key, value in raw if key in common[name]]
            if words:
                yield f"{name}: {', '.join(words)}"
            elif _is_left_out(entries):
                yield f"{name}, with different parameters"
    cells = campaign.cells
    if len({cell.strategies_label for cell in cells}) == 1:
        yield f"strategies: {cells[0].strategies_label}"
    elif _others_are_alike(campaign):
        yield f"strategies: of bidder {cells[0].observed_bidder}; all others are {cells[0].everyone}"
    counts = {cell.replications for cell in cells}
    if len(counts) == 1:
        yield f"auctions: {counts.pop():,} in each market"


def _others_are_alike(campaign: Campaign) -> bool:
    return len({cell.everyone for cell in campaign.cells}) == 1


def _common_keys(entries: Sequence[Entry]) -> dict[str, set[str]]:
    """Return by name the keys that all entries of this name have, with one value."""
    common: dict[str, dict[str, str]] = {}
    for name, raw in entries:
        words = {key: str(value) for key, value in raw}
        kept = common.setdefault(name, words)
        common[name] = {key: value for key, value in kept.items() if words.get(key) == value}
    return {name: set(words) for name, words in common.items()}


def _mechanisms(campaign: Campaign) -> list[Entry]:
    return [(cell.mechanism, cell.parameters) for cell in campaign.cells]


def _instances(campaign: Campaign) -> list[Entry]:
    return [_instance(cell) for cell in campaign.cells]


def _instance(cell: Cell) -> Entry:
    return cell.generator, (*cell.instance_parameters, ("markets", cell.markets))
