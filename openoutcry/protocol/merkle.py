"""The append-only Merkle tree of a log, and the checks of its proofs.

A tree answers for every size that it ever had: its root, a proof that an entry is in it, a proof that it is a
prefix of a later one. Sessions keep one for their log; bidders and auditors call the two `verify_` functions,
which trust nothing about a proof: not its length, not the lengths of its hashes, not its indexes. A proof for
an index outside the tree is refused, and so is every proof about a tree of size 0, which would prove nothing.

Source: RFC 6962, section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from openoutcry.errors import TranscriptError, UsageError

HASH_BYTES = 32

KEPT_FOLDS = 64
"""Sizes for which inner results are kept, about a KiB each: as many questions as one batch of answers brings."""

EMPTY_ROOT = sha256(b"").digest()

# The prefixes keep an inner node from being presented as an entry, and an entry as an inner node.
_LEAF_PREFIX = b"\x00"
_NODE_PREFIX = b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """Return the hash, 32 bytes, under which an entry stands in the tree."""
    return sha256(_LEAF_PREFIX + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash, 32 bytes, of the node above two subtrees."""
    return sha256(_NODE_PREFIX + left + right).digest()


class MerkleTree:
    """Hashes of all complete subtrees, 64 bytes an entry; every question is answered in O(log size).

    One thread may append while others ask about sizes that the tree had before.
    """

    __slots__ = ("_folded", "_levels", "_size")

    def __init__(self) -> None:
        # At `_levels[l]` the hashes of the subtrees over 2^l entries, joined, from the left.
        self._levels: list[bytearray] = [bytearray()]
        self._size = 0
        # What `_folds` found last, by size, the oldest first.
        self._folded: dict[int, dict[int, bytes]] = {}

    @property
    def size(self) -> int:
        """Number of entries."""
        return self._size

    def append(self, data: bytes) -> bytes:
        """Append an entry and return its leaf hash, 32 bytes."""
        digest = sha256(_LEAF_PREFIX + data).digest()
        self.append_leaf_hash(digest)
        return digest

    def append_leaf_hash(self, digest: bytes) -> None:
        """Append an entry of which only the leaf hash is known.

        Raises:
            UsageError: The hash has not 32 bytes.
        """
        if len(digest) != HASH_BYTES:
            raise UsageError(f"a leaf hash has {HASH_BYTES} bytes, not {len(digest)}")
        levels = self._levels
        levels[0] += digest
        level, index = 0, self._size
        # An odd index completes the subtree above, which may in turn complete the one above it.
        while index & 1:
            digest = sha256(_NODE_PREFIX + levels[level][-2 * HASH_BYTES :]).digest()
            level += 1
            index >>= 1
            if level == len(levels):
                levels.append(bytearray())
            levels[level] += digest
        self._size += 1

    def root(self, size: int | None = None) -> bytes:
        """Return the root, 32 bytes, that the tree had at `size`, 0..current size; now, when not given.

        Raises:
            UsageError: The tree never had this size.
        """
        if size is None:
            size = self._size
        self._check_size(size)
        return self._folds(size)[0] if size else EMPTY_ROOT

    def leaf(self, index: int) -> bytes:
        """Return the leaf hash of the entry at `index`, 0..size-1.

        Raises:
            UsageError: There is no such entry.
        """
        if not 0 <= index < self._size:
            raise UsageError(f"there is no entry {index} in a tree of {self._size}")
        return self._subtree(0, index)

    def subtrees(self, level: int) -> bytes:
        """Return the hashes of all complete subtrees over 2^level entries, joined, from the left."""
        return bytes(self._levels[level]) if level < len(self._levels) else b""

    def inclusion_proof(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of this size holds the entry at `index`.

        Args:
            index: 0..size-1.
            size: 1..current size.

        Returns:
            The hashes beside the way from the entry to the root, 32 bytes each, from below.

        Raises:
            UsageError: The index or the size is outside these ranges.
        """
        self._check_size(size)
        if not 0 <= index < size:
            raise UsageError(f"there is no entry {index} in a tree of {size}")
        return tuple(self._path(0, index, size))

    def consistency_proof(self, first: int, second: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of size `first` is a prefix of the one of size `second`.

        Args:
            first: 1..second.
            second: Up to the current size.

        Returns:
            Hashes of 32 bytes each; none when the sizes are equal.

        Raises:
            UsageError: A size is outside these ranges.
        """
        self._check_size(second)
        if not 0 < first <= second:
            raise UsageError(
                f"no consistency proof leads from size {first} to {second}: the first is 1..second"
            )
        if first == second:
            return ()
        # The last complete subtree of the first tree is where the two trees part.
        level = _trailing_zeros(first)
        index = (first - 1) >> level
        path = self._path(level, index, second)
        # When that subtree is the whole first tree, whoever verifies holds its hash already.
        return tuple(path if index == 0 else [self._subtree(level, index), *path])

    def _path(self, level: int, index: int, size: int) -> list[bytes]:
        path: list[bytes] = []
        last = (size - 1) >> level
        while last:
            sibling = index ^ 1
            if (sibling + 1) << level <= size:
                path.append(self._subtree(level, sibling))
            elif sibling == last:
                # Only the rightmost subtree of a level can be incomplete.
                path.append(self._folds(size)[sibling << level])
            level += 1
            index >>= 1
            last >>= 1
        return path

    def _folds(self, size: int) -> dict[int, bytes]:
        """Return the hash over entries place..size-1 for each place that a path to the root can need.

        Place 0 has the root. A head is asked about when a question is written and when it is delivered, and in between
        about those of other questions, so the latest answers are kept.
        """
        folds = self._folded.get(size)
        if folds is None:
            folds = {}
            rest, digest = size, b""
            while rest:
                level = _trailing_zeros(rest)
                rest &= rest - 1
                subtree = self._subtree(level, rest >> level)
                digest = sha256(_NODE_PREFIX + subtree + digest).digest() if digest else subtree
                folds[rest] = digest
            self._folded[size] = folds
            if len(self._folded) > KEPT_FOLDS:
                # Copied first, and dropped if still there: a service asks for proofs while a thread appends.
                self._folded.pop(next(iter(tuple(self._folded))), None)
        return folds

    def _subtree(self, level: int, index: int) -> bytes:
        return bytes(self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self._size:
            raise UsageError(f"the tree has {self._size} entries, so none has {size}")


def verify_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the tree of this size and root holds an entry at this index.

    Args:
        index: 0..size-1.
        size: At least 1.
        leaf: Leaf hash of the entry, 32 bytes.
        proof: As `MerkleTree.inclusion_proof` gives it.
        root: 32 bytes.

    Raises:
        TranscriptError: The proof does not hold, or one of these is not what it must be.
    """
    if not 0 <= index < size:
        raise TranscriptError(f"there is no entry {index} in a tree of {size}")
    _check_hashes(leaf, root, *proof)
    inner, border = _shape(index, size - 1)
    _check_length(proof, inner + border)
    if _climb(leaf, index, inner, proof) != root:
        raise TranscriptError(f"the proof does not lead from entry {index} to the root of the tree of {size}")


def verify_consistency(
    *, first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """Check that the tree of size `first` is a prefix of the one of size `second`.

    Args:
        first: 1..second.
        second: At least 1.
        proof: As `MerkleTree.consistency_proof` gives it.
        first_root: 32 bytes.
        second_root: 32 bytes.

    Raises:
        TranscriptError: The proof does not hold, or one of these is not what it must be.
    """
    if not 0 < first <= second:
        raise TranscriptError(f"no proof can lead from a tree of {first} to one of {second}")
    if first == second:
        # A head is consistent with itself: nothing is hashed, so the roots are compared and not measured. One
        # of the published cases asks for that.
        _check_length(proof, 0)
        if first_root != second_root:
            raise TranscriptError(f"two trees of {first} entries have different roots")
        return
    _check_hashes(first_root, second_root, *proof)
    level = _trailing_zeros(first)
    index = (first - 1) >> level
    inner, border = _shape(index, (second - 1) >> level)
    given = 1 if index else 0
    _check_length(proof, given + inner + border)
    start = proof[0] if given else first_root
    siblings = proof[given:]
    if _climb(start, index, inner, siblings, left_only=True) != first_root:
        raise TranscriptError(f"the proof does not lead to the root of the tree of {first}")
    if _climb(start, index, inner, siblings) != second_root:
        raise TranscriptError(f"the proof does not lead to the root of the tree of {second}")


def _shape(index: int, last: int) -> tuple[int, int]:
    """Return the number of siblings below and above where the ways to `index` and to the last node meet."""
    inner = (index ^ last).bit_length()
    return inner, (index >> inner).bit_count()


def _climb(
    digest: bytes, index: int, inner: int, siblings: Sequence[bytes], *, left_only: bool = False
) -> bytes:
    """Return the root above a node; with `left_only`, of the tree that ends with this node."""
    for level, sibling in enumerate(siblings):
        if level >= inner or index >> level & 1:
            digest = node_hash(sibling, digest)
        elif not left_only:
            digest = node_hash(digest, sibling)
    return digest


def _check_hashes(*hashes: bytes) -> None:
    for digest in hashes:
        if len(digest) != HASH_BYTES:
            raise TranscriptError(f"a hash has {HASH_BYTES} bytes, not {len(digest)}")


def _check_length(proof: Sequence[bytes], length: int) -> None:
    if len(proof) != length:
        raise TranscriptError(f"the proof must have {length} hashes, not {len(proof)}")


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1
