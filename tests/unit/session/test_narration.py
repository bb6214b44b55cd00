"""Telling a session: every entry once and in order, waves with reasons, state and draws, as far as the log holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from openoutcry.errors import TranscriptError
from openoutcry.mechanisms import Market
from openoutcry.protocol.messages import Accept
from openoutcry.session.auctioneer import SeedUnknown
from openoutcry.session.narration import Moment, tell
from openoutcry.session.values import Cancelled
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, Stage

FORMS = ("clock", "sealed")
MECHANISMS = ("signal-discovery", "uniform-clock")
SIGNALS = {"ada": 2, "ben": 1, "cyd": 0, "dan": 1}

every_form = pytest.mark.parametrize("form", FORMS)
every_mechanism = pytest.mark.parametrize("mechanism", MECHANISMS)


def played(mechanism: str, form: str, signals: dict[str, int] | None = None) -> Stage:
    """Return an ended session; bidders without a signal are silent."""
    stage = Stage(make_specification(mechanism=mechanism, parameters={"form": form}))
    stage.begin_play()
    stage.finish(SIGNALS if signals is None else signals)
    return stage


def moments_of(stage: Stage, entries: Sequence[bytes] | None = None) -> Iterator[Moment]:
    """Tell a log, by default the stage's own."""
    transcript = stage.transcript()
    if entries is not None:
        transcript = replace(transcript, entries=tuple(entries))
    return tell(transcript, CODEC)[1]


def texts(stage: Stage) -> list[str]:
    """Return what is told of a session, without waves."""
    return [moment.text for moment in moments_of(stage) if moment.index is not None]


@every_mechanism
@every_form
def test_every_entry_is_told_once_and_in_order(mechanism: str, form: str):
    """Indexes run from 0 to the end, and the phases follow each other."""
    stage = played(mechanism, form)
    moments = list(moments_of(stage))
    assert [moment.index for moment in moments if moment.index is not None] == list(range(len(stage.entries)))
    phases = list(dict.fromkeys(moment.phase for moment in moments))
    assert phases == sorted(phases, key=["ENROL", "SEED", "PLAY", "SETTLE", "CLOSED"].index)
    assert phases[-1] == "CLOSED"


@every_mechanism
@every_form
def test_waves_are_told_before_their_questions(mechanism: str, form: str):
    """Each wave begins with its number, its reason and the state; what follows belongs to it."""
    stage = played(mechanism, form)
    moments = list(moments_of(stage))
    waves = [place for place, moment in enumerate(moments) if moment.index is None]
    assert len(waves) == stage.session.wave_count
    for number, place in enumerate(waves):
        wave, question = moments[place], moments[place + 1]
        assert wave.wave == number
        assert wave.text.startswith(f"wave {number}: ")
        assert len(wave.text) > len(f"wave {number}: ")
        assert "is asked" in question.text
        assert question.wave == number
        assert question.bidder in question.text


@every_mechanism
@every_form
def test_every_draw_is_told_once_and_in_order(mechanism: str, form: str):
    """What is drawn is shown where it is first known, at a wave or at the outcome, and nothing is left out."""
    stage = played(mechanism, form)
    told = [draw for moment in moments_of(stage) for draw in moment.draws]
    assert stage.session.chance is not None
    assert told == stage.session.chance.draws
    assert [draw.label for draw in told[:1]] == (
        ["signal-discovery/group"] if mechanism == "signal-discovery" else []
    )


def test_the_guessed_group_is_seen_in_the_clock_form():
    """The state at the first wave has the drawn group, and only bidders outside it are asked then."""
    stage = played("signal-discovery", "clock")
    moments = list(moments_of(stage))
    first = next(moment for moment in moments if moment.wave == 0)
    group = first.state["group"]
    assert [draw.result for draw in first.draws if draw.label.endswith("/group")] == [group]
    asked = {
        moment.bidder for moment in moments if moment.wave == 0 and moment.index is not None and moment.bidder
    }
    market = stage.session.specification.market
    assert isinstance(market, Market)
    bidders = market.bidders
    assert asked == {bidder.name for bidder in bidders if bidder.group != group}
    assert "group 0" in first.text or "group 1" in first.text


def test_a_clock_session_is_told_in_words():
    """Enrolments, seed parts, questions, answers and the outcome each have their sentence."""
    told = texts(played("uniform-clock", "clock", {"ada": 2, "ben": 1, "cyd": 0}))
    assert told[:2] == ["the auctioneer opens the session (release stage)", "ada enrols (release hand)"]
    for sentence in (
        "the roster is closed with 4 bidders; they are asked for their seed parts",
        "ben opens its seed part",
        "cyd is asked for level 1",
        "cyd exits at level 1",
        "ben accepts level 1",
        "no answer of dan came in time",
        "the auctioneer opens its seed part: everybody can repeat the draws",
    ):
        assert sentence in told
    assert any(sentence.startswith("ada buys at ") for sentence in told)


def test_a_sealed_session_is_told_in_words():
    """Commitments, their close, openings with the signal, and who withheld."""
    told = texts(played("uniform-clock", "sealed", {"ada": 2, "ben": 1, "cyd": 0}))
    for sentence in (
        "ada is asked to commit to its signal",
        "ada commits to its report",
        "no commitment of dan came in time",
        "commitments are closed with 3; they are to be opened",
        "ada opens its report: signal 2",
    ):
        assert sentence in told


@every_form
def test_deviations_and_voids_are_told(form: str):
    """A refused message is told with its code and its sender; a void session says why."""
    stage = Stage(make_specification(parameters={"form": form}))
    stage.begin_play()
    hand = stage.hands["ada"]
    stage.send(hand.say(Accept(level=1), reply_to=b"q" * 32))
    stage.apply(Cancelled(detail="the hall is on fire"))
    told = texts(stage)
    assert any(sentence.startswith("deviation NOT_ASKED of ada: ") for sentence in told)
    assert "the session is void: the hall is on fire" in told


@every_form
def test_a_departed_log_is_told_up_to_there(form: str):
    """Where an entry does not follow by the rules the telling ends with its index."""
    stage = played("signal-discovery", form)
    # The last input is left out, so that what follows it has nothing to follow from.
    place, _ = stage.inputs[-1]
    departed = [*stage.entries[:place], *stage.entries[place + 1 :]]
    told: list[int] = []
    with pytest.raises(TranscriptError) as refused:
        told.extend(moment.index for moment in moments_of(stage, departed) if moment.index is not None)
    assert refused.value.index == place
    assert told == list(range(place))


@every_mechanism
@every_form
def test_a_log_without_the_auctioneers_seed_part_is_told_up_to_the_first_draw(mechanism: str, form: str):
    """All is told up to the last bidder's seed part, as it is of the whole log; then it is said what is not known."""
    stage = played(mechanism, form)
    whole = list(moments_of(stage))
    last = max(moment.index or 0 for moment in whole if moment.text.endswith(" opens its seed part"))
    cut = stage.entries[: last + 3]
    told: list[Moment] = []
    with pytest.raises(SeedUnknown):
        told.extend(moments_of(stage, cut))
    assert told == whole[: last + 1]


@every_form
def test_a_log_of_another_session_is_not_told(form: str):
    """Entries behind a foreign SessionOpen do not follow from it."""
    stage = played("signal-discovery", form)
    other = Stage(make_specification(parameters={"form": form}, levels=4))
    with pytest.raises(TranscriptError):
        list(moments_of(other, [other.entries[0], *stage.entries[1:]]))
