"""Who did not answer truthfully in a session whose private types are known, and what that earned or cost.

What a bidder's deviations did is a replay of the session with that bidder truthful. It runs the bidders' strategies, so
it is done in a process of its own, which ends when it takes too long: neither a large mechanism nor somebody's endless
loop keeps a person from the result of an auction.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path

from auctioneer.agents import describe_exit
from auctioneer.cli.printing import amount, show_money
from auctioneer.cli.private_files import read_sidecar
from auctioneer.cli.replays import prepare_replays, read_session
from openoutcry.errors import OpenOutcryError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.disclosure import Disclosure, decode_disclosure, encode_disclosure
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.report import strategic_values
from openoutcry.session.strategic import Consequence, StrategicDeviation, TrueType, strategic_deviations
from openoutcry.simulation.table import Private
from openoutcry.strategies import PrivateKnowledge
from openoutcry.wire import WireCodec

LIMIT_SECONDS = 30.0
"""How long to wait for what all deviations did; one bidder's alone is `auctioneer replay FILE --swap NAME=truthful`."""

ENDING_SECONDS = 1.0
"""How long to wait for the exit status of a process that tells nothing more."""

Finding = Consequence | str
"""What one bidder's deviations did, or why that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategic:
    """The strategic deviations of a session.

    Attributes:
        deviations: In the order of the log.
        consequences: By bidder, what its deviations did; empty when nobody is to be told.
    """

    deviations: tuple[StrategicDeviation, ...]
    consequences: Mapping[str, Finding] = field(default_factory=dict)


def true_types(names: Sequence[str], private: Sequence[Private]) -> dict[str, int | TrueType]:
    """Return what bidders privately knew as the comparison with their answers wants it, by name."""
    return {
        name: TrueType(value=known.value, belief=known.belief)
        if isinstance(known, PrivateKnowledge)
        else known
        for name, known in zip(names, private, strict=True)
    }


def find_strategic(
    transcript: Path,
    session: AuctioneerSession,
    entries: Sequence[bytes],
    *,
    private: Path,
    disclosure: Disclosure | None,
    runs_code: bool,
) -> Strategic:
    """Return the strategic deviations of a transcript whose private types are known, and what they did.

    Args:
        transcript: Its file.
        session: Re-executed to its end.
        entries: Of the log.
        private: File of private types.
        disclosure: Makes sealed reports readable.
        runs_code: Whether bidders' strategies in files and modules may be run.

    Raises:
        ConfigurationError: The file of private types cannot be used.
    """
    market = session.specification.market
    sidecar = read_sidecar(private, market, session.session_id)
    known = [bidder.private for bidder in sidecar.bidders.values()]
    found = strategic_deviations(
        session,
        entries,
        private=true_types(market.names, known),
        reader=EnvelopeReader(WireCodec()),
    )
    consequences: Mapping[str, Finding] = {}
    if found and session.outcome is not None:
        consequences = find_consequences(
            transcript, found, private=private, disclosure=disclosure, runs_code=runs_code
        )
    return Strategic(deviations=found, consequences=consequences)


def find_consequences(
    transcript: Path,
    deviations: Sequence[StrategicDeviation],
    *,
    private: Path,
    disclosure: Disclosure | None,
    runs_code: bool = True,
    limit_seconds: float = LIMIT_SECONDS,
) -> dict[str, Finding]:
    """Return what the deviations of each bidder did, computed in another process.

    Args:
        transcript: File of a settled session.
        deviations: Whose consequences are asked for.
        private: File of private types.
        disclosure: Makes sealed reports readable.
        runs_code: Whether bidders' strategies in files and modules may be run.
        limit_seconds: When to give up.
    """
    names = list(dict.fromkeys(deviation.bidder for deviation in deviations))
    ours, theirs = multiprocessing.Pipe(duplex=False)
    sealed = encode_disclosure(disclosure) if disclosure is not None else None
    process = multiprocessing.get_context("spawn").Process(
        target=_tell_consequences, args=(theirs, transcript, names, private, sealed, runs_code), daemon=True
    )
    found: dict[str, Finding] = {}
    why = f"it takes more than {limit_seconds:.0f} seconds"
    deadline = time.monotonic() + limit_seconds
    process.start()
    theirs.close()
    try:
        while len(found) < len(names):
            if not ours.poll(max(0.0, deadline - time.monotonic())):
                break
            name, consequence = ours.recv()
            found[name] = consequence
    except EOFError:
        # It hung up before it had told everything, which it never does unless somebody's code ends it.
        process.join(ENDING_SECONDS)
        ended = "hung up" if process.exitcode is None else describe_exit(process.exitcode)
        why = f"the process of the replay {ended}; a strategy that ends its own process does that"
    finally:
        process.kill()
        process.join()
        ours.close()
    return {name: found.get(name, why) for name in names}


def _tell_consequences(
    connection: Connection,
    transcript: Path,
    names: Sequence[str],
    private: Path,
    sealed: bytes | None,
    runs_code: bool,
) -> None:
    """Send the consequences of each bidder's deviations, one after another; what strategies print is not shown."""
    silence = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(silence, descriptor)
    told: Finding
    try:
        disclosure = decode_disclosure(sealed) if sealed is not None else None
        replays = prepare_replays(read_session(transcript, disclosure), private, runs_code=runs_code)
    except OpenOutcryError as problem:
        for name in names:
            connection.send((name, str(problem)))
        return
    for name in names:
        try:
            told = replays.consequence_of_deviating(name)
        except OpenOutcryError as problem:
            told = str(problem)
        connection.send((name, told))


def strategic_lines(strategic: Strategic, market: Market | TypeMarket) -> list[str]:
    """Return each deviation in one line, those of a bidder together with what they did."""
    lines: list[str] = []
    for name in dict.fromkeys(found.bidder for found in strategic.deviations):
        lines += [
            f"strategic deviation, record {found.index}: {name} {found.did}; truthful is: {found.truthful}"
            for found in strategic.deviations
            if found.bidder == name
        ]
        consequence = strategic.consequences.get(name)
        if consequence is not None:
            lines.append(consequence_line(name, consequence, market))
    return lines


def consequence_line(name: str, consequence: Finding, market: Market | TypeMarket) -> str:
    """Return what a bidder's deviations did in one line."""
    if isinstance(consequence, str):
        return (
            f"what that earned {name} is not known: {consequence}; ask for it alone: "
            f"auctioneer replay FILE --swap {name}=truthful"
        )

    def money(value: Fraction | int) -> str:
        """Return an amount with the currency."""
        return show_money(value, currency=market.currency, minor_units=market.minor_units)

    def moved(what: str, value: Fraction | int) -> str:
        """Return a change as a clause."""
        return f"{'raised' if value > 0 else 'lowered'} {what} by {money(abs(Fraction(value)))}"

    told = f"earned {name} nothing"
    if consequence.earned:
        told = f"{'earned' if consequence.earned > 0 else 'cost'} {name} {money(abs(consequence.earned))}"
    changes = [
        moved(what, value)
        for what, value in (("welfare", consequence.welfare), ("revenue", consequence.revenue))
        if value
    ]
    rest = f", and {' and '.join(changes)}" if changes else ", and changed neither welfare nor revenue"
    line = f"against truthful answers, all else the same, that {told}{rest}"
    if consequence.stand_ins:
        line += (
            f" (with {', '.join(consequence.stand_ins)} as recorded, and truthful where asked something else)"
        )
    return line


def strategic_objects(strategic: Strategic) -> list[dict[str, object]]:
    """Return the deviations as JSON objects, each with what all those of its bidder did."""
    return [
        strategic_values(found)
        | {"consequence": consequence_values(strategic.consequences.get(found.bidder))}
        for found in strategic.deviations
    ]


def consequence_values(consequence: Finding | None) -> dict[str, object] | None:
    """Return what a bidder's deviations did as one JSON object; None when nobody has computed it."""
    if consequence is None:
        return None
    if isinstance(consequence, str):
        return {"unknown": consequence}
    return {
        "earned": amount(consequence.earned),
        "welfare": consequence.welfare,
        "revenue": amount(consequence.revenue),
        "stand_ins": list(consequence.stand_ins),
    }
