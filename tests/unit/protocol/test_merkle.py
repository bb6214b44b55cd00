"""The Merkle tree and its proofs, against published vectors and at the edges."""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from openoutcry.errors import TranscriptError, UsageError
from openoutcry.protocol.merkle import (
    EMPTY_ROOT,
    MerkleTree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# Entries and roots that implementations of RFC 6962 test with.
ENTRIES = tuple(
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def tree_of(*entries: bytes) -> MerkleTree:
    """Return the tree of these entries."""
    tree = MerkleTree()
    for entry in entries:
        tree.append(entry)
    return tree


def test_known_roots():
    """Every prefix of the well-known entries has its well-known root, asked for in any order."""
    tree = tree_of(*ENTRIES)
    assert [tree.root(size).hex() for size in range(9)] == list(ROOTS)
    assert [tree.root(size).hex() for size in reversed(range(9))] == list(reversed(ROOTS))
    assert tree.root().hex() == ROOTS[8]


def test_empty_tree():
    """A tree without entries has a root of its own and nothing to prove."""
    tree = MerkleTree()
    assert (tree.size, tree.root(), tree.root(0)) == (0, EMPTY_ROOT, EMPTY_ROOT)
    assert tree.subtrees(0) == tree.subtrees(5) == b""


def test_append_returns_the_leaf_hash():
    """The hash under which an entry stands is told at once and later."""
    tree = MerkleTree()
    assert tree.append(b"entry") == leaf_hash(b"entry") == tree.leaf(0)


def test_leaf_and_node_hashes_differ():
    """An entry that spells out an inner node does not hash like one."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


def test_subtrees_are_the_complete_ones():
    """Only subtrees that are full have a hash that stays."""
    tree = tree_of(*ENTRIES[:7])
    assert len(tree.subtrees(0)) == 7 * 32
    assert tree.subtrees(1) == b"".join(
        node_hash(tree.leaf(index), tree.leaf(index + 1)) for index in (0, 2, 4)
    )
    assert tree.subtrees(2).hex() == ROOTS[4]
    assert tree.subtrees(3) == b""


@pytest.mark.parametrize(
    "ask",
    [
        lambda tree: tree.root(-1),
        lambda tree: tree.root(6),
        lambda tree: tree.leaf(-1),
        lambda tree: tree.leaf(5),
        lambda tree: tree.inclusion_proof(-1, 5),
        lambda tree: tree.inclusion_proof(3, 3),
        lambda tree: tree.inclusion_proof(0, 6),
        lambda tree: tree.consistency_proof(0, 0),
        lambda tree: tree.consistency_proof(0, 5),
        lambda tree: tree.consistency_proof(3, 2),
        lambda tree: tree.consistency_proof(3, 6),
        lambda tree: tree.append_leaf_hash(b"short"),
    ],
)
def test_questions_outside_the_tree_are_refused(ask):
    """A caller who asks for what never was is told so, and the tree stays as it was."""
    tree = tree_of(*ENTRIES[:5])
    with pytest.raises(UsageError):
        ask(tree)
    assert (tree.size, tree.root().hex()) == (5, ROOTS[5])


@pytest.mark.parametrize("index", [-1, 5, 7, 2**64])
def test_a_proof_for_an_index_outside_the_tree_is_refused(index):
    """The hashes of a good proof do not help an index that the tree has not."""
    tree = tree_of(*ENTRIES[:5])
    with pytest.raises(TranscriptError, match="there is no entry"):
        verify_inclusion(
            index=index, size=5, leaf=tree.leaf(4), proof=tree.inclusion_proof(4, 5), root=tree.root()
        )


def test_consistency_with_an_empty_tree_is_refused():
    """Every tree extends the empty one, so such a proof would show nothing."""
    tree = tree_of(*ENTRIES)
    with pytest.raises(TranscriptError, match="no proof can lead"):
        verify_consistency(first=0, second=8, proof=(), first_root=EMPTY_ROOT, second_root=tree.root())


@pytest.mark.parametrize("length", [0, 31, 33])
def test_hashes_of_another_length_are_refused(length):
    """Lengths are checked before anything is hashed, so that bytes cannot move from one hash to the next."""
    tree = tree_of(*ENTRIES)
    root, leaf, proof = tree.root(), tree.leaf(2), tree.inclusion_proof(2, 8)
    bad = bytes(length)
    cases = [
        (bad, proof, root),
        (leaf, proof, bad),
        *((leaf, swap(proof, place, bad), root) for place in range(3)),
    ]
    for case_leaf, case_proof, case_root in cases:
        with pytest.raises(TranscriptError, match="32 bytes"):
            verify_inclusion(index=2, size=8, leaf=case_leaf, proof=case_proof, root=case_root)
    with pytest.raises(TranscriptError, match="32 bytes"):
        verify_consistency(first=3, second=8, proof=(bad,), first_root=root, second_root=root)


def swap(proof: tuple[bytes, ...], place: int, other: bytes) -> tuple[bytes, ...]:
    """Return a proof with another hash at this place."""
    return (*proof[:place], other, *proof[place + 1 :])


def test_published_inclusion_vectors(vectors: Path):
    """All published inclusion proofs are judged as published."""
    judged = [
        (name, is_accepted(lambda case=case: check_inclusion(case)), not case["wantErr"])
        for name, case in read_cases(vectors / "merkle/testdata/inclusion")
    ]
    assert len(judged) == 98
    assert [name for name, actual, expected in judged if actual != expected] == []


def test_published_consistency_vectors(vectors: Path):
    """All published consistency proofs are judged as published."""
    judged = [
        (name, is_accepted(lambda case=case: check_consistency(case)), not case["wantErr"])
        for name, case in read_cases(vectors / "merkle/testdata/consistency")
    ]
    assert len(judged) == 98
    assert [name for name, actual, expected in judged if actual != expected] == []


def read_cases(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return name and content of all cases below a folder."""
    paths = sorted(folder.rglob("*.json"))
    return [(str(path.relative_to(folder)), json.loads(path.read_text())) for path in paths]


def is_accepted(check) -> bool:
    """Tell whether a check passes."""
    try:
        check()
    except TranscriptError:
        return False
    return True


def check_inclusion(case: dict[str, Any]) -> None:
    """Judge one published case."""
    verify_inclusion(
        index=case["leafIdx"],
        size=case["treeSize"],
        leaf=b64decode(case["leafHash"]),
        proof=tuple(map(b64decode, case["proof"] or ())),
        root=b64decode(case["root"]),
    )


def check_consistency(case: dict[str, Any]) -> None:
    """Judge one published case."""
    verify_consistency(
        first=case["size1"],
        second=case["size2"],
        proof=tuple(map(b64decode, case["proof"] or ())),
        first_root=b64decode(case["root1"]),
        second_root=b64decode(case["root2"]),
    )


def test_proofs_can_be_asked_for_while_another_thread_appends():
    """Many questions about sizes that the tree had before, from a second thread, while it grows: none fails."""
    tree = MerkleTree()
    sizes = range(1, 201)
    for number in sizes:
        tree.append(b"%d" % number)
    roots = [tree.root(size) for size in sizes]
    is_grown = Event()

    def ask() -> bool:
        holds = True
        while not is_grown.is_set():
            holds &= [tree.root(size) for size in sizes] == roots
        return holds

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(max_workers=1) as executor:
            asking = executor.submit(ask)
            try:
                for _ in range(4_000):
                    tree.append(b"another")
                    tree.root()
            finally:
                is_grown.set()
            assert asking.result()
    finally:
        sys.setswitchinterval(before)
