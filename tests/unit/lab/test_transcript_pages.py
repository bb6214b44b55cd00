"""The page of a session: every mechanism has one, it holds what it should, and fetches and leaks nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import unescape
from typing import Any

import pytest

from openoutcry.lab.pictures.page import Section
from openoutcry.lab.pictures.transcript import Story, read_story, transcript_figures, transcript_page
from openoutcry.lab.pictures.transcript.discovery import HOWS, read_discovery
from openoutcry.lab.pictures.transcript.explanations import purpose_of_draw
from openoutcry.lab.pictures.transcript.sections import headline, transcript_sections
from openoutcry.mechanisms import Bidder, Linear, Specification, Timing
from openoutcry.mechanisms.crowd.distributions import Product
from openoutcry.protocol.transcript import Transcript, decode_transcript
from openoutcry.simulation import simulate_session
from tests.golden.rendering import FOLDER, GOLDENS, SIGNALS
from tests.simulation.crowd_stage import (
    begin,
    correlated,
    go_on,
    knowledge,
    make_type_market,
    make_type_specification,
)
from tests.simulation.markets import NAMES, make_market, make_specification
from tests.simulation.stage import CODEC, Stage

EXPECTED = {
    "cremer-mclean": ["reports", "values", "rewards"],
    "crowdsourced-lookahead": ["reports", "values", "beliefs", "price", "rewards"],
    "crowdsourced-lookahead-plus": ["reports", "values", "beliefs", "price", "rewards"],
    "crowdsourced-optimal": ["reports", "values", "beliefs", "rewards"],
    "english": ["clocks"],
    "posted-prices": ["offers"],
    "signal-discovery-clock": ["clocks", "window"],
    "signal-discovery-sealed": ["reports", "values", "window"],
    "uniform-clock-clock": ["clocks"],
}
"""Pictures of golden sessions, in their order; all others have reports and values."""

HOSTILE = '<script>alert("1")</script>'


@cache
def recorded(name: str) -> Transcript:
    """Return a golden session."""
    return decode_transcript((FOLDER / f"{name}.zip").read_bytes())


@cache
def page_of(name: str) -> str:
    """Return the page of a golden session."""
    return transcript_page(read_story(recorded(name), CODEC))


def words_of(page: str) -> str:
    """Return what a person reads on a page."""
    without_scripts = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", without_scripts))


def specifications_of(page: str) -> dict[str, Any]:
    """Return the charts of a page by name."""
    found = re.search(r'id="specifications">(.*?)</script>', page, flags=re.DOTALL)
    assert found is not None
    charts: dict[str, Any] = json.loads(found.group(1))
    return charts


def rows_of(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all data of a chart."""
    rows = list(spec.get("data", {}).get("values", []))
    for values in spec.get("datasets", {}).values():
        rows += values
    for part in (*spec.get("layer", ()), *([spec["spec"]] if "spec" in spec else ())):
        rows += rows_of(part)
    return rows


def crowded_session(count: int, *, form: str = "clock") -> Story:
    """Return the story of a session of signal discovery with many bidders."""
    market = make_market(4, levels=3)
    highest = 2 * count
    bidders = tuple(
        Bidder(
            name=f"bidder {place:03}",
            group=place % 2,
            # Tangents of a parabola: everybody would be best somewhere.
            valuation=Linear(
                constant=4 * highest**2 - (4 * (place % highest)) ** 2 // 4,
                weights=(4 * (place % highest) + 1,) * 2,
            ),
        )
        for place in range(count)
    )
    specification = Specification(
        title="A crowd",
        market=replace(market, bidders=bidders),
        mechanism="signal-discovery",
        parameters={"form": form},
        timing=Timing(enrol_ms=3000, answer_ms=1000),
    )
    signals = [place % 3 for place in range(count)]
    session = simulate_session(
        specification, signals, seed="a crowd", codec=CODEC, strategies=["truthful"] * count
    )
    return read_story(
        session.transcript, CODEC, known=dict(zip(specification.market.names, signals, strict=True))
    )


@pytest.mark.parametrize("name", GOLDENS)
def test_every_golden_session_has_its_pictures(name: str) -> None:
    """Whatever the mechanism and the form: the pictures that it calls for, each with a caption and data."""
    figures = transcript_figures(read_story(recorded(name), CODEC))
    assert [figure.name for figure in figures] == EXPECTED.get(name, ["reports", "values"])
    for figure in figures:
        assert figure.caption.endswith(".")
        assert rows_of(figure.spec)


@pytest.mark.parametrize("name", ["signal-discovery-clock", "crowdsourced-lookahead", "tampered"])
def test_a_page_tells_who_when_and_what(name: str) -> None:
    """Roster with sender ids, verification, and each section are there in words."""
    story, words = read_story(recorded(name), CODEC), words_of(page_of(name))
    for party in story.session.enrolment.parties.values():
        assert party.sender_id.hex() in words
    for level in story.verification.levels:
        assert level.name in words
    assert headline(story) in words


def test_a_page_fetches_nothing() -> None:
    """No element names another place, and the charts do not either."""
    page = page_of("signal-discovery-clock")
    without_bundle = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"https?://[^\"'\s<]*", without_bundle) == []
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', without_bundle) == []


def test_the_same_transcript_makes_the_same_page() -> None:
    """Byte for byte, though the pictures are made anew."""
    assert transcript_page(read_story(recorded("english"), CODEC)) == page_of("english")


def test_names_cannot_break_out() -> None:
    """A bidder that is called a script is shown, not run: in words, in charts and in what is embedded."""
    market = make_market(4, levels=3)
    named = Bidder(name=HOSTILE, group=market.bidders[0].group, valuation=market.bidders[0].valuation)
    specification = Specification(
        title=f"An auction {HOSTILE}",
        market=replace(market, lot=HOSTILE, bidders=(named, *market.bidders[1:])),
        mechanism="signal-discovery",
    )
    session = simulate_session(
        specification, (1, 1, 0, 2), seed="hostile", codec=CODEC, strategies=["truthful"] * 4
    )
    page = transcript_page(read_story(session.transcript, CODEC))
    assert "<script>alert" not in page
    assert HOSTILE in words_of(page)
    assert HOSTILE in {row.get("bidder") for row in rows_of(specifications_of(page)["clocks"])}


def test_deviations_are_marked_where_they_happened() -> None:
    """The silent bidder by the log, the shading one by its private type, each at its record."""
    story = read_story(
        recorded("signal-discovery-clock"), CODEC, known=dict(zip(NAMES, SIGNALS, strict=False))
    )
    (clocks, _) = transcript_figures(story)
    marked = {
        (row["bidder"], row["record"], row["ending"])
        for row in rows_of(clocks.spec)
        if row["part"] == "deviation"
    }
    assert marked == {(mark.bidder, mark.record, f"{mark.kind} deviation") for mark in story.marks}
    assert {kind for _, _, kind in marked} == {"protocol deviation", "strategic deviation"}


def test_without_private_types_nobody_is_called_truthful() -> None:
    """A page does not claim what nobody can know."""
    words = words_of(page_of("english"))
    assert "Nobody departed from the protocol." in words
    assert "cannot be told: it is not known what bidders privately knew" in words


def test_every_mark_of_the_clocks_tells_its_record() -> None:
    """So that one finds the line in `replay`."""
    (clocks, _) = transcript_figures(read_story(recorded("signal-discovery-clock"), CODEC))
    marks = [row for row in rows_of(clocks.spec) if row["part"] in ("accepted", "ending")]
    assert marks
    assert all(isinstance(row["record"], int) for row in marks)


def test_sealed_reports_are_shown_as_sealed() -> None:
    """Nothing of what they hold is on the page, only that and when they were there."""
    specification = make_type_specification("crowdsourced-lookahead", disclosure="sealed")
    stage, reporters = begin(specification, knowledge(correlated(), (2, 1, 0)))
    go_on(stage, reporters)
    story = read_story(stage.transcript(), CODEC)
    figures = {figure.name: figure for figure in transcript_figures(story)}
    assert sorted(figures) == ["reports", "rewards"]
    stages = [row["stage"] for row in rows_of(figures["reports"].spec) if "stage" in row]
    assert stages.count("sealed") == 3
    assert "opened" not in stages
    reports = section(story, "Reports")
    assert "3 reports are sealed" in reports.paragraphs[1]
    assert "as the log declares" in headline(story)


def section(story: Story, title: str) -> Section:
    """Return a section of a story's page."""
    (found,) = (section for section in transcript_sections(story) if section.title == title)
    return found


def test_the_price_that_is_marked_is_the_one_that_is_paid() -> None:
    """Of all prices the one that brings most, by what the others told; its bar stands for what the outcome says."""
    story = read_story(recorded("crowdsourced-lookahead"), CODEC)
    (price,) = (figure for figure in transcript_figures(story) if figure.name == "price")
    rows = rows_of(price.spec)
    (marked,) = (row for row in rows if row["is"] == "the price")
    assert story.outcome is not None
    assert marked["price"] == str(story.outcome.price)
    assert marked["revenue"] == max(row["revenue"] for row in rows)


def test_many_beliefs_are_one_number_each() -> None:
    """Seven bidders tell of six others: what probability they gave to what each then reported."""
    count = 7
    prior = Product.of({player: {0: 2, 1: 1, 2: 1} for player in range(count)})
    specification = make_type_specification(market=make_type_market(count))
    session = simulate_session(
        specification,
        knowledge(prior, (2, 1, 0, 1, 0, 0, 1)),
        seed="seven",
        codec=CODEC,
        strategies=["truthful"] * count,
    )
    figures = {figure.name: figure for figure in transcript_figures(read_story(session.transcript, CODEC))}
    cells = rows_of(figures["beliefs"].spec)
    assert len(cells) == count * (count - 1)
    assert {(cell["subject"], cell["exact"]) for cell in cells if cell["owner"] == "ada"} == {
        ("ben", "1/4"),
        ("cyd", "1/2"),
        ("dan", "1/4"),
        ("eve", "1/2"),
        ("fay", "1/2"),
        ("gus", "1/4"),
    }


def test_a_bidder_that_stayed_out_is_in_the_roster_only() -> None:
    """It enrolled and kept its seed part to itself, so it was in no wave."""
    stage = Stage(make_specification(4))
    stage.enrol()
    for name in ("ada", "ben", "dan"):
        stage.send(stage.hands[name].answer(0))
    stage.lapse("cyd")
    stage.finish({"ada": 1, "ben": 2, "dan": 0})
    story = read_story(stage.transcript(), CODEC)
    (roster,) = section(story, "Who took part").tables
    place = roster.columns.index("in the market")
    assert {row[0]: row[place] for row in roster.rows} == {
        "ada": "yes",
        "ben": "yes",
        "cyd": "no",
        "dan": "yes",
    }
    drawn = {row.get("bidder") for figure in transcript_figures(story) for row in rows_of(figure.spec)}
    assert "cyd" not in drawn


def test_a_wrong_outcome_is_not_passed_off_as_the_outcome() -> None:
    """The page of the tampered session says that it does not verify, where, and whom that is held against."""
    words = words_of(page_of("tampered"))
    assert "does NOT verify: outcome fails at record 23" in words
    assert "not confirmed: the log declares that ben buys" in words
    assert "WRONG_OUTCOME" in words


@pytest.mark.parametrize(
    ("count", "names"), [(6, ["clocks", "window"]), (60, ["clocks", "bidders", "window", "discovered"])]
)
def test_pictures_suit_the_number_of_bidders(count: int, names: list[str]) -> None:
    """Few bidders have a staircase each, many a row each and counts."""
    assert [figure.name for figure in transcript_figures(crowded_session(count))] == names


def test_pages_of_many_bidders_stay_small() -> None:
    """Two hundred bidders: the data of all pictures together are less than the library that draws them."""
    figures = transcript_figures(crowded_session(200))
    sizes = {figure.name: len(json.dumps(figure.spec)) for figure in figures}
    assert max(sizes.values()) < 300_000
    tallest = max(_height(figure.spec) for figure in figures)
    assert tallest <= 1000


def _height(spec: Mapping[str, Any]) -> float:
    height = spec.get("height", 0)
    if isinstance(height, Mapping):
        rows = {row["bidder"] for row in rows_of(spec)}
        return float(height["step"] * len(rows))
    return float(height)


def test_every_section_says_what_it_shows() -> None:
    """Somebody who has never seen such an auction is told what clocks, levels, draws and deviations are."""
    story = read_story(
        recorded("signal-discovery-clock"), CODEC, known=dict(zip(NAMES, SIGNALS, strict=False))
    )
    first = {part.title: part.paragraphs[0] for part in transcript_sections(story) if part.paragraphs}
    assert "The clock of a truthful bidder ends at its signal." in first["Clocks"]
    assert first["The window"].startswith("A level is a sum of the signals of ")
    assert "A strategic deviation is an answer that is not the truthful one" in first["Deviations"]
    assert "nobody can steer it" in first["Waves and draws"]
    outcome = section(story, "Outcome").paragraphs
    assert any(f"All amounts are in {story.market.currency}." in words for words in outcome)


def test_every_way_to_be_discovered_is_explained() -> None:
    """Whatever stands in the legend stands in the text, and nothing else does."""
    story = crowded_session(20)
    discovery = read_discovery(story)
    assert discovery is not None
    words = section(story, "The window").paragraphs[1]
    present = {how for how, _, _ in discovery.found.values()}
    assert {how for how in HOWS if f"{how}, if" in words} == present


@pytest.mark.parametrize("name", GOLDENS)
def test_every_draw_says_what_it_decides(name: str) -> None:
    """A label of the log is explained beside it."""
    story = read_story(recorded(name), CODEC)
    for _, draw in story.draws:
        assert purpose_of_draw(draw.label) != draw.label


@pytest.mark.parametrize("name", GOLDENS)
def test_whatever_one_points_at_has_names_for_people(name: str) -> None:
    """No tooltip shows the name of a field that only its author understands."""
    for figure in transcript_figures(read_story(recorded(name), CODEC)):
        titles = set(re.findall(r"'tooltip': (\[.*?\])", str(figure.spec)))
        assert not re.search(
            r"'title': '(shown|series|exact|of|chance|brings|instead|words|entry)'", str(titles)
        )


def test_offers_are_no_clocks() -> None:
    """Posted prices have a section of that name, and who has no price is said to have none."""
    story = read_story(recorded("posted-prices"), CODEC)
    titles = [part.title for part in transcript_sections(story)]
    assert "Offers" in titles
    assert "Clocks" not in titles
    (offers,) = section(story, "Offers").figures
    bars, words = offers.spec["layer"]
    assert words["transform"] == [{"filter": "datum.price === null"}]
    assert words["encoding"]["text"]["field"] == "shown"
    assert {row["shown"] for row in rows_of(offers.spec) if row["price"] is None} == {"no price"}
    assert bars["mark"]["type"] == "bar"


def test_one_good_is_called_by_the_lot() -> None:
    """Not by the name that an environment of one good gives it."""
    story = read_story(recorded("english"), CODEC)
    table = section(story, "Outcome").tables[0]
    assert table.rows[0][:2] == ("ada", story.market.lot)


def test_sentences_begin_with_capitals_and_names_stay_as_they_are() -> None:
    """Where nothing is sold, or what is declared is not confirmed, no name stands first."""
    first = section(read_story(recorded("tampered"), CODEC), "Outcome").paragraphs[0]
    assert first.startswith("Not confirmed: the log declares that ben buys")
    assert section(read_story(recorded("english"), CODEC), "Outcome").paragraphs[0].startswith("ada buys")


def test_the_end_is_no_wave() -> None:
    """The axis of waves names the waves, and what follows them the end."""
    story = read_story(recorded("signal-discovery-clock"), CODEC)
    figures = {figure.name: figure for figure in transcript_figures(story)}
    discovery = read_discovery(story)
    assert discovery is not None
    last = discovery.steps[-1].number
    assert last == len(story.turns)
    assert f"datum.value == {last} ? 'end'" in json.dumps(figures["window"].spec)
