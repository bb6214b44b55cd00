"""What `auctioneer run` says at the end: who got what at what price, what it was worth, and who departed from what.

What bidders privately knew is known here, because it was a local run; the transcript has it only as far as they told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from rich.console import Console

from auctioneer.cli.deviations import Strategic, strategic_lines, strategic_objects, true_types
from auctioneer.cli.printing import amount, say, show_amount, show_money
from auctioneer.cli.tables import STRATEGY_BREAKS, Column, print_table
from openoutcry.mechanisms.conversation import NOTHING, Award
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.protocol.messages import OutcomeDeclared
from openoutcry.scenario import PrivateKnowledge, Scenario
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import find_void_reason
from openoutcry.session.report import describe_deviation, deviation_values
from openoutcry.session.strategic import strategic_deviations
from openoutcry.simulation.judging import judge
from openoutcry.simulation.table import Private
from openoutcry.wire import WireCodec


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A local run as it ended, with what only a local run can tell.

    Attributes:
        scenario: What was run.
        private: Length n: what each bidder of the scenario privately knew.
        seed: From which it can be repeated.
        session: As it ended.
        awards: Who gets what for how much, by name.
        payments: By name, for all bidders of the scenario.
        values: By name: what its part of the outcome is really worth to each bidder.
        optimum: Greatest welfare of any feasible assignment; None in markets too large to tell.
        strategic: Answers that were not truthful, and what they earned or cost, once that is computed.
        void_reason: Why there is no outcome; empty when there is one.
        failures: Answers that a default stood in for, one line each.
        troubles: Agents that did not end well, one line each.
    """

    scenario: Scenario
    private: tuple[Private, ...]
    seed: str
    session: AuctioneerSession
    awards: dict[str, Award]
    payments: dict[str, Fraction]
    values: dict[str, int]
    optimum: int | None
    strategic: Strategic
    void_reason: str
    failures: tuple[str, ...]
    troubles: tuple[str, ...]

    @property
    def winner(self) -> str | None:
        """Name of the only buyer; None when nobody buys, or more than one."""
        return next(iter(self.awards)) if len(self.awards) == 1 else None

    @property
    def price(self) -> Fraction:
        """What all buyers pay together for what they get."""
        return sum((award.price for award in self.awards.values()), NOTHING)

    @property
    def welfare(self) -> int | None:
        """What the outcome is worth to all bidders together; None where there is no outcome."""
        return None if self.session.outcome is None else sum(self.values.values())

    @property
    def rewards(self) -> dict[str, Fraction]:
        """By name: what each bidder is paid for what it reported."""
        return {
            name: (self.awards[name].price if name in self.awards else NOTHING) - paid
            for name, paid in self.payments.items()
        }

    def goods(self, name: str) -> str:
        """Return what a buyer gets, such as "a+b"; the lot where there are no goods to tell apart."""
        market = self.scenario.specification.market
        if isinstance(market, Market):
            return market.lot
        return "+".join(market.environment.goods[good] for good in self.awards[name].goods)


def close(
    scenario: Scenario,
    private: Sequence[Private],
    seed: str,
    session: AuctioneerSession,
    entries: tuple[bytes, ...],
    failures: tuple[str, ...],
    troubles: tuple[str, ...],
) -> Closing:
    """Put together what is to be said about a session that has ended."""
    outcome = session.outcome
    reader = EnvelopeReader(WireCodec())
    members = [member.name for member in session.members]
    payments = dict.fromkeys(scenario.names, NOTHING)
    awards: dict[str, Award] = {}
    if outcome is not None:
        payments |= dict(zip(members, outcome.payments, strict=True))
        awards = {members[award.bidder]: award for award in outcome.awards}
    # Members of the session need not be all bidders of the scenario.
    placed = [replace(award, bidder=scenario.names.index(name)) for name, award in awards.items()]
    values, optimum = judge(scenario.specification.market, private, placed)
    return Closing(
        scenario=scenario,
        private=tuple(private),
        seed=seed,
        session=session,
        awards=awards,
        payments=payments,
        values=dict(zip(scenario.names, values, strict=True)),
        optimum=optimum,
        strategic=Strategic(
            deviations=strategic_deviations(
                session, entries, private=true_types(scenario.names, private), reader=reader
            )
        ),
        void_reason=find_void_reason(entries, reader),
        failures=failures,
        troubles=troubles,
    )


def closing_values(closing: Closing, transcript: str) -> dict[str, object]:
    """Return the end of a run as one JSON object."""
    session = closing.session
    return {
        "session": session.session_id.hex(),
        "seed": closing.seed,
        "settled": session.outcome is not None,
        "winner": closing.winner,
        "price": amount(closing.price),
        "allocation": {name: closing.goods(name) for name in closing.awards},
        "payments": {name: amount(paid) for name, paid in closing.payments.items()},
        "rewards": {name: amount(paid) for name, paid in closing.rewards.items()},
        "welfare": closing.welfare,
        "optimum": closing.optimum,
        "waves": session.wave_count,
        "deviations": [
            *(deviation_values(deviation) for deviation in session.deviations),
            *strategic_objects(closing.strategic),
        ],
        "failures": list(closing.failures),
        "troubles": list(closing.troubles),
        "transcript": transcript,
    }


def show_closing(console: Console, closing: Closing) -> None:
    """Show the end of a run."""
    _print_bidders(console, closing)
    for line in outcome_lines(closing):
        say(console, line)
    for line in deviation_lines(closing):
        say(console, line, is_record=True)


def outcome_lines(closing: Closing) -> list[str]:
    """Return who bought, what it was worth, and what was promised, unless the session is void."""
    specification = closing.scenario.specification
    lines = _sale_lines(closing)
    if closing.welfare is None:
        # Welfare and promises are about outcomes.
        return lines
    best = "" if closing.optimum is None else f" of {_money(closing, closing.optimum)} possible"
    share = f" ({closing.welfare / closing.optimum:.1%})" if closing.optimum else ""
    mechanism = find_mechanism(specification.mechanism)
    guarantee = mechanism.guarantee(specification.market, mechanism.configure(specification.parameters))
    return [
        *lines,
        f"welfare {_money(closing, closing.welfare)}{best}{share}",
        f"promised, on average over the draws: {guarantee.text}",
    ]


def deviation_lines(closing: Closing) -> list[str]:
    """Return who departed from what, one line each."""
    session = closing.session
    lines = [
        f"protocol deviation, record {found.index}: {describe_deviation(found)}"
        for found in session.deviations
    ]
    lines += strategic_lines(closing.strategic, closing.scenario.specification.market)
    lines += [f"strategy failure, a default was answered: {failure}" for failure in closing.failures]
    if session.outcome is not None and not session.deviations and not closing.strategic.deviations:
        lines.append("no deviations: every bidder followed the protocol, and answered truthfully")
    return lines


def closing_line(closing: Closing, transcript: str) -> str:
    """Return the whole end of a run in one line: the outcome, and where the transcript is."""
    outcome = closing.session.outcome
    if outcome is None:
        told = f"void: {closing.void_reason}"
    elif not closing.awards:
        told = f"unsold: {_reason(closing, outcome)}"
    else:
        told = ", ".join(_purchases(closing))
    count = len(closing.session.deviations) + len(closing.strategic.deviations)
    deviations = f"; {count} deviation{'s' if count > 1 else ''}" if count else ""
    return f"{told}{deviations}; transcript {transcript}"


def _sale_lines(closing: Closing) -> list[str]:
    outcome = closing.session.outcome
    if outcome is None:
        return [f"void: {closing.void_reason}; nothing was sold and nobody pays"]
    if not closing.awards:
        lines = [f"unsold: {_reason(closing, outcome)}"]
    elif closing.winner is not None and len(_goods_on_sale(closing)) == 1:
        lines = [f"{_purchases(closing)[0]}: {_reason(closing, outcome)}"]
    else:
        lines = [*_purchases(closing), f"why: {_reason(closing, outcome)}"]
    if any(closing.rewards.values()):
        paid = sum(closing.rewards.values(), NOTHING)
        left = sum(closing.payments.values(), NOTHING)
        lines.append(
            f"rewards {_money(closing, paid)} in all; {_money(closing, left)} are left to the seller"
        )
    return lines


def _reason(closing: Closing, outcome: OutcomeDeclared) -> str:
    """Return why an outcome came about, with amounts in the currency."""
    return outcome.reason


def _purchases(closing: Closing) -> list[str]:
    """Return what each buyer buys for how much; the goods where there are several."""
    tells_goods = len(_goods_on_sale(closing)) > 1
    return [
        f"{name} buys{' ' + closing.goods(name) if tells_goods else ''} for {_money(closing, award.price)}"
        for name, award in closing.awards.items()
    ]


def _goods_on_sale(closing: Closing) -> tuple[str, ...]:
    market = closing.scenario.specification.market
    return (market.lot,) if isinstance(market, Market) else market.environment.goods


def _print_bidders(console: Console, closing: Closing) -> None:
    scenario = closing.scenario
    market = scenario.specification.market
    strategy = Column(heading="strategy", breaks_after=STRATEGY_BREAKS)
    if isinstance(market, Market):
        columns = [
            Column(heading="bidder"),
            Column(heading="group"),
            Column(heading="signal", is_number=True),
            Column(heading="clock", is_number=True),
            strategy,
            *(Column(heading=heading, is_number=True) for heading in ("pays", "gains")),
        ]
        rows = [_signal_row(closing, market, bidder) for bidder in range(len(scenario.names))]
    else:
        columns = [
            Column(heading="bidder"),
            Column(heading="value"),
            strategy,
            Column(heading="gets", breaks_after="+"),
            *(Column(heading=heading, is_number=True) for heading in ("pays", "rewarded", "gains")),
        ]
        rows = [_typed_row(closing, market, bidder) for bidder in range(len(scenario.names))]
    is_rounded = any(paid.denominator != 1 for paid in closing.payments.values())
    exactly = ", rounded; exact amounts: --json" if is_rounded else ""
    print_table(
        console,
        columns,
        rows,
        title=scenario.title,
        caption=f"money in {market.currency}{exactly}",
        emphasized=closing.awards,
    )


def _signal_row(closing: Closing, market: Market, bidder: int) -> list[str]:
    session, name = closing.session, closing.scenario.names[bidder]
    places = {session.members[member].name: place for place, member in enumerate(session.players)}
    clock = "-"
    if session.play is not None and name in places:
        clock = str(session.play.conductor.clock(places[name]))
    paid = closing.payments[name]
    return [
        name,
        market.groups[market.bidders[bidder].group],
        str(closing.private[bidder]),
        clock,
        closing.scenario.strategy(name),
        _cell(closing, paid),
        _cell(closing, closing.values[name] - paid),
    ]


def _typed_row(closing: Closing, market: TypeMarket, bidder: int) -> list[str]:
    name = closing.scenario.names[bidder]
    paid = closing.payments[name]
    return [
        name,
        _type_cell(closing, market, bidder),
        closing.scenario.strategy(name),
        closing.goods(name) if name in closing.awards else "-",
        _cell(closing, paid),
        _cell(closing, closing.rewards[name]),
        _cell(closing, closing.values[name] - paid),
    ]


def _type_cell(closing: Closing, market: TypeMarket, bidder: int) -> str:
    """Return what a bidder values, in a few characters: of several bundles only the most that one is worth to it."""
    known = closing.private[bidder]
    if not isinstance(known, PrivateKnowledge):
        return "-"
    most = show_amount(max(market.bidders[bidder].types[known.value]), minor_units=market.minor_units)
    return most if market.environment.is_single_parameter else f"up to {most}"


def _cell(closing: Closing, value: Fraction) -> str:
    market = closing.scenario.specification.market
    return show_amount(value, minor_units=market.minor_units) if value else "-"


def _money(closing: Closing, value: Fraction | int) -> str:
    market = closing.scenario.specification.market
    return show_money(value, currency=market.currency, minor_units=market.minor_units)
