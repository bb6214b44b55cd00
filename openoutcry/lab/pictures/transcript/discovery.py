"""Signal discovery as facts: the window at every step, who owned which level, and how each bidder was discovered.

In the clock form the waves tell it. In the sealed form everybody reported at once and the auctioneer worked it out in
its head: what it did there is the clock form at the reported signals and with the same draws, and is told as that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from openoutcry.lab.pictures.transcript.story import Story, Turn
from openoutcry.mechanisms import signal_discovery
from openoutcry.mechanisms.answering import answer_with_signal
from openoutcry.mechanisms.chance import ScriptedChance
from openoutcry.mechanisms.conversation import Answer, Wave
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import find_mechanism

How = Literal["free", "drawn at a cost", "last one left", "outside the group", "not asked"]
HOWS: tuple[How, ...] = ("free", "drawn at a cost", "last one left", "outside the group", "not asked")
"""In the order of the palette."""

_HOW_OF_PHASE: Mapping[object, How] = {
    "outsiders": "outside the group",
    "costly": "drawn at a cost",
    "free": "free",
    "offer": "last one left",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a discovery: a wave, or what would have been one.

    Attributes:
        number: From 0; of the wave, in the clock form.
        phase: The mechanism's; `end` for how things stood when it was over.
        reason: Why these bidders.
        record: Log index of its first question; None where nothing was asked.
        lowest: q_min when the step began.
        highest: q_max when it began.
        levels: S within the window, rising, each with its owner; empty before the residue is guessed.
        active: Who may still buy, and is not asked now.
        asked: Whose signals are asked for.
    """

    number: int
    phase: str
    reason: str
    record: int | None
    lowest: int
    highest: int
    levels: tuple[tuple[int, str], ...]
    active: tuple[str, ...]
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """One run of signal discovery.

    Attributes:
        group: Name of the guessed group.
        residue: Of the quality modulo k-1, as guessed; None when it never came to that.
        stride: k-1: the distance of the levels of S.
        steps: In order; the last is the `end`, if the run has one.
        found: By name, in order of discovery: how, in which step, and the signal (the last level accepted).
        chosen: The level that the offer rests on, if it came to one.
        is_sealed_form: Whether the steps were worked out from reports.
    """

    group: str
    residue: int | None
    stride: int
    steps: tuple[Step, ...]
    found: Mapping[str, tuple[How, int, int]]
    chosen: int | None
    is_sealed_form: bool


def read_discovery(story: Story) -> Discovery | None:
    """Return how the quality was discovered; None where another mechanism ran, or reports do not tell it."""
    specification = story.session.specification
    if specification.mechanism != "signal-discovery" or not story.players:
        return None
    if any("window" in turn.state for turn in story.turns):
        return _from_waves(story)
    parameters = find_mechanism("signal-discovery").configure(specification.parameters)
    if parameters.form == "sealed" and story.settled is not None:
        return _from_reports(story, parameters)
    return None


def _from_waves(story: Story) -> Discovery:
    asked = _asked_by_wave(story)
    signals = _clocks(story)
    steps = [_step(story, turn, asked.get(turn.number, ())) for turn in story.turns]
    return _put_together(story, steps, signals, story.turns[-1].state, is_sealed_form=False)


def _asked_by_wave(story: Story) -> dict[int, tuple[str, ...]]:
    asked: dict[int, dict[str, None]] = {}
    for climb in story.climbs:
        asked.setdefault(climb.wave, {})[climb.bidder] = None
    return {wave: tuple(names) for wave, names in asked.items()}


def _clocks(story: Story) -> dict[str, int]:
    clocks = dict.fromkeys(story.players, 0)
    for climb in story.climbs:
        if climb.ending == "accepted":
            clocks[climb.bidder] = climb.level
    return clocks


def _from_reports(story: Story, parameters: signal_discovery.SignalDiscovery) -> Discovery | None:
    """Lead the clock form through the reported signals, with the draws that were made."""
    signals = dict.fromkeys(story.players, 0)
    for report in story.reports:
        if report.opened is not None and isinstance(report.opened.report, int):
            signals[report.bidder] = report.opened.report
    market = cast(Market, story.played_market())
    script: dict[str, list[int | bool]] = {}
    for _, draw in story.draws:
        script.setdefault(draw.label, []).append(draw.result)
    chance = ScriptedChance(script)
    conversation = signal_discovery.converse(market, replace(parameters, form="clock"), chance)
    answers: tuple[Answer, ...] | None = None
    steps: list[Step] = []
    state: Mapping[str, object] = {}
    while True:
        try:
            wave: Wave = next(conversation) if answers is None else conversation.send(answers)
        except StopIteration:
            break
        state = wave.state()
        if "window" not in state:
            return None
        names = tuple(story.players[question.bidder] for question in wave.questions)
        turn = Turn(number=len(steps), reason=wave.reason, first=-1, state=state, draws=())
        steps.append(replace(_step(story, turn, names), record=None))
        if state["phase"] == "offer":
            break
        answers = tuple(
            answer_with_signal(signals[name])(question, 0)
            for name, question in zip(names, wave.questions, strict=True)
        )
    return _put_together(story, steps, signals, state, is_sealed_form=True) if steps else None


def _step(story: Story, turn: Turn, asked: tuple[str, ...]) -> Step:
    state = turn.state
    lowest, highest = cast(list[int], state["window"])
    levels = cast(Iterable[tuple[int, int]], state["levels"])
    return Step(
        number=turn.number,
        phase=str(state["phase"]),
        reason=turn.reason,
        record=turn.first,
        lowest=lowest,
        highest=highest,
        levels=tuple((level, story.name_of(owner)) for level, owner in levels),
        active=tuple(map(story.name_of, cast(list[int], state["active"]))),
        asked=asked,
    )


def _put_together(
    story: Story,
    steps: list[Step],
    signals: Mapping[str, int],
    state: Mapping[str, object],
    *,
    is_sealed_form: bool,
) -> Discovery:
    market = cast(Market, story.played_market())
    group = cast(int, state["group"])
    found: dict[str, tuple[How, int, int]] = {
        name: (_HOW_OF_PHASE[step.phase], step.number, signals[name]) for step in steps for name in step.asked
    }
    chosen = None
    if story.settled is not None:
        members = {market.bidders[place].name for place in market.members(group)}
        steps.append(_end(steps[-1], members, signals, market.signal_levels - 1))
        chosen = _chosen(story, steps[-1])
        for name in steps[-1].active:
            found.setdefault(name, ("last one left", steps[-1].number, signals[name]))
    for name in story.players:
        found.setdefault(name, ("not asked", -1, 0))
    return Discovery(
        group=market.groups[group],
        residue=cast(int | None, state["residue"]),
        stride=market.signal_levels - 1,
        steps=tuple(steps),
        found=found,
        chosen=chosen,
        is_sealed_form=is_sealed_form,
    )


def _end(last: Step, members: set[str], signals: Mapping[str, int], stride: int) -> Step:
    """Return how things stand behind the last step: its discoveries have narrowed the window once more."""
    if last.phase == "offer":
        return replace(last, number=last.number + 1, phase="end", active=last.asked, asked=())
    # What outsiders tell does not move the group's own window; levels have no owners before the first step inside.
    lowest = last.lowest + sum(signals[name] for name in last.asked if name in members)
    highest = lowest + stride * len(last.active)
    return Step(
        number=last.number + 1,
        phase="end",
        reason="",
        record=None,
        lowest=lowest,
        highest=highest,
        levels=tuple((level, owner) for level, owner in last.levels if lowest <= level <= highest),
        active=last.active,
        asked=(),
    )


def _chosen(story: Story, end: Step) -> int | None:
    """Return the level at which the last bidder's price is its value."""
    if len(end.active) != 1:
        return None
    own = [level for level, owner in end.levels if owner == end.active[0]]
    drawn = next((int(draw.result) for _, draw in story.draws if draw.label.endswith("/price")), 0)
    return own[drawn] if drawn < len(own) else None
