"""Ways in which an auctioneer can break the protocol towards a bidder, each with the code that it amounts to."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from bidder_agent.connection import FRAME_BYTES
from openoutcry.mechanisms.conversation import Award
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import (
    AskReport,
    CommitClosed,
    DeviationNoted,
    Exit,
    Offer,
    OutcomeDeclared,
    Raise,
    ReportCommit,
    ReportKind,
    RosterClosed,
    RosterMember,
    SeedOpening,
)
from tests.unit.bidder_agent.fake_servicer import make_opening
from tests.unit.bidder_agent.scripted_servicer import Hand, Script


async def forged(hand: Hand) -> None:
    """Somebody else signs in the auctioneer's name."""
    await hand.open_roster()
    hand.say(Raise(bidder=0, wave=0, level=1), key=SigningKey.from_seed(b"x" * 32))


async def forked(hand: Hand) -> None:
    """An entry commits to another history than the one that was shown."""
    await hand.open_roster()
    hand.say(Raise(bidder=0, wave=0, level=1), seen_root=b"x" * 32)


async def wrong_level(hand: Hand) -> None:
    """The clock jumps."""
    await hand.open_roster()
    hand.say(Raise(bidder=0, wave=0, level=2))


async def level_beyond(hand: Hand) -> None:
    """The clock goes beyond the highest signal."""
    await hand.open_roster()
    hand.say(Raise(bidder=0, wave=0, level=4))


async def two_questions(hand: Hand) -> None:
    """A second question comes before the first is answered."""
    await hand.open_roster()
    hand.say(Raise(bidder=0, wave=0, level=1))
    hand.say(Raise(bidder=0, wave=0, level=2))


async def question_after_exit(hand: Hand) -> None:
    """An exit is not respected."""
    await hand.open_roster()
    for level in (1, 2, 3):
        hand.say(Raise(bidder=0, wave=0, level=level))
        await hand.take()
    assert isinstance(hand.heard[-1], Exit)
    hand.say(Raise(bidder=0, wave=1, level=3))


async def dear_offer(hand: Hand) -> None:
    """The price is one that the lot can never be worth."""
    await hand.open_roster()
    hand.say(Offer(bidder=0, wave=0, level=1, target=2, price=1_000_000))


async def changed_offer(hand: Hand) -> None:
    """An offer changes half-way."""
    await hand.open_roster()
    hand.say(Offer(bidder=0, wave=0, level=1, target=2, price=20))
    await hand.take()
    hand.say(Offer(bidder=0, wave=0, level=2, target=3, price=30))


async def suppressed_answer(hand: Hand) -> None:
    """The auctioneer goes on although the answer is not in the log."""
    await hand.open_roster()
    hand.say(Raise(bidder=0, wave=0, level=1))
    await hand.take(is_kept=False)
    hand.say(Raise(bidder=0, wave=0, level=2))


async def suppressed_commitment(hand: Hand) -> None:
    """The list of commitments leaves the bidder's out."""
    await hand.open_roster()
    hand.say(AskReport(bidder=0, wave=0, kind=ReportKind.SIGNAL))
    assert isinstance(await hand.take(), ReportCommit)
    hand.say(CommitClosed(wave=0, commitment_indexes=()))


async def early_commit_closed(hand: Hand) -> None:
    """An opening is asked for before a commitment: of what the bidder has said last, its seed part."""
    await hand.open_roster()
    hand.say(CommitClosed(wave=0, commitment_indexes=(hand.log.size - 1,)))


async def bought_unasked(hand: Hand) -> None:
    """The lot is sold at another price than was accepted."""
    await hand.open_roster()
    hand.say(Raise(bidder=0, wave=0, level=1))
    await hand.take()
    hand.say(Offer(bidder=0, wave=1, level=2, target=2, price=20))
    await hand.take()
    hand.say(
        OutcomeDeclared(
            awards=(Award(bidder=0, goods=(0,), price=Fraction(10)),),
            payments=(Fraction(10),),
            reason="because",
        )
    )


async def loser_pays(hand: Hand) -> None:
    """A bidder that does not win is made to pay."""
    await hand.open_roster()
    hand.say(OutcomeDeclared(awards=(), payments=(Fraction(5),), reason="because"))


async def payments_missing(hand: Hand) -> None:
    """The outcome does not say what the bidder pays."""
    await hand.open_roster()
    hand.say(OutcomeDeclared(awards=(), payments=(), reason="because"))


async def wrong_seed(hand: Hand) -> None:
    """The auctioneer opens another seed part than it committed to."""
    await hand.open_roster()
    hand.say(OutcomeDeclared(awards=(), payments=(Fraction(0),), reason="because"))
    hand.say(SeedOpening(part=b"q" * 32))


async def no_outcome(hand: Hand) -> None:
    """The session ends without an outcome."""
    await hand.open_roster()
    hand.conclude()


async def roster_without_me(hand: Hand) -> None:
    """The roster lists somebody else in the bidder's place."""
    await hand.challenge()
    await hand.take()
    hand.say(RosterClosed(members=(RosterMember(bidder=0, sender_id=b"x" * 32),)))


async def roster_twice(hand: Hand) -> None:
    """The roster is closed a second time."""
    await hand.open_roster()
    hand.say(RosterClosed(members=(RosterMember(bidder=0, sender_id=hand.party),)))


async def question_first(hand: Hand) -> None:
    """A question comes before the roster."""
    await hand.challenge()
    await hand.take()
    hand.say(Raise(bidder=0, wave=0, level=1))


async def other_session(hand: Hand) -> None:
    """A message of another session is delivered."""
    await hand.open_roster()
    hand.say(Raise(bidder=0, wave=0, level=1), session_id=b"x" * 32)


async def same_number_twice(hand: Hand) -> None:
    """Two messages have one sequence number."""
    await hand.open_roster()
    hand.say(Raise(bidder=0, wave=0, level=1), seq=1)


async def message_of_a_bidder(hand: Hand) -> None:
    """The auctioneer says what only bidders say."""
    await hand.open_roster()
    hand.say(Exit(level=1))  # type: ignore[arg-type]  # Only a bidder says this, which is the point.


async def question_of_another(hand: Hand) -> None:
    """A level that is asked of somebody else is delivered."""
    await hand.open_roster()
    hand.say(Raise(bidder=1, wave=0, level=1))


async def report_of_another(hand: Hand) -> None:
    """A report that is asked of somebody else is delivered."""
    await hand.open_roster()
    hand.say(AskReport(bidder=1, wave=0, kind=ReportKind.SIGNAL))


async def commitments_of_others(hand: Hand) -> None:
    """A list of commitments is delivered, of a wave in which this bidder has made none."""
    await hand.open_roster()
    hand.say(CommitClosed(wave=0, commitment_indexes=(1,)))


async def deviation_of_another(hand: Hand) -> None:
    """An accusation of somebody else is delivered."""
    await hand.open_roster()
    hand.say(
        DeviationNoted(deviation=DeviationCode.LATE, accused_id=b"x" * 32, evidence=b"x", detail="because")
    )


async def second_opening(hand: Hand) -> None:
    """The session is opened a second time."""
    await hand.open_roster()
    hand.say(make_opening(b"another specification"))


async def garbage_envelope(hand: Hand) -> None:
    """What is delivered is no envelope."""
    await hand.open_roster()
    hand.deliver(replace(hand.write(Raise(bidder=0, wave=0, level=1)), envelope=b"garbage"))


async def garbage_frame(hand: Hand) -> None:
    """What comes is no frame."""
    await hand.open_roster()
    hand.send(b"\xff\xff\xff")


async def empty_frame(hand: Hand) -> None:
    """A frame comes with nothing in it."""
    await hand.open_roster()
    hand.send(b"")


async def challenge_again(hand: Hand) -> None:
    """A stream is challenged a second time."""
    await hand.open_roster()
    hand.send(b"\x0a\x00")


async def no_challenge(hand: Hand) -> None:
    """A stream begins with something else than a challenge."""
    hand.send(b"\x12\x00")


async def endless_frame(hand: Hand) -> None:
    """A frame is longer than any may be."""
    await hand.open_roster()
    hand.send(b"x" * (FRAME_BYTES + 1))


CASES: dict[Script, DeviationCode] = {
    wrong_level: DeviationCode.WRONG_QUESTION,
    level_beyond: DeviationCode.WRONG_QUESTION,
    question_after_exit: DeviationCode.WRONG_QUESTION,
    dear_offer: DeviationCode.WRONG_QUESTION,
    changed_offer: DeviationCode.WRONG_QUESTION,
    suppressed_commitment: DeviationCode.SUPPRESSED,
    early_commit_closed: DeviationCode.WRONG_QUESTION,
    bought_unasked: DeviationCode.WRONG_OUTCOME,
    loser_pays: DeviationCode.WRONG_OUTCOME,
    payments_missing: DeviationCode.WRONG_OUTCOME,
    wrong_seed: DeviationCode.SEED_MISSING,
    roster_without_me: DeviationCode.SUPPRESSED,
    roster_twice: DeviationCode.WRONG_QUESTION,
    same_number_twice: DeviationCode.EQUIVOCATION,
    message_of_a_bidder: DeviationCode.WRONG_QUESTION,
    second_opening: DeviationCode.WRONG_QUESTION,
}

# What comes is not signed, or not for this place: anybody on the way can do the same to an honest auctioneer.
DOUBTS: dict[Script, DeviationCode] = {
    forged: DeviationCode.BAD_SIGNATURE,
    forked: DeviationCode.FORKED,
    suppressed_answer: DeviationCode.SUPPRESSED,
    two_questions: DeviationCode.SUPPRESSED,
    no_outcome: DeviationCode.WRONG_OUTCOME,
    other_session: DeviationCode.WRONG_SESSION,
    question_first: DeviationCode.MALFORMED,
    question_of_another: DeviationCode.MALFORMED,
    report_of_another: DeviationCode.MALFORMED,
    commitments_of_others: DeviationCode.MALFORMED,
    deviation_of_another: DeviationCode.MALFORMED,
    garbage_envelope: DeviationCode.MALFORMED,
    garbage_frame: DeviationCode.MALFORMED,
    empty_frame: DeviationCode.MALFORMED,
    challenge_again: DeviationCode.MALFORMED,
    no_challenge: DeviationCode.MALFORMED,
    endless_frame: DeviationCode.MALFORMED,
}
