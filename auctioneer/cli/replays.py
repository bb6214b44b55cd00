"""A transcript ready to be played again: verified, and with what is known of its bidders.

Refuses what cannot be played again, in one line: a transcript that does not hold, one whose reports are sealed, and a
session that ended before it was played.
"""

from __future__ import annotations

from pathlib import Path

from auctioneer.cli.private_files import own_strategies, read_sidecar
from auctioneer.cli.transcript_files import read_transcript
from openoutcry.errors import ConfigurationError, TranscriptError
from openoutcry.protocol.seed import seed_of_text
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.verdicts import Verification
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation.counterfactual import Counterfactuals
from openoutcry.simulation.recording import Recording, read_recording
from openoutcry.wire import WireCodec


def read_session(path: Path, disclosure: Disclosure | None) -> Recording:
    """Return the session of a transcript.

    Args:
        path: Of the transcript.
        disclosure: Makes sealed reports readable.

    Raises:
        TranscriptError: The transcript does not hold.
        ConfigurationError: It is sealed or undecided, or was never played.
    """
    transcript, codec = read_transcript(path), WireCodec()
    session = _check(path, verify_transcript(transcript, codec=codec, disclosure=disclosure))
    try:
        return read_recording(session, transcript.entries, EnvelopeReader(codec))
    except ConfigurationError as problem:
        raise ConfigurationError(f"{path}: {problem}") from problem


def prepare_replays(recording: Recording, private: Path | None, *, runs_code: bool) -> Counterfactuals:
    """Return a session ready to be played again.

    Args:
        recording: Of the session.
        private: File of private types; None takes types from what the bidders reported.
        runs_code: Whether bidders' strategies in files and modules may be run.

    Raises:
        ConfigurationError: The file of private types cannot be used.
    """
    codec = WireCodec()
    if private is None:
        return Counterfactuals(recording, codec=codec)
    sidecar = read_sidecar(private, recording.specification.market, recording.session_id)
    return Counterfactuals(
        recording,
        codec=codec,
        private=[bidder.private for bidder in sidecar.bidders.values()],
        own=own_strategies(sidecar, private, runs_code=runs_code),
        bidder_seed=seed_of_text(sidecar.seed) if sidecar.seed is not None else None,
    )


def _check(path: Path, verification: Verification) -> AuctioneerSession:
    """Return the session of a transcript that holds and can be read to its end."""
    failure = verification.first_failure
    if failure is not None:
        reason = f"{path} does not verify: {failure.name}: {failure.detail}"
        raise TranscriptError(reason, index=failure.index)
    if verification.is_sealed:
        raise ConfigurationError(
            f"{path}: the reports of this session are sealed, so nobody can tell what it would have been: "
            "give --disclosure FILE"
        )
    if verification.is_undecided or verification.session is None:
        raise ConfigurationError(f"{path}: what this session came to cannot be worked out on this machine")
    return verification.session
