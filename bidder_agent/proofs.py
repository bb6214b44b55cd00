"""Proofs that a log holds an entry, in a published text form that tools of others read.

```
c2sp.org/tlog-proof@v1
index 17
<hash of the sibling, base64>
...

<the signed checkpoint, byte for byte>
```

Whoever knows the log's key and the entry can check one without asking anybody. Written by `bidder-agent receipts`
from a transcript that was verified.

Source: C2SP tlog-proof, version 1.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.transcript import Transcript

SUFFIX = ".tlog-proof"

_FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryProof:
    """One entry and the proof that the log holds it.

    Attributes:
        index: Of the entry in the log.
        entry: The entry, byte for byte.
        proof: The text of the proof.
    """

    index: int
    entry: bytes
    proof: bytes


def encode_tlog_proof(*, index: int, inclusion: Sequence[bytes], checkpoint: bytes) -> bytes:
    """Return the text of a proof.

    Args:
        index: Of the entry in the log.
        inclusion: RFC 6962 proof under the checkpoint's root, 32 bytes each, the leaf's sibling first.
        checkpoint: The signed note, byte for byte.
    """
    lines = [_FIRST_LINE, f"index {index}", *(b64encode(digest).decode() for digest in inclusion)]
    return "\n".join([*lines, "", ""]).encode() + checkpoint


def prove_entries(transcript: Transcript, wanted: Sequence[bytes]) -> Iterator[EntryProof]:
    """Yield a proof for each of these entries that the log holds, in the order of the log.

    Args:
        transcript: Verified beforehand.
        wanted: Entries, byte for byte.
    """
    tree = MerkleTree()
    for entry in transcript.entries:
        tree.append(entry)
    looked_for = set(wanted)
    for index, entry in enumerate(transcript.entries):
        if entry in looked_for:
            inclusion = tree.inclusion_proof(index, tree.size)
            proof = encode_tlog_proof(index=index, inclusion=inclusion, checkpoint=transcript.checkpoint)
            yield EntryProof(index=index, entry=entry, proof=proof)
