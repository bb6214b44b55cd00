"""Forging transcripts: any records at all, with a tree, a manifest and a checkpoint that are made to fit them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from openoutcry.protocol.checkpoints import Checkpoint, session_origin, sign_checkpoint
from openoutcry.protocol.envelope import seal
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.merkle import MerkleTree, leaf_hash
from openoutcry.protocol.messages import PAYLOAD_TYPES, Body, Role
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.transcripts import make_manifest
from tests.simulation.stage import CODEC, READER, Stage


def read(data: bytes) -> tuple[str, Body]:
    """Return the role of who speaks in an entry, and what it says."""
    header, body = READER.read_message(READER.read_envelope(data))
    return header.role.name, body


def rebuild(stage: Stage, entries: Sequence[bytes], key: SigningKey) -> Transcript:
    """Return a transcript of these entries, as a session of this stage, with a checkpoint signed by `key`."""
    tree = MerkleTree()
    for data in entries:
        tree.append(data)
    checkpoint = Checkpoint(origin=session_origin(stage.session.session_id), size=tree.size, root=tree.root())
    return Transcript(
        entries=tuple(entries),
        checkpoint=sign_checkpoint(checkpoint, key),
        specification=stage.specification,
        manifest=make_manifest(entries, stage.specification, READER),
    )


class Rewriter:
    """Writes the log again with the auctioneer's own keys; the bidders' records stay as they are.

    Each record of the auctioneer gets a header that is right for the new log, so that only what bidders signed, and
    what the rules say, can give it away.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.tree = MerkleTree()
        self.entries: list[bytes] = []
        self.seq = 0
        self.previous = b""

    def keep(self, data: bytes) -> None:
        """Keep a record as it is."""
        self.tree.append(data)
        self.entries.append(data)

    def say(self, data: bytes, body: Body | None = None, *, reply_to: bytes | None = None) -> None:
        """Write a record of the auctioneer again, with another body or as an answer to something else, if given."""
        header, said = READER.read_message(READER.read_envelope(data))
        said = said if body is None else body
        if self.entries:
            header = replace(
                header,
                reply_to=header.reply_to if reply_to is None else reply_to,
                seq=self.seq,
                prev_own=self.previous,
                seen_size=self.tree.size,
                seen_root=self.tree.root(),
            )
            data = CODEC.encode_envelope(
                seal(self.stage.key, PAYLOAD_TYPES[type(said)], CODEC.encode_message(header, said))
            )
        self.keep(data)
        self.seq += 1
        self.previous = leaf_hash(data)

    def write(self, data: bytes, body: Body | None = None) -> None:
        """Write any record again."""
        if READER.read_message(READER.read_envelope(data))[0].role is Role.AUCTIONEER:
            self.say(data, body)
        else:
            self.keep(data)

    def transcript(self) -> Transcript:
        """Return the transcript of the new log."""
        return rebuild(self.stage, self.entries, self.stage.checkpoint_key)
