"""Laws of the Merkle tree, against the definitions of RFC 6962 written out plainly."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import TranscriptError
from openoutcry.protocol.merkle import MerkleTree, verify_consistency, verify_inclusion

LARGEST = 70
ENTRIES = tuple(b"entry %d" % index for index in range(LARGEST))
HASHES = generators.binary(min_size=32, max_size=32)


def tree_of(entries: Sequence[bytes]) -> MerkleTree:
    """Return the tree of these entries."""
    tree = MerkleTree()
    for entry in entries:
        tree.append(entry)
    return tree


def split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def defined_root(entries: Sequence[bytes]) -> bytes:
    """Return the root as section 2.1 defines it."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    left = split(len(entries))
    return sha256(b"\x01" + defined_root(entries[:left]) + defined_root(entries[left:])).digest()


def defined_path(index: int, entries: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the inclusion proof as section 2.1.1 defines it."""
    if len(entries) == 1:
        return ()
    left = split(len(entries))
    if index < left:
        return (*defined_path(index, entries[:left]), defined_root(entries[left:]))
    return (*defined_path(index - left, entries[left:]), defined_root(entries[:left]))


def defined_consistency(first: int, entries: Sequence[bytes], *, is_whole: bool = True) -> tuple[bytes, ...]:
    """Return the consistency proof as section 2.1.2 defines it."""
    if first == len(entries):
        return () if is_whole else (defined_root(entries),)
    left = split(len(entries))
    if first <= left:
        return (
            *defined_consistency(first, entries[:left], is_whole=is_whole),
            defined_root(entries[left:]),
        )
    return (
        *defined_consistency(first - left, entries[left:], is_whole=False),
        defined_root(entries[:left]),
    )


TREE = tree_of(ENTRIES)
SIZES = generators.integers(1, LARGEST)


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_roots_are_as_defined(size):
    """At every size the tree has the defined root, also long after it has grown."""
    assert TREE.root(size) == tree_of(ENTRIES[:size]).root() == defined_root(ENTRIES[:size])


@pytest.mark.parametrize("size", range(1, LARGEST + 1, 3))
def test_inclusion_proofs_are_as_defined_and_hold(size):
    """Every entry of every tree has the defined proof, and it verifies."""
    for index in range(size):
        proof = TREE.inclusion_proof(index, size)
        assert proof == defined_path(index, ENTRIES[:size])
        verify_inclusion(index=index, size=size, leaf=TREE.leaf(index), proof=proof, root=TREE.root(size))


@pytest.mark.parametrize("second", range(1, LARGEST + 1, 3))
def test_consistency_proofs_are_as_defined_and_hold(second):
    """Every tree has the defined proof from every earlier one, and it verifies."""
    for first in range(1, second + 1):
        proof = TREE.consistency_proof(first, second)
        assert proof == defined_consistency(first, ENTRIES[:second])
        verify_consistency(
            first=first,
            second=second,
            proof=proof,
            first_root=TREE.root(first),
            second_root=TREE.root(second),
        )


@given(generators.data())
def test_an_inclusion_proof_holds_for_nothing_else(data):
    """Another index, size, leaf, root, or any other hash or length of the proof: refused."""
    size = data.draw(SIZES)
    index = data.draw(generators.integers(0, size - 1))
    honest: dict[str, Any] = {
        "index": index,
        "size": size,
        "leaf": TREE.leaf(index),
        "proof": TREE.inclusion_proof(index, size),
        "root": TREE.root(size),
    }
    changed = dict(honest)
    kind = data.draw(generators.sampled_from(["index", "leaf", "root", "proof", "size and root"]))
    match kind:
        case "index":
            changed["index"] = data.draw(generators.integers(-2, 2 * LARGEST))
        case "leaf" | "root":
            changed[kind] = data.draw(HASHES | generators.integers(0, LARGEST - 1).map(TREE.leaf))
        case "proof":
            changed["proof"] = data.draw(altered(honest["proof"]))
        case _:
            other = data.draw(SIZES)
            changed |= {"size": other, "root": TREE.root(other)}
    if changed == honest:
        verify_inclusion(**changed)
    else:
        with pytest.raises(TranscriptError):
            verify_inclusion(**changed)


@given(generators.data())
def test_a_consistency_proof_holds_for_nothing_else(data):
    """Other roots, sizes, or any other hash or length of the proof: refused."""
    second = data.draw(SIZES)
    first = data.draw(generators.integers(1, second))
    honest: dict[str, Any] = {
        "first": first,
        "second": second,
        "proof": TREE.consistency_proof(first, second),
        "first_root": TREE.root(first),
        "second_root": TREE.root(second),
    }
    changed = dict(honest)
    kind = data.draw(generators.sampled_from(["first_root", "second_root", "proof", "first", "second"]))
    match kind:
        case "first_root" | "second_root":
            changed[kind] = data.draw(HASHES | SIZES.map(TREE.root))
        case "proof":
            changed["proof"] = data.draw(altered(honest["proof"]))
        case _:
            other = data.draw(SIZES)
            changed |= {kind: other, f"{kind}_root": TREE.root(other)}
    if changed == honest:
        verify_consistency(**changed)
    else:
        with pytest.raises(TranscriptError):
            verify_consistency(**changed)


@generators.composite
def altered(draw, proof: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Generate proofs that are this one with a hash changed, added, taken away or moved."""
    hashes = list(proof)
    place = draw(generators.integers(0, len(hashes)))
    match draw(generators.sampled_from(["add", "remove", "change", "move"])):
        case "add":
            hashes.insert(place, draw(HASHES))
        case "remove":
            del hashes[place : place + 1]
        case "change":
            hashes[place : place + 1] = [draw(HASHES)] * min(1, len(hashes[place:]))
        case _:
            hashes = draw(generators.permutations(hashes))
    return tuple(hashes)


@given(generators.integers(0, LARGEST - 1), generators.binary(max_size=3))
def test_a_fork_has_no_proof(place, other):
    """Two logs that differ in one entry do not extend each other, whatever proof of either is shown."""
    forked = tree_of((*ENTRIES[:place], other, *ENTRIES[place + 1 :]))
    assert forked.root(place) == TREE.root(place)
    for first in range(place + 1, LARGEST):
        for tree in (TREE, forked):
            with pytest.raises(TranscriptError):
                verify_consistency(
                    first=first,
                    second=LARGEST,
                    proof=tree.consistency_proof(first, LARGEST),
                    first_root=TREE.root(first),
                    second_root=forked.root(),
                )


@given(generators.lists(generators.binary(max_size=8), max_size=40), generators.integers(0, 40))
def test_a_tree_of_leaf_hashes_is_the_same_tree(entries, asked_size):
    """Whoever holds only leaf hashes holds the same tree, and asking about old heads changes nothing."""
    tree, by_hash = MerkleTree(), MerkleTree()
    for entry in entries:
        by_hash.append_leaf_hash(tree.append(entry))
        by_hash.root(min(asked_size, by_hash.size))
        assert by_hash.root() == tree.root()
    assert by_hash.root() == defined_root(entries)


@given(
    generators.integers(0, 2**70),
    generators.integers(0, 2**70),
    generators.lists(generators.binary(max_size=40), max_size=80),
    HASHES,
    HASHES,
)
def test_arbitrary_proofs_are_refused(one, other, proof, leaf, root):
    """Numbers of any size and hashes of any length lead to a refusal and nothing else."""
    with pytest.raises(TranscriptError):
        verify_inclusion(index=one, size=other, leaf=leaf, proof=proof, root=root)
    if (one, proof) != (other, []) or leaf != root:
        with pytest.raises(TranscriptError):
            verify_consistency(first=one, second=other, proof=proof, first_root=leaf, second_root=root)
