"""What `auctioneer run` says at the end: who won at what price, what it was worth, and who departed from what.

Private signals are known here, because it was a local run; none of them is in the transcript.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from auctioneer.cli.printing import amount, show_amount, show_money
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.protocol.messages import SessionVoid
from openoutcry.scenario import Scenario
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_entry
from openoutcry.session.report import (
    describe_deviation,
    deviation_values,
    strategic_values,
)
from openoutcry.session.strategic import StrategicDeviation, strategic_deviations
from openoutcry.wire import WireCodec


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A local run as it ended, with what only a local run can tell.

    Attributes:
        scenario: What was run.
        seed: From which it can be repeated.
        session: As it ended.
        winner: Name of the buyer, or None.
        price: Of the lot, minor units; 0 when unsold.
        payments: By name, for all bidders of the scenario.
        welfare: What the lot is worth to the buyer at the true signals; 0 when unsold.
        optimum: What it is worth to whom it is worth most.
        strategic: Answers that were not truthful.
        void_reason: Why there is no outcome; empty when there is one.
        failures: Answers that a default stood in for, one line each.
    """

    scenario: Scenario
    seed: str
    session: AuctioneerSession
    winner: str | None
    price: int
    payments: dict[str, Fraction]
    welfare: int
    optimum: int
    strategic: tuple[StrategicDeviation, ...]
    void_reason: str
    failures: tuple[str, ...]


def close(
    scenario: Scenario,
    seed: str,
    session: AuctioneerSession,
    entries: tuple[bytes, ...],
    failures: tuple[str, ...],
) -> Closing:
    """Put together what is to be said about a session that has ended."""
    market = scenario.specification.market
    signals = scenario.signals()
    outcome = session.outcome
    reader = EnvelopeReader(WireCodec())
    winner = None if outcome is None or outcome.winner is None else session.members[outcome.winner].name
    payments = dict.fromkeys(scenario.names, Fraction(0))
    if outcome is not None:
        payments |= {
            member.name: paid for member, paid in zip(session.members, outcome.payments, strict=True)
        }
    welfare = 0 if winner is None else market.value(scenario.names.index(winner), market.sums(signals))
    return Closing(
        scenario=scenario,
        seed=seed,
        session=session,
        winner=winner,
        price=0 if outcome is None else outcome.price,
        payments=payments,
        welfare=welfare,
        optimum=market.optimum(signals)[1],
        strategic=strategic_deviations(
            entries,
            names=scenario.names,
            signals=dict(zip(scenario.names, signals, strict=True)),
            reader=reader,
        ),
        void_reason=_void_reason(entries, reader),
        failures=failures,
    )


def _void_reason(entries: tuple[bytes, ...], reader: EnvelopeReader) -> str:
    # The opening of the seed part may stand behind it.
    for index in range(len(entries) - 1, max(-1, len(entries) - 3), -1):
        _, body = read_entry(entries[index], reader, index)
        if isinstance(body, SessionVoid):
            return body.detail
    return ""


def closing_values(closing: Closing, transcript: str) -> dict[str, object]:
    """Return the end of a run as one JSON object."""
    session = closing.session
    return {
        "session": session.session_id.hex(),
        "seed": closing.seed,
        "settled": session.outcome is not None,
        "winner": closing.winner,
        "price": closing.price,
        "payments": {name: amount(paid) for name, paid in closing.payments.items()},
        "welfare": closing.welfare,
        "optimum": closing.optimum,
        "waves": session.wave_count,
        "deviations": [
            *(deviation_values(deviation) for deviation in session.deviations),
            *(strategic_values(deviation) for deviation in closing.strategic),
        ],
        "failures": list(closing.failures),
        "transcript": transcript,
    }


def show_closing(console: Console, closing: Closing) -> None:
    """Show the end of a run."""
    console.print(_bidder_table(closing))
    for line in closing_lines(closing):
        console.print(escape(line), highlight=False, soft_wrap=True)


def closing_lines(closing: Closing) -> list[str]:
    """Return what is said below the table."""
    session, market = closing.session, closing.scenario.specification.market
    outcome = session.outcome
    if outcome is None:
        lines = [f"void: {closing.void_reason}; nothing was sold and nobody pays"]
    elif closing.winner is None:
        lines = [f"unsold: {outcome.reason}"]
    else:
        lines = [f"{closing.winner} buys for {_money(closing, closing.price)}: {outcome.reason}"]
    share = f" ({closing.welfare / closing.optimum:.1%})" if closing.optimum else ""
    lines.append(
        f"welfare {_money(closing, closing.welfare)} of {_money(closing, closing.optimum)} possible{share}"
    )
    specification = closing.scenario.specification
    mechanism = find_mechanism(specification.mechanism)
    guarantee = mechanism.guarantee(market, mechanism.configure(specification.parameters))
    lines.append(f"promised, on average over the draws: {guarantee.text}")
    lines += [
        f"protocol deviation, record {found.index}: {describe_deviation(found)}"
        for found in session.deviations
    ]
    lines += [
        f"strategic deviation, record {found.index}: {found.bidder} {found.did}; truthful is: {found.truthful}"
        for found in closing.strategic
    ]
    lines += [f"strategy failure, a default was answered: {failure}" for failure in closing.failures]
    if outcome is not None and not session.deviations and not closing.strategic:
        lines.append("no deviations: every bidder followed the protocol, and answered truthfully")
    return lines


def _bidder_table(closing: Closing) -> Table:
    scenario, session = closing.scenario, closing.session
    market = scenario.specification.market
    table = Table(title=escape(scenario.title), caption=f"pays and gains in {escape(market.currency)}")
    table.add_column("bidder", no_wrap=True)
    for heading in ("group", "signal", "clock", "strategy"):
        table.add_column(heading)
    for heading in ("pays", "gains"):
        table.add_column(heading, justify="right", no_wrap=True)
    places = {session.members[member].name: place for place, member in enumerate(session.players)}
    for bidder in market.bidders:
        name = bidder.name
        paid = closing.payments[name]
        gain = (closing.welfare if name == closing.winner else 0) - paid
        clock = "-"
        if session.play is not None and name in places:
            clock = str(session.play.conductor.clock(places[name]))
        marked = f"[bold green]{escape(name)}[/bold green]" if name == closing.winner else escape(name)
        table.add_row(
            marked,
            escape(market.groups[bidder.group]),
            str(scenario.private[name].signal),
            clock,
            escape(scenario.strategy(name)),
            show_amount(paid, minor_units=market.minor_units) if paid else "-",
            show_amount(gain, minor_units=market.minor_units) if gain else "-",
        )
    return table


def _money(closing: Closing, value: Fraction | int) -> str:
    market = closing.scenario.specification.market
    return show_money(value, currency=market.currency, minor_units=market.minor_units)
