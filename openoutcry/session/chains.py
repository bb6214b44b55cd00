"""The chains of a log: every record follows its sender's previous one and names a head that was really one of this log.

Who signed what is another question, and so is whether it should have been said.
"""

from __future__ import annotations

from collections.abc import Sequence

from openoutcry.errors import TranscriptError
from openoutcry.protocol.deviations import KEEPS_ITS_PLACE
from openoutcry.protocol.merkle import MerkleTree, leaf_hash
from openoutcry.protocol.messages import DeviationNoted, Header, Role, SessionOpen
from openoutcry.session.reading import EnvelopeReader
from openoutcry.session.replay import read_entry

Chains = dict[bytes, tuple[int, bytes]]
"""By sender id: the sequence number and the leaf hash of the sender's last message."""


def check_chains(entries: Sequence[bytes], reader: EnvelopeReader, *, session_id: bytes) -> MerkleTree:
    """Return the tree over all records, once each of them is found to follow.

    Args:
        entries: The log.
        reader: Reads them.
        session_id: That every record but SessionOpen names, 32 bytes.

    Raises:
        TranscriptError: With the index of the first record that does not follow.
    """
    tree = MerkleTree()
    chains: Chains = {}
    # Heads that were found right: an answer nearly always names the head of the question that it answers.
    heads: set[tuple[int, bytes]] = set()
    for index, data in enumerate(entries):
        header, body = read_entry(data, reader, index)
        envelope = reader.read_envelope(data)
        if header.sender_id != envelope.sender_id:
            raise TranscriptError("the record is sent under another key than it names", index=index)
        if header.session_id != (b"" if isinstance(body, SessionOpen) else session_id):
            raise TranscriptError("the record belongs to another session", index=index)
        _check_link(header, index, chains)
        head = (header.seen_size, header.seen_root)
        if head not in heads:
            if header.seen_size > index or header.seen_root != tree.root(header.seen_size):
                raise TranscriptError("the record commits to a head that is not of this log", index=index)
            heads.add(head)
        chains[header.sender_id] = (header.seq, tree.append(data))
        if isinstance(body, DeviationNoted) and body.deviation in KEEPS_ITS_PLACE:
            # Whether it was refused rightly is a question of conduct; here only the chain goes on from it.
            refused, _ = read_entry(body.evidence, reader, index)
            chains[refused.sender_id] = (refused.seq, leaf_hash(body.evidence))
    return tree


def _check_link(header: Header, index: int, chains: Chains) -> None:
    seq, previous = chains.get(header.sender_id, (-1, b""))
    if header.seq != seq + 1:
        raise TranscriptError(f"sequence number {header.seq} stands where {seq + 1} must", index=index)
    if header.prev_own != previous:
        raise TranscriptError("the record does not follow its sender's previous one", index=index)
    if header.role is Role.AUCTIONEER and header.seen_size != index:
        raise TranscriptError("the auctioneer's record does not commit to the log before it", index=index)
