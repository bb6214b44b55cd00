"""What a counterfactual changed, wave by wave: for people from the first change on, for programs all from there."""

from __future__ import annotations

from auctioneer.cli.draws import describe_draw, draw_values
from auctioneer.cli.printing import show_money
from openoutcry.mechanisms.conversation import Answer, Climb, Climbed, Question, Reported, ReportedType
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.session.narration import count_bidders, describe_type
from openoutcry.simulation.counterfactual import Counterfactual, Counterfactuals
from openoutcry.simulation.replaying import Played, PlayedWave

SHOWN_WAVES = 12
"""Waves that changed of which a person is shown what changed; a program is told all."""


def change_lines(replays: Counterfactuals, found: Counterfactual) -> list[str]:
    """Return what changed, from the first wave with other questions or answers on."""
    first, count = found.first_change, len(found.before.waves)
    waves = f"{count} wave{'' if count == 1 else 's'}"
    if first is None:
        return ["", f"nothing changed: all {waves} have the same questions and answers"]
    changed = [
        number
        for number in range(first, max(count, len(found.after.waves)))
        if _wave_at(found.before, number) != _wave_at(found.after, number)
    ]
    lines = ["", f"the first change is in wave {first} of {waves}"]
    for number in changed[:SHOWN_WAVES]:
        lines += _wave_lines(replays, found, number)
    if len(changed) > SHOWN_WAVES:
        lines += ["", f"and {len(changed) - SHOWN_WAVES} more waves that changed: --json tells all"]
    elif changed[-1] < count - 1:
        lines += ["", f"from wave {changed[-1] + 1} on everything is as it was"]
    return lines


def _wave_at(played: Played, number: int) -> tuple[object, ...] | None:
    """Return what a wave asked and was answered, with the reason; None where there is no such wave."""
    if number >= len(played.waves):
        return None
    wave = played.waves[number]
    return wave.reason, wave.questions, wave.answers


def _wave_lines(replays: Counterfactuals, found: Counterfactual, number: int) -> list[str]:
    was = found.before.waves[number] if number < len(found.before.waves) else None
    now = found.after.waves[number] if number < len(found.after.waves) else None
    lines = ["", f"wave {number}"]
    if was is not None and now is not None and was.reason == now.reason:
        lines[-1] += f": {was.reason}"
    for label, wave, other in (("recorded", was, now), ("replayed", now, was)):
        if wave is None:
            lines.append(f"    {label}  there is no such wave: it is over")
            continue
        is_told = other is not None and other.reason == wave.reason
        reason = "" if is_told else wave.reason
        told = [f"    {label}  {reason}".rstrip()]
        told += [f"              {line}" for line in _differing(replays, wave, other)]
        if not reason and len(told) > 1:
            # The first of them stands beside the label.
            told[:2] = [f"    {label}  {told[1].strip()}"]
        lines += told
    return lines


def _differing(replays: Counterfactuals, wave: PlayedWave, other: PlayedWave | None) -> list[str]:
    """Return the draws and answers of a wave that are not those of the other."""
    recording = replays.recording
    market = recording.specification.market
    names = [market.names[player] for player in recording.players]
    same_draws = other.draws if other is not None else ()
    theirs = dict(zip(other.questions, other.answers, strict=True)) if other is not None else {}
    lines = [f"drawn: {describe_draw(draw, names)}" for draw in wave.draws if draw not in same_draws]
    told = [
        f"{market.names[question.bidder]} {describe_answer(market, question, answer)}"
        for question, answer in zip(wave.questions, wave.answers, strict=True)
        if theirs.get(question) != answer
    ]
    same = len(wave.questions) - len(told)
    if same:
        told.append(
            f"{same} other answer{' is' if same == 1 else 's are'} the same" if told else "the same answers"
        )
    return lines + told


def describe_answer(market: Market | TypeMarket, question: Question, answer: Answer) -> str:
    """Return what a bidder did when it was asked, without its name."""
    match answer:
        case Climbed(level=level, exited=exited):
            assert isinstance(question, Climb)
            offer = ""
            if question.price is not None:
                price = show_money(question.price, currency=market.currency, minor_units=market.minor_units)
                offer = f", offered at {price}"
            did = f"exits at level {level + 1}" if exited else f"stays up to level {level}"
            return f"{did}{offer}"
        case Reported(value=None) | ReportedType(report=None):
            return "reports nothing that counts"
        case Reported(value=value):
            return f"reports signal {value}"
        case ReportedType(report=report):
            assert report is not None
            said = []
            if report.value is not None and isinstance(market, TypeMarket):
                said.append(f"type {describe_type(market, question.bidder, report.value)}")
            if report.belief is not None:
                about = count_bidders(len(report.belief.players))
                said.append(f"a belief of {report.belief.support_size:,} points about {about}")
            return f"reports {' and '.join(said)}"


def change_values(replays: Counterfactuals, found: Counterfactual) -> list[dict[str, object]]:
    """Return the waves from the first that changed on, as JSON objects; none when nothing changed."""
    before, after, first = found.before.waves, found.after.waves, found.first_change
    if first is None:
        return []
    return [
        {
            "wave": number,
            "recorded": _wave_values(replays, before[number]) if number < len(before) else None,
            "replayed": _wave_values(replays, after[number]) if number < len(after) else None,
        }
        for number in range(first, max(len(before), len(after)))
    ]


def _wave_values(replays: Counterfactuals, wave: PlayedWave) -> dict[str, object]:
    market = replays.recording.specification.market
    return {
        "reason": wave.reason,
        "answers": {
            market.names[question.bidder]: describe_answer(market, question, answer)
            for question, answer in zip(wave.questions, wave.answers, strict=True)
        },
        "draws": [draw_values(draw) for draw in wave.draws],
    }
