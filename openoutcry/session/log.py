"""The log of one session as its auctioneer holds it: the Merkle tree, and which entries concern whom.

Entries themselves are kept by a store; this holds their hashes, in O(64 bytes) an entry.
"""

from __future__ import annotations

from bisect import bisect_left

from openoutcry.protocol.merkle import MerkleTree
from openoutcry.session.values import Delivery


class SessionLog:
    """Append-only; every question about it is answered in O(log size)."""

    def __init__(self) -> None:
        self.tree = MerkleTree()
        self._own: dict[bytes, list[int]] = {}
        self._addressed: dict[bytes, list[int]] = {}

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.tree.size

    def append(self, data: bytes, *, author: bytes) -> int:
        """Append an entry of this author and return its index."""
        index = self.tree.size
        self.tree.append(data)
        self._own.setdefault(author, []).append(index)
        return index

    def address(self, party: bytes, index: int) -> None:
        """Note that the entry at `index` is to be delivered to `party`."""
        self._addressed.setdefault(party, []).append(index)

    def addressed_from(self, party: bytes, index: int) -> list[int]:
        """Return the indexes, from `index` on, of entries that are to be delivered to `party`."""
        indexes = self._addressed.get(party, [])
        return indexes[bisect_left(indexes, index) :]

    def delivery(self, *, party: bytes, index: int, envelope: bytes, from_size: int) -> Delivery:
        """Return an entry with the proofs that `party` needs.

        Args:
            party: Sender id of the bidder.
            index: Log index of the entry, which is the size of the head that it commits to.
            envelope: The entry.
            from_size: Size of the head that the bidder verified last, 0..index; 0 when none.
        """
        own = self._own.get(party, [])
        before = bisect_left(own, index)
        own_index = own[before - 1] if before else None
        return Delivery(
            index=index,
            envelope=envelope,
            consistency_from=from_size,
            consistency=self.tree.consistency_proof(from_size, index) if from_size else (),
            own_index=own_index,
            inclusion=() if own_index is None else self.tree.inclusion_proof(own_index, index),
        )
