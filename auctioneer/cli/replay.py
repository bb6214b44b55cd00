"""`auctioneer replay`: a recorded session, step by step, with the reason of every question."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from auctioneer.cli.counterfactuals import replay_swapped
from auctioneer.cli.deviations import Strategic, find_strategic, strategic_lines, strategic_objects
from auctioneer.cli.draws import describe_draw, draw_values, show_place
from auctioneer.cli.printing import examples, print_json
from auctioneer.cli.private_files import find_disclosure, find_private
from auctioneer.cli.replay_page import PicturePlaces, draw_session, picture_options
from auctioneer.cli.transcript_files import DISCLOSURE, read_transcript
from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.amounts import show_in_currency
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.session.auctioneer import AuctioneerSession, SeedUnknown
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.narration import Moment, tell
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_opening
from openoutcry.session.reports import OpeningUnknown
from openoutcry.session.transcripts import read_session_id
from openoutcry.session.values import Phase
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
        "auctioneer replay runs/offshore-1a2b3c4d.zip --swap ben=truthful",
        "auctioneer replay runs/offshore-1a2b3c4d.zip --swap all=truthful --swap ada=bold.py:Bold",
        "auctioneer replay runs/offshore-1a2b3c4d.zip --html offshore.html --figures pictures --format png",
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
@click.option(
    "--swap",
    "swaps",
    multiple=True,
    metavar="NAME=STRATEGY",
    help="Play the session once more with this strategy in the place of NAME, or of `all`, and tell what that changes; "
    "may be repeated. Relative files start at the current directory.",
)
@click.option(
    "--private",
    type=click.Path(path_type=Path),
    help="File with what the bidders privately knew; by default the one that `run` wrote beside FILE.",
)
@picture_options
def replay(
    file: Path,
    as_json: bool,
    wave: int | None,
    disclosure: Disclosure | None,
    step: bool,
    swaps: tuple[str, ...],
    private: Path | None,
    html: Path | None,
    figures: Path | None,
    figure_format: str,
) -> None:
    """Re-execute the session in FILE and tell what happened, and why.

    Each wave is shown with its reason, the mechanism's state and what was drawn; then the questions and answers as the
    log has them, with their index. A log that departs from the rules is told up to there; so is one whose reports are
    sealed, unless their disclosure is given, and one that was cut short before the draws can be repeated. Where it is
    known what the bidders privately knew, answers that were not truthful are listed, with what they earned or cost.

    With --swap the session is played once more with the same draws and the same private types. All others play the
    strategies that the file of private types names; this runs their code. Who cannot play again answers as recorded,
    and truthfully where it is asked something else. Without such a file, what bidders reported is taken for the truth.

    With --html the session is drawn instead of printed: one page that opens offline in any browser.
    """
    if html is not None or figures is not None:
        if swaps or wave is not None or step:
            raise click.UsageError(
                "--html and --figures draw the whole session: leave --swap, --wave and --step out"
            )
        places = PicturePlaces(page=html, directory=figures, format=figure_format)
        draw_session(file, places, private=private, disclosure=disclosure, as_json=as_json)
        return
    if swaps:
        if wave is not None or step:
            raise click.UsageError("--swap tells what changed: leave --wave and --step out")
        replay_swapped(
            file,
            swaps,
            private=private or find_private(file),
            disclosure=disclosure or find_disclosure(file),
            as_json=as_json,
        )
        return
    _tell(
        file,
        as_json=as_json,
        wave=wave,
        waits=step and sys.stdin.isatty(),
        disclosure=disclosure,
        private=private,
    )


def _tell(
    file: Path,
    *,
    as_json: bool,
    wave: int | None,
    waits: bool,
    disclosure: Disclosure | None,
    private: Path | None,
) -> None:
    """Tell a session as it was recorded."""
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
        told: dict[str, object] = {"moments": [_values(moment) for moment in wanted]}
        if readable.is_sealed:
            told["sealed_from"] = session.log.size
        elif not session.phase.is_final:
            told["unfinished_from"] = session.log.size
        elif wave is None:
            strategic = _strategic(file, session, transcript.entries, private, disclosure)
            told |= {} if strategic is None else {"strategic": strategic_objects(strategic)}
        print_json({"session": session.session_id.hex(), **told})
        return
    for moment in wanted:
        if waits and moment.index is None:
            click.pause("-- Enter for the next wave --")
        for line in moment_lines(moment, session):
            click.echo(line)
    if readable.is_sealed:
        click.echo(f"\n{_advice(session)}")
    elif not session.phase.is_final:
        click.echo(f"\n{_what_is_missing(session, len(transcript.entries))}")
    elif wave is None:
        strategic = _strategic(file, session, transcript.entries, private, disclosure)
        if strategic is not None and strategic.deviations:
            click.echo("\n" + "\n".join(strategic_lines(strategic, session.specification.market)))


def _strategic(
    file: Path,
    session: AuctioneerSession,
    entries: Sequence[bytes],
    private: Path | None,
    disclosure: Disclosure | None,
) -> Strategic | None:
    """Return who did not answer truthfully; None where nobody knows. Nobody's own code is run unasked."""
    path = private or find_private(file)
    if path is None:
        return None
    try:
        return find_strategic(
            file, session, entries, private=path, disclosure=disclosure, runs_code=private is not None
        )
    except ConfigurationError as problem:
        if private is not None:
            raise
        # It merely lies there: what was asked for can be told without it.
        click.echo(f"note: {problem}", err=True)
        return None


class _Readable:
    """The moments up to the first that needs what is not known: a disclosure that was not given, or the seed.

    Attributes:
        is_sealed: Whether a disclosure was needed, once all were told.
    """

    def __init__(self, moments: Iterator[Moment]) -> None:
        self._moments = moments
        self.is_sealed = False

    def __iter__(self) -> Iterator[Moment]:
        try:
            yield from self._moments
        except OpeningUnknown:
            self.is_sealed = True
        except SeedUnknown:
            # The session is left unfinished, and that is what is said of it.
            return


def _advice(session: AuctioneerSession) -> str:
    """Return how the rest of a session with sealed reports can be told."""
    beginning = f"from record {session.log.size} on the reports are sealed"
    if session.specification.disclosure == "sealed":
        return f"{beginning}: give --disclosure FILE to go on"
    return f"{beginning}, and the auctioneer never disclosed their key: give --disclosure FILE if it has one"


def _what_is_missing(session: AuctioneerSession, records: int) -> str:
    """Return what cannot be told of a session whose log was cut short, and why."""
    if session.log.size == records and session.phase is not Phase.PLAY:
        return f"the log ends here, in phase {session.phase.name}: it was cut short before the session was played"
    known = "the log was cut short before the auctioneer opens its seed part, so no draw can be repeated"
    rest = records - session.log.size
    if not rest:
        return known
    left = f"record {session.log.size}" if rest == 1 else f"the {rest} records from {session.log.size} on"
    return f"{known}; why {left} came about is not known, as nothing can be re-executed from there on"


def moment_lines(moment: Moment, session: AuctioneerSession) -> list[str]:
    """Return a moment as lines for a person; bidders by name."""
    names = [session.members[member].name for member in session.players]
    if moment.index is not None:
        lines = [f"{moment.index:>6}  {moment.text}"]
    else:
        lines = ["", moment.text]
        market = session.specification.market
        lines += [f"        {key}: {_show(key, value, names, market)}" for key, value in moment.state.items()]
    lines += [f"        drawn: {describe_draw(draw, names)}" for draw in moment.draws]
    return lines


def _show(key: str, value: object, names: Sequence[str], market: Market | TypeMarket) -> str:
    if key == "group" and isinstance(market, Market) and isinstance(value, int):
        return market.groups[value]
    if key == "price" and isinstance(value, int):
        return show_in_currency(value, market.minor_units)
    if key == "prices" and isinstance(value, list):
        shown = ("-" if price is None else show_in_currency(price, market.minor_units) for price in value)
        return ", ".join(f"{name} {price}" for name, price in zip(names, shown, strict=False))
    if key in _BIDDER and isinstance(value, int):
        return show_place(value, names)
    if key in _BIDDERS and isinstance(value, list):
        return ", ".join(show_place(place, names) for place in value) or "nobody"
    if key in _PER_BIDDER and isinstance(value, list):
        return ", ".join(f"{name} {level}" for name, level in zip(names, value, strict=False))
    if key == "levels" and isinstance(value, list):
        return ", ".join(f"{level} owned by {show_place(owner, names)}" for level, owner in value) or "none"
    if key == "window" and isinstance(value, list):
        return " to ".join(map(str, value))
    return str(value)


def _values(moment: Moment) -> Mapping[str, object]:
    return {
        "record": moment.index,
        "phase": moment.phase,
        "wave": moment.wave,
        "bidder": moment.bidder,
        "text": moment.text,
        "state": dict(moment.state),
        "draws": [draw_values(draw) for draw in moment.draws],
    }
