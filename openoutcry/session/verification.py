"""Verifying a transcript: four levels, each with its own answer, and the first record that fails.

1. integrity   every byte under the checkpoint's root, the checkpoint's signature, and every party's chain of
               messages: sequence numbers, links, and heads that were really heads of this log;
2. authorship  every signature, strict, under the key with which its sender enrolled;
3. conduct     the session re-executed: every question, draw, deadline rule and deviation;
4. outcome     winner, price and every payment computed again, exactly.

A level that rests on a failed one is not checked. Where reports are sealed and no disclosure is given, conduct is
re-executed up to the first sealed report, and no further. A transcript proves what was said by whom under which rules;
that the key of SessionOpen is the right auctioneer's, only somebody who knows that key can tell: pin it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from openoutcry.errors import (
    ConfigurationError,
    PeerError,
    TranscriptError,
    Undecided,
    UnreadableTranscript,
)
from openoutcry.mechanisms.amounts import show_in_currency
from openoutcry.mechanisms.specification import Specification, decode_specification
from openoutcry.protocol.checkpoints import session_origin, verify_checkpoint
from openoutcry.protocol.codec import Codec
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.keys import VerifyKey, sender_id
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.messages import (
    Enrol,
    OpeningKeyDisclosed,
    OutcomeDeclared,
    SeedOpening,
    SessionOpen,
    SessionVoid,
    VoidReason,
)
from openoutcry.protocol.opening import OpeningKey
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.auctioneer import AuctioneerSession, SeedUnknown
from openoutcry.session.chains import check_chains
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.reading import RememberingReader
from openoutcry.session.replay import (
    Departure,
    RecordedAuthor,
    find_disclosed,
    read_opening,
    replay,
)
from openoutcry.session.reports import OpeningUnknown
from openoutcry.session.transcripts import make_manifest
from openoutcry.session.values import Phase
from openoutcry.session.verdicts import LEVELS, Level, Verdict, Verification


class _Failed(Exception):
    """One level failed: carries its finding."""

    def __init__(self, detail: str, *, index: int | None = None, code: DeviationCode | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.index = index
        self.code = code


class _Sealed(Exception):
    """A level cannot be checked without the disclosure: says how far it came."""


def verify_transcript(
    transcript: Transcript,
    *,
    codec: Codec,
    session_id: bytes | None = None,
    auctioneer_key: bytes | None = None,
    disclosure: Disclosure | None = None,
) -> Verification:
    """Verify a transcript.

    Args:
        transcript: As decoded from a file.
        codec: Reads its records.
        session_id: Expected session, 32 bytes, if it is known from elsewhere.
        auctioneer_key: Expected message key of the auctioneer, 32 bytes, if it is known from elsewhere.
        disclosure: Makes sealed reports readable.

    Returns:
        What was found; never raises for what the transcript holds.

    Raises:
        UnreadableTranscript: The disclosure is not of this session.
    """
    checking = _Checking(transcript, codec, disclosure)
    result = checking.result
    checks: tuple[Callable[[], str], ...] = (
        lambda: checking.check_integrity(session_id=session_id, auctioneer_key=auctioneer_key),
        checking.check_authorship,
        checking.check_conduct,
        checking.check_outcome,
    )
    for name, check in zip(LEVELS, checks, strict=True):
        if result.first_failure is not None or result.is_sealed or result.is_undecided:
            reason = "the reports are sealed" if result.is_sealed else "it cannot be worked out here"
            detail = f"{result.first_failure.name} failed" if result.first_failure else reason
            result.levels.append(Level(name=name, verdict=Verdict.UNCHECKED, detail=detail))
            continue
        try:
            result.levels.append(Level(name=name, verdict=Verdict.VALID, detail=check()))
        except _Sealed as sealed:
            result.is_sealed = True
            result.levels.append(Level(name=name, verdict=Verdict.UNCHECKED, detail=str(sealed)))
        except Undecided as problem:
            result.is_undecided = True
            result.levels.append(Level(name=name, verdict=Verdict.UNCHECKED, detail=str(problem)))
        except _Failed as failed:
            result.levels.append(
                Level(
                    name=name,
                    verdict=Verdict.INVALID,
                    detail=failed.detail,
                    index=failed.index,
                    code=failed.code,
                )
            )
        except UnreadableTranscript:
            raise
        except (PeerError, TranscriptError, ConfigurationError) as problem:
            index = problem.index if isinstance(problem, TranscriptError) else None
            reason = problem.reason if isinstance(problem, PeerError | TranscriptError) else str(problem)
            result.levels.append(Level(name=name, verdict=Verdict.INVALID, detail=reason, index=index))
    return result


class _Checking:
    """The four checks over one transcript, with what one leaves for the next."""

    def __init__(self, transcript: Transcript, codec: Codec, disclosure: Disclosure | None) -> None:
        self.result = Verification(entries=len(transcript.entries))
        self._transcript = transcript
        self._entries: Sequence[bytes] = transcript.entries
        self._reader = RememberingReader(codec)
        self._opening: SessionOpen | None = None
        self._specification: Specification | None = None
        self._departure: Departure | None = None
        self._disclosure = disclosure

    # --- Level 1. ---

    def check_integrity(self, *, session_id: bytes | None, auctioneer_key: bytes | None) -> str:
        opening = self._opening = read_opening(self._entries, self._reader)
        result = self.result
        result.session_id = hashlib.sha256(self._reader.read_envelope(self._entries[0]).payload).digest()
        result.auctioneer_key, result.checkpoint_key = opening.message_key, opening.checkpoint_key
        if session_id is not None and session_id != result.session_id:
            raise _Failed(f"the transcript is of session {result.session_id.hex()}, not of the expected one")
        if auctioneer_key is not None and auctioneer_key != opening.message_key:
            raise _Failed("the session was run under another auctioneer key than the expected one", index=0)
        self._check_specification(opening)
        tree = check_chains(self._entries, self._reader, session_id=result.session_id)
        self._check_checkpoint(tree, opening)
        # Last, because nothing rests on it: a record that is wrong is named before what it does to the manifest.
        if self._transcript.manifest != make_manifest(
            self._entries, self._transcript.specification, self._reader
        ):
            raise _Failed("the manifest does not follow from the records: was it edited?")
        return f"{len(self._entries)} records under root {tree.root().hex()[:16]}, chains and heads follow"

    def _check_specification(self, opening: SessionOpen) -> None:
        data = self._transcript.specification
        if hashlib.sha256(data).digest() != opening.specification_digest:
            raise _Failed("the specification is not the one that SessionOpen names", index=0)
        self._specification = decode_specification(data)

    def _check_checkpoint(self, tree: MerkleTree, opening: SessionOpen) -> None:
        checkpoint = verify_checkpoint(
            self._transcript.checkpoint,
            VerifyKey(opening.checkpoint_key),
            session_origin(self.result.session_id),
        )
        if checkpoint.size != tree.size:
            raise _Failed(f"the checkpoint is over {checkpoint.size} records, the log has {tree.size}")
        if checkpoint.root != tree.root():
            raise _Failed("the records do not lie under the checkpoint's root")

    # --- Level 2. ---

    def check_authorship(self) -> str:
        assert self._opening is not None
        keys = {sender_id(self._opening.message_key): VerifyKey(self._opening.message_key)}
        for index, data in enumerate(self._entries):
            envelope = self._reader.read_envelope(data)
            _, body = self._reader.read_message(envelope)
            if isinstance(body, Enrol) and sender_id(body.public_key) == envelope.sender_id:
                keys.setdefault(envelope.sender_id, VerifyKey(body.public_key))
            key = keys.get(envelope.sender_id)
            if key is None:
                raise _Failed("the record's sender has not enrolled", index=index)
            try:
                self._reader.verify(envelope, key)
            except PeerError as problem:
                raise _Failed(problem.reason, index=index, code=DeviationCode.BAD_SIGNATURE) from problem
        return f"{len(self._entries)} signatures of {len(keys)} keys"

    # --- Level 3. ---

    def check_conduct(self) -> str:
        assert self._opening is not None
        assert self._specification is not None
        disclosed = find_disclosed(self._entries, self._reader)
        self._check_seed(disclosed.seed_part)
        session = self.result.session = AuctioneerSession(
            specification=self._specification,
            opening=self._opening,
            seed_part=disclosed.seed_part,
            opening_key=self._find_opening_key(disclosed.opening_key),
            author=RecordedAuthor(self._entries, self._reader),
            reader=self._reader,
        )
        try:
            for step in replay(session, self._entries, self._reader):
                self.result.steps.append(step)
        except SeedUnknown as problem:
            raise _Failed(
                "the auctioneer never opened its seed part, so no draw can be repeated",
                index=session.log.size,
                code=DeviationCode.SEED_MISSING,
            ) from problem
        except OpeningUnknown as problem:
            if self._specification.disclosure == "sealed":
                raise _Sealed(
                    f"re-executed up to record {session.log.size}, where a sealed report is opened; give the "
                    "disclosure file to go on"
                ) from problem
            raise _Failed(
                "the auctioneer never disclosed the key of private openings, so no report can be read",
                index=session.log.size,
                code=DeviationCode.OPENING_KEY_MISSING,
            ) from problem
        except Departure as departure:
            if (
                isinstance(departure.expected, SessionVoid)
                and departure.expected.reason is VoidReason.UNDECIDED
            ):
                raise Undecided(departure.expected.detail) from departure
            if not isinstance(departure.expected, OutcomeDeclared | SeedOpening | OpeningKeyDisclosed):
                raise _Failed(
                    departure.reason, index=departure.index, code=DeviationCode.WRONG_QUESTION
                ) from departure
            # Everything up to the outcome was re-executed; the outcome has a level of its own.
            self._departure = departure
        else:
            if not session.phase.is_final:
                raise _Failed(f"the log ends in the middle of the session, in phase {session.phase.name}")
        return self._describe_conduct(session)

    def _find_opening_key(self, disclosed: OpeningKey | None) -> OpeningKey | None:
        assert self._opening is not None
        if disclosed is not None and disclosed.public_key != self._opening.opening_key:
            raise _Failed(
                "the key of private openings is not the one that the auctioneer committed to",
                code=DeviationCode.OPENING_KEY_MISSING,
            )
        if self._disclosure is None:
            return disclosed
        self._disclosure.check(self.result.session_id, self._opening)
        return self._disclosure.opening_key

    def _check_seed(self, seed_part: bytes | None) -> None:
        assert self._opening is not None
        if seed_part is None:
            return
        opened = seed_commitment(
            context=self._opening.specification_digest,
            sender_id=sender_id(self._opening.message_key),
            secret=seed_part,
        )
        if opened != self._opening.seed_commitment:
            raise _Failed(
                "the auctioneer's seed part is not the one that it committed to",
                code=DeviationCode.SEED_MISSING,
            )

    def _describe_conduct(self, session: AuctioneerSession) -> str:
        waves = session.wave_count
        draws = len(session.chance.draws) if session.chance else 0
        missing = len(session.members) - len(session.players)
        seed = "every seed part is there"
        if session.play is None:
            seed = "it ended before any draw"
        elif missing:
            seed = f"{missing} seed parts are missing: whoever held them back chose among seeds"
        return (
            f"re-executed: {len(session.members)} bidders, {waves} waves, {draws} draws, "
            f"{len(session.deviations)} deviations recorded; {seed}"
        )

    # --- Level 4. ---

    def check_outcome(self) -> str:
        session = self.result.session
        assert session is not None
        if self._departure is not None:
            raise _Failed(
                self._departure.reason, index=self._departure.index, code=DeviationCode.WRONG_OUTCOME
            ) from self._departure
        if session.phase is Phase.VOID:
            return "the session is void: nothing was sold and nobody pays"
        outcome = session.outcome
        assert outcome is not None, "a session that is not void has an outcome"
        minor_units = session.specification.market.minor_units
        if not outcome.awards:
            return f"unsold: {outcome.reason}"
        sold = ", ".join(
            f"{session.members[award.bidder].name} wins at {show_in_currency(award.price, minor_units)}"
            for award in outcome.awards
        )
        return f"{sold}; all payments computed again"
