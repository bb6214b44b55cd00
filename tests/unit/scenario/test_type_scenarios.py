"""A scenario file of a market of types becomes a scenario."""

from __future__ import annotations

import json

import pytest

from openoutcry.mechanisms.chance import ScriptedChance
from openoutcry.mechanisms.crowd.distributions import Joint, Product, uniform
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.mechanisms.crowd.knowledge import cells, full, own_value
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.specification import decode_specification, encode_specification
from openoutcry.scenario import PrivateKnowledge, PrivateValue, Scenario

NO_CHANCE = ScriptedChance({})


def type_market(scenario: Scenario) -> TypeMarket:
    """Return the market of a scenario of bidders with types."""
    market = scenario.specification.market
    assert isinstance(market, TypeMarket)
    return market


def test_the_public_part_is_read(load, lorry):
    """Everything public is in the specification, and the prior of a mechanism that uses none is not public."""
    scenario = load(lorry)
    specification, market = scenario.specification, type_market(scenario)
    assert (specification.mechanism, specification.disclosure) == ("crowdsourced-optimal", "sealed")
    assert market.environment == Environment.single_good()
    assert [(bidder.name, bidder.types) for bidder in market.bidders] == [
        ("ada", ((1,), (4,), (6,))),
        ("bob", ((1,), (4,))),
    ]
    assert market.prior is None
    assert decode_specification(encode_specification(specification)) == specification


def test_the_private_part_is_read(load, lorry):
    """Values become indices of types, beliefs are about the others, and nothing is drawn when all is given."""
    scenario = load(lorry)
    ada, bob = scenario.types(NO_CHANCE)
    assert ada == PrivateKnowledge(value=1, belief=Joint.of((1,), {(0,): 1, (1,): 2}))
    assert bob == PrivateKnowledge(value=1, belief=Product.of({0: {0: 2, 1: 1}}))
    assert scenario.prior == Joint.of((0, 1), {(0, 0): 2, (1, 0): 1, (1, 1): 3})
    assert scenario.partitions() == (
        own_value(0),
        cells({(0, 0): "poor", (1, 0): "poor", (1, 1): "good"}),
    )
    assert not scenario.is_sampled


def test_nothing_private_is_in_the_encoded_specification(load, lorry):
    """Neither values, beliefs, prior, knowledge nor seed: other private parts give the same bytes."""
    encoded = encode_specification(load(lorry).specification)
    for secret in (
        b"s3cret",
        b"belief",
        b"prior",
        b"weight",
        b"knowledge",
        b"private",
        b'"value"',
        b"season",
    ):
        assert secret not in encoded
    assert json.loads(encoded)["bidders"] == [
        {"name": "ada", "types": [1, 4, 6]},
        {"name": "bob", "types": [1, 4]},
    ]
    other = lorry.replace("value = 4", "value = 1", 1).replace("[4, 1]", "[4, 7]").replace("s3cret", "other")
    files = {"prior.csv": "ada,bob,weight\n1,1,1\n1,4,1\n", "cells.csv": "ada,bob,season\n1,1,p\n1,4,g\n"}
    assert encode_specification(load(other, files).specification) == encoded


def test_the_prior_is_published_where_the_mechanism_uses_it(load, lorry):
    """And only the prior: not what is known beside it."""
    text = lorry.replace("crowdsourced-optimal", "vickrey-reserve")
    text = "\n".join(
        line for line in text.splitlines() if not line.startswith(("reward", "delta", "discount"))
    )
    scenario = load(text)
    encoded = encode_specification(scenario.specification)
    assert type_market(scenario).prior == scenario.prior
    assert json.loads(encoded)["market"]["prior"] == {
        "joint": {"rows": [[0, 0], [1, 0], [1, 1]], "weights": [2, 1, 3]}
    }
    for secret in (b"s3cret", b"belief", b"knowledge", b"private", b'"value"', b"poor", b"good,"):
        assert secret not in encoded


def test_bundles_are_read(load, slots):
    """A bundle that is not listed is worth the best one within it; types are named by place or written out."""
    scenario = load(slots)
    market = type_market(scenario)
    assert market.environment == Environment(
        kind="bundles",
        goods=("a", "b"),
        units=(1, 2),
        bundles=((0,), (0, 1), (1,)),
        assignments=((None, None), (0, None), (None, 1), (0, 2)),
    )
    # In the market types are rising: ada's second in the file comes first, and so does bob's.
    assert market.bidders[0].types == ((1, 2, 2), (5, 4, 0))
    assert market.bidders[1].types == ((0, 0, 0), (0, 1, 1))
    ada, bob = scenario.types(NO_CHANCE)
    assert (ada.value, bob.value) == (1, 0)
    assert ada.belief == Product.of({1: {0: 2, 1: 3}})
    assert bob.belief == uniform({0: 2})


@pytest.mark.parametrize("value", ["1", "[0, 7]"])
def test_unit_demand_is_read(load, lorry, value):
    """Lists of values by good, in any order; CSV files name them by their place in the file's list."""
    text = lorry.replace('"single-good"\nunits = 1', '"unit-demand"\ngoods = ["x", "y"]')
    text = text.replace("[1, 4, 6]", "[[2, 0], [0, 7], [1, 1]]").replace("[1, 4]", "[[5, 5], [3, 0]]", 1)
    text = text.replace("value = 4\nbelief = { product", "value = 0\nbelief = { product")
    text = text.replace("value = 4", f"value = {value}").replace("[[1, 2], [4, 1]]", "[[2, 2], [[0, 7], 1]]")
    files = {
        "prior.csv": "ada,bob,weight\n1,0,1\n2,1,1\n",
        "ada-belief.csv": "bob,weight\n0,1\n",
        "cells.csv": "bob,ada,season\n0,1,x\n1,2,y\n",
    }
    scenario = load(text, files)
    assert type_market(scenario).bidders[0].types == ((0, 7), (1, 1), (2, 0))
    assert scenario.prior == Joint.of((0, 1), {(0, 1): 1, (1, 0): 1})
    assert scenario.private == {
        "ada": PrivateKnowledge(value=0, belief=Joint.of((1,), {(1,): 1})),
        "bob": PrivateKnowledge(value=1, belief=Product.of({0: {0: 1, 1: 2}})),
    }


def test_identical_units_and_a_public_good_are_read(load, lorry):
    """Winners are listed by name; everybody or nobody is no downward closed choice, and vcg can take it."""
    text = lorry.replace('"single-good"\nunits = 1', '"identical-units"\nunits = 2\ngoods = ["seat"]')
    public = text.replace("units = 2", 'units = 2\nassignments = [[], ["bob", "ada"]]')
    public = public.replace("crowdsourced-optimal", "vcg")
    public = "\n".join(
        line for line in public.splitlines() if not line.startswith(("reward", "delta", "discount"))
    )
    assert type_market(load(text)).environment == Environment.identical_units(2, "seat")
    listed = type_market(load(public)).environment.assignments
    assert listed == ((None, None), (0, 0))


def test_an_own_column_that_says_the_own_value_is_passed_over(load, lorry):
    """So a belief may be cut out of a prior as it is."""
    scenario = load(lorry, {"ada-belief.csv": "ada,bob,weight\n4,1,1\n4,4,2\n"})
    assert scenario.private["ada"] == PrivateKnowledge(value=1, belief=Joint.of((1,), {(0,): 1, (1,): 2}))
    text = lorry.replace("{ ada = [[1, 2], [4, 1]] }", "{ ada = [[1, 2], [4, 1]], bob = [[1, 0], [4, 9]] }")
    assert load(text).private["bob"] == scenario.private["bob"]


def test_a_belief_that_is_left_out_follows_from_prior_and_knowledge(load, lorry):
    """The own value alone, everything, or a cell; and ignorance where there is no prior."""
    text = lorry.replace('belief = "ada-belief.csv"', "").replace(
        "belief = { product = { ada = [[1, 2], [4, 1]] } }", ""
    )
    scenario = load(text)
    assert scenario.private == {"ada": PrivateValue(value=1), "bob": PrivateValue(value=1)}
    ada, bob = scenario.types(NO_CHANCE)
    assert (ada.belief, bob.belief) == (
        Joint.of((1,), {(0,): 1, (1,): 3}),
        Joint.of((0,), {(1,): 1}),
    )
    informed = load(text.replace('"own-value"', '"full"'))
    assert informed.partitions()[0] == full(2)
    assert informed.types(NO_CHANCE)[0].belief == Product.of({1: {1: 1}})
    ignorant = load(text[: text.index("[prior]")])
    assert [own.belief for own in ignorant.types(NO_CHANCE)] == [uniform({1: 2}), uniform({0: 3})]


def test_a_product_prior_is_read(load, lorry):
    """Nothing is multiplied out, and a partition of bidders' own values needs no file."""
    text = lorry.replace(
        'joint = "prior.csv"', "product = { bob = [[4, 3]], ada = [[6, 0], [1, 2], [4, 4]] }"
    )
    text = text.replace('"cells.csv:season"', '"own-value"')
    assert load(text).prior == Product.of({0: {0: 1, 1: 2}, 1: {1: 1}})
