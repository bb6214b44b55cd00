"""An auction in progress as text: a line for each bidder, with its clock. What it privately knows is not shown."""

from __future__ import annotations

from collections.abc import Sequence

from openoutcry.lab.environment.episode import Episode
from openoutcry.mechanisms.market import Market

BAR_LIMIT = 32
"""Levels that a bar shows one by one; with more, each character stands for several."""


def draw_clocks(episode: Episode, *, agents: Sequence[str], mechanism: str) -> str:
    """Return the text.

    Args:
        episode: It.
        agents: Length n: their names.
        mechanism: Its name.
    """
    market = episode.auction.market
    assert isinstance(market, Market), "episodes have markets of signals"
    bars = [_draw_bar(clock, market.signal_levels - 1) for clock in episode.clocks]
    widths = max(map(len, agents)), max(len(bidder.name) for bidder in market.bidders)
    lines = [f"{market.lot}, {mechanism}"]
    for bidder, (agent, bar) in enumerate(zip(agents, bars, strict=True)):
        name = market.bidders[bidder].name
        line = f"{agent:<{widths[0]}}  {name:<{widths[1]}}  {bar}  {_describe(episode, bidder)}"
        lines.append(line.rstrip())
    if episode.result is not None:
        lines.append(episode.result.reason)
    return "\n".join(lines)


def _describe(episode: Episode, bidder: int) -> str:
    asked = episode.asked.get(bidder)
    if asked is not None:
        offer = "" if asked.price is None else f", to buy for {asked.price} at {asked.target}"
        return f"is asked for level {asked.level}{offer}"
    result = episode.result
    if result is not None and result.winner == result.names[bidder]:
        return f"buys for {result.price}, worth {result.values[bidder]}"
    return "has left" if episode.exited[bidder] else ""


def _draw_bar(clock: int, top: int) -> str:
    length = min(top, BAR_LIMIT)
    filled = clock * length // top
    return f"[{'#' * filled}{'.' * (length - filled)}] {clock}/{top}"
