"""The optimal revenue of every market of a campaign: what the best auction for its prior earns on average.

It is a matter of the market and not of the auction, the mechanism or the strategies, so it is worked out once for each
market, before anything is played, and kept on disk as chunks of auctions are. Markets that are too large have none, and
one line says so for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from openoutcry.errors import OpenOutcryError
from openoutcry.lab.campaigns.campaign import Campaign, Raw
from openoutcry.lab.campaigns.dispatching import Dispatcher
from openoutcry.lab.campaigns.engines import Engine
from openoutcry.lab.campaigns.storing import store
from openoutcry.lab.campaigns.work import draw_instances
from openoutcry.lab.instances.generator import TypeInstances

TellMarkets = Callable[[int, int], None]
"""Told how many markets are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketTask:
    """A market whose optimal revenue is to be found.

    Attributes:
        number: Among the campaign's markets, from 0.
        seed: The campaign's.
        generator: Name of the instance generator.
        parameters: Of the generator.
        name: Of the market: `Cell.market_name`, for the optimal revenue hangs on all that it tells.
        luck: Of the market: `Cell.luck_name`.
    """

    number: int
    seed: str
    generator: str
    parameters: Raw
    name: str
    luck: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRevenue:
    """What came of it.

    Attributes:
        revenue: In minor units, exact, as text such as "7/12"; None when it is not known.
        refusal: Why it is not known; empty otherwise.
    """

    revenue: str | None
    refusal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Optima:
    """The optimal revenues of a campaign.

    Attributes:
        revenues: By name of the market, in minor units; None where it is not known.
        note: One line when some are not known; empty otherwise.
    """

    revenues: Mapping[str, Fraction | None]
    note: str


NO_OPTIMA = Optima(revenues={}, note="")
"""Of a campaign that does not ask for them."""


def find_revenue(task: MarketTask) -> MarketRevenue:
    """Return the optimal revenue of a market of types."""
    # Brings a solver with it, which hardly any campaign needs.
    from openoutcry.mechanisms.crowd.optimal import optimal_revenue

    try:
        instances = draw_instances(task.seed, task.generator, task.parameters, task.luck)
        assert isinstance(instances, TypeInstances), "campaigns of signals do not ask"
        best = optimal_revenue(instances.market, instances.prior)
    except OpenOutcryError as refusal:
        return MarketRevenue(revenue=None, refusal=str(refusal))
    if not best.is_exact:
        between = f"it was only proved to lie between {float(best.lower):.6g} and {float(best.upper):.6g}"
        return MarketRevenue(revenue=None, refusal=between)
    return MarketRevenue(revenue=str(best.lower), refusal="")


def find_optima(
    campaign: Campaign, folder: Path, engine: Engine, *, tell: TellMarkets | None = None
) -> Optima:
    """Work out what is not yet in the folder, and return the optimal revenues of all markets.

    Args:
        campaign: Of types, if it asks for optimal revenues.
        folder: Where each is kept, in a file of its own.
        engine: Does the work.
        tell: Told how far it is.

    Raises:
        ServiceError: A market was lost together with its worker too often.
        ConfigurationError: A file cannot be written.
    """
    if not campaign.optimal_revenue:
        return NO_OPTIMA
    folder.mkdir(exist_ok=True)
    tasks = tuple(_tasks(campaign))
    found = {task.number: known for task in tasks if (known := _read(_path(folder, task))) is not None}

    def take(task: MarketTask, revenue: MarketRevenue) -> None:
        found[task.number] = revenue
        text = json.dumps({"revenue": revenue.revenue, "refusal": revenue.refusal})
        store(_path(folder, task), text.encode())
        if tell is not None:
            tell(len(found), len(tasks))

    if tell is not None:
        tell(len(found), len(tasks))
    dispatcher = Dispatcher(
        engine, find_revenue, take=take, describe=lambda task: f"the optimal revenue of market {task.name}"
    )
    dispatcher.run(iter([task for task in tasks if task.number not in found]))
    revenues = {
        task.name: None if (text := found[task.number].revenue) is None else Fraction(text) for task in tasks
    }
    return Optima(revenues=revenues, note=_note([found[task.number] for task in tasks]))


def _tasks(campaign: Campaign) -> Iterator[MarketTask]:
    """Yield the markets of a campaign, each once, in the order of its cells."""
    names: set[str] = set()
    for cell in campaign.cells:
        for market in range(cell.markets):
            name = cell.market_name(market)
            if name in names:
                continue
            names.add(name)
            yield MarketTask(
                number=len(names) - 1,
                seed=campaign.seed,
                generator=cell.generator,
                parameters=cell.instance_parameters,
                name=name,
                luck=cell.luck_name(market),
            )


def _note(found: list[MarketRevenue]) -> str:
    unknown = [each.refusal for each in found if each.revenue is None]
    if not unknown:
        return ""
    return f"the optimal revenue of {len(unknown):,} of {len(found):,} markets is not known: {unknown[0]}"


def _path(folder: Path, task: MarketTask) -> Path:
    return folder / f"{task.number:07d}.json"


def _read(path: Path) -> MarketRevenue | None:
    """Return what is kept of a market; None for nothing, or what cannot be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        revenue, refusal = kept["revenue"], str(kept["refusal"])
        return MarketRevenue(revenue=None if revenue is None else str(Fraction(revenue)), refusal=refusal)
    except (OSError, ValueError, TypeError, KeyError, ZeroDivisionError):
        return None
