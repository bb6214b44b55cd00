"""A wrong scenario file of a market of types is refused with key and reason."""

from __future__ import annotations

import pytest

KINDS = [
    (
        'environment = "single-good"',
        'environment = "single-good"\nsignal_levels = 3',
        "market.signal_levels",
        "signal_levels belongs to clock mechanisms; crowdsourced-optimal runs on types: give an environment in "
        "[market], and types for each bidder",
    ),
    (
        "crowdsourced-optimal",
        "uniform-clock",
        "market.environment",
        "environment belongs to mechanisms that run on types; uniform-clock runs on signals: give signal_levels in "
        "[market], and a value for each bidder",
    ),
    (
        "types = [1, 4]",
        'types = [1, 4]\ngroup = "g"',
        "bidder[1].group",
        "group belongs to clock mechanisms; crowdsourced-optimal runs on types: give an environment in [market], and "
        "types for each bidder",
    ),
    (
        "value = 4\nbelief = {",
        "value = 4\nsignal = 1\nbelief = {",
        "bidder[1].private.signal",
        "signal belongs to clock mechanisms; crowdsourced-optimal runs on types: give an environment in [market], and "
        "types for each bidder",
    ),
    (
        'environment = "single-good"',
        'enviroment = "single-good"',
        "market.enviroment",
        "unknown key: did you mean 'environment'?",
    ),
    (
        'environment = "single-good"\nunits = 1',
        "",
        "market",
        "needs the key 'environment': crowdsourced-optimal runs on bidders with types",
    ),
]

SHAPES = [
    (
        "types = [1, 4]",
        "",
        "bidder[1]",
        "needs the key 'types': What the bidder's values may be: integers, rising; in unit-demand lists of values by "
        "good, in bundles tables of values by bundle.",
    ),
    ("types = [1, 4]", "types = []", "bidder[1].types", "must have at least 1 items"),
    ("types = [1, 4]", "types = [1, [4]]", "bidder[1].types[1]", "must be an integer, not [4]"),
    ("types = [1, 4]", "types = [1, 4.5]", "bidder[1].types[1]", "must be an integer, not 4.5"),
    ("types = [1, 4]", "types = [-1, 4]", "bidder[1].types[0]", "must be at least 0, not -1"),
    ("units = 1", "units = 0", "market.units", "must be at least 1, not 0"),
    ("units = 1", 'units = "1"', "market.units", "must be an integer or a table of keys and values, not '1'"),
    ("units = 1", 'goods = ["a", "b"]', "market.goods", "must have at most 1 items"),
    ("units = 1", "unit = 1", "market.unit", "unknown key: did you mean 'units'?"),
    (
        '"single-good"\nunits = 1',
        '"identical-units"',
        "market",
        "needs the key 'units': How many units there are: of every good, or by good.",
    ),
    (
        'environment = "single-good"',
        'environment = "single-goods"',
        "market.environment",
        "must be single-good or identical-units or unit-demand or bundles, not 'single-goods'",
    ),
    (
        "value = 4\nbelief = {",
        "belief = {",
        "bidder[1].private",
        "has 'belief', which needs value beside it",
    ),
    (
        "value = 4\nbelief = {",
        'value = "4"\nbelief = {',
        "bidder[1].private.value",
        "must be an integer or a list or a table of keys and values, not '4'",
    ),
    (
        "belief = { product",
        "belief = { produkt",
        "bidder[1].private.belief.produkt",
        "unknown key: did you mean 'product'?",
    ),
    (
        "[[1, 2], [4, 1]]",
        "[[1, 2], [4]]",
        "bidder[1].private.belief.product.ada[1]",
        "must have at least 2 items",
    ),
    (
        "[[1, 2], [4, 1]]",
        "[[1, 2], [4, -1]]",
        "bidder[1].private.belief.product.ada[1][1]",
        "must be at least 0, not -1",
    ),
    (
        "[[1, 2], [4, 1]]",
        "[[1, 2], [4, 0.5]]",
        "bidder[1].private.belief.product.ada[1][1]",
        "must be an integer, not 0.5",
    ),
    ('joint = "prior.csv"', 'jiont = "prior.csv"', "prior.jiont", "unknown key: did you mean 'joint'?"),
    ("disclosure =", "disclosre =", "disclosre", "unknown key: did you mean 'disclosure'?"),
    (
        'disclosure = "sealed"',
        'disclosure = "never"',
        "disclosure",
        "must be settlement or sealed, not 'never'",
    ),
]

MEANINGS = [
    (
        "types = [1, 4, 6]",
        "types = [1, 6, 4]",
        "bidder[0].types[2]",
        "4 after 6: list the types rising, each once",
    ),
    (
        "value = 4\nbelief = {",
        "value = 6\nbelief = {",
        "bidder[1].private.value",
        "6 is not among the types of 'bob': 1, 4",
    ),
    (
        "value = 4\nbelief = {",
        "value = [4]\nbelief = {",
        "bidder[1].private.value",
        "[4] is not among the types of 'bob': 1, 4",
    ),
    (
        "[[1, 2], [4, 1]]",
        "[[1, 2], [5, 1]]",
        "bidder[1].private.belief.product.ada[1]",
        "5 is not among the types of 'ada': 1, 4, 6",
    ),
    (
        "[[1, 2], [4, 1]]",
        "[[1, 2], [1, 1]]",
        "bidder[1].private.belief.product.ada[1]",
        "repeats the type 1 of 'ada'",
    ),
    (
        "[[1, 2], [4, 1]]",
        "[[1, 0], [4, 0]]",
        "bidder[1].private.belief.product.ada",
        "gives no type a weight above 0",
    ),
    (
        "{ ada = [[1, 2], [4, 1]] }",
        "{ bob = [[4, 1]] }",
        "bidder[1].private.belief.product",
        "says nothing of 'ada': give its types and their weights",
    ),
    (
        "{ ada = [[1, 2], [4, 1]] }",
        "{ ada = [[1, 2]], bob = [[1, 1]] }",
        "bidder[1].private.belief.product.bob",
        "must be left out, or say that 'bob' has its own type, 4",
    ),
    (
        "{ ada = [[1, 2], [4, 1]] }",
        "{ eve = [[1, 2]] }",
        "bidder[1].private.belief.product.eve",
        "there is no bidder 'eve': known here are ada, bob",
    ),
    (
        'joint = "prior.csv"',
        'joint = "prior.csv"\nproduct = { ada = [[4, 1]], bob = [[4, 1]] }',
        "prior",
        "has both joint and product: keep one",
    ),
    ('joint = "prior.csv"', "", "prior", "needs joint or product"),
    (
        'knowledge = { ada = "own-value"',
        'knowledge = { adda = "own-value"',
        "prior.knowledge.adda",
        "there is no bidder 'adda': did you mean 'ada'?",
    ),
    (
        '"own-value"',
        '"own_value"',
        "prior.knowledge.ada",
        "'own_value' is no knowledge: own-value, full, or FILE:COLUMN of a partition file",
    ),
    ('name = "bob"', 'name = "ada"', "bidder[1].name", "bidder[0] is named 'ada' too: names must be unique"),
    (
        'reward = "1/10"',
        'reward = "-1/10"',
        "mechanism",
        "reward must be an amount in minor units such as 1000 or \"1/10\", not '-1/10'",
    ),
    (
        'lot = "A lorry"',
        'lot = "A\\u0007lorry"',
        "market",
        "lot 'A\\x07lorry' holds control characters, or space at an end",
    ),
]


@pytest.mark.parametrize(("old", "new", "key", "reason"), [*KINDS, *SHAPES, *MEANINGS])
def test_a_wrong_file_is_refused_with_key_and_reason(refuse, lorry, old, new, key, reason):
    """One change to a good file gives one line: file, key, what is wrong, and where possible what is right."""
    assert old in lorry
    assert refuse(lorry.replace(old, new, 1)) == ("s.toml", key, reason)


CASES_OF_BUNDLES = [
    (
        'goods = ["a", "b"]',
        'goods = ["a", "c+b"]',
        "market.goods[1]",
        "'c+b' must not contain '+', which stands between the goods of a bundle",
    ),
    (
        'goods = ["a", "b"]',
        "",
        "market",
        "needs the key 'goods': Names of the goods; one name, or none, where there is but one good or kind of unit.",
    ),
    ('goods = ["a", "b"]', 'goods = ["a"]', "market.goods", "must have at least 2 items"),
    (
        "units = { b = 2 }",
        "units = { c = 2 }",
        "market.units.c",
        "is no good of the market: known here are a, b",
    ),
    (
        '{ "a" = 5, "a+b" = 4 }',
        '{ "a" = 5, "a+c" = 4 }',
        "bidder[0].types[0]",
        "'c' in 'a+c' is no good of the market: known here are a, b",
    ),
    (
        '{ "a" = 5, "a+b" = 4 }',
        '{ "a" = 5, "a+a" = 4 }',
        "bidder[0].types[0]",
        "'a+a' names a good twice: a bundle holds one unit of each of its goods",
    ),
    (
        '{ "a" = 5, "a+b" = 4 }',
        '{ "b+a" = 5, "a+b" = 4 }',
        "bidder[0].types[0]",
        "lists the bundle 'a+b' twice: goods may be named in any order",
    ),
    (
        '{ "a" = 5, "a+b" = 4 }',
        "[5, 4]",
        "bidder[0].types[0]",
        "must be a table of keys and values, not [5, 4]",
    ),
    (
        'types = [{ "b" = 1 }, { "b" = 0 }]',
        'types = [{ "b" = 1 }, { "b" = 1, "a" = 0 }]',
        "bidder[1].types[1]",
        "is the same type as bidder[1].types[0]: list each once",
    ),
    (
        "value = 0",
        "value = 2",
        "bidder[0].private.value",
        "2 is not among the types of 'ada': positions 0..1 in its list",
    ),
    (
        'value = { "b" = 0 }',
        'value = { "b" = 2 }',
        "bidder[1].private.value",
        "{'b': 2} is not among the types of 'bob': positions 0..1 in its list",
    ),
    (
        '{ "b" = 1 }, 3]',
        '{ "c" = 1 }, 3]',
        "bidder[0].private.belief.product.bob[1]",
        "'c' in 'c' is no good of the market: known here are a, b",
    ),
    (
        '{ ada = "a" }',
        '["ada"]',
        "market.assignments[1]",
        'must be a table of what each winner gets, such as { ada = "a" }',
    ),
    (
        '{ ada = "a" }',
        '{ eve = "a" }',
        "market.assignments[1]",
        "'eve' is no bidder: known here are ada, bob",
    ),
    (
        '{ ada = "a" }',
        '{ ada = "c" }',
        "market.assignments[1]",
        "'c' in 'c' is no good of the market: known here are a, b",
    ),
    ('{ bob = "b+a" }', '{ ada = "a" }', "market", "list at least one feasible assignment, each once"),
    (
        '{ bob = "b+a" }',
        '{ ada = "a", bob = "a" }',
        "market",
        "the feasible assignment (0, 0) takes more units than there are",
    ),
]


@pytest.mark.parametrize(("old", "new", "key", "reason"), CASES_OF_BUNDLES)
def test_a_wrong_file_of_bundles_is_refused_with_key_and_reason(refuse, slots, old, new, key, reason):
    """Goods, bundles and assignments are named by a person, and misnamed by one."""
    assert old in slots
    assert refuse(slots.replace(old, new, 1)) == ("s.toml", key, reason)


def test_a_bundle_that_has_no_values_cannot_be_assigned(refuse, slots):
    """Nobody lists it, so nobody knows what it is worth."""
    text = slots.replace('{ "a" = 5, "a+b" = 4 }', '{ "a" = 5 }')
    assert refuse(text) == (
        "s.toml",
        "market.assignments[2]",
        "no bidder's types list the bundle 'b+a', so it has no values",
    )


def test_the_kind_of_a_file_with_an_unknown_mechanism_is_that_of_its_market(refuse, lorry):
    """So the misspelt name is what is refused, and keys that fit neither way."""
    text = lorry.replace("crowdsourced-optimal", "crowdsourced-optimum")
    refused = refuse(text)
    assert refused[:2] == ("s.toml", "mechanism.name")
    assert refused[2].startswith(
        "unknown mechanism 'crowdsourced-optimum'; did you mean 'crowdsourced-optimal'?"
    )
    assert refuse(text.replace("units = 1", "signal_levels = 2")) == (
        "s.toml",
        "market.signal_levels",
        "signal_levels belongs to clock mechanisms; this market has types: give an environment in [market], and "
        "types for each bidder",
    )


def test_winners_of_one_good_are_listed_by_name(refuse, lorry):
    """A table of what each gets says nothing there."""
    text = lorry.replace("units = 1", 'assignments = [{ ada = "lot" }]')
    assert refuse(text) == (
        "s.toml",
        "market.assignments[0]",
        'must be a list of the winners\' names, such as ["ada"]',
    )


def test_a_unit_demand_list_of_another_length_is_refused(refuse, lorry):
    """One value for each good."""
    text = lorry.replace('"single-good"\nunits = 1', '"unit-demand"\ngoods = ["x", "y"]')
    text = text.replace("[1, 4, 6]", "[[2, 0, 1]]").replace("[1, 4]", "[[5, 5]]", 1)
    assert refuse(text) == (
        "s.toml",
        "bidder[0].types[0]",
        "must have one value for each of the 2 goods, not 3",
    )


def test_a_mechanism_that_needs_a_prior_asks_for_it(refuse, slots):
    """It computes with the seller's."""
    text = slots.replace('name = "vcg"', 'name = "myerson"')
    assert refuse(text) == (
        "s.toml",
        "",
        "needs a [prior]: myerson computes with the seller's, and publishes it",
    )


def test_a_mechanism_that_cannot_run_on_the_market_says_so(refuse, lorry):
    """The reason is its own."""
    text = lorry.replace('"single-good"\nunits = 1', '"identical-units"\nunits = 2')
    refused = refuse(text.replace("crowdsourced-optimal", "crowdsourced-lookahead"))
    assert refused[:2] == ("s.toml", "mechanism")
    assert refused[2].startswith("crowdsourced-lookahead sells one good to one bidder")
