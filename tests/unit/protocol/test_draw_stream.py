"""Draws from a seed: the protocol's vectors, and the keyed hash beneath them."""

from __future__ import annotations

import json
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import UsageError
from openoutcry.protocol.draws import DrawStream, keyed_hash
from openoutcry.protocol.framing import lp, u64

SEED = bytes(range(32))


def test_vectors_of_the_protocol():
    """The draws that the protocol prints come out."""
    tie = DrawStream(SEED, "round/7/tie")
    assert [tie.below(10) for _ in range(8)] == [6, 2, 0, 7, 4, 8, 1, 4]
    assert DrawStream(SEED, "order").shuffle(8) == (5, 0, 6, 3, 2, 1, 4, 7)
    assert DrawStream(SEED, "big").below(2**63 + 1) == 8400348704794609410


def test_a_stream_is_read_block_by_block():
    """Words come from consecutive blocks, four of each, and 2^64 numbers take each word as it is."""
    key = keyed_hash(SEED, lp(b"auction/draw/v1") + lp(b"words"))
    blocks = b"".join(keyed_hash(key, u64(counter)) for counter in range(3))
    stream = DrawStream(SEED, "words")
    assert b"".join(u64(stream.below(2**64)) for _ in range(12)) == blocks


def test_words_that_would_favour_low_numbers_are_passed_over():
    """With 2^63 + 1 numbers about every second word lies in the incomplete last stretch."""
    words = DrawStream(SEED, "refused")
    expected = [word for word in (words.below(2**64) for _ in range(200)) if word < 2**63 + 1]
    stream = DrawStream(SEED, "refused")
    assert [stream.below(2**63 + 1) for _ in expected] == expected
    assert 60 < len(expected) < 140


@pytest.mark.parametrize("n", [-1, 0])
def test_draws_from_nothing_are_refused(n):
    """There is no number below 0 or 1 of them."""
    with pytest.raises(UsageError, match="at least 1 number"):
        DrawStream(SEED, "label").below(n)


def test_vectors_of_wide_draws():
    """Beyond 2^64 a draw takes two words or more, the highest first; these are pinned for other implementations."""
    wide = DrawStream(SEED, "wide")
    assert wide.below(2**64 + 1) == 11583695315992665922
    assert wide.below(10**30) == 609323006798133675321871242788
    assert wide.below(2**192) == 4463142617821352254761449406387394070025355004506571970869


@given(generators.integers(2**64 + 1, 2**260))
def test_wide_draws_are_words_put_together(n):
    """The first group of just enough words that lies below the last whole multiple of n gives the draw."""
    words = DrawStream(SEED, "wide")
    count = 2
    while 2 ** (64 * count) < n:
        count += 1
    while True:
        wide = int.from_bytes(b"".join(u64(words.below(2**64)) for _ in range(count)))
        if wide < 2 ** (64 * count) // n * n:
            break
    assert DrawStream(SEED, "wide").below(n) == wide % n


def test_wide_draws_are_spread_evenly():
    """Each third of 2^64 + 2 numbers comes about equally often."""
    n = 2**64 + 2
    draws = [DrawStream(SEED, f"wide/{index}").below(n) for index in range(2000)]
    thirds = Counter(draw * 3 // n for draw in draws)
    # Six standard deviations around 667.
    assert set(thirds) == {0, 1, 2}
    assert all(abs(count - 667) < 6 * 21.1 for count in thirds.values())


@given(
    generators.one_of(generators.integers(1, 2**64), generators.integers(1, 2**1000)),
    generators.text(generators.characters(codec="utf-8")),
)
def test_draws_are_below_their_bound(n, label):
    """Every draw is one of 0..n-1, whatever the label."""
    assert 0 <= DrawStream(SEED, label).below(n) < n


@given(generators.integers(0, 300))
def test_a_shuffle_is_a_permutation(n):
    """Everybody is in the order once."""
    assert sorted(DrawStream(SEED, "order").shuffle(n)) == list(range(n))


def test_every_order_is_equally_likely():
    """Over many labels the six orders of three come about equally often."""
    counts = Counter(DrawStream(SEED, f"order/{index}").shuffle(3) for index in range(3000))
    assert set(counts) == set(permutations(range(3)))
    # Six standard deviations around 500.
    assert all(abs(count - 500) < 6 * 20.4 for count in counts.values())


def test_labels_and_seeds_have_streams_of_their_own():
    """Another label, or another seed, draws something else."""
    streams = [DrawStream(SEED, "a"), DrawStream(SEED, "b"), DrawStream(SEED[::-1], "a")]
    assert len({stream.below(2**64) for stream in streams}) == 3


def test_wycheproof_keyed_hashes(vectors: Path):
    """Every Wycheproof case is judged as published; where the tag is cut, ours is cut to compare."""
    groups = json.loads((vectors / "wycheproof/hmac_sha256_test.json").read_text())["testGroups"]
    judged = [
        (
            case["tcId"],
            keyed_hash(bytes.fromhex(case["key"]), bytes.fromhex(case["msg"]))[: group["tagSize"] // 8].hex()
            == case["tag"],
            case["result"] == "valid",
        )
        for group in groups
        for case in group["tests"]
    ]
    assert len(judged) > 100
    assert [number for number, actual, expected in judged if actual != expected] == []
