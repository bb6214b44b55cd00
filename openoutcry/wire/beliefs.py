"""Beliefs as bytes: compact, one encoding for each distribution, and cheap to refuse.

`proto/openoutcry/wire/v1/messages.proto` describes the two encodings, a joint one and a product. The same rules are
checked in both directions; what breaks them is our caller's mistake when writing and the peer's when reading. When
reading, how much the bytes stand for is counted before any of it is written out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise
from math import gcd, prod
from operator import itemgetter, lt

from openoutcry.errors import PeerError, UsageError
from openoutcry.mechanisms.crowd.distributions import Distribution, Joint, Product
from openoutcry.protocol import limits
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.deviations import DeviationCode

Factor = tuple[tuple[int, int], ...]

_CONTINUES = 0x80
_CONTINUING = bytes(range(_CONTINUES, 256))
_DENSE = 0


class _Unfit(Exception):
    """A rule of the encoding is broken; it never leaves this module."""


def encode_belief(belief: Distribution, shape: ReportShape) -> bytes:
    """Return the bytes of a belief.

    Raises:
        UsageError: It is not about the shape's subjects and their types, not reduced and in order, or has too many
            points or too large weights; the message names size and limit.
    """
    try:
        if not isinstance(belief, Joint | Product):
            raise _Unfit(f"a belief is a Joint or a Product, not a {type(belief).__name__}")
        if belief.players != shape.subjects:
            raise _Unfit("the belief is about other bidders than those that were asked about")
        if isinstance(belief, Joint):
            return _encode_joint(belief, shape)
        return _encode_product(belief, shape)
    except _Unfit as problem:
        raise UsageError(str(problem)) from None


def decode_joint(data: bytes, shape: ReportShape) -> Joint:
    """Return a belief that was written point by point.

    Raises:
        PeerError: MALFORMED_REPORT, when `data` is not the only encoding of a joint belief of this shape.
    """
    try:
        return _decode_joint(data, shape)
    except _Unfit as problem:
        raise PeerError(DeviationCode.MALFORMED_REPORT.value, str(problem)) from None


def decode_product(data: bytes, shape: ReportShape) -> Product:
    """Return a belief that was written subject by subject.

    Raises:
        PeerError: MALFORMED_REPORT, when `data` is not the only encoding of a product of this shape.
    """
    try:
        return _decode_product(data, shape)
    except _Unfit as problem:
        raise PeerError(DeviationCode.MALFORMED_REPORT.value, str(problem)) from None


# --- Joint beliefs ---


def _encode_joint(belief: Joint, shape: ReportShape) -> bytes:
    _check_size(len(belief.points), shape)
    if len(belief.points) != len(belief.weights):
        raise _Unfit(f"{len(belief.weights)} weights for {len(belief.points)} points")
    if set(map(len, belief.points)) != {len(shape.subjects)}:
        raise _Unfit(f"a point of the belief has not one type for each of {len(shape.subjects)} bidders")
    columns = list(zip(*belief.points, strict=True))
    for column, type_count in zip(columns, shape.type_counts, strict=True):
        _check_types(column, type_count)
    _check_weights(belief.weights, shape)
    ranks = _ranks(columns, shape.type_counts)
    gaps = [after - before - 1 for before, after in pairwise([-1, *ranks])]
    if min(gaps) < 0:
        raise _Unfit("the points of the belief are not rising, each once: make it with Joint.of")
    return _write(chain.from_iterable(zip(gaps, belief.weights, strict=True)))


def _decode_joint(data: bytes, shape: ReportShape) -> Joint:
    point_count, surplus = divmod(_count(data), 2)
    if surplus:
        raise _Unfit("the last point of the belief has no weight")
    _check_size(point_count, shape)
    profile_count = prod(shape.type_counts)
    numbers = _read(data, max(shape.weight_bits, profile_count.bit_length()))
    weights = numbers[1::2]
    _check_weights(weights, shape)
    # Every gap says how many ranks are left out before the next one.
    ranks = list(accumulate(numbers[::2], lambda rank, gap: rank + gap + 1, initial=-1))[1:]
    if ranks[-1] >= profile_count:
        raise _Unfit("the belief is about types that are not in the subjects' lists")
    points = tuple(zip(*_columns(ranks, shape.type_counts), strict=True))
    return Joint(players=shape.subjects, points=points, weights=tuple(weights))


def _check_size(point_count: int, shape: ReportShape) -> None:
    if not point_count:
        raise _Unfit("the belief has no point of positive probability")
    if point_count > limits.BELIEF_POINTS:
        raise _Unfit(
            f"the belief has {point_count} points, more than {limits.BELIEF_POINTS}: leave out the least likely ones "
            f"or report a product"
        )
    if point_count * len(shape.subjects) > limits.BELIEF_CELLS:
        raise _Unfit(
            f"{point_count} points for {len(shape.subjects)} bidders are more than {limits.BELIEF_CELLS} types: "
            f"leave out the least likely points or report a product"
        )


def _ranks(columns: Sequence[Sequence[int]], type_counts: Sequence[int]) -> Sequence[int]:
    """Return the ranks of profiles: the first player's type is the highest digit.

    Players are taken in halves, and all profiles together, so that most of the arithmetic is on short integers and
    little is done for each profile alone.

    Args:
        columns: For each player its type in every profile.
        type_counts: How many types each player has, at least 1.
    """
    if len(columns) == 1:
        return columns[0]
    half = len(columns) // 2
    base = prod(type_counts[half:])
    highs = _ranks(columns[:half], type_counts[:half])
    lows = _ranks(columns[half:], type_counts[half:])
    return [high * base + low for high, low in zip(highs, lows, strict=True)]


def _columns(ranks: Sequence[int], type_counts: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield for each player its type in every profile: what `_ranks` put together."""
    if len(type_counts) == 1:
        yield ranks
        return
    half = len(type_counts) // 2
    base = prod(type_counts[half:])
    # Faster than `divmod`, which makes a pair of objects for each profile, and than dividing long integers twice.
    highs = [rank // base for rank in ranks]
    lows = [rank - high * base for rank, high in zip(ranks, highs, strict=True)]
    yield from _columns(highs, type_counts[:half])
    yield from _columns(lows, type_counts[half:])


# --- Products ---


def _encode_product(belief: Product, shape: ReportShape) -> bytes:
    if len(belief.factors) != len(shape.subjects):
        raise _Unfit(f"{len(belief.factors)} factors for {len(shape.subjects)} bidders")
    _check_factors(belief.factors, shape)
    return _write(chain.from_iterable(map(_factor_numbers, belief.factors, shape.type_counts)))


def _factor_numbers(factor: Factor, type_count: int) -> list[int]:
    if len(factor) == type_count:
        return [_DENSE, *map(itemgetter(1), factor)]
    if _is_dense(len(factor), type_count):
        weights = dict(factor)
        return [_DENSE, *(weights.get(index, 0) for index in range(type_count))]
    numbers = [len(factor)]
    least = 0
    for index, weight in factor:
        numbers += (index - least, weight)
        least = index + 1
    return numbers


def _decode_product(data: bytes, shape: ReportShape) -> Product:
    if _count(data) > sum(shape.type_counts) + len(shape.type_counts):
        raise _Unfit("the belief has more weights than the subjects have types")
    numbers = _read(data, max(shape.weight_bits, limits.REPORT_BYTES.bit_length()))
    factors: list[Factor] = []
    place, total = 0, 1
    for type_count in shape.type_counts:
        factor, weights, place = _read_factor(numbers, place, type_count)
        factors.append(factor)
        total *= sum(weights)
        # The product grows with every factor; a hostile one is not multiplied out.
        _check_total(total, shape)
        _check_reduced(weights)
    if place != len(numbers):
        raise _Unfit("the belief goes on behind its last factor")
    return Product(players=shape.subjects, factors=tuple(factors))


def _read_factor(numbers: Sequence[int], place: int, type_count: int) -> tuple[Factor, Sequence[int], int]:
    """Return the factor whose numbers begin at a place, its weights, some perhaps 0, and the place behind it."""
    listed = numbers[place] if place < len(numbers) else len(numbers)
    is_dense = listed == _DENSE
    start = place + 1
    stop = start + (type_count if is_dense else 2 * listed)
    if stop > len(numbers):
        raise _Unfit("the belief ends before its last factor")
    if is_dense:
        weights = numbers[start:stop]
        factor = tuple(enumerate(weights))
        if 0 in weights:
            factor = tuple(point for point in factor if point[1])
    else:
        # Every gap says how many types are left out before the next one.
        indexes = list(accumulate(numbers[start:stop:2], lambda index, gap: index + gap + 1, initial=-1))
        weights = numbers[start + 1 : stop : 2]
        factor = tuple(zip(indexes[1:], weights, strict=True))
        _check_range(0, indexes[-1], type_count)
        _check_positive(weights)
    # That refuses a factor without weights, too.
    if _is_dense(len(factor), type_count) != is_dense:
        raise _Unfit("a factor of the belief is not in its only encoding")
    return factor, weights, stop


def _is_dense(positive_count: int, type_count: int) -> bool:
    """Whether listing the weights of all types takes fewer numbers than naming the types that have one."""
    return 2 * positive_count > type_count


def _check_factors(factors: Sequence[Factor], shape: ReportShape) -> None:
    if not all(factors):
        raise _Unfit("a factor of the belief has no type of positive probability")
    all_indexes, all_weights = zip(*chain.from_iterable(factors), strict=True)
    # What is the same for all numbers is checked of all at once.
    _check_integers(all_indexes, "a type")
    _check_positive(all_weights)
    everything = tuple(range(max(shape.type_counts)))
    total = 1
    stop = 0
    for factor, type_count in zip(factors, shape.type_counts, strict=True):
        start, stop = stop, stop + len(factor)
        indexes, weights = all_indexes[start:stop], all_weights[start:stop]
        # Mostly all types are there, and one comparison is quicker than one for each.
        if indexes != everything[:type_count]:
            if not all(map(lt, indexes, indexes[1:])):
                raise _Unfit(
                    "the types of a factor are not rising, each once: make the belief with Product.of"
                )
            _check_range(indexes[0], indexes[-1], type_count)
        total *= sum(weights)
        # The product grows with every factor; a hostile one is not multiplied out.
        _check_total(total, shape)
        _check_reduced(weights)


# --- Types, weights and numbers ---


def _check_types(indexes: Sequence[int], type_count: int) -> None:
    _check_integers(indexes, "a type")
    _check_range(min(indexes), max(indexes), type_count)


def _check_range(least: int, greatest: int, type_count: int) -> None:
    if least < 0 or greatest >= type_count:
        raise _Unfit(f"the belief is about a type of a bidder that is not one of its 0..{type_count - 1}")


def _check_weights(weights: Sequence[int], shape: ReportShape) -> None:
    _check_positive(weights)
    _check_total(sum(weights), shape)
    _check_reduced(weights)


def _check_positive(weights: Sequence[int]) -> None:
    _check_integers(weights, "a weight")
    if min(weights) < 1:
        raise _Unfit("a weight of the belief is not positive")


def _check_reduced(weights: Sequence[int]) -> None:
    if gcd(*weights) != 1:
        raise _Unfit("the weights of the belief have a common divisor: divide them by it")


def _check_total(total: int, shape: ReportShape) -> None:
    if total.bit_length() > shape.weight_bits:
        raise _Unfit(
            f"the belief's total weight has {total.bit_length()} bits or more, above the limit of "
            f"{shape.weight_bits}: round the probabilities to a coarser grid"
        )


def _check_integers(numbers: Iterable[object], what: str) -> None:
    # What a strategy computed may look like an integer and be none.
    if wrong := set(map(type, numbers)) - {int}:
        names = ", ".join(sorted(kind.__name__ for kind in wrong))
        raise _Unfit(f"{what} of the belief is an integer, not {names}")


def _write(numbers: Iterable[int]) -> bytes:
    """Return these numbers, each of at least 0, in as few bytes as each needs."""
    numbers = list(numbers)
    if max(numbers) < _CONTINUES:
        return bytes(numbers)
    data = bytearray()
    append = data.append
    for number in numbers:
        rest = number
        while rest >= _CONTINUES:
            append(rest & 0x7F | _CONTINUES)
            rest >>= 7
        append(rest)
    return bytes(data)


def _count(data: bytes) -> int:
    """Return how many numbers there are in some bytes."""
    return len(data.translate(None, _CONTINUING))


def _read(data: bytes, bit_limit: int) -> list[int]:
    """Return the numbers in these bytes, none of them longer than a number of `bit_limit` bits."""
    if data.isascii():
        return list(data)
    numbers: list[int] = []
    append = numbers.append
    number = shift = 0
    for byte in data:
        if byte >= _CONTINUES:
            number |= (byte & 0x7F) << shift
            shift += 7
            if shift > bit_limit:
                raise _Unfit(f"a number of the belief has more than {bit_limit} bits")
        elif byte or not shift:
            append(number | byte << shift)
            number = shift = 0
        else:
            raise _Unfit("a number of the belief has more bytes than it needs")
    if shift:
        raise _Unfit("the belief ends within a number")
    return numbers
