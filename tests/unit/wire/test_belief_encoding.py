"""Reports on types: the bytes that other programs must write, what is refused and why, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from openoutcry.errors import PeerError, UsageError
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product, uniform
from openoutcry.protocol import limits
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.messages import ReportKind
from openoutcry.wire import WireCodec
from openoutcry.wire.v1 import messages_pb2 as wire

CODEC = WireCodec()

SHAPE = ReportShape(
    kind=ReportKind.BELIEF, subjects=(1, 4), type_counts=(3, 200), own_type_count=5, weight_bits=20
)
VALUE_SHAPE = ReportShape(kind=ReportKind.VALUE, subjects=(), type_counts=(), own_type_count=5, weight_bits=0)
BOTH_SHAPE = replace(SHAPE, kind=ReportKind.VALUE_AND_BELIEF)

JOINT = Joint(players=(1, 4), points=((0, 0), (0, 1), (2, 199)), weights=(1, 300, 5))
PRODUCT = Product(players=(1, 4), factors=(((0, 1), (2, 130)), ((7, 1), (8, 1), (199, 3))))


def wide_shape(
    bidder_count: int, type_count: int, weight_bits: int = limits.BELIEF_WEIGHT_BITS
) -> ReportShape:
    """Return the shape of a belief about many bidders."""
    return ReportShape(
        kind=ReportKind.BELIEF,
        subjects=tuple(range(bidder_count)),
        type_counts=(type_count,) * bidder_count,
        own_type_count=1,
        weight_bits=weight_bits,
    )


def encode(belief: Distribution | None, shape: ReportShape = SHAPE, value: int | None = None) -> bytes:
    """Return the bytes of a report."""
    return CODEC.encode_type_report(TypeReport(value=value, belief=belief), shape)


def refuse(message: wire.TypeReport | bytes, match: str, shape: ReportShape = SHAPE) -> None:
    """Check that a report is refused for this reason."""
    data = message if isinstance(message, bytes) else message.SerializeToString()
    with pytest.raises(PeerError, match=match) as caught:
        CODEC.decode_type_report(data, shape)
    assert caught.value.deviation == "MALFORMED_REPORT"


def test_a_joint_belief_is_written_point_by_point() -> None:
    """Ranks 0, 1 and 599: none is left out before the first two, 597 before the third."""
    written = wire.TypeReport(joint=bytes([0, 1, 0, 0xAC, 0x02, 0xD5, 0x04, 5])).SerializeToString()
    assert encode(JOINT) == written
    assert CODEC.decode_type_report(written, SHAPE) == TypeReport(value=None, belief=JOINT)


def test_a_product_is_written_factor_by_factor() -> None:
    """Two of three types: the weights of all three. Three of two hundred: how many, then each by itself."""
    product = bytes([0, 1, 0, 0x82, 0x01, 3, 7, 1, 0, 1, 0xBE, 0x01, 3])
    written = wire.TypeReport(product=product).SerializeToString()
    assert encode(PRODUCT) == written
    assert CODEC.decode_type_report(written, SHAPE) == TypeReport(value=None, belief=PRODUCT)


def test_a_value_is_written_plus_one() -> None:
    """A report of type 0 is not empty."""
    written = wire.TypeReport(value_plus_one=1).SerializeToString()
    assert encode(None, VALUE_SHAPE, 0) == written
    assert CODEC.decode_type_report(written, VALUE_SHAPE) == TypeReport(value=0, belief=None)


def test_value_and_belief_go_together() -> None:
    """Both parts of a report come out as they went in."""
    report = TypeReport(value=4, belief=JOINT)
    assert CODEC.decode_type_report(CODEC.encode_type_report(report, BOTH_SHAPE), BOTH_SHAPE) == report


def test_a_certain_belief_has_one_point() -> None:
    """The smallest beliefs of either form, also where there is only one type."""
    shape = replace(SHAPE, type_counts=(1, 1), weight_bits=1)
    for belief in (Joint(players=(1, 4), points=((0, 0),), weights=(1,)), uniform({1: 1, 4: 1})):
        assert CODEC.decode_type_report(encode(belief, shape), shape).belief == belief


JOINT_FAULTS: dict[str, tuple[list[int], str]] = {
    "nothing": ([], "no point"),
    "a point without a weight": ([0], "no weight"),
    "a weight of zero": ([0, 0], "not positive"),
    "a common divisor": ([0, 2, 0, 4], "common divisor"),
    "one weight above one": ([0, 2], "common divisor"),
    "a point behind the last": ([0xD8, 0x04, 1], "not in the subjects' lists"),
    "a number with a surplus byte": ([0x80, 0x00, 1], "more bytes"),
    "a cut number": ([0, 1, 0, 0x81], "no weight"),
    "a cut weight": ([0, 1, 0, 2, 0x81], "within a number"),
    "too large a weight": ([0, 1, 0, 0x80, 0x80, 0x40], "total weight has 21 bits"),
    "too large a total": ([0, 0xFF, 0xFF, 0x3F, 0, 1], "total weight has 21 bits"),
    "a number longer than any": ([0, 0x80, 0x80, 0x80, 0x01], "more than 20 bits"),
}


@pytest.mark.parametrize("name", JOINT_FAULTS)
def test_a_faulty_joint_belief_is_refused(name: str) -> None:
    """A belief has one encoding, about possible types, within the limits."""
    numbers, match = JOINT_FAULTS[name]
    refuse(wire.TypeReport(joint=bytes(numbers)), match)


SECOND = [3, 7, 1, 0, 1, 0xBE, 0x01, 3]
PRODUCT_FAULTS: dict[str, tuple[list[int], str]] = {
    "nothing": ([], "ends before"),
    "no second factor": ([1, 0, 1], "ends before"),
    "a third factor": ([1, 0, 1, *SECOND, 1, 0, 1], "goes on"),
    "many more weights": ([0] * 300, "more weights"),
    "a factor of zeros": ([0, 0, 0, 0, *SECOND], "only encoding"),
    "few types with all weights": ([0, 1, 0, 0, *SECOND], "only encoding"),
    "many types one by one": ([2, 0, 1, 0, 1, *SECOND], "only encoding"),
    "an empty list": ([1, 0, 1, 0x80, 0x00], "more bytes"),
    "a weight of zero": ([1, 0, 0, *SECOND], "not positive"),
    "a common divisor": ([1, 0, 2, *SECOND], "common divisor"),
    "a type behind the last": ([1, 3, 1, *SECOND], "not one of its 0..2"),
    "a cut factor": ([1, 0, 1, *SECOND[:-1]], "ends before"),
    "too large a product": (
        [0, 1, 0, 0xFF, 0x07, 2, 0, 1, 0, 0xFF, 0x07],
        "total weight has 21 bits",
    ),
}


@pytest.mark.parametrize("name", PRODUCT_FAULTS)
def test_a_faulty_product_is_refused(name: str) -> None:
    """Each factor has one encoding, about possible types, within the limits."""
    numbers, match = PRODUCT_FAULTS[name]
    refuse(wire.TypeReport(product=bytes(numbers)), match)


def test_the_cases_beside_the_faults_are_fine() -> None:
    """The checker lets pass what is just within the limits."""
    for joint in ([0, 1, 0, 0xFF, 0xFF, 0x3E], [0xD7, 0x04, 1]):
        CODEC.decode_type_report(wire.TypeReport(joint=bytes(joint)).SerializeToString(), SHAPE)
    for product in ([1, 0, 1, *SECOND], [1, 2, 1, *SECOND], [0, 1, 0, 0xFE, 0x07, 2, 0, 1, 0, 0xFE, 0x07]):
        CODEC.decode_type_report(wire.TypeReport(product=bytes(product)).SerializeToString(), SHAPE)


def test_a_report_of_another_kind_is_refused() -> None:
    """Neither more nor less than was asked for."""
    joint = bytes([0, 1])
    refuse(b"", "no belief")
    refuse(b"", "no valuation", VALUE_SHAPE)
    refuse(wire.TypeReport(value_plus_one=1, joint=joint), "valuation that was not asked for")
    refuse(wire.TypeReport(value_plus_one=1, joint=joint), "belief that was not asked for", VALUE_SHAPE)
    refuse(wire.TypeReport(joint=joint), "no valuation", BOTH_SHAPE)
    refuse(wire.TypeReport(value_plus_one=1), "no belief", BOTH_SHAPE)


def test_a_value_outside_the_list_is_refused() -> None:
    """Types are counted from 0 in the bidder's own list."""
    refuse(wire.TypeReport(value_plus_one=6), r"0\.\.4", VALUE_SHAPE)
    for value in (-1, 5):
        with pytest.raises(UsageError, match=r"0\.\.4"):
            encode(None, VALUE_SHAPE, value)


def test_another_spelling_of_a_report_is_refused() -> None:
    """Fields out of order, both beliefs, unknown fields and too many bytes."""
    joint, product = encode(JOINT), encode(PRODUCT)
    refuse(joint + product, "parsed")
    refuse(joint + b"\x08\x01", "parsed", BOTH_SHAPE)
    refuse(joint + b"\xf8\x01\x01", "parsed")
    refuse(b"\xff", "parsed")
    refuse(bytes(limits.REPORT_BYTES + 1), str(limits.REPORT_BYTES))


A_HALF: Any = 0.5
UNFIT: dict[str, tuple[object, str]] = {
    "about others": (replace(JOINT, players=(1, 5)), "other bidders"),
    "no distribution": ({(0, 0): 1}, "not a dict"),
    "an impossible type": (replace(JOINT, points=((0, 0), (0, 1), (2, 200))), r"0\.\.199"),
    "a negative type": (replace(JOINT, points=((0, -1), (0, 1), (2, 1))), r"0\.\.199"),
    "points falling": (replace(JOINT, points=((0, 1), (0, 0), (2, 199))), "rising"),
    "a point twice": (replace(JOINT, points=((0, 1), (0, 1), (2, 199))), "rising"),
    "a short point": (replace(JOINT, points=((0, 1), (0,), (2, 199))), "each of 2 bidders"),
    "no points": (replace(JOINT, points=(), weights=()), "no point"),
    "a missing weight": (replace(JOINT, weights=(1, 2)), "2 weights for 3 points"),
    "a fraction as weight": (replace(JOINT, weights=(1, A_HALF, 2)), "not float"),
    "a truth value as type": (replace(JOINT, points=((0, False), (0, 1), (2, 1))), "not bool"),
    "a common divisor": (replace(JOINT, weights=(2, 4, 6)), "common divisor"),
    "a weight of zero": (replace(JOINT, weights=(1, 0, 6)), "not positive"),
    "too much weight": (replace(JOINT, weights=(1, 1, 2**20)), "21 bits or more, above the limit of 20"),
    "a missing factor": (Product(players=(1, 4), factors=(((0, 1),),)), "1 factors for 2"),
    "an empty factor": (Product(players=(1, 4), factors=(((0, 1),), ())), "no type"),
    "types falling": (Product(players=(1, 4), factors=(((1, 1), (0, 1)), ((0, 1),))), "rising"),
    "an impossible factor": (Product(players=(1, 4), factors=(((3, 1),), ((0, 1),))), r"0\.\.2"),
    "an unreduced factor": (Product(players=(1, 4), factors=(((0, 2),), ((0, 1),))), "common divisor"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_would_be_refused_is_not_written(name: str) -> None:
    """Whoever made the belief is told what does not fit."""
    belief, match = UNFIT[name]
    with pytest.raises(UsageError, match=match):
        encode(belief)  # type: ignore[arg-type]  # A strategy may return anything.


def test_a_shape_is_one_of_a_question() -> None:
    """A belief has subjects, each with a list of types, and nothing else has."""
    for change in ({"kind": ReportKind.VALUE}, {"type_counts": (3,)}, {"subjects": (), "type_counts": ()}):
        with pytest.raises(UsageError, match="subjects"):
            replace(SHAPE, **change)


def test_too_many_points_are_refused_before_they_are_written_out() -> None:
    """A few bytes for each point can stand for many gigabytes: sizes are counted first."""
    few = wire.TypeReport(joint=bytes([0, 1]) * (limits.BELIEF_POINTS + 1))
    refuse(few, f"{limits.BELIEF_POINTS + 1} points", wide_shape(20, 2))
    wide = wire.TypeReport(joint=bytes([0, 1]) * limits.BELIEF_POINTS)
    refuse(wide, f"100000 points for 1000 bidders are more than {limits.BELIEF_CELLS}", wide_shape(1000, 2))
    too_many = Joint(players=tuple(range(1000)), points=((0,) * 1000,) * 2001, weights=(1,) * 2001)
    with pytest.raises(UsageError, match="2001 points for 1000 bidders"):
        encode(too_many, wide_shape(1000, 2))


def test_a_product_that_grows_without_end_is_not_multiplied_out() -> None:
    """A product of many long weights is refused at the second."""
    factor = Product.of({0: {0: 1, 1: 2**5000}}).factors[0]
    belief = Product(players=tuple(range(40)), factors=(factor,) * 40)
    lax = encode(belief, wide_shape(40, 2, weight_bits=2**31))
    refuse(lax, "total weight has 10001 bits or more", wide_shape(40, 2))


def test_a_report_too_long_for_its_limit_is_not_written() -> None:
    """Many wide points are refused by their bytes."""
    draws = Random(1)
    points = sorted({tuple(draws.choices(range(1024), k=1499)) for _ in range(1000)})
    belief = Joint(players=tuple(range(1499)), points=tuple(points), weights=(1,) * len(points))
    with pytest.raises(UsageError, match=f"bytes, more than {limits.REPORT_BYTES}"):
        encode(belief, wide_shape(1499, 1024))


def test_a_belief_of_a_hundred_thousand_points_is_some_hundred_kilobytes() -> None:
    """About ten bidders with ten types each, weights below a thousand; and it survives the round trip."""
    draws = Random(1)
    ranks = sorted(draws.sample(range(10**10), limits.BELIEF_POINTS))
    belief = Joint(
        players=tuple(range(10)),
        points=tuple(tuple(map(int, f"{rank:010}")) for rank in ranks),
        weights=(1, *(draws.randrange(1, 1000) for _ in ranks[1:])),
    )
    shape = wide_shape(10, 10)
    data = encode(belief, shape)
    assert len(data) < 500_000
    assert CODEC.decode_type_report(data, shape).belief == belief


@pytest.mark.parametrize(("heaviest", "kilobytes"), [(8, 12), (1000, 20), (10**6, 40)])
def test_a_product_about_a_thousand_bidders_is_small(heaviest: int, kilobytes: int) -> None:
    """Ten types each: one byte for each weight where weights are small, and few more where they are not."""
    draws = Random(1)
    factors = tuple(
        ((0, 1), *((index, draws.randrange(1, heaviest)) for index in range(1, 10))) for _ in range(1000)
    )
    belief = Product(players=tuple(range(1000)), factors=factors)
    shape = wide_shape(1000, 10, weight_bits=30_000)
    data = encode(belief, shape)
    assert len(data) < 1000 * kilobytes
    assert CODEC.decode_type_report(data, shape).belief == belief
