"""`auctioneer replay`: a recorded session, step by step, with the reason of every question."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import click

from auctioneer.cli.printing import examples, print_json, show_exact
from auctioneer.cli.transcript_files import DISCLOSURE, read_transcript
from openoutcry.mechanisms.chance import Draw
from openoutcry.mechanisms.market import Market
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.narration import Moment, tell
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_opening
from openoutcry.session.reports import OpeningUnknown
from openoutcry.session.transcripts import read_session_id
from openoutcry.wire import WireCodec

# State by name, bidders by place in the market: these are shown by name.
_BIDDER = frozenset({"informant", "highest", "bidder"})
_BIDDERS = frozenset({"active", "rejected", "reported"})
_PER_BIDDER = frozenset({"clocks"})


@click.command(
    epilog=examples(
        "auctioneer replay runs/offshore-1a2b3c4d.zip",
        "auctioneer replay runs/offshore-1a2b3c4d.zip --wave 2",
        "auctioneer replay runs/offshore-1a2b3c4d.zip --step",
        "auctioneer replay runs/treasury-5e6f7a8b.zip --disclosure runs/treasury-5e6f7a8b.disclosure.json",
    )
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--wave", type=click.IntRange(min=0), help="Show this wave only.")
@click.option(
    "--disclosure",
    type=DISCLOSURE,
    help="File with the key of sealed reports, as `run` and `disclose` write it.",
)
@click.option("--step", is_flag=True, help="Wait for Enter before each wave; needs a terminal.")
def replay(file: Path, as_json: bool, wave: int | None, disclosure: Disclosure | None, step: bool) -> None:
    """Re-execute the session in FILE and tell what happened, and why.

    Each wave is shown with its reason, the mechanism's state and what was drawn; then the questions and answers as the
    log has them, with their index. A log that departs from the rules is told up to there; so is one whose reports are
    sealed, unless their disclosure is given.
    """
    opening_key = disclosure.opening_key if disclosure else None
    transcript, codec = read_transcript(file), WireCodec()
    if disclosure is not None:
        reader = EnvelopeReader(codec)
        opening = read_opening(transcript.entries, reader)
        disclosure.check(read_session_id(transcript.entries, reader), opening)
    session, moments = tell(transcript, codec, opening_key=opening_key)
    readable = _Readable(moments)
    wanted = (moment for moment in readable if wave is None or moment.wave == wave)
    if as_json:
        told = [_values(moment) for moment in wanted]
        sealed = {"sealed_from": session.log.size} if readable.is_sealed else {}
        print_json({"session": session.session_id.hex(), "moments": told, **sealed})
        return
    waits = step and sys.stdin.isatty()
    for moment in wanted:
        if waits and moment.index is None:
            click.pause("-- Enter for the next wave --")
        for line in moment_lines(moment, session):
            click.echo(line)
    if readable.is_sealed:
        click.echo(f"\n{_advice(session)}")


class _Readable:
    """The moments up to the first that needs a disclosure which was not given.

    Attributes:
        is_sealed: Whether there was one, once all were told.
    """

    def __init__(self, moments: Iterator[Moment]) -> None:
        self._moments = moments
        self.is_sealed = False

    def __iter__(self) -> Iterator[Moment]:
        try:
            yield from self._moments
        except OpeningUnknown:
            self.is_sealed = True


def _advice(session: AuctioneerSession) -> str:
    """Return how the rest of a session with sealed reports can be told."""
    beginning = f"from record {session.log.size} on the reports are sealed"
    if session.specification.disclosure == "sealed":
        return f"{beginning}: give --disclosure FILE to go on"
    return f"{beginning}, and the auctioneer never disclosed their key: give --disclosure FILE if it has one"


def moment_lines(moment: Moment, session: AuctioneerSession) -> list[str]:
    """Return a moment as lines for a person; bidders by name."""
    names = [session.members[member].name for member in session.players]
    if moment.index is not None:
        lines = [f"{moment.index:>6}  {moment.text}"]
    else:
        lines = ["", moment.text]
        market = session.specification.market
        groups = market.groups if isinstance(market, Market) else ()
        lines += [f"        {key}: {_show(key, value, names, groups)}" for key, value in moment.state.items()]
    lines += [f"        drawn: {describe_draw(draw, names)}" for draw in moment.draws]
    return lines


def describe_draw(draw: Draw, names: Sequence[str]) -> str:
    """Return one draw in words."""
    match draw.options:
        case tuple(weights) if draw.kind == "weighted":
            chance = show_exact(Fraction(weights[int(draw.result)], sum(weights)), has_decimal=False)
            return f"{draw.label}: choice {draw.result} of {len(weights)}, with probability {chance}"
        case tuple(candidates):
            offered = ", ".join(_name(candidate, names) for candidate in candidates)
            return f"{draw.label}: {_name(int(draw.result), names)} of {offered}"
        case Fraction() as probability:
            shown = show_exact(probability, has_decimal=False)
            return f"{draw.label}: {'yes' if draw.result else 'no'}, with probability {shown}"
        case count if draw.label.endswith("/informant"):
            return f"{draw.label}: {_name(int(draw.result), names)}, one of {count}"
        case count:
            return f"{draw.label}: {draw.result} of 0..{count - 1}"


def _show(key: str, value: object, names: Sequence[str], groups: Sequence[str]) -> str:
    if key == "group" and groups and isinstance(value, int):
        return groups[value]
    if key in _BIDDER and isinstance(value, int):
        return _name(value, names)
    if key in _BIDDERS and isinstance(value, list):
        return ", ".join(_name(place, names) for place in value) or "nobody"
    if key in _PER_BIDDER and isinstance(value, list):
        return ", ".join(f"{name} {level}" for name, level in zip(names, value, strict=False))
    if key == "levels" and isinstance(value, list):
        return ", ".join(f"{level} owned by {_name(owner, names)}" for level, owner in value) or "none"
    if key == "window" and isinstance(value, list):
        return " to ".join(map(str, value))
    return str(value)


def _name(place: object, names: Sequence[str]) -> str:
    return names[place] if isinstance(place, int) and 0 <= place < len(names) else str(place)


def _values(moment: Moment) -> Mapping[str, object]:
    return {
        "record": moment.index,
        "phase": moment.phase,
        "wave": moment.wave,
        "bidder": moment.bidder,
        "text": moment.text,
        "state": dict(moment.state),
        "draws": [
            {"label": draw.label, "kind": draw.kind, "options": draw.options, "result": draw.result}
            for draw in moment.draws
        ],
    }
