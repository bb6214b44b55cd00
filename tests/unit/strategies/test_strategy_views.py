"""Views show a bidder what it may know, and nothing else."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from fractions import Fraction

import pytest

from openoutcry.errors import UsageError
from openoutcry.strategies import OutcomeView, Seat, bidder_random


def test_a_view_names_the_bidder_and_its_group(raise_to):
    """Names come from the public market, the signal from the seat."""
    view = raise_to(1)
    actual = (view.name, view.group, view.bidder, view.signal, view.signal_levels)
    assert actual == ("ada", "geology", 0, 2, 4)


def test_a_view_holds_no_other_bidders_information(raise_to):
    """The fields are exactly the documented ones: the rest of the session is not reachable from a view."""
    view = raise_to(1)
    assert [field.name for field in fields(view)] == ["seat", "level", "clock", "price", "wave", "target"]
    assert [field.name for field in fields(view.seat)] == ["market", "bidder", "signal", "rng"]


def test_a_view_cannot_be_changed(raise_to):
    """A strategy cannot edit what later callbacks see."""
    with pytest.raises(FrozenInstanceError):
        raise_to(1).level = 3


def test_a_raise_is_an_offer_exactly_when_it_has_a_price(raise_to, make_seat):
    """A price of zero is still an offer."""
    view = raise_to(1)
    offer = type(view)(seat=make_seat(), level=1, clock=0, price=0, wave=3, target=2)
    assert (view.is_offer, offer.is_offer) == (False, True)


def test_value_is_the_public_valuation_at_the_supposed_sums(raise_to):
    """value() evaluates the bidder's own valuation function, 5 + 10 geology + seismic."""
    assert raise_to(1).value({"seismic": 3, "geology": 4}) == 48


@pytest.mark.parametrize(
    ("sums", "reason"),
    [
        ({"geology": 1}, "one sum for each of the groups geology, seismic"),
        ({"geology": 1, "seismic": 4}, "the signals of seismic cannot add up to 4: say 0..3"),
        ({"geology": -1, "seismic": 0}, "the signals of geology cannot add up to -1: say 0..6"),
    ],
)
def test_value_refuses_impossible_sums(raise_to, sums, reason):
    """A sum that no signals add up to is the strategy's mistake, and says so."""
    with pytest.raises(UsageError, match=reason):
        raise_to(1).value(sums)


def test_value_bounds_cover_every_state_the_bidder_thinks_possible(raise_to):
    """With signal 2 and one more geologist: geology 2..5, seismic 0..3."""
    view = raise_to(1)
    assert view.value_bounds() == (5 + 20, 5 + 50 + 3)
    assert view.value_bounds(0) == (5, 5 + 30 + 3)
    with pytest.raises(UsageError, match=r"outside 0\.\.3"):
        view.value_bounds(4)


def test_an_outcome_is_won_by_the_named_winner(make_seat):
    """Winning compares names, and nobody wins an unsold lot."""
    common = {"seat": make_seat(), "price": 3, "payment": Fraction(3), "utility": None}
    assert OutcomeView(winner="ada", **common).won
    assert not OutcomeView(winner="bob", **common).won
    assert not OutcomeView(winner=None, **common).won


@pytest.mark.parametrize("arguments", [{"bidder": 3}, {"bidder": -1}, {"signal": 4}, {"signal": -1}])
def test_a_seat_outside_the_market_is_refused(market, arguments):
    """A driver that mixes up indices is told at once."""
    with pytest.raises(UsageError):
        Seat(**{"market": market, "bidder": 0, "signal": 0, "rng": bidder_random(b"", "ada")} | arguments)


def test_each_bidder_has_its_own_repeatable_randomness():
    """Equal arguments repeat the stream; another name or seed gives another one, boundaries included."""

    def stream(seed, name):
        rng = bidder_random(seed, name)
        return [rng.random() for _ in range(4)]

    assert stream(b"seed", "ada") == stream(b"seed", "ada")
    assert stream(b"seed", "ada") != stream(b"seed", "bob")
    assert stream(b"seed", "ada") != stream(b"see", "dada")
