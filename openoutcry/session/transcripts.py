"""From a session's entries to the transcript file's content, and what its manifest says."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from openoutcry.mechanisms.specification import decode_specification
from openoutcry.protocol.checkpoints import Checkpoint, session_origin, sign_checkpoint
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.messages import PROTOCOL_VERSION
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_opening

TRANSCRIPT_FORMAT = "openoutcry-transcript/1"


def make_transcript(
    *,
    entries: Sequence[bytes],
    specification: bytes,
    session_id: bytes,
    tree: MerkleTree,
    checkpoint_key: SigningKey,
    reader: EnvelopeReader,
) -> Transcript:
    """Return the transcript of a log as it stands.

    Args:
        entries: The log, at least SessionOpen.
        specification: The public specification, byte for byte.
        session_id: 32 bytes.
        tree: The log's tree, of the same size.
        checkpoint_key: Signs the checkpoint.
        reader: Reads SessionOpen for the manifest.
    """
    checkpoint = Checkpoint(origin=session_origin(session_id), size=tree.size, root=tree.root())
    return Transcript(
        entries=tuple(entries),
        checkpoint=sign_checkpoint(checkpoint, checkpoint_key),
        specification=specification,
        manifest=make_manifest(entries, specification, reader),
    )


def read_session_id(entries: Sequence[bytes], reader: EnvelopeReader) -> bytes:
    """Return the id, 32 bytes, of the session whose log begins with these entries."""
    return hashlib.sha256(reader.read_envelope(entries[0]).payload).digest()


def make_manifest(
    entries: Sequence[bytes], specification: bytes, reader: EnvelopeReader
) -> Mapping[str, str | int]:
    """Return what a person reads first in an unpacked transcript; it follows from the rest, so nothing trusts it.

    Raises:
        TranscriptError: The log does not begin with SessionOpen.
        ConfigurationError: The specification is none.
    """
    opening = read_opening(entries, reader)
    return {
        "about": "A recorded auction session; check it with `auctioneer verify`. Nothing in this file is trusted.",
        "code_version": opening.code_version,
        "entries": len(entries),
        "format": TRANSCRIPT_FORMAT,
        "protocol_version": PROTOCOL_VERSION,
        "session": read_session_id(entries, reader).hex(),
        "specification_sha256": hashlib.sha256(specification).hexdigest(),
        "title": decode_specification(specification).title,
    }
