"""A whole session in one thread: the real auctioneer's and bidders' folds over a network that fails as it is told.

Keys, secrets, nonces, luck and mishaps all follow from one seed, so that one line reproduces a session exactly.
Nothing waits: virtual time jumps from one thing to the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from openoutcry.errors import UsageError
from openoutcry.mechanisms.specification import Specification, encode_specification
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.deviations import Deviation
from openoutcry.protocol.draws import keyed_hash
from openoutcry.protocol.framing import lp
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import OutcomeDeclared, SessionOpen
from openoutcry.protocol.opening import OpeningKey
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.bidder import BidderSession
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import find_coin, resume
from openoutcry.session.transcripts import make_transcript
from openoutcry.session.values import Phase, Refusal
from openoutcry.simulation.auctioneer_driver import AuctioneerDriver
from openoutcry.simulation.bidder_driver import BidderDriver
from openoutcry.simulation.frames import DownwardFrame, Stream, UpwardFrame
from openoutcry.simulation.network import Connection, Dice, Faults
from openoutcry.simulation.player import Default, Player
from openoutcry.simulation.seating import Seating, Strategies
from openoutcry.simulation.seeds import Seed, read_seed
from openoutcry.simulation.table import Private, as_input
from openoutcry.simulation.virtual_time import VirtualTime
from openoutcry.strategies import Strategy, bidder_random
from openoutcry.strategies.private_input import make_seat

VERSION = "simulation"

STEPS_PER_BIDDER = 100_000
"""Simulated happenings for each bidder before a session is taken for one that never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedSession:
    """How a simulated session went.

    Attributes:
        session_id: 32 bytes.
        entries: The log.
        transcript: What a transcript file of it holds.
        phase: CLOSED or VOID.
        outcome: What was declared, in places of `roster`; None when the session is void.
        roster: Names of the enrolled, in order.
        players: Names of those in the market: the enrolled that opened their seed parts, in order.
        coin: The seed that the players and the auctioneer made together, 32 bytes; None when play never began.
        deviations: What the log records, in order.
        refusals: What the auctioneer refused, recorded or not, in order.
        complaints: What bidders complained of, by name.
        rejections: Who could not take part, by name, and why.
        defaults: Where a strategy failed and the documented default was taken.
        bidders: Every bidder's side at the end, by name.
        connections: How often each bidder connected, by name.
        crashes: How often somebody died and came back.
        duration_ns: Virtual time from the opening to the last bidder's end.
    """

    session_id: bytes
    entries: tuple[bytes, ...]
    transcript: Transcript
    phase: Phase
    outcome: OutcomeDeclared | None
    roster: tuple[str, ...]
    players: tuple[str, ...]
    coin: bytes | None
    deviations: tuple[Deviation, ...]
    refusals: tuple[Refusal, ...]
    complaints: Mapping[str, Deviation]
    rejections: Mapping[str, str]
    defaults: tuple[Default, ...]
    bidders: Mapping[str, BidderSession]
    connections: Mapping[str, int]
    crashes: int
    duration_ns: int

    @property
    def winner(self) -> str | None:
        """Name of the buyer; None when nobody buys."""
        if self.outcome is None or self.outcome.winner is None:
            return None
        return self.roster[self.outcome.winner]


def simulate_session(
    specification: Specification,
    private: Sequence[Private],
    *,
    seed: Seed,
    codec: Codec,
    strategies: Strategies = "truthful",
    faults: Faults | None = None,
    absent: Collection[str] = (),
) -> SimulatedSession:
    """Run a session to its end.

    Args:
        specification: Invites bidders by name only: their keys follow from the seed.
        private: Length n: what each bidder alone knows: a signal, 0..k-1, or in a market of types a
            `PrivateKnowledge`.
        seed: 32 bytes, or any text; everything follows from it.
        codec: Turns messages into bytes and back.
        strategies: One for all; or one for each bidder, in roster order; or by name, the rest truthful.
        faults: What goes wrong; only delays when None.
        absent: Names of bidders that never come.

    Raises:
        UsageError: The arguments do not fit each other, or the session does not end.
        StrategyError: A strategy cannot be found or made.
    """
    return _Simulation(
        specification, private, seed=read_seed(seed), codec=codec, faults=faults or Faults()
    ).run(strategies, absent)


class _Simulation:
    """One session being simulated."""

    def __init__(
        self,
        specification: Specification,
        private: Sequence[Private],
        *,
        seed: bytes,
        codec: Codec,
        faults: Faults,
    ) -> None:
        if any(specification.keys):
            raise UsageError(
                "a simulated session makes its bidders' keys: leave keys out of the specification"
            )
        if len(private) != len(specification.market.bidders):
            raise UsageError(
                f"{len(private)} signals or types for {len(specification.market.bidders)} bidders: give one for each"
            )
        self._specification = specification
        self._private = private
        self._seed = seed
        self._faults = faults
        self._codec = codec
        self._reader = EnvelopeReader(codec)
        self._time = VirtualTime()
        self._data = encode_specification(specification)
        self._defaults: list[Default] = []
        self._checkpoint_key = SigningKey.from_seed(self._secret("checkpoint key"))
        self._seed_part = self._secret("auctioneer seed part")
        self._opening_key = OpeningKey(self._secret("opening key"))
        self._auctioneer = self._make_auctioneer()

    def run(self, strategies: Strategies, absent: Collection[str]) -> SimulatedSession:
        """Run to the end."""
        names = [bidder.name for bidder in self._specification.market.bidders]
        unknown = [name for name in absent if name not in names]
        if unknown:
            raise UsageError(f"there is no bidder {unknown[0]!r} to be absent")
        made = Seating(names).make(strategies)
        bidders = {
            name: self._make_bidder(place, name, strategy)
            for place, (name, strategy) in enumerate(zip(names, made, strict=True))
            if name not in absent
        }
        self._auctioneer.start()
        for bidder in bidders.values():
            bidder.start()
        for _ in range(STEPS_PER_BIDDER * len(names)):
            if self._auctioneer.session.phase.is_final and all(bidder.is_done for bidder in bidders.values()):
                return self._result(bidders)
            self._time.step()
        raise UsageError(
            "the simulated session does not end: are its faults too many to get anything through?"
        )

    def _secret(self, purpose: str) -> bytes:
        return keyed_hash(self._seed, lp(b"openoutcry.simulation.secret.v1") + lp(purpose.encode()))

    def _make_auctioneer(self) -> AuctioneerDriver:
        key = SigningKey.from_seed(self._secret("message key"))
        author = SigningAuthor(key, self._codec)
        digest = hashlib.sha256(self._data).digest()
        opening = SessionOpen(
            specification_digest=digest,
            seed_commitment=seed_commitment(context=digest, sender_id=key.sender_id, secret=self._seed_part),
            message_key=key.public_key,
            checkpoint_key=self._checkpoint_key.public_key,
            opening_key=self._opening_key.public_key,
            code_version=VERSION,
        )
        session = AuctioneerSession(
            specification=self._specification,
            opening=opening,
            seed_part=self._seed_part,
            opening_key=self._opening_key,
            author=author,
            reader=self._reader,
        )

        def recover(entries: list[bytes]) -> AuctioneerSession:
            return resume(
                specification=self._specification,
                entries=tuple(entries),
                seed_part=self._seed_part,
                opening_key=self._opening_key,
                author=author,
                reader=self._reader,
            )

        return AuctioneerDriver(
            session=session,
            recover=recover,
            specification=self._data,
            checkpoint_key=self._checkpoint_key,
            nonce_key=self._secret("nonces"),
            reader=self._reader,
            time=self._time,
            faults=self._faults,
            dice=Dice(self._seed, "auctioneer"),
        )

    def _make_bidder(self, place: int, name: str, strategy: Strategy) -> BidderDriver:
        market, rng = self._specification.market, bidder_random(self._seed, name)
        seat = make_seat(
            as_input(self._private[place]), market, place, rng, mechanism=self._specification.mechanism
        )
        network = Dice(self._seed, f"network/{name}")
        return BidderDriver(
            renew=partial(
                BidderSession,
                name=name,
                key=SigningKey.from_seed(self._secret(f"bidder key/{name}")),
                entropy=self._secret(f"bidder entropy/{name}"),
                reader=self._reader,
                auctioneer_key=None,
                agent_version=VERSION,
            ),
            player=Player(strategy=strategy, seat=seat, defaults=self._defaults),
            connect=lambda: self._connect(network),
            time=self._time,
            codec=self._codec,
            faults=self._faults,
            dice=Dice(self._seed, f"bidder/{name}"),
        )

    def _connect(self, dice: Dice) -> Stream:
        stream = Connection[UpwardFrame, DownwardFrame](time=self._time, faults=self._faults, dice=dice)
        self._auctioneer.accept(stream)
        return stream

    def _result(self, bidders: Mapping[str, BidderDriver]) -> SimulatedSession:
        driver = self._auctioneer
        session = driver.session
        roster = tuple(party.name for party in session.members)
        sides = {name: bidder.session for name, bidder in bidders.items()}
        return SimulatedSession(
            session_id=session.session_id,
            entries=tuple(driver.entries),
            transcript=make_transcript(
                entries=driver.entries,
                specification=self._data,
                session_id=session.session_id,
                tree=session.log.tree,
                checkpoint_key=self._checkpoint_key,
                reader=self._reader,
            ),
            phase=session.phase,
            outcome=session.outcome,
            roster=roster,
            players=tuple(roster[member] for member in session.players),
            coin=find_coin(session, driver.entries, self._reader),
            deviations=tuple(session.deviations),
            refusals=tuple(driver.refusals),
            complaints={name: side.complaint for name, side in sides.items() if side.complaint is not None},
            rejections={name: bidder.rejection for name, bidder in bidders.items() if bidder.rejection},
            defaults=tuple(self._defaults),
            bidders=sides,
            connections={name: bidder.connections for name, bidder in bidders.items()},
            crashes=driver.crashes + sum(bidder.crashes for bidder in bidders.values()),
            duration_ns=self._time.now_ns,
        )
