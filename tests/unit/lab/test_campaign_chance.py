"""The luck of campaigns: addressed by number, exact, and read alike one by one and by the thousand."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from openoutcry.errors import UsageError
from openoutcry.lab.chance import Dice, Luck, draw_matrix, draw_numbers, draw_orders, reject_from

LUCK = Luck(seed="seed", market="market")


@pytest.mark.parametrize("n", [1, 2, 3, 7, 1000])
def test_numbers_by_the_thousand_are_those_of_single_auctions(n: int):
    """Whoever reads many auctions at once draws what each one draws alone."""
    many = draw_numbers(LUCK, "label", 40, 50, n).tolist()
    assert many == [LUCK.chance(index, 3).uniform("label", n) for index in range(40, 90)]


@pytest.mark.parametrize("bidders", [1, 2, 5, 64, 65])
def test_orders_by_the_thousand_are_those_of_single_auctions(bidders: int):
    """The bidder with the least key is the one that `pick` picks, from any candidates."""
    keys = draw_orders(LUCK, "label", 7, 20, bidders)
    for place, index in enumerate(range(7, 27)):
        chance = LUCK.chance(index, bidders)
        left = list(range(bidders))
        order = []
        while left:
            order.append(chance.pick("label", left))
            left.remove(order[-1])
        assert order == np.argsort(keys[place]).tolist()


def test_every_order_is_equally_likely():
    """All orders of three bidders come about equally often."""
    orders = Counter(map(tuple, np.argsort(draw_orders(LUCK, "orders", 0, 60_000, 3), axis=1).tolist()))
    assert len(orders) == 6
    assert all(abs(count - 10_000) < 500 for count in orders.values())


@pytest.mark.parametrize("n", [2, 3, 2**31 + 1])
def test_a_matrix_is_the_same_in_any_pieces(n: int):
    """Where numbers are redrawn, they are redrawn alike, however many auctions are read at once."""
    whole = draw_matrix(LUCK, "matrix", 0, 64, 5, n)
    pieces = [draw_matrix(LUCK, "matrix", index, 1, 5, n) for index in range(64)]
    assert whole.tolist() == np.concatenate(pieces).tolist()
    assert 0 <= whole.min() <= whole.max() < n


def test_redrawn_numbers_are_not_biased():
    """Half of all words are rejected for this n, and the halves of the range still come up equally often."""
    n = 2**31 + 1
    drawn = draw_matrix(LUCK, "biased", 0, 20_000, 1, n)
    assert abs(int((drawn < n // 2).sum()) - 10_000) < 400


def test_a_rejected_word_is_followed_by_others():
    """A number from a range of which nearly half of all words are rejected is within the range, and repeatable."""
    n = 2**63 + 1
    assert reject_from(n) == n
    drawn = [LUCK.chance(index, 1).uniform("wide", n) for index in range(200)]
    assert drawn == [LUCK.chance(index, 1).uniform("wide", n) for index in range(200)]
    assert len(set(drawn)) == 200
    assert max(drawn) < n


def test_numbers_beyond_a_word_can_be_drawn():
    """A range of more than 2^64 numbers is drawn from several words."""
    drawn = [LUCK.chance(index, 1).uniform("beyond", 3**90) for index in range(50)]
    assert max(drawn) > 2**64
    assert max(drawn) < 3**90


def test_luck_differs_by_seed_market_label_and_number():
    """Changing one of the four changes the words."""
    given = [
        LUCK.read_words("label", 0, 1, 4),
        LUCK.read_words("label", 1, 1, 4),
        LUCK.read_words("other", 0, 1, 4),
        Luck(seed="other", market="market").read_words("label", 0, 1, 4),
        Luck(seed="seed", market="other").read_words("label", 0, 1, 4),
    ]
    assert len({words.tobytes() for words in given}) == 5


def test_words_are_the_documented_ones():
    """The key is a hash that anybody can make, and the words never change from one release to the next."""
    assert LUCK.key("label") == (2024158206371551245, 9733676883160727578)
    assert LUCK.read_words("label", 3, 1, 2).tolist() == [[4544497284579782810, 8890318507945821573]]
    philox = np.random.Philox(key=np.array(LUCK.key("label"), dtype=np.uint64), counter=[3, 0, 0, 0])
    assert LUCK.read_words("label", 3, 1, 4)[0].tolist() == philox.random_raw(4).tolist()


def test_a_label_serves_one_purpose():
    """A label is refused when it is drawn from again, as with a session's chance."""
    chance = LUCK.chance(0, 3)
    chance.uniform("label", 2)
    with pytest.raises(UsageError, match="used before"):
        chance.bernoulli("label", Fraction(1, 2))


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (lambda chance: chance.uniform("a", 0), "at least 1"),
        (lambda chance: chance.bernoulli("a", Fraction(3, 2)), "no probability"),
        (lambda chance: chance.weighted("a", [0, 0]), "weights"),
        (lambda chance: chance.pick("a", []), "nobody"),
        (lambda chance: chance.pick("a", [3]), "not one of"),
        (lambda chance: LUCK.chance(0, 0), "at least one bidder"),
        (lambda chance: LUCK.read_words("a", 2**48, 1, 1), "numbered"),
    ],
)
def test_impossible_draws_are_refused(draw, reason: str):
    """What no session's chance would draw, this one refuses too."""
    with pytest.raises(UsageError, match=reason):
        draw(LUCK.chance(0, 3))


def test_weights_are_obeyed():
    """A weighted draw gives each index as often as its weight says, and one without weight never."""
    drawn = Counter(LUCK.chance(index, 1).weighted("weighted", [1, 0, 3]) for index in range(4000))
    assert drawn[1] == 0
    assert abs(drawn[0] - 1000) < 120


def test_dice_shuffle_and_stay_in_range():
    """What is drawn once for a market is in range, and repeatable."""
    dice, again = Dice(LUCK, "dice"), Dice(LUCK, "dice")
    assert sorted(dice.shuffle(9)) == list(range(9))
    again.shuffle(9)
    numbers = [dice.between(3, 5) for _ in range(100)]
    assert set(numbers) == {3, 4, 5}
    assert numbers == [again.between(3, 5) for _ in range(100)]
