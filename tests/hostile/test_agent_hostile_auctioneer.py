"""What a dishonest auctioneer does to an agent ends in the right complaint with evidence, and never in a crash."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from bidder_agent import Strategy, join
from bidder_agent.agent import Agent, AgentSettings, Unreachable
from bidder_agent.connection import AuctioneerClient
from bidder_agent.identity import identity_from_seed
from bidder_agent.receipts import Receipts
from bidder_agent.result import Ending, Result
from openoutcry.errors import ConfigurationError
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import (
    AskReport,
    Lapse,
    LapseSubject,
    OutcomeDeclared,
    Raise,
    ReportKind,
    SessionVoid,
    VoidReason,
)
from openoutcry.session.evidence import decode_evidence, judge
from tests.unit.bidder_agent.breaches import (
    CASES,
    DOUBTS,
    forged,
    same_number_twice,
    two_questions,
    wrong_level,
    wrong_seed,
)
from tests.unit.bidder_agent.fake_servicer import MESSAGE_KEY, READER
from tests.unit.bidder_agent.scripted_servicer import Hand, Script, ScriptedAuctioneer, serve_script


async def meet(script: Script, tmp_path: Path, **options: Any) -> Result:
    """Have ada, whose signal is 2, meet this auctioneer."""
    servicer = options.pop("servicer", None) or ScriptedAuctioneer(script)
    given: dict[str, Any] = {"name": "ada", "signal": 2, "seed": "test", "patience_s": 10.0} | options
    async with serve_script(servicer) as address:
        return await join(address, session=servicer.session_id, receipts=tmp_path / "ada", **given)


@pytest.mark.parametrize("script", CASES, ids=lambda script: script.__name__)
async def test_breach_becomes_complaint_with_evidence(tmp_path: Path, script: Script) -> None:
    """Each breach ends the agent's part with its code, and the auctioneer's bytes are kept."""
    lines: list[str] = []
    result = await meet(script, tmp_path, tell=lines.append)
    assert (result.ending, result.is_good) == (Ending.COMPLAINT, False)
    complaint = result.complaint
    assert complaint is not None
    assert (complaint.code, complaint.accused) == (CASES[script], "auctioneer"), complaint.detail
    (description,) = (tmp_path / "ada" / "evidence").glob("*.json")
    content = json.loads(description.read_text())
    assert (content["code"], content["session"]) == (complaint.code.value, result.session_id.hex())
    assert (description.parent / content["evidence"]).read_bytes() == complaint.evidence != b""
    assert lines[-1] == f"complaint: {complaint.code.value}: {complaint.detail}; evidence in {description}"


@pytest.mark.parametrize("script", DOUBTS, ids=lambda script: script.__name__)
async def test_what_anybody_could_have_made_is_endured_for_a_while(tmp_path: Path, script: Script) -> None:
    """The agent attaches again and again; when its patience is over it stops, keeps what came, and blames nobody."""
    lines: list[str] = []

    async def again(hand: Hand) -> None:
        if servicer.streams == 1:
            await script(hand)
            return
        *others, last = servicer.hands[0].sent
        if others:
            await hand.challenge()
        hand.send(last)

    servicer = ScriptedAuctioneer(again)
    result = await meet(again, tmp_path, servicer=servicer, tell=lines.append, patience_s=0.3)
    assert (result.ending, result.is_good) == (Ending.COMPLAINT, False)
    assert servicer.streams > 1
    complaint = result.complaint
    assert complaint is not None
    assert (complaint.code, complaint.accused) == (DOUBTS[script], "")
    (description,) = (tmp_path / "ada" / "evidence").glob("*.json")
    assert json.loads(description.read_text())["accused"] == ""
    line = f"{complaint.code.value}: {complaint.detail}"
    assert lines[-1].startswith(f"gave up after 0.3 s: {line}; held against nobody")
    assert [told for told in lines if told.startswith(f"what came cannot be taken: {line}; trying again in")]
    assert not [told for told in lines if told.startswith("complaint")]


@pytest.mark.parametrize("script", DOUBTS, ids=lambda script: script.__name__)
async def test_session_goes_on_after_what_anybody_could_have_made(tmp_path: Path, script: Script) -> None:
    """Whatever was done to one stream, the session ends as if nothing had happened, once the next one is left alone."""

    async def once(hand: Hand) -> None:
        if servicer.streams == 1:
            await script(hand)
            return
        await hand.challenge()
        hand.resume(servicer.hands[0])
        await hand.take()
        hand.say(SessionVoid(reason=VoidReason.CANCELLED, detail="because"))
        hand.conclude()

    servicer = ScriptedAuctioneer(once)
    result = await meet(once, tmp_path, servicer=servicer, checks_transcript=False)
    assert (result.ending, result.complaint, servicer.streams) == (Ending.VOID, None, 2)


@pytest.mark.parametrize("script", [wrong_seed, same_number_twice], ids=lambda script: script.__name__)
async def test_contradiction_is_proved_to_strangers(tmp_path: Path, script: Script) -> None:
    """Where the auctioneer's own words contradict each other, a file is left that a stranger accepts."""
    result = await meet(script, tmp_path)
    (file,) = (tmp_path / "ada" / "evidence").glob("*.evidence")
    verdict = judge(decode_evidence(file.read_bytes()), READER)
    assert verdict.startswith(f"{CASES[script].value} of the auctioneer in session {result.session_id.hex()}")


async def test_pinned_key_is_held_to(tmp_path: Path) -> None:
    """A session under another key than the expected one is not entered, and whoever named the key is told both."""
    keys = f"under the key {MESSAGE_KEY.public_key.hex()}, not under the expected one, {'6b' * 32}"
    with pytest.raises(ConfigurationError, match=keys):
        await meet(forged, tmp_path, auctioneer_key=b"k" * 32)
    assert not (tmp_path / "ada" / "evidence").exists()


async def test_second_question_is_refused_while_the_first_is_thought_about(tmp_path: Path) -> None:
    """An agent whose strategy has not answered yet takes no further question: the auctioneer signed both."""
    result = await meet(two_questions, tmp_path, strategy="slow:seconds=3600")
    assert result.complaint is not None
    assert result.complaint.code is DeviationCode.WRONG_QUESTION


async def test_session_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    """An auctioneer cannot answer for one session with another."""
    servicer = ScriptedAuctioneer(forged)
    servicer.session_id = b"i" * 32
    result = await meet(forged, tmp_path, servicer=servicer, patience_s=0.2)
    assert result.complaint is not None
    assert (result.complaint.code, result.complaint.accused) == (DeviationCode.WRONG_SESSION, "")
    assert result.complaint.evidence == servicer.session_open


async def test_specification_is_the_one_that_was_signed(tmp_path: Path) -> None:
    """Another specification than the one whose digest stands in SessionOpen is not taken."""
    servicer = ScriptedAuctioneer(forged)
    servicer.specification += b" "
    result = await meet(forged, tmp_path, servicer=servicer, patience_s=0.2)
    assert result.complaint is not None
    assert (result.complaint.code, result.complaint.accused) == (DeviationCode.FORKED, "")


async def test_complaint_outlives_the_process(tmp_path: Path) -> None:
    """An agent that is started again after a complaint does not forget it."""
    first = await meet(wrong_level, tmp_path)
    again = await meet(wrong_level, tmp_path)
    assert again.complaint == first.complaint


async def test_lapse_is_no_breach(tmp_path: Path) -> None:
    """An auctioneer may find the agent late; that is recorded of the agent, and nobody complains."""

    async def script(hand: Hand) -> None:
        await hand.open_roster()
        hand.say(AskReport(bidder=0, wave=0, kind=ReportKind.SIGNAL))
        await hand.take(is_kept=False)
        hand.say(Lapse(subject=LapseSubject.COMMITMENT, bidder=0))
        hand.say(OutcomeDeclared(awards=(), payments=(Fraction(0),), reason="because"))
        hand.conclude()

    result = await meet(script, tmp_path, checks_transcript=False)
    assert (result.ending, result.complaint) == (Ending.SETTLED, None)
    assert [deviation.code for deviation in result.deviations] == [DeviationCode.SILENT]


async def test_hang_up_is_no_breach_and_not_endured_for_ever(tmp_path: Path) -> None:
    """An auctioneer that hangs up each time loses the agent once its patience is over."""

    async def script(hand: Hand) -> None:
        await hand.challenge()

    servicer = ScriptedAuctioneer(script, closes=True)
    with pytest.raises(Unreachable, match=r"gave up after 0\.5 s"):
        await meet(script, tmp_path, servicer=servicer, patience_s=0.5)
    assert servicer.streams > 1


async def test_unrelated_deliveries_are_not_endured_for_ever(tmp_path: Path) -> None:
    """Deliveries whose proofs start elsewhere make the agent attach anew, and in the end give up."""

    async def script(hand: Hand) -> None:
        if servicer.streams > 1:
            hand.hang_up()
            return
        await hand.open_roster()
        hand.deliver(replace(hand.write(Raise(bidder=0, wave=0, level=1)), consistency_from=0))

    servicer = ScriptedAuctioneer(script)
    lines: list[str] = []
    with pytest.raises(Unreachable):
        await meet(script, tmp_path, servicer=servicer, patience_s=0.5, tell=lines.append)
    assert [line for line in lines if "SEQUENCE_GAP: the proof starts at size 0, not 2" in line] != []


async def test_endless_silence_makes_the_agent_attach_anew(tmp_path: Path) -> None:
    """A stream on which nothing comes any more is left and attached anew, as often as it takes."""

    async def script(hand: Hand) -> None:
        await hand.challenge()
        if servicer.streams == 3:
            await hand.take()
            hand.say(SessionVoid(reason=VoidReason.CANCELLED, detail="because"))
            hand.conclude()

    servicer = ScriptedAuctioneer(script)
    async with serve_script(servicer) as address:
        client = AuctioneerClient(address)
        receipts = Receipts.open(tmp_path / "ada")
        agent = Agent(
            client=client,
            session_id=servicer.session_id,
            identity=identity_from_seed("test", "ada"),
            private={"signal": 2},
            strategy=Strategy(),
            receipts=receipts,
            settings=AgentSettings(idle_s=0.05),
        )
        result = await agent.run()
        receipts.close()
        await client.close()
    assert (result.ending, result.reason, servicer.streams) == (Ending.VOID, "because", 3)
