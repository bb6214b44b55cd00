"""A scenario file becomes a scenario, or is refused with file, key and reason."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from openoutcry.errors import ScenarioError
from openoutcry.mechanisms import Linear, Market, Threshold, find_mechanism
from openoutcry.mechanisms.specification import Timing, decode_specification, encode_specification
from openoutcry.scenario import Scenario, load_scenario, loads

KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def refusal(text: str) -> ScenarioError:
    """Load a text that must be refused."""
    with pytest.raises(ScenarioError) as caught:
        loads(text, file="mine.toml")
    assert "\n" not in str(caught.value)
    return caught.value


def signal_market(scenario: Scenario) -> Market:
    """Return the market of a scenario of bidders with signals."""
    market = scenario.specification.market
    assert isinstance(market, Market)
    return market


def test_the_public_part_is_read(scenario_text):
    """Everything public is in the specification, defaults included."""
    scenario = loads(scenario_text)
    specification, market = scenario.specification, signal_market(scenario)
    assert (specification.title, specification.mechanism) == ("Tract 7", "signal-discovery")
    assert specification.parameters == {"pricing": "revenue", "uniform_probability": "1/20"}
    assert (market.lot, market.currency, market.minor_units, market.signal_levels) == ("Tract 7", "USD", 2, 3)
    assert [(bidder.name, bidder.group) for bidder in market.bidders] == [("ada", 0), ("bob", 1)]
    assert market.bidders[0].valuation == Linear(constant=7, weights=(120, 40))
    assert market.bidders[1].valuation == Threshold(value_reached=500, at=3, weights=(1, 2))
    assert specification.timing == Timing(enrol_ms=2000, answer_ms=5000)
    assert (specification.absent, specification.keys) == ("void", (None, None))


def test_the_mechanism_reads_its_parameters(scenario_text):
    """Fractions are strings and stay exact."""
    specification = loads(scenario_text).specification
    parameters = find_mechanism(specification.mechanism).configure(specification.parameters)
    assert parameters.uniform_probability == Fraction(1, 20)


def test_the_private_part_is_read(scenario_text):
    """Signals and strategies by roster order; a bidder without a strategy is truthful."""
    scenario = loads(scenario_text)
    assert (scenario.seed, scenario.title, scenario.names) == ("s3cret-seed", "Tract 7", ("ada", "bob"))
    assert scenario.signals() == (2, 1)
    assert [scenario.strategy(name) for name in scenario.names] == ["shade:levels=2", "truthful"]
    assert [factory.make().__class__.__name__ for factory in scenario.load_strategies()] == [
        "Shade",
        "Truthful",
    ]


def test_nothing_private_is_in_the_encoded_specification(scenario_text):
    """Neither seed, signals nor strategies can be found in what is published; two private parts, one public part."""
    encoded = encode_specification(loads(scenario_text).specification)
    for secret in (b"s3cret", b"shade", b"truthful", b"strategy", b"private", b'"signal"', b"seed"):
        assert secret not in encoded
    other = scenario_text.replace("signal = 2", "signal = 0").replace("shade:levels=2", "silent")
    assert encode_specification(loads(other.replace("s3cret-seed", "another")).specification) == encoded


def test_the_specification_of_a_scenario_decodes_to_itself(scenario_text):
    """A scenario makes a specification that every party can read back."""
    specification = loads(scenario_text).specification
    assert decode_specification(encode_specification(specification)) == specification


def test_public_keys_may_be_given(scenario_text):
    """A bidder's key is public; a bidder without one enrols with any."""
    text = scenario_text.replace('name = "ada"', f'name = "ada"\nkey = "{KEY}"')
    assert loads(text).specification.keys == (bytes.fromhex(KEY), None)


def test_one_group_need_not_be_named(scenario_text):
    """Without groups everybody is in one."""
    text = scenario_text.replace('groups = ["geology", "seismic"]', "")
    text = text.replace('group = "geology"', "").replace('group = "seismic"', "")
    text = text.replace("{ geology = 120, seismic = 40 }", "{ everybody = 10 }")
    text = text.replace("{ geology = 1, seismic = 2 }", "{ everybody = 1 }")
    market = signal_market(loads(text))
    assert (market.groups, market.members(0)) == (("everybody",), (0, 1))


def test_values_may_stand_in_a_file_beside_the_scenario(scenario_text, tmp_path):
    """The file is relative to the scenario, wherever the program runs."""
    lines = [line for line in scenario_text.splitlines() if not line.startswith("value")]
    text = "\n".join(lines).replace("signal_levels = 3", 'signal_levels = 3\nvalues = "v.csv"')
    rows = [f"{g},{s},{g},{3 * g + s}" for g in range(3) for s in range(3)]
    (tmp_path / "v.csv").write_text("\n".join(["geology,seismic,ada,bob", *rows]))
    (tmp_path / "scenario.toml").write_text(text)
    market = signal_market(load_scenario(tmp_path / "scenario.toml"))
    assert (market.value(0, (2, 1)), market.value(1, (2, 1))) == (2, 7)


CASES = [
    ('lot = "Tract 7"', 'lott = "Tract 7"', "market.lott", "unknown key: did you mean 'lot'?"),
    ("[timing]", "[timeing]", "timeing", "did you mean 'timing'?"),
    ("signal = 2", "signals = 2", "bidder[0].private.signals", "did you mean 'signal'?"),
    ('title = "Tract 7"', "", "", "needs the key 'title'"),
    ("signal_levels = 3", "", "market", "needs the key 'signal_levels': k: signals are 0..k-1."),
    ('format = "openoutcry-scenario/1"', 'format = "openoutcry-scenario/2"', "format", "scenario/2'"),
    ("signal_levels = 3", "signal_levels = 1", "market.signal_levels", "must be at least 2, not 1"),
    ("signal_levels = 3", "signal_levels = 3.0", "market.signal_levels", "must be an integer, not 3.0"),
    ("signal = 2", "signal = true", "bidder[0].private.signal", "must be an integer, not True"),
    ("signal = 2", "signal = 3", "bidder[0].private.signal", "is 3, outside 0..2"),
    ("signal = 2", "signal = -1", "bidder[0].private.signal", "must be at least 0, not -1"),
    ("enrol_ms = 2000", "enrol_ms = 0", "timing.enrol_ms", "must be at least 1"),
    ('absent = "void"', 'absent = "never"', "timing.absent", "must be exit or void, not 'never'"),
    ('name = "bob"', 'name = "ada"', "bidder[1].name", "bidder[0] is named 'ada' too"),
    ('name = "bob"', 'name = " bob"', "bidder[1].name", "one line of text without space at its ends"),
    ('name = "bob"', 'name = ""', "bidder[1].name", "must have at least 1 characters"),
    ('group = "seismic"', 'group = "sismic"', "bidder[1].group", "did you mean 'seismic'?"),
    ('group = "seismic"', "", "bidder[1]", "needs a group: geology or seismic"),
    (
        '"geology", "seismic"]',
        '"geology", "seismic", "gravity"]',
        "market.groups",
        "'gravity' has no members",
    ),
    ('"geology", "seismic"]', '"geology", "geology"]', "market.groups", "must not name anything twice"),
    ('groups = ["geology", "seismic"]', "", "bidder[0].group", "list it in groups of [market]"),
    ("signal-discovery", "signal-discvery", "mechanism.name", "did you mean 'signal-discovery'?"),
    ('pricing = "revenue"', 'prising = "revenue"', "mechanism", "did you mean 'pricing'?"),
    ('pricing = "revenue"', 'pricing = "first"', "mechanism", "pricing must be welfare or revenue"),
    (
        'uniform_probability = "1/20"',
        "uniform_probability = 0.05",
        "mechanism.uniform_probability",
        "not 0.05",
    ),
    ("shade:levels=2", "shade levels=2", "bidder[0].agent.strategy", "cannot be understood"),
    ("shade:levels=2", "truthfull", "bidder[0].agent.strategy", "did you mean truthful?"),
    ("constant = 7", "constant = -7", "bidder[0].value.constant", "must be at least 0"),
    ("constant = 7", "constnt = 7", "bidder[0].value.constnt", "did you mean 'constant'?"),
    ("geology = 120", "geologie = 120", "bidder[0].value", "did you mean 'geology'?"),
    ("geology = 120", "geology = -120", "bidder[0].value.weights.geology", "must be at least 0"),
    ("constant = 7", "constant = 9223372036854775807", "bidder[0].value", "above 2^63-1"),
    ("value = 500, ", "", "bidder[1].value", "needs the key 'value'"),
    ('family = "linear"', 'family = "lineal"', "bidder[0].value.family", "must be linear or threshold"),
    ('family = "linear", ', "", "bidder[0].value", "needs the key 'family'"),
    ("signal_levels = 3", 'signal_levels = 3\nvalues = "v.csv"', "bidder[0].value", "remove one of the two"),
    ("minor_units = 2", "minor_units = 19", "market.minor_units", "must be at most 18"),
    (
        'currency = "USD"',
        'currency = "USD"\nenvironment = "single-good"',
        "market.environment",
        "environment belongs to mechanisms that run on types; signal-discovery runs on signals: give signal_levels in "
        "[market], and a value for each bidder",
    ),
    ('name = "ada"', 'name = "ada"\nkey = "abc"', "bidder[0].key", "64 lower-case hexadecimal digits"),
    ("seed =", 'prior = "x"\nseed =', "prior", "prior belongs to mechanisms that run on types"),
    ("signal = 2", "value = 2", "bidder[0].private.value", "value belongs to mechanisms that run on types"),
    ("seed =", 'disclosure = "no"\nseed =', "disclosure", "must be settlement or sealed, not 'no'"),
    ("seed =", '"a\\nb" = 1\nseed =', "'a\\nb'", "unknown key"),
    ('lot = "Tract 7"', 'lot = "Tract\\u0007"', "market", "control characters"),
    ('title = "Tract 7"', 'title = "Tract\\u0007"', "", "control characters"),
]


@pytest.mark.parametrize(("old", "new", "key", "reason"), CASES)
def test_a_wrong_file_is_refused_with_key_and_reason(scenario_text, old, new, key, reason):
    """One change to a good file gives one line: file, key, what is wrong, and where possible what is right."""
    assert old in scenario_text
    error = refusal(scenario_text.replace(old, new, 1))
    assert (error.file, error.key) == ("mine.toml", key)
    assert reason in error.reason


def test_a_bidder_without_a_value_is_refused(scenario_text):
    """Either everybody has a value or the market names a file."""
    lines = scenario_text.splitlines()
    text = "\n".join(line for line in lines if not line.startswith('value = { family = "threshold"'))
    error = refusal(text)
    assert (error.key, error.reason) == ("bidder[1]", "needs a value, or [market] a file of values for all")


def test_two_bidders_with_one_key_are_refused(scenario_text):
    """Each party signs with its own key."""
    text = scenario_text.replace('name = "ada"', f'name = "ada"\nkey = "{KEY}"')
    error = refusal(text.replace('name = "bob"', f'name = "bob"\nkey = "{KEY}"'))
    assert "two bidders have the same key" in error.reason


def test_bad_toml_is_refused_with_its_line():
    """The line and column are those of the file."""
    error = refusal('format = "openoutcry-scenario/1"\ntitle = \n')
    assert error.reason.startswith("is not TOML: ")
    assert "line 2" in error.reason


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """The file is named as the person named it."""
    path = tmp_path / "absent.toml"
    with pytest.raises(ScenarioError, match="cannot be read: No such file") as caught:
        load_scenario(path)
    assert caught.value.file == str(path)


def test_a_directory_is_refused_with_advice(tmp_path):
    """Naming the folder instead of the file in it is the commonest slip."""
    with pytest.raises(ScenarioError, match=r"is a directory: name the file in it, such as .*scenario\.toml"):
        load_scenario(tmp_path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path, scenario_text):
    """The first wrong byte is named."""
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# \xe9\n" + scenario_text.encode())
    with pytest.raises(ScenarioError, match=r"is not UTF-8 \(byte 2\): save it as UTF-8"):
        load_scenario(path)


def test_a_name_that_no_file_can_have_is_refused():
    """A null character in a path is the caller's slip and no crash."""
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario("a\0b.toml")


def test_a_missing_values_file_is_refused_by_its_own_name(scenario_text, tmp_path):
    """The message names the file that is missing, not the one that names it."""
    lines = [line for line in scenario_text.splitlines() if not line.startswith("value")]
    text = "\n".join(lines).replace("signal_levels = 3", 'signal_levels = 3\nvalues = "v.csv"')
    with pytest.raises(ScenarioError, match="cannot be read: No such file") as caught:
        loads(text, tmp_path)
    assert caught.value.file == str(tmp_path / "v.csv")


def test_a_deeply_nested_file_is_refused(scenario_text):
    """Neither the parser nor the schema runs out of stack."""
    assert refusal("x = " + "[" * 5000 + "]" * 5000)
    nested = '{ family = "linear", constant = 1, weights = {} }'
    for _ in range(9):
        nested = f'{{ family = "minimum", of = [{nested}, {{ family = "linear", weights = {{}} }}] }}'
    start = scenario_text.index("value = ")
    end = scenario_text.index("\n", start)
    error = refusal(scenario_text[:start] + f"value = {nested}" + scenario_text[end:])
    assert "deep" in error.reason


@pytest.mark.parametrize("digits", ["9" * 5000, "0x" + "f" * 5000])
@pytest.mark.parametrize("place", ["signal = 2", 'pricing = "revenue"', "constant = 7"])
def test_a_number_of_thousands_of_digits_is_refused(scenario_text, digits, place):
    """Python refuses to read or show such numbers; the refusal does not repeat them."""
    name = place.partition(" ")[0]
    error = refusal(scenario_text.replace(place, f"{name} = {digits}"))
    assert "digits" in error.reason
    assert len(error.reason) < 200


def test_loading_imports_the_validator_only_then():
    """The package is light until a file is loaded: an agent process that loads none does not pay for it."""
    check = "import sys, openoutcry.scenario; print(sorted({'numpy', 'jsonschema'} & set(sys.modules)))"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", check], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
