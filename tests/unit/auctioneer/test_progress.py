"""Play in slow motion: shown on a terminal only, from the transcript, and not when it was slow enough to see."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from auctioneer.cli.progress import Progress, ReportLines, session_display
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.narration import tell
from openoutcry.wire import WireCodec
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
    assert isinstance(market, Market)
    renamed = tuple(
        replace(bidder, name=f"[/{bidder.name}]") if place == 0 else bidder
        for place, bidder in enumerate(market.bidders)
    )
    stage = Stage(replace(specification, market=replace(market, bidders=renamed)))
    written = io.StringIO()
    Console(file=written, width=100).print(*session_display(stage.session))
    assert f"[/{market.bidders[0].name}]" in written.getvalue()


def told_of(stage: Stage) -> list[str]:
    """Return what is told of the reports of a session that has ended."""
    session, moments = tell(stage.transcript(), WireCodec())
    lines = ReportLines()
    return [line for _ in moments if (line := lines.next_line(session))]


def test_waves_of_reports_are_told_as_they_proceed():
    """At every quarter, and how many there are in the end; nothing is said between."""
    stage = Stage(make_specification(mechanism="uniform-clock", parameters={"form": "sealed"}))
    stage.begin_play()
    stage.finish({"ada": 1, "ben": 2, "cyd": 0, "dan": 2})
    assert told_of(stage) == [
        *(f"committed {count} of 4" for count in range(1, 5)),
        *(f"opened {count} of 4" for count in range(1, 5)),
    ]


def test_reports_that_are_withheld_are_counted_apart():
    """A silence is no commitment, and a wrong opening opens nothing; no number goes back and no line comes twice."""
    stage = Stage(make_specification(mechanism="uniform-clock", parameters={"form": "sealed"}))
    stage.begin_play()
    for name, signal in (("ada", 1), ("ben", 2), ("cyd", 0)):
        stage.send(stage.hands[name].answer(signal))
    stage.lapse("dan")
    stage.send(stage.hands["ada"].answer(1))
    stage.send(stage.hands["ben"].answer(3))
    stage.finish({"cyd": 0})
    assert [found.code.value for found in stage.session.deviations] == ["SILENT", "OPENING_MISMATCH"]
    assert told_of(stage) == [
        *(f"committed {count} of 4" for count in range(1, 4)),
        "committed 3 of 4, 1 withheld",
        "opened 1 of 4, 1 withheld",
        "opened 1 of 4, 2 withheld",
        "opened 2 of 4, 2 withheld",
    ]


def test_a_wave_in_which_nobody_reports_is_told():
    """Nothing was committed to, and so nothing is opened."""
    stage = Stage(make_specification(mechanism="uniform-clock", parameters={"form": "sealed"}))
    stage.begin_play()
    stage.finish()
    assert told_of(stage)[-1] == "committed 0 of 4, 4 withheld"


def test_a_market_of_types_is_shown_without_groups():
    """Each bidder has a row; its clock counts the prices of the market."""
    market = TypeMarket(
        lot="a lot",
        currency="EUR",
        minor_units=0,
        environment=Environment.single_good(),
        bidders=tuple(TypedBidder(name=name, types=((1,), (4,))) for name in ("ada", "ben")),
    )
    stage = Stage(Specification(title="Types", market=market, mechanism="english"))
    written = io.StringIO()
    Console(file=written, width=100).print(*session_display(stage.session))
    assert "group" not in written.getvalue()
    assert written.getvalue().count("0/2") == 2
