"""A witness: files in which a finding can be seen to happen, by whoever does not believe a table.

A folder holds two scenarios with the same public part and the same truths: in `scenario.toml` one bidder plays the
answers of `deviation.json`, in `truthful.toml` everybody is truthful. Where the gain hangs on the coins, seeds are
tried until one shows it. Nothing is reported that was not played in process first, with the strategies that a session
runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from os.path import relpath
from pathlib import Path
from typing import Any, cast

from openoutcry.errors import ConfigurationError, ScenarioError, UsageError
from openoutcry.lab.audit.finding_mechanisms import FILE_MARK, Reference, find_subject
from openoutcry.lab.audit.properties import Finding, Property, Step
from openoutcry.lab.audit.scenario_files import ScenarioParts, scenario_files
from openoutcry.lab.audit.subject import Subject
from openoutcry.lab.audit.wording import describe
from openoutcry.mechanisms.chance import Draw, RecordingChance
from openoutcry.mechanisms.conversation import Climb, Climbed, Outcome, Reported, ReportedType
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.mechanisms.specification import TITLE_LIMIT, Specification
from openoutcry.protocol.draws import SeededChance
from openoutcry.scenario import Scenario, load_scenario
from openoutcry.simulation.seeds import read_seed
from openoutcry.simulation.table import Private, Table
from openoutcry.strategies import Belief, PrivateKnowledge
from openoutcry.strategies.private_input import encode_belief
from openoutcry.strategies.valuations import readable, value_of

SEEDS = 500
"""Seeds that are tried to find one that shows the gain."""

SCENARIO = "scenario.toml"
TRUTHFUL = "truthful.toml"
DEVIATION = "deviation.json"
WITNESS = "witness.json"
FORMAT = "openoutcry-witness/1"

CoinOf = Callable[[Specification, str], bytes]
"""Gives the 32 bytes from which all draws of a run follow, for a specification and the text of its seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a witness shows when it is played.

    Attributes:
        gain: By how much the deviation gains over the truth, or the truth or the seller loses, in minor units.
        truthful: Length n: utilities when everybody is truthful.
        deviating: Length n: utilities when the deviation is played.
        draws: Every random choice of the deviating play.
    """

    gain: Fraction
    truthful: tuple[Fraction, ...]
    deviating: tuple[Fraction, ...]
    draws: tuple[Draw, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Files that show a finding.

    Attributes:
        folder: Where they are.
        seed: The run's.
        shown: What in-process play with this seed shows.
        can_run: Whether a session can run it, so that a run among processes shows the same.
    """

    folder: Path
    seed: str
    shown: Shown
    can_run: bool


def can_be_shown(finding: Finding) -> bool:
    """Return whether one run can show a finding: obviousness compares two, and what costs nothing shows nothing."""
    return finding.what is not Property.OBVIOUS and finding.gain > 0


def check_folder(folder: Path) -> None:
    """Refuse a folder that is there and not empty.

    Raises:
        ConfigurationError: Saying so.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is there already, and not empty: choose another folder for the witness"
        )


def write_witness(
    subject: Subject, finding: Finding, scenario: Scenario, folder: Path, *, coins: Sequence[CoinOf] = ()
) -> Witness | None:
    """Write a witness, once a seed is found that shows it.

    Args:
        subject: What was audited.
        finding: What is to be seen.
        scenario: That was audited: of its title, and for the mechanism of its files where no session can run the
            subject's own.
        folder: Empty, or not there yet.
        coins: How runs elsewhere make coins of seeds, where the gain must be seen too. Not looked at where no session
            can run the mechanism.

    Returns:
        The witness; None when no seed was found that shows it, and then nothing is written.

    Raises:
        ConfigurationError: The folder cannot be written.
    """
    if not can_be_shown(finding):
        return None
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            witness = _write(subject, finding, scenario, folder, coins if subject.can_run else ())
        except ScenarioError:
            # The published prior holds these truths impossible, so no scenario can have them.
            witness = None
        if witness is None:
            _clear(folder)
    except OSError as error:
        raise ConfigurationError(f"{folder}: cannot be written: {error.strerror}") from error
    return witness


def replay_witness(folder: Path) -> tuple[Subject, Shown, Mapping[str, object]]:
    """Play a witness again, in process.

    Args:
        folder: As `write_witness` left it.

    Returns:
        The mechanism, what is seen, and what the witness says that would be seen.

    Raises:
        ConfigurationError: It is no witness.
    """
    told = _read_account(folder)
    reference = Reference(name=told["mechanism"], parameters=told["parameters"])
    what, bidder = Property[told["property"]], told["bidder"]
    scenario = load_scenario(folder / SCENARIO)
    subject = find_subject(scenario, reference, directory=folder)
    if (bidder is None) is not (what is Property.FUNDED) or bidder not in (None, *subject.names):
        raise _damaged(folder)
    place = None if bidder is None else subject.names.index(bidder)
    return subject, _show(subject, what, place, _Pair.read(folder), read_seed(scenario.seed)), told


def _read_account(folder: Path) -> Mapping[str, Any]:
    """Return what is written of a witness, after it was checked to be that."""
    try:
        told = json.loads((folder / WITNESS).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(folder) from error
    kinds = {"mechanism": str, "parameters": dict, "property": str, "finding": str, "gain_shown": str}
    if (
        not isinstance(told, dict)
        or told.get("format") != FORMAT
        or not all(isinstance(told.get(key), kind) for key, kind in kinds.items())
        or told["property"] not in Property.__members__
        or not isinstance(told.get("bidder"), str | None)
    ):
        raise _damaged(folder)
    return told


def _damaged(folder: Path) -> ConfigurationError:
    return ConfigurationError(f"{folder} holds no witness of an audit: {WITNESS} is missing or damaged")


# --- Writing ----------------------------------------------------------------------------------------------


def _write(
    subject: Subject, finding: Finding, scenario: Scenario, folder: Path, coins: Sequence[CoinOf]
) -> Witness | None:
    if finding.steps:
        answers = [item for step in finding.steps for item in script(subject, step)]
        (folder / DEVIATION).write_text(json.dumps(answers, ensure_ascii=False) + "\n")
    _write_scenarios(subject, finding, scenario, folder, scenario.seed)
    pair = _Pair.read(folder)
    specification = pair.deviating.specification

    def least(seed: str) -> Fraction:
        made = [read_seed(seed), *(coin_of(specification, seed) for coin_of in coins)]
        return min(_show(subject, finding.what, finding.bidder, pair, coin).gain for coin in made)

    best: tuple[Fraction, str] = Fraction(0), ""
    for number in range(SEEDS):
        seed = f"witness {number}" if number else scenario.seed
        gain = least(seed)
        if gain > best[0]:
            best = gain, seed
        if gain >= finding.gain:
            break
    if not best[0]:
        return None
    _write_scenarios(subject, finding, scenario, folder, best[1])
    shown = _show(subject, finding.what, finding.bidder, pair, read_seed(best[1]))
    _write_account(subject, finding, folder, best[1], shown)
    return Witness(folder=folder, seed=best[1], shown=shown, can_run=subject.can_run)


def script(subject: Subject, step: Step) -> list[object]:
    """Return an answer as items of a scripted strategy."""
    match step.answer:
        case Climbed(level=level, exited=exited):
            assert isinstance(step.question, Climb)
            return [*["stay"] * (level - step.clock), *(["exit"] if exited else [])]
        case Reported(value=value):
            return [value]
        case ReportedType(report=None):
            return [None]
        case ReportedType(report=report):
            market = subject.market
            assert isinstance(market, TypeMarket)
            assert report is not None
            item: dict[str, object] = {}
            if report.value is not None:
                bidder = step.question.bidder
                item["value"] = readable(market, value_of(market, bidder, report.value))
            if report.belief is not None:
                item["belief"] = encode_belief(Belief(market, report.belief))
            return [item]


def _write_scenarios(subject: Subject, finding: Finding, scenario: Scenario, folder: Path, seed: str) -> None:
    own = scenario.specification
    name, raw = own.mechanism, own.parameters
    if subject.session_raw is not None:
        name, raw = subject.session_name, subject.session_raw
    market = subject.market
    if isinstance(market, TypeMarket):
        market = replace(market, prior=scenario.prior if find_mechanism(name).uses_prior else None)
    what = describe(subject, finding)
    aside = (
        ["Run it among processes: auctioneer run scenario.toml, and auctioneer run truthful.toml."]
        if subject.can_run
        else [f"No session can run {subject.reference}: the mechanism named below stands in for it."]
    )
    script_name = {finding.bidder: f"scripted:file={DEVIATION}"} if finding.bidder is not None else {}
    strategies = cast(Mapping[int, str], script_name if finding.steps else {})
    for file, taken, remark in (
        (SCENARIO, strategies, f"A witness against {subject.reference}: {what}."),
        (TRUTHFUL, {}, "The same with everybody truthful."),
    ):
        parts = ScenarioParts(
            title=f"{scenario.title}: a witness"[:TITLE_LIMIT].strip(),
            seed=seed,
            mechanism=name,
            parameters=raw,
            market=market,
            profile=finding.profile,
            held=finding.held,
            strategies=taken,
            remark=[remark, *aside, "In process: auctioneer audit on this folder."],
        )
        for path, text in scenario_files(parts, file).items():
            (folder / path).write_text(text)


def _write_account(subject: Subject, finding: Finding, folder: Path, seed: str, shown: Shown) -> None:
    reference = subject.reference
    if FILE_MARK in reference:
        end = reference.index(FILE_MARK) + len(FILE_MARK) - 1
        reference = relpath(reference[:end], folder) + reference[end:]
    names = subject.names
    content = {
        "format": FORMAT,
        "mechanism": reference,
        "parameters": dict(subject.raw),
        "property": finding.what.name,
        "finding": describe(subject, finding),
        "bidder": None if finding.bidder is None else names[finding.bidder],
        "gain_found": str(finding.gain),
        "seed": seed,
        "gain_shown": str(shown.gain),
        "utilities_truthful": dict(zip(names, map(str, shown.truthful), strict=True)),
        "utilities_deviating": dict(zip(names, map(str, shown.deviating), strict=True)),
        "draws": [{"label": draw.label, "result": draw.result} for draw in shown.draws],
    }
    (folder / WITNESS).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def _clear(folder: Path) -> None:
    """Delete what was written in vain."""
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


# --- Playing ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The two scenarios of a witness."""

    truthful: Scenario
    deviating: Scenario

    @staticmethod
    def read(folder: Path) -> _Pair:
        """Read them."""
        return _Pair(truthful=load_scenario(folder / TRUTHFUL), deviating=load_scenario(folder / SCENARIO))


def _show(subject: Subject, what: Property, bidder: int | None, pair: _Pair, coin: bytes) -> Shown:
    """Play a witness twice under the same coin, and compare."""
    honest, _, has_failed = _play(subject, pair.truthful, coin)
    lying, draws, misfits = _play(subject, pair.deviating, coin)
    profile = tuple(_truths(pair.truthful))
    truthful = tuple(subject.utility(each, profile, honest) for each in range(len(profile)))
    deviating = tuple(subject.utility(each, profile, lying) for each in range(len(profile)))
    if what is Property.FUNDED:
        gain = -sum(honest.payments, Fraction(0)) - subject.claims.most_paid_out
    elif bidder is None:
        raise UsageError("only the seller's loss is nobody's gain")
    elif what in (Property.SAFE, Property.SAFE_ON_AVERAGE, Property.SAFE_INTERIM):
        gain = -truthful[bidder]
    else:
        gain = deviating[bidder] - truthful[bidder]
    if has_failed or misfits:
        # With these coins other questions came than the script answers: what follows from that is no deviation.
        gain = Fraction(0)
    return Shown(gain=gain, truthful=truthful, deviating=deviating, draws=draws)


def _play(subject: Subject, scenario: Scenario, coin: bytes) -> tuple[Outcome, tuple[Draw, ...], bool]:
    """Return the outcome, the draws, and whether a strategy failed."""
    table = Table(
        market=subject.market,
        mechanism=subject.session_name,
        private=_private(scenario),
        strategies=[factory.make() for factory in scenario.load_strategies()],
        bidder_seed=coin,
    )
    chance = RecordingChance(SeededChance(coin, len(subject.names)))
    table.start()
    outcome = table.hold(subject.converse(chance))
    return outcome, tuple(chance.draws), bool(table.defaults)


def _private(scenario: Scenario) -> Sequence[Private]:
    if isinstance(scenario.specification.market, TypeMarket):
        return scenario.types(SeededChance(bytes(32), len(scenario.names)))
    return scenario.signals()


def _truths(scenario: Scenario) -> Sequence[int]:
    private = _private(scenario)
    return [known.value if isinstance(known, PrivateKnowledge) else known for known in private]
