"""What pictures of a session are made of: the story that a transcript tells, and how the quality was discovered."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise

import pytest

from openoutcry.lab.pictures.transcript.discovery import Discovery, read_discovery
from openoutcry.lab.pictures.transcript.prices import price_source
from openoutcry.lab.pictures.transcript.rewards import side_payments
from openoutcry.lab.pictures.transcript.story import Story
from openoutcry.lab.pictures.transcript.tables import draw_probability
from openoutcry.lab.pictures.transcript.telling import read_story
from openoutcry.mechanisms.chance import Draw
from openoutcry.mechanisms.market import Market
from openoutcry.protocol.transcript import Transcript, decode_transcript
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.values import Cancelled
from openoutcry.simulation import simulate_session
from tests.golden.rendering import FOLDER, SIGNALS
from tests.simulation.crowd_stage import begin, correlated, go_on, knowledge, make_type_specification
from tests.simulation.markets import NAMES, make_specification
from tests.simulation.stage import CODEC, Stage


def recorded(name: str) -> Transcript:
    """Return a golden session."""
    return decode_transcript((FOLDER / f"{name}.zip").read_bytes())


@cache
def told(name: str) -> Story:
    """Return the story of a golden session."""
    return read_story(recorded(name), CODEC)


def discovery_of(story: Story) -> Discovery:
    """Return how the quality was discovered in a session of signal discovery."""
    found = read_discovery(story)
    assert found is not None
    return found


def test_every_question_for_a_level_is_told_with_its_answer() -> None:
    """One bidder accepts and then leaves; the indexes are those under which `replay` shows the records."""
    ben = [climb for climb in told("signal-discovery-clock").climbs if climb.bidder == "ben"]
    assert [(climb.level, climb.ending) for climb in ben] == [(1, "accepted"), (2, "left")]
    assert [(climb.asked < climb.answered) for climb in ben if climb.answered is not None] == [True, True]


def test_silence_is_an_exit_and_a_deviation() -> None:
    """The bidder that never answers ends its climb where the log says so."""
    story = told("signal-discovery-clock")
    (silent,) = (climb for climb in story.climbs if climb.ending == "silent")
    (mark,) = story.marks
    assert (silent.bidder, silent.answered) == ("cyd", mark.record)
    assert (mark.kind, mark.bidder, mark.what.split(":")[0]) == ("protocol", "cyd", "SILENT")


def test_deviations_show_once_private_types_are_known() -> None:
    """Dan hides a level of its signal, which nobody sees without knowing it."""
    story = read_story(
        recorded("signal-discovery-clock"), CODEC, known=dict(zip(NAMES, SIGNALS, strict=False))
    )
    assert [(mark.bidder, mark.what) for mark in story.marks if mark.kind == "strategic"] == [
        ("dan", "exited at level 2"),
    ]
    assert [mark.kind for mark in told("signal-discovery-clock").marks] == ["protocol"]


def test_the_window_closes() -> None:
    """From wave to wave no level comes back, and the end is as narrow as what was learned in the last wave makes it."""
    steps = discovery_of(told("signal-discovery-clock")).steps
    windows = [(step.lowest, step.highest) for step in steps]
    assert windows == [(0, 6), (0, 6), (0, 4), (3, 3)]
    assert [step.phase for step in steps] == ["outsiders", "costly", "free", "end"]
    levels = [{level for level, _ in step.levels} for step in steps[1:]]
    assert all(later <= earlier for earlier, later in pairwise(levels))


def test_everybody_is_discovered_in_one_way() -> None:
    """Outsiders, the one that was drawn, and those that would be best at no level that was left."""
    found = discovery_of(told("signal-discovery-clock")).found
    assert {name: how for name, (how, _, _) in found.items()} == {
        "ben": "outside the group",
        "dan": "outside the group",
        "cyd": "drawn at a cost",
        "ada": "free",
        "eve": "free",
    }


def test_the_sealed_form_discovers_as_the_clock_form_would() -> None:
    """What the auctioneer worked out from reports is told step by step, and agrees with the outcome's reason."""
    story = told("signal-discovery-sealed")
    discovery = discovery_of(story)
    assert discovery.is_sealed_form
    assert [name for name, (how, _, _) in discovery.found.items() if how == "last one left"] == ["cyd"]
    assert story.outcome is not None
    assert story.outcome.reason.startswith("cyd is the last one left")


@pytest.mark.parametrize("form", ["clock", "sealed"])
@pytest.mark.parametrize("pricing", ["welfare", "revenue"])
@pytest.mark.parametrize("seed", range(10))
def test_the_offer_rests_on_the_level_that_is_told(form: str, pricing: str, seed: int) -> None:
    """Whoever buys is the last one left, and pays its value where its group's signals add up to the level chosen."""
    signals = (2, 1, 0, 2, 1, 1)
    specification = make_specification(6, levels=3, parameters={"form": form, "pricing": pricing})
    session = simulate_session(
        specification, signals, seed=f"offer {seed}", codec=CODEC, strategies=["truthful"] * 6
    )
    story = read_story(session.transcript, CODEC)
    discovery, market = discovery_of(story), specification.market
    assert isinstance(market, Market)
    for buyer in story.buyers:
        state = list(market.sums(signals))
        assert discovery.chosen is not None
        state[market.groups.index(discovery.group)] = discovery.chosen
        assert story.outcome is not None
        assert discovery.found[buyer][0] == "last one left"
        assert story.outcome.price == market.value(market.names.index(buyer), tuple(state))
    last = discovery.steps[-1]
    assert discovery.chosen is None or discovery.chosen in [level for level, _ in last.levels]
    for name, (how, _, signal) in discovery.found.items():
        if how in ("free", "drawn at a cost", "outside the group"):
            assert signal == signals[market.names.index(name)]


def test_reports_end_as_they_did() -> None:
    """Three are opened and one is withheld, which the log holds against its bidder."""
    story = told("crowdsourced-lookahead-plus")
    stages = {report.bidder: report.stage for report in story.reports}
    assert stages == {"ada": "opened", "ben": "opened", "cyd": "withheld", "dan": "opened"}


def test_sealed_reports_stay_sealed() -> None:
    """Without the disclosure nothing of a report is told, and what is declared is not taken for computed."""
    transcript, disclosure = sealed_session()
    story = read_story(transcript, CODEC)
    assert story.stop is not None
    assert (story.stop.kind, story.settled) == ("sealed", None)
    assert {report.stage for report in story.reports} == {"sealed"}
    assert story.outcome is not None
    disclosed = read_story(transcript, CODEC, disclosure=disclosure)
    assert (disclosed.stop, {report.stage for report in disclosed.reports}) == (None, {"opened"})


def sealed_session() -> tuple[Transcript, Disclosure]:
    """Return a session whose reports stay sealed, and what unseals them."""
    specification = make_type_specification("crowdsourced-lookahead", disclosure="sealed")
    stage, reporters = begin(specification, knowledge(correlated(), (2, 1, 0)))
    go_on(stage, reporters)
    disclosure = Disclosure(session_id=stage.session.session_id, opening_key=stage.opening_key)
    return stage.transcript(), disclosure


def test_a_log_that_departs_is_told_up_to_there() -> None:
    """The auctioneer's wrong price is told as declared, and held against it."""
    story = told("tampered")
    assert story.stop is not None
    assert (story.stop.kind, story.stop.record, story.settled) == ("departs", 23, None)
    assert [(mark.bidder, mark.record) for mark in story.marks] == [("auctioneer", 23)]
    assert {report.stage for report in story.reports} == {"opened"}


def test_a_log_that_was_cut_is_told_as_far_as_it_goes() -> None:
    """However short it is, it gives a story that ends where the log does."""
    whole = recorded("signal-discovery-clock")
    for count in range(1, len(whole.entries)):
        story = read_story(replace(whole, entries=whole.entries[:count]), CODEC)
        assert story.stop is not None
        assert story.stop.record <= count
        assert story.settled is None


def test_a_void_session_says_why() -> None:
    """The operator's words are there."""
    stage = Stage(make_specification(4))
    stage.begin_play()
    stage.apply(Cancelled(detail="the hall is on fire"))
    story = read_story(stage.transcript(), CODEC)
    assert story.stop is not None
    assert (story.stop.kind, story.stop.why) == ("void", "the hall is on fire")


def test_prices_are_traced_to_those_who_set_them() -> None:
    """Those who were opened and did not win; the buyer's own words have no part in it."""
    assert price_source(told("crowdsourced-lookahead")).startswith(
        "The price of ada, who reported the highest value, follows from what ben and dan told of it"
    )
    assert "what ben told of the others" in price_source(told("crowdsourced-optimal"))
    assert price_source(told("vickrey")) == ""


def test_rewards_are_what_is_paid_beside_prices() -> None:
    """Exactly: their sum is what the buyers' prices exceed all payments by."""
    story = told("crowdsourced-lookahead-plus")
    assert story.outcome is not None
    paid = side_payments(story)
    assert sum(paid.values()) == story.outcome.price - sum(story.outcome.payments)
    assert paid["cyd"] == min(paid.values()) == 0


@pytest.mark.parametrize(
    ("draw", "probability"),
    [
        (Draw(label="a", kind="uniform", options=3, result=2), Fraction(1, 3)),
        (Draw(label="a", kind="bernoulli", options=Fraction(1, 20), result=True), Fraction(1, 20)),
        (Draw(label="a", kind="bernoulli", options=Fraction(1, 20), result=False), Fraction(19, 20)),
        (Draw(label="a", kind="weighted", options=(1, 2, 5), result=1), Fraction(1, 4)),
        (Draw(label="a", kind="pick", options=(1, 2, 5, 7), result=5), Fraction(1, 4)),
    ],
)
def test_draws_have_their_probability(draw: Draw, probability: Fraction) -> None:
    """Of what came out, not of what might have."""
    assert draw_probability(draw) == probability
