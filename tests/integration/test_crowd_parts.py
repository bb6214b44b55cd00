"""Reports in parts over the real service: a belief of a hundred thousand points, and one that stops on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from auctioneer.keys import make_keys
from auctioneer.service import Service
from auctioneer.stores import MemoryStore
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Joint, Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.specification import Specification, Timing, encode_specification
from openoutcry.protocol import limits
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.messages import ReportOpening
from openoutcry.protocol.opening import seal_opening
from openoutcry.session.bidder_values import (
    BidderEffects,
    OpeningAsked,
    OpeningChosen,
    OpeningSealed,
    TypeAsked,
    TypeChosen,
)
from openoutcry.session.verdicts import Verification
from openoutcry.session.verification import verify_transcript
from openoutcry.strategies import PrivateKnowledge
from tests.participants.bidders import Call, TestBidder, open_channel
from tests.simulation.crowd_stage import make_type_market
from tests.simulation.stage import CODEC, READER

PATIENCE_SECONDS = 60.0
L_PLUS = "crowdsourced-lookahead-plus"
POINTS = 100_000


def make_crowd(market: TypeMarket, *, answer_ms: int = 30_000, **parameters: object) -> Specification:
    """Return a specification of bidders with types."""
    return Specification(
        title="A crowd with large beliefs",
        market=market,
        mechanism=L_PLUS,
        parameters=parameters,
        timing=Timing(enrol_ms=30_000, answer_ms=answer_ms),
    )


@dataclass(kw_only=True)
class Reporter(TestBidder):
    """A bidder with a type; `parts` is how many parts of an opening leave before it falls silent, None all.

    Attributes:
        known: What it knows.
        parts: See above.
        opened: How many parts it has sent.
    """

    known: PrivateKnowledge
    parts: int | None = None
    opened: int = 0
    lapsed: asyncio.Event = field(default_factory=asyncio.Event)

    async def perform(self, call: Call, effects: BidderEffects) -> None:
        """Send what an input brought, and answer what is asked."""
        assert effects.complaint is None, effects.complaint
        for envelope in effects.send:
            _, body = READER.read_message(READER.read_envelope(envelope))
            if isinstance(body, ReportOpening):
                if self.parts is not None and self.opened >= self.parts:
                    return
                self.opened += 1
            await self.send(call, envelope)
        match effects.ask:
            case TypeAsked(question=question, asks_value=asks_value, subjects=subjects, shape=shape):
                report = TypeReport(
                    value=self.known.value if asks_value else None,
                    belief=self.known.belief.marginal(subjects) if subjects else None,
                )
                data = CODEC.encode_type_report(report, shape)
                await self.perform(call, self.session.apply(TypeChosen(question=question, report=data), 3))
            case OpeningAsked(question=question):
                given = OpeningChosen(question=question, opens=True)
                await self.perform(call, self.session.apply(given, 3))
        if effects.seal is not None:
            asked = effects.seal
            sealed = seal_opening(asked.content, recipient=asked.recipient, info=asked.info)
            given_seal = OpeningSealed(question=asked.question, sealed=sealed)
            await self.perform(call, self.session.apply(given_seal, 3))


def wide_market() -> TypeMarket:
    """Return a market of three bidders, two of whom may have hundreds of values."""
    few, many = ((1,), (400,)), tuple((value,) for value in range(1, 401))
    return TypeMarket(
        lot="a bond",
        currency="USD",
        minor_units=0,
        environment=Environment.single_good(),
        bidders=(
            TypedBidder(name="ada", types=few),
            TypedBidder(name="ben", types=many),
            TypedBidder(name="cyd", types=many),
        ),
    )


def wide_knowledge() -> tuple[PrivateKnowledge, ...]:
    """Return what they know: ada a belief of as many points as there may be, with long weights."""
    points: dict[tuple[int, ...], int] = {
        divmod(number, 400): (number * 7919 + 1) << 80 | 1 for number in range(POINTS)
    }
    few, many = {0: 1, 1: 1}, dict.fromkeys(range(400), 1)
    return (
        PrivateKnowledge(value=1, belief=Joint.of((1, 2), points)),
        PrivateKnowledge(value=100, belief=Product.of({0: few, 2: many})),
        PrivateKnowledge(value=50, belief=Product.of({0: few, 1: many})),
    )


async def play_in_parts(
    specification: Specification, known: Sequence[PrivateKnowledge], *, parts: int | None = None
) -> tuple[Verification, list[Reporter]]:
    """Play over a real service; ada sends so many parts of its opening, the others all."""
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        Service(store=MemoryStore(), keys=make_keys()) as service,
        open_channel(service.address) as channel,
    ):
        session_id = await service.open_session(encode_specification(specification))
        reporters = [
            Reporter(
                name=name,
                session_id=session_id,
                decide=_nothing,
                known=own,
                parts=parts if name == "ada" else None,
            )
            for name, own in zip(specification.market.names, known, strict=True)
        ]
        await asyncio.gather(*(reporter.play(channel) for reporter in reporters))
        await service.finished(session_id)
        return verify_transcript(await service.transcript(session_id), codec=CODEC), reporters


def _nothing(_: object) -> None:
    """Answer no level: there is none."""


@pytest.mark.parametrize("openings", ["private", pytest.param("public", marks=pytest.mark.long)])
async def test_a_belief_of_a_hundred_thousand_points_goes_through(openings: str) -> None:
    """Some sixty parts leave at once, on one stream, within what an honest bidder is allowed."""
    specification = make_crowd(wide_market(), payment="lottery", openings=openings)
    verification, (ada, *_) = await play_in_parts(specification, wide_knowledge())
    assert 55 <= ada.opened <= limits.OPENING_PARTS
    assert verification.is_valid
    assert verification.deviations == ()
    assert ada.session.deviations == []


@pytest.mark.parametrize("parts", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_an_opening_that_stops_between_its_parts_is_late(parts: int) -> None:
    """A part that was accepted is not the answer: the deadline stands for all of them, and the session settles."""
    points = {tuple(number // 3**place % 3 for place in range(8)): number << 64 | 1 for number in range(3**8)}
    known = [
        PrivateKnowledge(
            value=1,
            belief=Product.of({other: {0: 1, 1: 1, 2: 1} for other in range(9) if other != bidder}),
        )
        for bidder in range(9)
    ]
    known[0] = replace(known[0], belief=Joint.of(range(1, 9), points))
    specification = make_crowd(make_type_market(9), payment="lottery", answer_ms=1500)
    verification, (ada, *others) = await play_in_parts(specification, known, parts=parts)
    assert ada.opened == parts
    assert verification.is_valid
    assert [(found.code, found.accused) for found in verification.deviations] == [
        (DeviationCode.OPENING_MISSING, "ada")
    ]
    assert [other.session.deviations for other in others] == [[]] * 8
    assert [found.code for found in ada.session.deviations] == [DeviationCode.OPENING_MISSING]
