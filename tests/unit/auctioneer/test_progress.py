"""Play in slow motion: shown on a terminal only, from the transcript, and not when it was slow enough to see."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from auctioneer.cli.progress import Progress, session_display
from openoutcry.protocol.transcript import Transcript
from tests.simulation.markets import make_specification
from tests.simulation.stage import Stage


@pytest.fixture(scope="module")
def transcript() -> Transcript:
    """Give the transcript of a small session."""
    stage = Stage(make_specification())
    stage.begin_play()
    stage.finish({"ada": 1, "ben": 2, "cyd": 0, "dan": 2})
    return stage.transcript()


@pytest.mark.parametrize(
    ("is_terminal", "is_quiet", "seconds", "is_shown"),
    [
        (True, False, 0.2, True),
        (False, False, 0.2, False),
        (True, True, 0.2, False),
        (True, False, 0.0, False),
    ],
    ids=["terminal", "pipe", "quiet", "switched off"],
)
def test_play_is_shown_again_where_somebody_looks(
    transcript: Transcript, is_terminal: bool, is_quiet: bool, seconds: float, is_shown: bool
):
    """Every step of play appears, and elsewhere not a byte is written."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=is_terminal, width=120, height=40)
    Progress(console, is_quiet=is_quiet).show_again(transcript, seconds)
    text = written.getvalue()
    assert ("in slow motion: " in text and "wave 0: " in text) is is_shown
    assert bool(text) is is_shown


def test_names_are_shown_as_they_are():
    """A name that looks like a command to the terminal library is a name."""
    specification = make_specification()
    market = specification.market
    renamed = tuple(
        replace(bidder, name=f"[/{bidder.name}]") if place == 0 else bidder
        for place, bidder in enumerate(market.bidders)
    )
    stage = Stage(replace(specification, market=replace(market, bidders=renamed)))
    written = io.StringIO()
    Console(file=written, width=100).print(*session_display(stage.session))
    assert f"[/{market.bidders[0].name}]" in written.getvalue()
