"""What is said of the crowdsourced mechanisms, how they are configured, and what is refused or warned of."""

from __future__ import annotations

from fractions import Fraction

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.choices import CrowdChoices
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.registration import CROWD_MECHANISMS
from openoutcry.mechanisms.mechanism import Mechanism
from tests.reference.crowd_play import good_market, type_market

OPTIMAL, LOOKAHEAD, PLUS = CROWD_MECHANISMS
MARKET = good_market([0, 1, 2], [1, 2, 3], [2])


@pytest.mark.parametrize("mechanism", CROWD_MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_every_mechanism_says_what_a_person_must_know(mechanism: Mechanism) -> None:
    """No text is empty or broken, and writing out every default changes nothing."""
    texts = (mechanism.summary, mechanism.source, mechanism.asks, mechanism.learns, mechanism.repaired)
    assert all(text and "\n" not in text and "  " not in text for text in texts)
    defaults = {parameter.name: parameter.default for parameter in mechanism.parameters}
    assert mechanism.configure(defaults) == mechanism.configure({})
    assert (mechanism.market, mechanism.uses_prior) == ("types", False)


def test_parameters_are_read_exactly() -> None:
    """Amounts and fractions stay exact; the lookahead is private whatever anybody wishes."""
    raw = {"reward": "1/3", "delta": "1/7", "discount": "2/3", "payment": "lottery"}
    read = CrowdChoices(
        reward=Fraction(1, 3), delta=Fraction(1, 7), discount=Fraction(2, 3), payment="lottery"
    )
    assert OPTIMAL.configure(raw) == PLUS.configure(raw) == read
    assert OPTIMAL.configure({"openings": "private"}).openings == "private"
    found = LOOKAHEAD.configure({"reading": "weak", "reward": 1000})
    assert found == CrowdChoices(reward=Fraction(1000), openings="private", reading="weak")


@pytest.mark.parametrize(
    ("mechanism", "raw", "reason"),
    [
        (OPTIMAL, {"reward": 0}, "reward is 0; it must be above 0"),
        (OPTIMAL, {"reward": "-1"}, "reward must be an amount in minor units"),
        (OPTIMAL, {"reward": 0.1}, 'an amount in minor units such as 1000 or "1/10", not 0.1'),
        (OPTIMAL, {"reward": True}, "an amount in minor units"),
        (OPTIMAL, {"reward": "1/0"}, "an amount in minor units"),
        (OPTIMAL, {"reward": 2**63}, "up to 2^63-1"),
        (OPTIMAL, {"reward": "1/9999999967"}, "a denominator up to 2^32"),
        (OPTIMAL, {"reward": "9" * 30}, "an amount in minor units"),
        (OPTIMAL, {"discount": "1"}, "discount is 1; it must lie strictly between 0 and 1"),
        (LOOKAHEAD, {"discount": "0"}, "discount is 0; it must lie strictly between 0 and 1"),
        (LOOKAHEAD, {"openings": "public"}, "crowdsourced-lookahead has no parameter 'openings'"),
        (PLUS, {"reading": "weak"}, "crowdsourced-lookahead-plus has no parameter 'reading'"),
        (LOOKAHEAD, {"reading": "week"}, "did you mean 'weak'?"),
        (PLUS, {"delta": "2"}, "must lie in 0..1"),
    ],
)
def test_a_wrong_parameter_is_refused(mechanism: Mechanism, raw: dict[str, object], reason: str) -> None:
    """The message names the parameter and what it can be."""
    with pytest.raises(ConfigurationError) as refusal:
        mechanism.configure(raw)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("mechanism", "raw", "share", "loss"),
    [
        (OPTIMAL, {"reward": "3", "delta": "1/10"}, Fraction(2, 3) * Fraction(9, 10), 3),
        (LOOKAHEAD, {"reward": "3", "delta": "1/10"}, Fraction(9, 20), 5),
        (LOOKAHEAD, {"reward": "3", "reading": "weak"}, None, 5),
        (PLUS, {"reward": "3", "delta": "1/10"}, Fraction(9, 20), 3),
    ],
)
def test_the_guarantee_is_that_of_the_theorem_as_repaired(mechanism, raw, share, loss):
    """A share of the optimal revenue less what is paid for knowledge; none for readings that are there for study."""
    guarantee = mechanism.guarantee(MARKET, mechanism.configure(raw))
    assert (guarantee.welfare, guarantee.revenue, guarantee.revenue_loss) == (None, share, loss)
    assert guarantee.benchmark == "optimal revenue"
    assert str(loss) in guarantee.text


@pytest.mark.parametrize("mechanism", CROWD_MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_one_bidder_is_promised_nothing(mechanism):
    """There is nobody to inform: share 0, and the seller loses at most the reward."""
    guarantee = mechanism.guarantee(good_market([1, 2]), mechanism.configure({"reward": "3"}))
    assert (guarantee.revenue, guarantee.revenue_loss) == (0, 3)


@pytest.mark.parametrize(
    ("mechanism", "raw", "named"),
    [
        (OPTIMAL, {}, []),
        (OPTIMAL, {"delta": "0"}, ["delta is 0"]),
        (OPTIMAL, {"delta": "1"}, ["delta is 1"]),
        (LOOKAHEAD, {"reward": "1/10000"}, []),
        (LOOKAHEAD, {"reward": "1/1800"}, ["reward is 1/1800, not below"]),
        (LOOKAHEAD, {"reward": "1/1801"}, []),
        (LOOKAHEAD, {"reward": "1", "delta": "0"}, ["delta is 0", "reward is 1, not below"]),
        (LOOKAHEAD, {"reward": "1/10000", "reading": "weak"}, ["reading is weak"]),
        (LOOKAHEAD, {"reward": "1/10000", "reading": "literal"}, ["reading is literal"]),
        (PLUS, {"reward": "1000"}, []),
        (PLUS, {"delta": "0"}, ["delta is 0"]),
    ],
)
def test_choices_that_void_a_promise_are_warned_of_by_name(mechanism, raw, named):
    """With n = 3, values 1, 2, 3, delta 1/100 and eta 1/2, the reward of the lookahead must be below 1/1800."""
    warnings = mechanism.check(MARKET, mechanism.configure(raw))
    assert len(warnings) == len(named)
    assert all(warning.startswith(start) for warning, start in zip(warnings, named, strict=True))
    assert all("\n" not in warning for warning in warnings)


def test_a_public_good_is_refused_for_the_optimal_mechanism():
    """It leaves the informant out, which is not feasible."""
    environment = Environment(
        kind="identical-units",
        goods=("park",),
        units=(2,),
        bundles=((0,),),
        assignments=((None, None), (0, 0)),
    )
    market = type_market(environment, [[(0,), (1,)]] * 2)
    with pytest.raises(ConfigurationError, match="list those assignments too"):
        OPTIMAL.check(market, OPTIMAL.configure({}))


def test_too_many_assignments_are_refused_for_the_optimal_mechanism():
    """Six goods for eight bidders: no belief could be used."""
    market = type_market(Environment.unit_demand(tuple("abcdef")), [[(9,) * 6]] * 8)
    with pytest.raises(
        ConfigurationError, match="more than 20000: take fewer bidders, goods or bundles, or use vcg"
    ):
        OPTIMAL.check(market, OPTIMAL.configure({}))


def test_a_market_in_which_some_beliefs_are_too_large_is_warned_of():
    """Six others with ten types each: independent and sparse beliefs work, others would not."""
    market = good_market(*[range(10)] * 6)
    (warning,) = OPTIMAL.check(market, OPTIMAL.configure({}))
    assert warning.startswith("a belief that is neither independent nor sparse may be too large")
    assert "crowdsourced-lookahead" in warning


@pytest.mark.parametrize("mechanism", [LOOKAHEAD, PLUS], ids=lambda mechanism: mechanism.name)
def test_several_units_are_refused_for_the_lookahead(mechanism):
    """The message names what sells them."""
    market = type_market(Environment.identical_units(2), [[(1,)]] * 3)
    with pytest.raises(ConfigurationError, match="use crowdsourced-optimal"):
        mechanism.check(market, mechanism.configure({}))
