"""The stage for reports of types: markets with types, and hands that commit and open whatever a test wants."""

from __future__ import annotations

from collections.abc import Mapping

from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.market import TypedBidder, TypeMarket
from openoutcry.mechanisms.specification import Specification, Timing
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.commitments import report_commitment
from openoutcry.protocol.messages import AskReport, CommitClosed, ReportCommit, ReportOpening
from openoutcry.protocol.opening import opening_info, pack_opening, seal_opening, split_opening
from openoutcry.session.reports import report_shape, report_type
from openoutcry.strategies import PrivateKnowledge
from tests.simulation.markets import NAMES
from tests.simulation.stage import CODEC, NONCE, Hand, Stage

VALUES = (1, 4, 6)


def make_type_market(
    count: int = 3, *, environment: Environment | None = None, prior: Distribution | None = None
) -> TypeMarket:
    """Return a market of up to eight bidders who may value what is sold at 1, 4 or 6."""
    sold = environment or Environment.single_good()
    types = tuple(tuple(value + place for place in range(len(sold.bundles))) for value in VALUES)
    return TypeMarket(
        lot="a bond",
        currency="USD",
        minor_units=0,
        environment=sold,
        bidders=tuple(TypedBidder(name=NAMES[place], types=types) for place in range(count)),
        prior=prior,
    )


def make_type_specification(
    mechanism: str = "crowdsourced-lookahead-plus",
    *,
    market: TypeMarket | None = None,
    parameters: Mapping[str, object] | None = None,
    disclosure: str = "settlement",
) -> Specification:
    """Return a specification over a market with types."""
    return Specification(
        title="A small crowd",
        market=market or make_type_market(),
        mechanism=mechanism,
        parameters=parameters or {},
        timing=Timing(enrol_ms=3000, answer_ms=1000),
        disclosure="sealed" if disclosure == "sealed" else "settlement",
    )


def correlated(count: int = 3) -> Joint:
    """Return a prior under which bidders tend to have equal types."""
    profiles = [(first, *rest) for first in range(3) for rest in _profiles(count - 1)]
    return Joint.of(range(count), {profile: 1 + 5 * (len(set(profile)) == 1) for profile in profiles})


def telling(count: int = 3) -> Joint:
    """Return a prior under which each type of a bidder believes something of its own about the others."""
    profiles = [(first, *rest) for first in range(3) for rest in _profiles(count - 1)]
    weights = {
        profile: 1 + 9 * (len(set(profile)) == 1) + 3 * (profile[0] == profile[1]) for profile in profiles
    }
    return Joint.of(range(count), weights)


def independent(count: int = 3) -> Product:
    """Return a prior under which bidders have nothing to do with each other."""
    return Product.of({player: {0: 2, 1: 1, 2: 1 + player} for player in range(count)})


def knowledge(prior: Distribution, profile: tuple[int, ...]) -> tuple[PrivateKnowledge, ...]:
    """Return what bidders know at a profile who know their own type, and the prior."""
    known = []
    for bidder, index in enumerate(profile):
        belief = prior.given({bidder: index})
        assert belief is not None, "the profile is possible"
        known.append(PrivateKnowledge(value=index, belief=belief))
    return tuple(known)


def shape_of(stage: Stage, hand: Hand, ask: AskReport) -> ReportShape:
    """Return what a report that answers this question must look like."""
    market = stage.session.specification.market
    places = [party.bidder for party in stage.session.members]
    return report_shape(
        market,
        market.names.index(hand.name),
        kind=ask.kind,
        subjects=[places[subject] for subject in ask.subjects],
        weight_bits=ask.weight_bits,
    )


def truthful(stage: Stage, hand: Hand, ask: AskReport, known: PrivateKnowledge) -> bytes:
    """Return the encoded report of somebody who says what it knows."""
    shape = shape_of(stage, hand, ask)
    report = TypeReport(
        value=known.value if shape.has_value else None,
        belief=known.belief.marginal(shape.subjects) if shape.has_belief else None,
    )
    return CODEC.encode_type_report(report, shape)


def commitment(stage: Stage, hand: Hand, ask: AskReport, report: bytes) -> ReportCommit:
    """Return the commitment to a report."""
    committed = report_commitment(
        session_id=stage.session.session_id,
        sender_id=hand.key.sender_id,
        wave=ask.wave,
        payload_type=report_type(ask.kind),
        nonce=NONCE,
        report=report,
    )
    return ReportCommit(wave=ask.wave, commitment=committed)


def openings(
    stage: Stage, hand: Hand, ask: AskReport, commit: ReportCommit, report: bytes, *, nonce: bytes = NONCE
) -> tuple[ReportOpening, ...]:
    """Return the messages that open a report, sealed if the question asks for that."""
    content = pack_opening(nonce, report)
    if ask.is_private:
        info = opening_info(stage.session.session_id, hand.key.sender_id, ask.wave, commit.commitment)
        content = seal_opening(content, recipient=stage.opening.opening_key, info=info)
    parts = split_opening(content)
    return tuple(
        ReportOpening(wave=ask.wave, part=place, part_count=len(parts), content=part)
        for place, part in enumerate(parts)
    )


class Reporter:
    """A hand that reports: it remembers what it committed to, and opens that.

    Attributes:
        hand: Whose it is.
        known: What it knows.
        asked: Every question for a report that it was asked.
    """

    def __init__(self, stage: Stage, name: str, known: PrivateKnowledge) -> None:
        self.hand = stage.hands[name]
        self.known = known
        self.asked: list[AskReport] = []
        self._stage = stage
        self._committed: tuple[AskReport, ReportCommit, bytes] | None = None

    def commit(self, report: bytes | None = None) -> bytes:
        """Return the envelope that commits to a report; to the truthful one when None."""
        ask, _ = self.hand.question()
        assert isinstance(ask, AskReport)
        self.asked.append(ask)
        data = truthful(self._stage, self.hand, ask, self.known) if report is None else report
        commit = commitment(self._stage, self.hand, ask, data)
        self._committed = (ask, commit, data)
        return self.hand.say(commit)

    def open(self, instead: bytes | None = None) -> list[bytes]:
        """Return the envelopes that open what was committed to, or something else."""
        assert self._committed is not None
        ask, commit, data = self._committed
        return [
            self.hand.say(part)
            for part in openings(self._stage, self.hand, ask, commit, data if instead is None else instead)
        ]

    def answer(self) -> list[bytes]:
        """Return the envelopes that answer honestly what is asked now."""
        body, _ = self.hand.question()
        match body:
            case AskReport():
                return [self.commit()]
            case CommitClosed():
                return self.open()
            case _:
                answer = self.hand.answer(0)
                return [] if answer is None else [answer]


def begin(
    specification: Specification, known: tuple[PrivateKnowledge, ...]
) -> tuple[Stage, dict[str, Reporter]]:
    """Return a stage on which the first reports are asked for, and its reporters by name."""
    stage = Stage(specification)
    stage.begin_play()
    names = specification.market.names
    return stage, {name: Reporter(stage, name, private) for name, private in zip(names, known, strict=True)}


def go_on(stage: Stage, reporters: Mapping[str, Reporter]) -> None:
    """Play honestly to the end; what is awaited of those who are no reporters lapses."""
    while not stage.session.phase.is_final:
        before = stage.session.log.size
        for hand in stage.awaited():
            reporter = reporters.get(hand.name)
            if reporter is None:
                stage.lapse(hand.name)
                continue
            for data in reporter.answer():
                stage.send(data)
        assert stage.session.log.size > before, "the session does not move"


def _profiles(count: int) -> list[tuple[int, ...]]:
    return [()] if not count else [(first, *rest) for first in range(3) for rest in _profiles(count - 1)]
