"""Framing of values before they are hashed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import UsageError
from openoutcry.protocol.framing import lp, u32, u64


def test_numbers_are_big_endian():
    """The width is fixed and the highest byte comes first."""
    assert u32(1) == b"\x00\x00\x00\x01"
    assert u64(0x0102030405060708) == bytes(range(1, 9))


@pytest.mark.parametrize(("frame", "number"), [(u32, -1), (u32, 2**32), (u64, -1), (u64, 2**64)])
def test_numbers_that_do_not_fit_are_refused(frame, number):
    """A number is never cut to its width."""
    with pytest.raises(UsageError, match="does not fit"):
        frame(number)


def test_length_prefix():
    """The length stands before the data."""
    assert lp(b"ab") == b"\x00\x00\x00\x02ab"
    assert lp(b"") == b"\x00\x00\x00\x00"


@given(generators.lists(generators.binary(max_size=4)), generators.lists(generators.binary(max_size=4)))
def test_no_two_lists_frame_alike(one, other):
    """What is hashed tells where each part ends."""
    assert (b"".join(map(lp, one)) == b"".join(map(lp, other))) == (one == other)
