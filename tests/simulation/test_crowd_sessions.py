"""Sessions over reports of types: every mechanism, whatever the network does, comes to what play in one place says."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from openoutcry.errors import UnreadableTranscript
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.protocol import limits
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.messages import (
    AskReport,
    CommitClosed,
    OpeningKeyDisclosed,
    ReportCommit,
    ReportKind,
    ReportOpening,
    Role,
    SeedOpening,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.session.disclosure import Disclosure, decode_disclosure, encode_disclosure
from openoutcry.session.narration import tell
from openoutcry.session.replay import read_entry
from openoutcry.session.report import verification_lines
from openoutcry.session.strategic import TrueType, strategic_deviations
from openoutcry.session.transcripts import make_transcript
from openoutcry.session.values import Cancelled, Phase
from openoutcry.session.verdicts import Verdict
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation.network import Faults
from openoutcry.simulation.play import play
from openoutcry.simulation.session import SimulatedSession, simulate_session
from tests.simulation.crowd_stage import (
    begin,
    correlated,
    go_on,
    independent,
    knowledge,
    make_type_market,
    make_type_specification,
    telling,
)
from tests.simulation.stage import CODEC, READER, Stage

TYPED = [name for name, mechanism in MECHANISMS.items() if mechanism.market == "types"]
CROWD = [name for name in TYPED if name.startswith("crowdsourced-")]
PROFILE = (2, 1, 0)
ROUGH = Faults(
    delay_ms=(1, 40),
    think_ms=(0, 100),
    disconnection=Fraction(1, 30),
    duplication=Fraction(1, 20),
    bidder_crash=Fraction(1, 20),
    auctioneer_crash=Fraction(1, 50),
)


def prior_of(name: str) -> Distribution:
    """Return a prior that this mechanism can run on."""
    if name == "cremer-mclean":
        return telling()
    return independent() if name == "myerson" else correlated()


def specification_of(name: str, **choices: str):
    """Return a specification of a mechanism over three bidders with types."""
    prior = prior_of(name)
    market = make_type_market(prior=prior if MECHANISMS[name].uses_prior else None)
    return make_type_specification(name, market=market, parameters=choices)


def check_same(session: SimulatedSession, name: str, seed: str) -> None:
    """Hold a session against play in one place, and its transcript against a stranger's verification."""
    assert session.complaints == {}
    assert session.outcome is not None
    specification = specification_of(name)
    played = play(
        specification, knowledge(prior_of(name), PROFILE), seed=session.coin or b"", bidder_seed=seed
    )
    assert session.outcome.payments == played.payments
    assert session.outcome.awards == played.awards
    assert verify_transcript(session.transcript, codec=CODEC).is_valid


@pytest.mark.parametrize("seed", ["one", "two"])
@pytest.mark.parametrize("name", TYPED)
def test_a_session_comes_to_what_play_says(name: str, seed: str) -> None:
    """The network outcome, the in-process outcome and the replayed outcome are one, payment by payment."""
    session = simulate_session(
        specification_of(name), knowledge(prior_of(name), PROFILE), seed=seed, codec=CODEC
    )
    assert session.deviations == ()
    check_same(session, name, seed)


@pytest.mark.parametrize("name", TYPED)
def test_rough_networks_and_crashes_change_nothing(name: str) -> None:
    """Lost connections, and parties that die and come back from what they kept, lead to the same outcome."""
    session = simulate_session(
        specification_of(name), knowledge(prior_of(name), PROFILE), seed="rough", codec=CODEC, faults=ROUGH
    )
    check_same(session, name, "rough")


@pytest.mark.parametrize("name", CROWD)
@pytest.mark.parametrize("absent", ["ada", "cyd"])
def test_a_session_goes_on_without_a_bidder_that_never_came(name: str, absent: str) -> None:
    """Beliefs are asked about those who are there, by their places; the transcript verifies."""
    session = simulate_session(
        specification_of(name), knowledge(correlated(), PROFILE), seed="absent", codec=CODEC, absent=[absent]
    )
    assert session.phase is Phase.CLOSED
    assert session.deviations == ()
    assert absent not in session.players
    assert session.complaints == {}
    assert verify_transcript(session.transcript, codec=CODEC).is_valid


@pytest.mark.parametrize("kind", ["identical-units", "unit-demand", "bundles"])
def test_other_environments_are_sold_in_sessions_too(kind: str) -> None:
    """Units, different goods and bundles: who gets what is in the outcome, and a stranger comes to the same."""
    environments = {
        "identical-units": Environment.identical_units(2),
        "unit-demand": Environment.unit_demand(["north", "south"]),
        "bundles": Environment(kind="bundles", goods=("a", "b"), units=(1, 1), bundles=((0,), (1,), (0, 1))),
    }
    market = make_type_market(environment=environments[kind])
    specification = make_type_specification("crowdsourced-optimal", market=market)
    session = simulate_session(specification, knowledge(independent(), PROFILE), seed="goods", codec=CODEC)
    assert session.outcome is not None
    played = play(
        specification, knowledge(independent(), PROFILE), seed=session.coin or b"", bidder_seed="goods"
    )
    assert (session.outcome.awards, session.outcome.payments) == (played.awards, played.payments)
    assert verify_transcript(session.transcript, codec=CODEC).is_valid


def test_a_large_belief_comes_in_parts() -> None:
    """A belief of thousands of points fits no envelope: it is opened in parts, public and sealed, and paid for."""
    market = make_type_market(9)
    points = {
        tuple((number // 3**place) % 3 for place in range(8)): 1 + number * number % 997
        for number in range(3**8)
    }
    others = Joint.of(range(1, 9), points)
    known = list(knowledge(independent(9), (2, 1, 0, 0, 1, 2, 0, 1, 0)))
    finely = replace(known[0], belief=_with_long_weights(others))
    for openings in ("public", "private"):
        specification = make_type_specification(
            market=market, parameters={"openings": openings, "payment": "lottery"}
        )
        session = simulate_session(specification, [finely, *known[1:]], seed="large", codec=CODEC)
        parts = [body for _, body in bodies(session.entries) if isinstance(body, ReportOpening)]
        assert max(part.part_count for part in parts) > 1
        assert session.deviations == ()
        assert verify_transcript(session.transcript, codec=CODEC).is_valid


# --- What can be read when, from the recorded bytes. ---


def bodies(entries: tuple[bytes, ...] | list[bytes]):
    """Return header and body of each entry."""
    return [read_entry(data, READER, index) for index, data in enumerate(entries)]


@pytest.mark.parametrize("openings", ["public", "private"])
@pytest.mark.parametrize("name", CROWD)
def test_nobody_sees_a_report_before_all_are_committed(name: str, openings: str) -> None:
    """In each wave every commitment stands before CommitClosed, and every opening behind it."""
    choices = {} if name == "crowdsourced-lookahead" else {"openings": openings}
    session = simulate_session(
        specification_of(name, **choices), knowledge(correlated(), PROFILE), seed="order", codec=CODEC
    )
    closed: dict[int, int] = {}
    for index, (_, body) in enumerate(bodies(session.entries)):
        match body:
            case ReportCommit(wave=wave):
                assert wave not in closed
            case CommitClosed(wave=wave):
                closed[wave] = index
            case ReportOpening(wave=wave):
                assert wave in closed
    assert closed


@pytest.mark.parametrize("name", CROWD)
def test_bidders_are_never_told_of_each_others_reports(name: str) -> None:
    """What is delivered to a bidder holds no report of another: openings go to the auctioneer and into the log only."""
    stage, reporters = begin(specification_of(name), knowledge(correlated(), PROFILE))
    go_on(stage, reporters)
    for hand in stage.hands.values():
        for index in stage.session.log.addressed_from(hand.key.sender_id, 0):
            _, body = read_entry(stage.entries[index], READER, index)
            assert not isinstance(body, ReportOpening | ReportCommit)


def test_the_auctioneer_cannot_read_a_private_report_that_was_not_opened() -> None:
    """Until all commitments are closed the auctioneer holds hashes only; what it needs to read them was never sent."""
    stage, reporters = begin(specification_of("crowdsourced-lookahead"), knowledge(correlated(), PROFILE))
    for name in ("ada", "ben"):
        stage.send(reporters[name].commit())
    sent = b"".join(stage.entries)
    assert b"n" * 32 not in sent, "the random bytes that hide a report stay with the bidder"
    assert [type(body) for _, body in bodies(stage.entries)].count(ReportOpening) == 0


def test_sealed_openings_can_be_read_with_the_sessions_key_only() -> None:
    """From the recorded bytes a stranger without the key reads no report; with another session's key neither."""
    stage, reporters = begin(
        make_type_specification("crowdsourced-lookahead", disclosure="sealed"),
        knowledge(correlated(), PROFILE),
    )
    go_on(stage, reporters)
    sealed = [body.content for _, body in bodies(stage.entries) if isinstance(body, ReportOpening)]
    assert len({len(content) % 256 for content in sealed}) == 1
    assert not any(b"n" * 32 in content for content in sealed)
    assert not any(isinstance(body, OpeningKeyDisclosed) for _, body in bodies(stage.entries))
    other = Disclosure(session_id=stage.session.session_id, opening_key=OpeningKey(b"x" * 32))
    with pytest.raises(UnreadableTranscript, match="does not hold the key of this session"):
        verify_transcript(stage.transcript(), codec=CODEC, disclosure=other)


@pytest.mark.parametrize("seed", range(8))
def test_the_coin_that_picks_the_informant_is_fixed_before_any_report(seed: int) -> None:
    """All seed parts stand in the log, or are bound, before the first question; it asks whom the coin picked."""
    session = simulate_session(
        specification_of("crowdsourced-optimal"),
        knowledge(correlated(), PROFILE),
        seed=str(seed),
        codec=CODEC,
    )
    told = bodies(session.entries)
    first = next(index for index, (_, body) in enumerate(told) if isinstance(body, AskReport))
    parts = [
        index
        for index, (header, body) in enumerate(told)
        if isinstance(body, SeedOpening) and header.role is Role.BIDDER
    ]
    assert len(parts) == 3
    assert max(parts) < first
    kinds = [body.kind for _, body in told if isinstance(body, AskReport)]
    assert sorted(kinds) == [ReportKind.VALUE, ReportKind.VALUE, ReportKind.BELIEF]
    verification = verify_transcript(session.transcript, codec=CODEC)
    assert verification.session is not None
    assert verification.session.chance is not None
    informant = next(draw for draw in verification.session.chance.draws if draw.label.endswith("/informant"))
    assert kinds[informant.result] is ReportKind.BELIEF


# --- Sealed transcripts. ---


def sealed_stage(mechanism: str = "crowdsourced-lookahead") -> Stage:
    """Return the ended session of a market that keeps its reports sealed."""
    stage, reporters = begin(
        make_type_specification(mechanism, parameters=_private(mechanism), disclosure="sealed"),
        knowledge(correlated(), PROFILE),
    )
    go_on(stage, reporters)
    return stage


@pytest.mark.parametrize("mechanism", CROWD)
def test_a_sealed_transcript_says_which_levels_it_could_check(mechanism: str) -> None:
    """Without the disclosure: integrity and authorship, and conduct up to the first sealed report. With it: all."""
    stage = sealed_stage(mechanism)
    without = verify_transcript(stage.transcript(), codec=CODEC)
    assert without.is_valid
    assert without.is_sealed
    assert [level.verdict for level in without.levels] == [Verdict.VALID] * 2 + [Verdict.UNCHECKED] * 2
    assert "give the disclosure file" in without.levels[2].detail
    assert "as far as it can be checked" in verification_lines(without)[-1]
    disclosure = Disclosure(session_id=stage.session.session_id, opening_key=stage.opening_key)
    found = verify_transcript(
        stage.transcript(), codec=CODEC, disclosure=decode_disclosure(encode_disclosure(disclosure))
    )
    assert found.is_valid
    assert not found.is_sealed
    assert [level.verdict for level in found.levels] == [Verdict.VALID] * 4


def test_a_disclosure_of_another_session_is_refused() -> None:
    """A disclosure names its session: it proves nothing about another."""
    stage = sealed_stage()
    disclosure = Disclosure(session_id=b"s" * 32, opening_key=stage.opening_key)
    with pytest.raises(UnreadableTranscript, match="of another session"):
        verify_transcript(stage.transcript(), codec=CODEC, disclosure=disclosure)


def test_an_auctioneer_that_owes_its_key_is_found() -> None:
    """Where reports are to be disclosed at settlement, a log without the key is no valid session."""
    stage, reporters = begin(specification_of("crowdsourced-lookahead"), knowledge(correlated(), PROFILE))
    go_on(stage, reporters)
    assert isinstance(bodies(stage.entries)[-1][1], OpeningKeyDisclosed)
    stage.entries.pop()
    verification = verify_transcript(_cut(stage), codec=CODEC)
    failure = verification.first_failure
    assert failure is not None
    assert (failure.name, failure.code) == ("conduct", DeviationCode.OPENING_KEY_MISSING)


def test_a_session_that_is_voided_in_play_discloses_what_was_opened() -> None:
    """Whoever ends a session in play shows the seed and the key, so that everybody sees what it knew."""
    stage, reporters = begin(specification_of("crowdsourced-lookahead"), knowledge(correlated(), PROFILE))
    for reporter in reporters.values():
        stage.send(reporter.commit())
    for data in reporters["ada"].open():
        stage.send(data)
    stage.apply(Cancelled(detail="the seller has changed its mind"))
    (_, part), (_, key) = bodies(stage.entries)[-2:]
    assert isinstance(part, SeedOpening)
    assert isinstance(key, OpeningKeyDisclosed)
    assert stage.verify().is_valid


# --- Told and measured. ---


@pytest.mark.parametrize("name", TYPED)
def test_a_recorded_session_can_be_told(name: str) -> None:
    """Every entry and wave of every mechanism has a line; who is asked for what, and what was opened, is in them."""
    session = simulate_session(
        specification_of(name), knowledge(prior_of(name), PROFILE), seed="told", codec=CODEC
    )
    _, moments = tell(session.transcript, CODEC)
    told = [moment.text for moment in moments]
    assert all(told)
    if name in CROWD:
        assert any("a belief of" in text for text in told)


@pytest.mark.parametrize("name", TYPED)
def test_truthful_bidders_deviate_from_nothing(name: str) -> None:
    """Measured against what they know, and have learnt by being asked, truthful bidders deviate nowhere."""
    known = knowledge(prior_of(name), PROFILE)
    session = simulate_session(specification_of(name), known, seed="true", codec=CODEC)
    verification = verify_transcript(session.transcript, codec=CODEC)
    assert verification.session is not None
    private = {
        bidder: TrueType(value=truth.value, belief=truth.belief)
        for bidder, truth in zip(session.roster, known, strict=True)
    }
    assert strategic_deviations(verification.session, session.entries, private=private, reader=READER) == ()


@pytest.mark.parametrize("strategy", ["shade-value", "overconfident", "ignorant"])
def test_what_is_not_true_is_measured(strategy: str) -> None:
    """Another value or another belief than the true one is named, with both."""
    known = knowledge(correlated(), PROFILE)
    name = "crowdsourced-lookahead-plus"
    session = simulate_session(
        specification_of(name), known, seed="lies", codec=CODEC, strategies={"ada": strategy}
    )
    verification = verify_transcript(session.transcript, codec=CODEC)
    assert verification.session is not None
    private = {
        bidder: TrueType(value=truth.value, belief=truth.belief)
        for bidder, truth in zip(session.roster, known, strict=True)
    }
    found = strategic_deviations(verification.session, session.entries, private=private, reader=READER)
    assert {deviation.bidder for deviation in found} == {"ada"}
    assert all(deviation.did != deviation.truthful for deviation in found)


def _private(mechanism: str) -> dict[str, str]:
    return {} if mechanism == "crowdsourced-lookahead" else {"openings": "private"}


def _with_long_weights(belief: Joint) -> Joint:
    weights = {
        point: weight * (10**16 + place) + 1
        for place, (point, weight) in enumerate(zip(belief.points, belief.weights, strict=True))
    }
    return Joint.of(belief.players, weights)


def _cut(stage: Stage):
    """Return the transcript of a log from which the last entry was taken, under a checkpoint of its own."""
    tree = MerkleTree()
    for data in stage.entries:
        tree.append(data)
    return make_transcript(
        entries=stage.entries,
        specification=stage.specification,
        session_id=stage.session.session_id,
        tree=tree,
        checkpoint_key=stage.checkpoint_key,
        reader=READER,
    )


def test_an_outcome_that_fits_no_entry_voids_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payments too long for the log end the session without a sale, for everybody in the same way."""
    monkeypatch.setattr(limits, "AUCTIONEER_ENVELOPE_BYTES", 400)
    stage, reporters = begin(specification_of("vickrey"), knowledge(correlated(), PROFILE))
    go_on(stage, reporters)
    assert stage.session.phase is Phase.VOID
    assert stage.session.outcome is None
    assert stage.verify().is_valid
