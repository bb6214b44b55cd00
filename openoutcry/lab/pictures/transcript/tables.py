"""Tables of a transcript's page: who took part, what was drawn, who pays what, what was wrong, what verified."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from openoutcry.lab.pictures.page import Table
from openoutcry.lab.pictures.transcript.amounts import show_amount, show_probability
from openoutcry.lab.pictures.transcript.discovery import Discovery
from openoutcry.lab.pictures.transcript.explanations import LEVELS, purpose_of_draw
from openoutcry.lab.pictures.transcript.rewards import side_payments
from openoutcry.lab.pictures.transcript.story import Story
from openoutcry.mechanisms.chance import Draw
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market

ROWS = 250
"""Rows of one table, at most; a page that holds more is slow, and nobody reads them."""

DASH = "\u2013"
"""Stands where there is nothing to say."""

LONG_LIST = 6
"""Candidates of a draw that are named, at most."""


def facts_table(story: Story) -> Table:
    """Return what the session was about."""
    specification, market = story.session.specification, story.market
    parameters = ", ".join(f"{name} {value}" for name, value in sorted(specification.parameters.items()))
    goods = market.environment.goods if isinstance(market, TypeMarket) else ()
    facts = [
        ("lot", market.lot),
        ("goods", ", ".join(goods) if len(goods) > 1 else ""),
        ("mechanism", specification.mechanism),
        ("parameters", parameters),
        ("invited", str(len(market.bidders))),
        ("in the market", str(len(story.players))),
        ("waves of questions", str(len(story.turns))),
        ("records in the log", str(story.records)),
        ("session", story.session.session_id.hex()),
        ("auctioneer's key", story.verification.auctioneer_key.hex()),
    ]
    return Table(
        columns=("about", "this session"), rows=tuple((name, value) for name, value in facts if value)
    )


def roster_table(story: Story) -> Table:
    """Return everybody who was invited, with what stands for each in the log."""
    market, session = story.market, story.session
    ids = {party.name: party.sender_id.hex() for party in session.enrolment.parties.values()}
    players = set(story.players)
    rows = []
    for bidder in market.bidders:
        record, release = story.enrolled.get(bidder.name, (None, ""))
        group = market.groups[bidder.group] if isinstance(market, Market) else ""  # type: ignore[union-attr]
        part = "yes" if bidder.name in players else "no" if session.players else ""
        rows.append((bidder.name, group, _or_dash(record), part, release, ids.get(bidder.name, "")))
    columns = ("bidder", "group", "enrolled at record", "in the market", "release", "sender id")
    return _capped("", _without_empty(columns, rows), noun="bidders")


def outcome_table(story: Story) -> Table | None:
    """Return who gets and pays what; bidders that get and pay nothing are counted in one last row."""
    outcome, market = story.outcome, story.market
    if outcome is None:
        return None
    beside = side_payments(story)
    awards = {story.session.members[award.bidder].name: award for award in outcome.awards}
    rows: list[tuple[str, ...]] = []
    others = 0
    for member, paid in zip(story.session.members, outcome.payments, strict=True):
        award = awards.get(member.name)
        if award is None and not paid:
            others += 1
            continue
        gets = _goods(market, award.goods) if award else DASH
        price = show_amount(award.price, market) if award else DASH
        side = beside[member.name]
        rows.append(
            (member.name, gets, price, show_amount(side, market) if side else DASH, show_amount(paid, market))
        )
    if others:
        everybody = f"{others} {'bidder' if others == 1 else 'bidders'} more"
        rows.append((everybody if rows else f"{others} bidders", DASH, DASH, DASH, "0"))
    columns: tuple[str, ...] = ("bidder", "gets", "for", "is paid beside that", "pays in all")
    if not any(beside.values()):
        columns, rows = ("bidder", "gets", "pays"), [(row[0], row[1], row[4]) for row in rows]
    caption = f"Who gets and pays what, in {market.currency}"
    return _capped(caption, Table(columns=columns, rows=tuple(rows)), noun="bidders")


def _goods(market: Market | TypeMarket, goods: Sequence[int]) -> str:
    if isinstance(market, Market):
        return market.lot
    if len(market.environment.goods) == 1:
        return market.lot
    return "+".join(market.environment.goods[good] for good in goods)


def deviation_table(story: Story) -> Table | None:
    """Return every deviation; None when there is none."""
    if not story.marks:
        return None
    rows = [
        (
            str(mark.record),
            _or_dash(story.wave_at(mark.record)),
            mark.bidder or "nobody is blamed",
            mark.kind,
            mark.what,
            mark.instead or DASH,
        )
        for mark in story.marks
    ]
    columns = ("record", "wave", "bidder", "kind", "what", "truthful is")
    return _capped("", Table(columns=columns, rows=tuple(rows)), noun="deviations")


def wave_table(story: Story) -> Table:
    """Return the waves: why these were asked, and how it ended."""
    rows: list[tuple[str, ...]] = []
    for turn in story.turns:
        climbs = [climb for climb in story.climbs if climb.wave == turn.number]
        asked = len({climb.bidder for climb in climbs}) + sum(r.wave == turn.number for r in story.reports)
        exits = sum(climb.ending in ("left", "silent") for climb in climbs)
        rows.append(
            (str(turn.number), str(turn.first), str(asked), str(len(climbs)), str(exits), turn.reason)
        )
    columns: tuple[str, ...] = ("wave", "first record", "bidders asked", "levels asked", "exits", "why")
    if not story.climbs:
        columns, rows = (*columns[:3], "why"), [(*row[:3], row[5]) for row in rows]
    return _capped("Waves of questions", Table(columns=columns, rows=tuple(rows)), noun="waves")


def discovery_table(discovery: Discovery) -> Table:
    """Return who was discovered how, in the order of discovery."""
    unit = "step" if discovery.is_sealed_form else "wave"
    end = discovery.steps[-1]
    rows = []
    for name, (how, number, signal) in discovery.found.items():
        # Who was never asked keeps its signal, unless it had reported it.
        is_asked = number >= 0 and (number, end.phase) != (end.number, "end")
        told = str(signal) if is_asked or discovery.is_sealed_form else DASH
        rows.append((name, how, _or_dash(number if is_asked else None), told))
    table = Table(columns=("bidder", "discovered", f"in {unit}", "signal"), rows=tuple(rows))
    return _capped("Who was discovered how", table, noun="bidders")


def draw_table(story: Story) -> Table | None:
    """Return every draw with its probability; None when nothing was drawn."""
    if not story.draws:
        return None
    rows = [
        (
            "the end" if wave is None else f"wave {wave}",
            purpose_of_draw(draw.label),
            *_describe(draw, story),
            draw.label,
        )
        for wave, draw in story.draws
    ]
    columns = ("before", "what was drawn", "among", "came out", "probability", "label in the log")
    return _capped("Draws", Table(columns=columns, rows=tuple(rows)), noun="draws")


def draw_probability(draw: Draw) -> Fraction:
    """Return how likely what was drawn was."""
    match draw.options:
        case tuple(weights) if draw.kind == "weighted":
            return Fraction(weights[int(draw.result)], sum(weights))
        case tuple(candidates):
            return Fraction(1, len(candidates))
        case Fraction() as probability:
            return probability if draw.result else 1 - probability
        case int(count):
            return Fraction(1, count)


def _describe(draw: Draw, story: Story) -> tuple[str, str, str]:
    names, chance = story.players, show_probability(draw_probability(draw))
    match draw.options:
        case tuple(weights) if draw.kind == "weighted":
            return f"{len(weights)} choices", f"choice {draw.result}", chance
        case tuple(candidates):
            shown = ", ".join(names[place] for place in candidates[:LONG_LIST])
            more = f" and {len(candidates) - LONG_LIST} more" if len(candidates) > LONG_LIST else ""
            return shown + more, names[int(draw.result)], chance
        case int() if draw.label.endswith("/group"):
            groups = _populated(story)
            return ", ".join(groups), groups[int(draw.result)], chance
        case int(count) if not draw.label.endswith("/informant"):
            return f"0 to {count - 1}", str(draw.result), chance
        case int(count):
            return f"{count} bidders", names[int(draw.result)], chance
        case _:
            return "yes, no", "yes" if draw.result else "no", chance


def _populated(story: Story) -> list[str]:
    """Return the groups that have members in the market: those that can be guessed."""
    market = story.played_market()
    assert isinstance(market, Market)
    return [name for group, name in enumerate(market.groups) if market.members(group)]


def verification_table(story: Story) -> Table:
    """Return what verification found, level by level."""
    rows = tuple(
        (
            level.name,
            LEVELS[level.name],
            level.verdict.value,
            level.detail if level.index is None else f"record {level.index}: {level.detail}",
        )
        for level in story.verification.levels
    )
    return Table(columns=("level", "is about", "verdict", "detail"), rows=rows)


def _or_dash(value: int | None) -> str:
    return DASH if value is None else str(value)


def _without_empty(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    kept = [place for place in range(len(columns)) if any(row[place] for row in rows)]
    return Table(
        columns=tuple(columns[place] for place in kept),
        rows=tuple(tuple(row[place] for place in kept) for row in rows),
    )


def _capped(caption: str, table: Table, *, noun: str) -> Table:
    left = len(table.rows) - ROWS
    more = (
        f" (the first {ROWS}; {left} {noun} more are not listed: auctioneer replay tells all)"
        if left > 0
        else ""
    )
    return Table(columns=table.columns, rows=table.rows[:ROWS], caption=f"{caption}{more}")
