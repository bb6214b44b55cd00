"""Telling a recorded session step by step: each entry, each wave with the mechanism's state, each draw, and why.

The session is re-executed while it is told, so what is told of the mechanism's state is what the mechanism really had
in hand at that moment. A log that departs from the rules is told up to there; so is one that was cut short before the
auctioneer opened its seed part, without which no draw can be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from openoutcry.mechanisms.amounts import show_in_currency
from openoutcry.mechanisms.chance import Draw
from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.specification import decode_specification
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.messages import (
    Accept,
    AskReport,
    Body,
    CommitClosed,
    DeviationNoted,
    Enrol,
    Exit,
    Lapse,
    Offer,
    OpeningKeyDisclosed,
    OutcomeDeclared,
    Raise,
    ReportCommit,
    ReportKind,
    ReportOpening,
    Role,
    RosterClosed,
    SeedOpening,
    SessionOpen,
    SessionVoid,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.auctioneer import AuctioneerSession, SeedUnknown
from openoutcry.session.reading import EnvelopeReader, RememberingReader
from openoutcry.session.replay import RecordedAuthor, find_disclosed, read_entry, read_opening, replay


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened.

    Attributes:
        phase: Name of the phase in which it stands.
        text: One line for a person.
        index: Log index of the entry; None for the beginning of a wave, which is no entry of its own.
        wave: Number of the wave, or None outside play.
        bidder: Name of the bidder concerned, or empty.
        state: The mechanism's state by name, at the beginning of a wave.
        draws: What was drawn since the last moment that shows draws.
        body: What the entry says; None for the beginning of a wave.
    """

    phase: str
    text: str
    index: int | None = None
    wave: int | None = None
    bidder: str = ""
    state: Mapping[str, object] = field(default_factory=dict)
    draws: tuple[Draw, ...] = ()
    body: Body | None = None


def tell(
    transcript: Transcript, codec: Codec, *, opening_key: OpeningKey | None = None
) -> tuple[AuctioneerSession, Iterator[Moment]]:
    """Return the session of a transcript, not begun yet, and the moments of its re-execution.

    Args:
        transcript: As decoded from a file.
        codec: Reads its records.
        opening_key: Unseals private openings that the log itself does not disclose.

    Returns:
        A session that telling the moments leads on, and the moments in the order of the log; a wave's beginning
        stands before its questions. The moments raise TranscriptError where the log departs from the rules, and
        SeedUnknown or OpeningUnknown where it cannot be re-executed any further; by then all is told up to there.

    Raises:
        TranscriptError: The log does not begin with SessionOpen.
        ConfigurationError: The specification is none.
    """
    reader, entries = RememberingReader(codec), transcript.entries
    disclosed = find_disclosed(entries, reader)
    session = AuctioneerSession(
        specification=decode_specification(transcript.specification),
        opening=read_opening(entries, reader),
        seed_part=disclosed.seed_part,
        opening_key=opening_key or disclosed.opening_key,
        author=RecordedAuthor(entries, reader),
        reader=reader,
    )
    return session, _narrate(session, entries, reader)


def _narrate(
    session: AuctioneerSession, entries: Sequence[bytes], reader: EnvelopeReader
) -> Iterator[Moment]:
    teller = _Teller(session, reader)
    told = 0
    try:
        for step in replay(session, entries, reader):
            # An input stands first among the entries that it brings; a new wave begins behind it.
            for offset, data in enumerate(step.effects.entries):
                if offset == 1 or (offset == 0 and step.given is None):
                    yield from teller.tell_waves()
                yield teller.tell_entry(data, step.effects.first_index + offset)
            yield from teller.tell_waves()
            told = session.log.size
    except SeedUnknown:
        # The entry that ended SEED stands in the log; only what follows from it is not known.
        for index in range(told, session.log.size):
            yield teller.tell_entry(entries[index], index)
        raise


class _Teller:
    def __init__(self, session: AuctioneerSession, reader: EnvelopeReader) -> None:
        self._session = session
        self._minor_units = session.specification.market.minor_units
        self._reader = reader
        self._wave = -1
        self._draws = 0

    def tell_waves(self) -> Iterator[Moment]:
        """Tell the wave that has begun since the last call, if any."""
        play = self._session.play
        if play is None or play.conductor.wave is None or play.conductor.wave_number == self._wave:
            return
        self._wave = play.conductor.wave_number
        yield Moment(
            phase=self._session.phase.name,
            text=f"wave {self._wave}: {play.conductor.wave.reason}",
            wave=self._wave,
            state=dict(play.conductor.wave.state()),
            draws=self._new_draws(),
        )

    def tell_entry(self, data: bytes, index: int) -> Moment:
        """Tell one entry."""
        header, body = read_entry(data, self._reader, index)
        bidder = self._name_of(header.sender_id) if header.role is Role.BIDDER else self._concerned(body)
        is_outcome = isinstance(body, OutcomeDeclared)
        return Moment(
            phase=self._session.phase.name,
            text=self._describe(body, bidder, index, is_bidders=header.role is Role.BIDDER),
            index=index,
            wave=self._wave if self._wave >= 0 else None,
            bidder=bidder,
            draws=self._new_draws() if is_outcome else (),
            body=body,
        )

    def _new_draws(self) -> tuple[Draw, ...]:
        draws = self._session.chance.draws if self._session.chance else []
        new = tuple(draws[self._draws :])
        self._draws = len(draws)
        return new

    def _name_of(self, sender: bytes) -> str:
        party = self._session.enrolment.parties.get(sender)
        return party.name if party else ""

    def _concerned(self, body: Body) -> str:
        match body:
            case (
                Raise(bidder=member)
                | Offer(bidder=member)
                | AskReport(bidder=member)
                | Lapse(bidder=int(member))
            ):
                return self._session.members[member].name
            case DeviationNoted(accused_id=accused):
                return self._name_of(accused)
            case _:
                return ""

    def _describe(self, body: Body, bidder: str, index: int, *, is_bidders: bool) -> str:
        match body:
            case SessionOpen(code_version=version):
                return f"the auctioneer opens the session (release {version})"
            case Enrol(agent_version=version):
                return f"{bidder} enrols (release {version})"
            case RosterClosed(members=members):
                return (
                    f"the roster is closed with {len(members)} bidders; they are asked for their seed parts"
                )
            case SeedOpening() if is_bidders:
                return f"{bidder} opens its seed part"
            case SeedOpening():
                return "the auctioneer opens its seed part: everybody can repeat the draws"
            case Raise(level=level):
                return f"{bidder} is asked for level {level}"
            case Offer(level=level, target=target, price=price):
                shown = show_in_currency(price, self._minor_units)
                return (
                    f"{bidder} is asked for level {level}; accepting level {target} buys the lot for {shown}"
                )
            case AskReport():
                return f"{bidder} is asked to commit to {self._describe_question(body)}"
            case CommitClosed(commitment_indexes=indexes):
                return f"commitments are closed with {len(indexes)}; they are to be opened"
            case _:
                return self._describe_answer(body, bidder, index)

    def _describe_answer(self, body: Body, bidder: str, index: int) -> str:
        match body:
            case Accept(level=level):
                return f"{bidder} accepts level {level}"
            case Exit(level=level):
                return f"{bidder} exits at level {level}"
            case ReportCommit():
                return f"{bidder} commits to its report"
            case ReportOpening(part=part, part_count=count) if part + 1 < count:
                return f"{bidder} opens its report, part {part + 1} of {count}"
            case ReportOpening():
                return f"{bidder} opens its report: {self._describe_report(index)}"
            case Lapse(subject=subject, bidder=None):
                return f"the time for {subject.name.lower()} is over"
            case Lapse(subject=subject):
                return f"no {subject.name.lower().replace('_', ' ')} of {bidder} came in time"
            case DeviationNoted(deviation=code, detail=detail):
                return f"deviation {code} of {bidder}: {detail}"
            case OutcomeDeclared(awards=(), reason=reason):
                return f"unsold: {reason}"
            case OutcomeDeclared(awards=awards, reason=reason):
                bought = ", ".join(map(self._describe_award, awards))
                return f"{bought}: {reason}"
            case OpeningKeyDisclosed():
                return "the auctioneer discloses the key of private openings: everybody can read them"
            case SessionVoid(detail=detail):
                return f"the session is void: {detail}"
            case _:
                return type(body).__name__

    def _describe_award(self, award: Award) -> str:
        name, market = self._session.members[award.bidder].name, self._session.specification.market
        goods = ""
        if isinstance(market, TypeMarket) and len(market.environment.goods) > 1:
            goods = f" {'+'.join(market.environment.goods[good] for good in award.goods)}"
        return f"{name} buys{goods} at {show_in_currency(award.price, self._minor_units)}"

    def _describe_question(self, ask: AskReport) -> str:
        if ask.kind is ReportKind.SIGNAL:
            return "its signal"
        belief = f"its belief about {count_bidders(len(ask.subjects))}"
        what = {
            ReportKind.VALUE: "its valuation",
            ReportKind.BELIEF: belief,
            ReportKind.VALUE_AND_BELIEF: f"its valuation and {belief}",
        }[ask.kind]
        return f"{what}, for the auctioneer's eyes" if ask.is_private else what

    def _describe_report(self, index: int) -> str:
        play = self._session.play
        opened = next((found for found in play.opened if found.index == index), None) if play else None
        if opened is None:
            return "it does not hold"
        if isinstance(opened.report, int):
            return f"signal {opened.report}"
        report, market = opened.report, self._session.specification.market
        said: list[str] = []
        if report.value is not None and isinstance(market, TypeMarket):
            said.append(
                f"type {describe_type(market, self._session.members[opened.member].bidder, report.value)}"
            )
        if report.belief is not None:
            said.append(
                f"a belief of {report.belief.support_size:,} points about {count_bidders(len(opened.subjects))}"
            )
        return " and ".join(said)


def describe_type(market: TypeMarket, bidder: int, index: int) -> str:
    """Return a bidder's type in a few characters: its value, or its value for each bundle."""
    values, environment = market.bidders[bidder].types[index], market.environment
    if environment.is_single_parameter:
        return str(values[0])
    names = ("+".join(environment.goods[good] for good in bundle) for bundle in environment.bundles)
    return ", ".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))


def count_bidders(count: int) -> str:
    """Return a number of bidders in words."""
    return "1 bidder" if count == 1 else f"{count} bidders"
