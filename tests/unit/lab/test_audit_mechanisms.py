"""Registered mechanisms are what they claim on small markets; what is wrong is caught, with a witness."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.lab.audit import (
    STUDY_MECHANISMS,
    Property,
    Reference,
    audit,
    find_subject,
    make_subject,
    read_reference,
    replay_witness,
    write_witness,
)
from openoutcry.lab.audit.coins import can_coincide
from openoutcry.lab.audit.scenario_files import ScenarioParts, scenario_files
from openoutcry.mechanisms.chance import Draw
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.protocol.draws import SeededChance
from openoutcry.scenario import Scenario, load_scenario, loads
from openoutcry.simulation import play_scenario
from openoutcry.strategies import PrivateKnowledge

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
FIRST_PRICE = str(EXAMPLES / "audit" / "first_price.py")

FORMAT = "openoutcry-scenario/1"

SIGNALS = """
format = "openoutcry-scenario/1"
title = "A lot"
mechanism = { name = "uniform-clock" }
[market]
lot = "a lot"
currency = "EUR"
signal_levels = 3
[[bidder]]
name = "ada"
value = { family = "linear", constant = 1, weights = { everybody = 4 } }
[[bidder]]
name = "bob"
value = { family = "linear", constant = 0, weights = { everybody = 5 } }
[[bidder]]
name = "cyd"
value = { family = "linear", constant = 7, weights = { everybody = 1 } }
"""

SLOTS = """
format = "openoutcry-scenario/1"
title = "Slots"
mechanism = { name = "uniform-clock" }
[market]
lot = "a lot"
currency = "EUR"
signal_levels = 2
[[bidder]]
name = "ada"
value = { family = "table", shape = [4], values = [0, 1, 20, 30] }
[[bidder]]
name = "bob"
value = { family = "table", shape = [4], values = [0, 10, 12, 14] }
[[bidder]]
name = "cyd"
value = { family = "table", shape = [4], values = [1, 2, 3, 4] }
"""

TYPES = """
format = "openoutcry-scenario/1"
title = "A good"
mechanism = { name = "vickrey" }
[market]
lot = "a good"
currency = "EUR"
environment = "single-good"
[[bidder]]
name = "ada"
types = [1, 2, 3]
[[bidder]]
name = "bob"
types = [1, 2, 3]
[prior]
"""
INDEPENDENT = TYPES + "product = { ada = [[1, 1], [2, 1], [3, 2]], bob = [[1, 2], [2, 1], [3, 1]] }"
FEW = TYPES.removesuffix("[prior]\n").replace("types = [1, 2, 3]", "types = [1, 2]")
CORRELATED = TYPES + 'joint = "prior.csv"'
PRIOR = "ada,bob,weight\n1,1,2\n1,2,1\n2,1,1\n2,2,2\n2,3,1\n3,2,1\n3,3,2\n"


def scenario_for(mechanism: str, folder: Path) -> Scenario:
    """Return a small market of the mechanism's kind, with a prior that it can work with."""
    found = STUDY_MECHANISMS[mechanism].mechanism if mechanism in STUDY_MECHANISMS else MECHANISMS[mechanism]
    if found.market == "signals":
        return loads(SLOTS if mechanism == "slot-draw" else SIGNALS, folder)
    (folder / "prior.csv").write_text(PRIOR)
    return loads(CORRELATED if mechanism == "cremer-mclean" else INDEPENDENT, folder)


# --- What is registered ----------------------------------------------------------------------------------

CHOICES: list[tuple[str, dict[str, object]]] = [
    *((name, {}) for name in MECHANISMS if not name.startswith("crowdsourced")),
    ("signal-discovery", {"form": "sealed", "pricing": "revenue"}),
    ("signal-discovery", {"uniform_probability": "1/20"}),
    ("threshold-lottery", {"slots": "uniform"}),
    ("vickrey-reserve", {"order": "lazy"}),
    ("empirical-reserve", {"variant": "random-split"}),
    ("crowdsourced-optimal", {"reward": "1/10"}),
    ("crowdsourced-lookahead", {"reward": "1/10000"}),
    ("crowdsourced-lookahead", {"reward": 5}),
    ("crowdsourced-lookahead", {"reward": "1/10000", "reading": "literal"}),
    ("crowdsourced-lookahead-plus", {"reward": 5}),
    ("crowdsourced-lookahead-plus", {"delta": "0", "payment": "lottery"}),
]


@pytest.mark.parametrize(("name", "raw"), CHOICES, ids=str)
def test_every_registered_mechanism_is_what_it_claims(name: str, raw: dict[str, object], tmp_path: Path):
    """All cases are gone through, and no claim fails; with some choices less is claimed."""
    scenario = loads(FEW, tmp_path) if name.startswith("crowdsourced") else scenario_for(name, tmp_path)
    result = audit(find_subject(scenario, Reference(name=name, parameters=raw)))
    assert result.broken == ()
    assert {verdict.coverage for verdict in result.verdicts} == {"exhaustive"}
    assert all(verdict.cases > 0 for verdict in result.verdicts)


def test_a_crowd_is_audited_in_two_steps_and_a_clock_for_obviousness(tmp_path: Path):
    """What is looked at follows from what a mechanism asks."""
    looked_at = {
        name: {
            verdict.what
            for verdict in audit(find_subject(scenario_for(name, tmp_path), each), steps=1).verdicts
        }
        for name in ("crowdsourced-lookahead-plus", "signal-discovery", "vickrey")
        for each in [Reference(name=name, parameters={})]
    }
    steps = {Property.STRICT, Property.BELIEFS}
    assert steps <= looked_at["crowdsourced-lookahead-plus"]
    assert Property.OBVIOUS in looked_at["signal-discovery"]
    assert not (steps | {Property.OBVIOUS}) & looked_at["vickrey"]


def test_a_reward_above_its_limit_is_found_and_not_claimed(tmp_path: Path):
    """{1, 2, 3} twice, delta 1/100, reward 1/10: an informant that is certain and wrong gains 119/1200 by overbidding.

    It is paid 1/10 for being highest and nothing as an informant; the lottery costs it 1/1200. The mechanism warns.
    """
    reference = read_reference("crowdsourced-lookahead:reward=1/10")
    result = audit(find_subject(scenario_for("crowdsourced-lookahead", tmp_path), reference), steps=1)
    found = {verdict.what: verdict for verdict in result.failed}
    assert result.broken == ()
    for what in (Property.ON_AVERAGE, Property.STRICT):
        worst = found[what].worst
        assert worst is not None
        assert worst.gain == Fraction(119, 1200)
        assert "overbidding may pay" in (found[what].denied or "")


# --- What is caught --------------------------------------------------------------------------------------

CAUGHT = {
    "uniform-clock-at-once": {Property.EVERY_COIN, Property.ON_AVERAGE, Property.OBVIOUS},
    "slot-draw": {Property.EVERY_COIN},
    "literal-lookahead": {Property.ON_AVERAGE, Property.STRICT},
    "printed-lottery": {Property.FUNDED},
}


@pytest.mark.parametrize("name", STUDY_MECHANISMS)
def test_every_mechanism_for_study_is_caught_with_a_witness(name: str, tmp_path: Path):
    """Exactly what is wrong with it fails, and playing the witness in process shows the gain that it tells."""
    scenario = scenario_for(name, tmp_path)
    subject = find_subject(scenario, Reference(name=name, parameters={}))
    result = audit(subject, steps=1)
    assert {verdict.what for verdict in result.broken} == CAUGHT[name]
    worst = result.broken[0].worst
    assert worst is not None
    witness = write_witness(subject, worst, scenario, tmp_path / "witness")
    assert witness is not None
    assert witness.can_run == bool(STUDY_MECHANISMS[name].stands_for)
    assert witness.shown.gain >= worst.gain
    replayed, shown, told = replay_witness(tmp_path / "witness")
    assert (replayed.reference, shown) == (name, witness.shown)
    assert Fraction(str(told["gain_shown"])) == shown.gain


def test_the_slot_draw_gains_what_the_design_says(tmp_path: Path):
    """Values (0,1,20,30), (0,10,12,14), (1,2,3,4): bidder 1 with signal 1 gains 2 by reporting 0, on some coin only."""
    subject = find_subject(scenario_for("slot-draw", tmp_path), read_reference("slot-draw"))
    verdicts = {verdict.what: verdict for verdict in audit(subject).verdicts}
    worst = verdicts[Property.EVERY_COIN].worst
    assert worst is not None
    assert (worst.bidder, worst.profile[1], worst.gain) == (1, 1, Fraction(2))
    assert verdicts[Property.ON_AVERAGE].worst is None


@pytest.mark.parametrize("reference", ["slot-draw:slots=colour", "literal-lookahead:reading=selected"])
def test_what_is_wrong_with_a_mechanism_for_study_is_no_choice(reference: str, tmp_path: Path):
    """The parameter that makes it what it is cannot be given another value."""
    scenario = scenario_for(reference.partition(":")[0], tmp_path)
    with pytest.raises(ConfigurationError, match="has no parameter"):
        find_subject(scenario, read_reference(reference))


@pytest.mark.parametrize("name", STUDY_MECHANISMS)
def test_no_session_can_name_a_mechanism_for_study(name: str):
    """The registry is closed: whoever checks a transcript knows all of it."""
    assert name not in MECHANISMS
    kind = STUDY_MECHANISMS[name].mechanism.market
    text = (
        (SIGNALS if kind == "signals" else INDEPENDENT)
        .replace("uniform-clock", name)
        .replace("vickrey", name)
    )
    with pytest.raises(ConfigurationError, match="unknown mechanism"):
        loads(text, Path())


@pytest.mark.parametrize(
    ("planted", "text", "gain"), [("FIRST_PRICE", INDEPENDENT, 2), ("BROKEN_CLOCK", SIGNALS, 8)]
)
def test_a_mechanism_from_a_file_is_caught(planted: str, text: str, gain: int, tmp_path: Path):
    """Whoever writes a mechanism can audit it without registering it, and gets a witness that finds its file again."""
    scenario = loads(text, tmp_path)
    subject = find_subject(scenario, read_reference(f"{FIRST_PRICE}:{planted}"))
    result = audit(subject)
    assert Property.EVERY_COIN in {verdict.what for verdict in result.broken}
    worst = result.broken[0].worst
    assert worst is not None
    witness = write_witness(subject, worst, scenario, tmp_path / "witness")
    assert witness is not None
    assert {worst.gain, witness.shown.gain} == {Fraction(gain)}
    assert replay_witness(tmp_path / "witness")[1] == witness.shown


def test_a_witness_of_a_registered_mechanism_is_played_by_everybody_alike(tmp_path: Path):
    """Its scenarios are scenarios: in-process play of the files, with the seed that was found, shows the gain."""
    scenario = scenario_for("crowdsourced-lookahead", tmp_path)
    subject = find_subject(scenario, read_reference("crowdsourced-lookahead:reward=1/10,delta=9/10"))
    worst = audit(subject, steps=1).failed[0].worst
    assert worst is not None
    folder = tmp_path / "witness"
    witness = write_witness(subject, worst, scenario, folder)
    assert witness is not None
    assert witness.can_run
    bidder = worst.bidder
    assert bidder is not None
    played = [play_scenario(load_scenario(folder / name)) for name in ("truthful.toml", "scenario.toml")]
    assert played[1].utilities[bidder] - played[0].utilities[bidder] == witness.shown.gain == worst.gain
    assert json.loads((folder / "witness.json").read_text())["seed"] == witness.seed


@pytest.mark.parametrize(
    "change",
    [
        {"bidder": "nobody"},
        {"bidder": None},
        {"bidder": ["ada"]},
        {"parameters": 3},
        {"mechanism": 7},
        {"finding": None},
        {"gain_shown": None},
        {"property": "BEST"},
        {"format": "another"},
    ],
    ids=str,
)
def test_a_damaged_witness_is_refused_in_one_line(change: dict[str, object], tmp_path: Path):
    """Whatever is wrong with it: it may come from anybody."""
    scenario = scenario_for("crowdsourced-lookahead", tmp_path)
    subject = find_subject(scenario, read_reference("crowdsourced-lookahead:reward=1/10,delta=9/10"))
    worst = audit(subject, steps=1).failed[0].worst
    assert worst is not None
    folder = tmp_path / "witness"
    write_witness(subject, worst, scenario, folder)
    assert replay_witness(folder)[1].gain == worst.gain
    account = json.loads((folder / "witness.json").read_text())
    (folder / "witness.json").write_text(json.dumps(account | change))
    with pytest.raises(ConfigurationError, match=r"witness\.json is missing or damaged"):
        replay_witness(folder)


def test_nothing_is_written_where_no_seed_shows_it(tmp_path: Path):
    """What costs nothing gains nothing: there is no witness, and no folder."""
    scenario = scenario_for("crowdsourced-lookahead-plus", tmp_path)
    subject = find_subject(scenario, read_reference("crowdsourced-lookahead-plus:delta=0"))
    failed = {verdict.what: verdict.worst for verdict in audit(subject, steps=1).failed}
    worst = failed[Property.STRICT]
    assert worst is not None
    assert worst.gain == 0
    assert write_witness(subject, worst, scenario, tmp_path / "witness") is None
    assert not (tmp_path / "witness").exists()


# --- Parts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    sorted(path for path in EXAMPLES.rglob("*.toml") if FORMAT in path.read_text()),
    ids=lambda path: path.relative_to(EXAMPLES).as_posix(),
)
def test_a_scenario_that_is_written_is_read_as_it_was(path: Path, tmp_path: Path):
    """Markets of every kind, priors and beliefs come back."""
    scenario = load_scenario(path)
    specification = scenario.specification
    is_types = isinstance(specification.market, TypeMarket)
    private = scenario.types(SeededChance(bytes(32), len(scenario.names))) if is_types else ()
    parts = ScenarioParts(
        title=scenario.title,
        seed=scenario.seed,
        mechanism=specification.mechanism,
        parameters=specification.parameters,
        market=specification.market,
        profile=[known.value for known in private] if is_types else scenario.signals(),
        held=[known.belief for known in private] if is_types else None,
        strategies={},
        remark=["A remark."],
    )
    for name, text in scenario_files(parts, "again.toml").items():
        (tmp_path / name).write_text(text)
    again = load_scenario(tmp_path / "again.toml")
    assert again.specification.market == specification.market
    assert again.specification.parameters == specification.parameters
    if is_types:
        assert again.types(SeededChance(bytes(32), len(scenario.names))) == private
        assert all(isinstance(known, PrivateKnowledge) for known in private)
    else:
        assert again.signals() == scenario.signals()


def test_luck_that_cannot_be_is_told_apart():
    """One label gives one result, and all picks of a label follow one order."""

    def drawn(result: int, options: int = 2) -> Draw:
        return Draw(label="m/coin", kind="uniform", options=options, result=result)

    def picked(result: int, *candidates: int) -> Draw:
        return Draw(label="m/pick", kind="pick", options=candidates, result=result)

    assert can_coincide((drawn(0),), (drawn(0),))
    assert not can_coincide((drawn(0),), (drawn(1),))
    assert can_coincide((drawn(0),), (drawn(1, 3),))
    assert can_coincide((picked(0, 0, 1), picked(1, 1, 2)), (picked(0, 0, 2),))
    assert not can_coincide((picked(0, 0, 1), picked(1, 1, 2)), (picked(2, 0, 2),))


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("vickry", "did you mean 'vickrey'"),
        (f"{FIRST_PRICE}:FIRST", "FIRST is not there; the file has FIRST_PRICE, BROKEN_CLOCK"),
        (f"{FIRST_PRICE}:promise_nothing", "promise_nothing is no Mechanism"),
        ("nowhere.py:ANY", "nowhere.py cannot be read"),
        ("vickrey:openings", "write NAME:KEY=VALUE"),
        ("vickrey:opening=private", "did you mean 'openings'"),
        ("signal-discovery", "runs on signals"),
    ],
)
def test_what_cannot_be_audited_is_refused_with_advice(reference: str, message: str):
    """One line: what is wrong, and what is near."""
    with pytest.raises(ConfigurationError, match=message):
        find_subject(loads(INDEPENDENT, Path()), read_reference(reference))


def test_a_file_that_fails_is_named_with_its_line(tmp_path: Path):
    """The author's own mistake, where it is."""
    (tmp_path / "bad.py").write_text("X = 1\nY = 1 / 0\n")
    with pytest.raises(ConfigurationError, match=r"raised ZeroDivisionError: division by zero \(bad.py:2\)"):
        find_subject(loads(INDEPENDENT, Path()), read_reference(f"{tmp_path / 'bad.py'}:M"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 1 / 0", r"raised ZeroDivisionError: division by zero \(strange.py:9\)"),
        ("return None", "ended with None: return an Outcome"),
        ("return Outcome(awards=(), payments=(), reason='')", "0 payments among 2 bidders"),
        ("return Outcome(awards=(lot(0), lot(1)), payments=(0, 0), reason='')", "there is not so much"),
        ("return Outcome(awards=(lot(2),), payments=(0, 0), reason='')", "name each of 0..1"),
    ],
)
def test_the_mistakes_of_a_stranger_are_told_as_its_own(body: str, message: str, tmp_path: Path):
    """What it raises, with its line, and what it returns that is no outcome of this market."""
    given = (EXAMPLES / "audit" / "first_price.py").read_text()
    helpers = given[given.index("def promise_nothing") :]
    (tmp_path / "strange.py").write_text(
        "from openoutcry.mechanisms.conversation import Award, Outcome\n"
        "from openoutcry.mechanisms.mechanism import Guarantee, Mechanism\n"
        "sell_at_first_price = raise_everybody_to_the_end = None\n\n\n"
        "def lot(bidder):\n    return Award(bidder=bidder, goods=(0,), price=0)\n\n"
        f"def converse(market, parameters, chance): {body}; yield\n\n\n"
        f"{helpers}\nSTRANGE = mechanism('strange', '', converse, 'types')\n"
    )
    subject = find_subject(loads(INDEPENDENT, tmp_path), read_reference(f"{tmp_path / 'strange.py'}:STRANGE"))
    with pytest.raises(ConfigurationError, match=message):
        audit(subject)


def test_a_subject_is_made_without_a_scenario(tmp_path: Path):
    """From Python: a market and a mechanism are enough."""
    market = scenario_for("vickrey", tmp_path).specification.market
    assert audit(make_subject(market, MECHANISMS["vickrey"], {})).broken == ()


def test_the_page_names_what_there_is():
    """Every property as the table shows it, every mechanism for study, and the files of a witness."""
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    named = [
        what.value.removesuffix("on average")
        .removesuffix("every coin")
        .removesuffix("over the prior")
        .strip(" ,")
        for what in Property
    ]
    for name in (
        *named,
        *STUDY_MECHANISMS,
        *(study.wrong for study in STUDY_MECHANISMS.values()),
        "scenario.toml",
        "truthful.toml",
        "deviation.json",
        "witness.json",
    ):
        assert name in page
