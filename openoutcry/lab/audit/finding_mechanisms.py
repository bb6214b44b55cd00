"""From the name on a command line to what is audited: registered, for study, or a `Mechanism` in a file.

A mechanism in a file is run by an audit and by nothing else: what a session may run is a closed list, so that whoever
checks a transcript knows all of it. Refuses names and files that give no mechanism, in one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

from openoutcry.errors import ConfigurationError
from openoutcry.lab.audit.claims import claims_of
from openoutcry.lab.audit.study import STUDY_MECHANISMS
from openoutcry.lab.audit.subject import Subject
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.mechanism import Mechanism
from openoutcry.mechanisms.parameters import suggest
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.mechanisms.specification import check_market_kind
from openoutcry.scenario.model import Scenario
from openoutcry.strategies.failure import describe_failure
from openoutcry.strategies.module_files import name_module, run_module

FILE_MARK = ".py:"

_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A mechanism as a person names it.

    Attributes:
        name: Of a registered or a study mechanism, or `path/to/file.py:NAME`.
        parameters: Raw.
    """

    name: str
    parameters: Mapping[str, object]


def read_reference(text: str) -> Reference:
    """Read `NAME`, `NAME:key=value,key=value` or `path/to/file.py:NAME:key=value`.

    Raises:
        ConfigurationError: A parameter has no value, or stands there twice.
    """
    start = text.find(FILE_MARK) + len(FILE_MARK) if FILE_MARK in text else 0
    name, separator, rest = text[start:].partition(":")
    parameters: dict[str, object] = {}
    for part in rest.split(",") if separator else []:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not value or key in parameters:
            raise ConfigurationError(
                f"--mechanism {text}: write NAME:KEY=VALUE,KEY=VALUE, each key once; {part!r} is none"
            )
        parameters[key] = int(value) if value.isdecimal() else _BOOLEANS.get(value, value)
    return Reference(name=(text[:start] + name).strip(), parameters=parameters)


def find_subject(
    scenario: Scenario, reference: Reference | None = None, *, directory: Path | None = None
) -> Subject:
    """Return what is to be audited.

    Args:
        scenario: Its market, and its mechanism unless another is named. Its own parameters hold for any mechanism that
            has parameters of the same names.
        reference: Another mechanism.
        directory: Where relative files of mechanisms start; the current directory by default.

    Raises:
        ConfigurationError: There is no such mechanism, or it cannot run on the market.
    """
    specification = scenario.specification
    chosen = reference or Reference(name=specification.mechanism, parameters=specification.parameters)
    mechanism = _find(chosen.name, directory or Path())
    known = {parameter.name for parameter in mechanism.parameters}
    own = {key: value for key, value in specification.parameters.items() if key in known}
    return make_subject(
        _market(scenario, mechanism),
        mechanism,
        {**own, **chosen.parameters},
        reference=chosen.name,
        prior=scenario.prior,
    )


def make_subject(
    market: Market | TypeMarket,
    mechanism: Mechanism,
    raw: Mapping[str, object],
    *,
    reference: str = "",
    prior: Distribution | None = None,
) -> Subject:
    """Return a mechanism on a market as what is to be audited.

    Args:
        market: With the prior exactly when the mechanism uses one.
        mechanism: Registered, for study, or anybody's.
        raw: Its parameters as a person writes them.
        reference: What names it on the command line; its own name by default.
        prior: Of everybody's types, to take averages over; the market's own by default.

    Raises:
        ConfigurationError: It cannot run on the market.
    """
    check_market_kind(mechanism, "types" if isinstance(market, TypeMarket) else "signals")
    parameters = mechanism.configure(raw)
    mechanism.check(market, parameters)
    is_registered = MECHANISMS.get(mechanism.name) is mechanism
    study = STUDY_MECHANISMS.get(mechanism.name)
    session_name, session_raw = "", None
    if study is not None and study.mechanism is mechanism:
        claims = study.claims(market, parameters)
        if study.stands_for:
            session_name, session_raw = study.stands_for, study.session_parameters(raw)
    else:
        study = None
        claims = claims_of(mechanism, market, parameters)
        if is_registered:
            session_name, session_raw = mechanism.name, raw
    return Subject(
        market=market,
        mechanism=mechanism,
        parameters=parameters,
        raw=dict(raw),
        reference=reference or mechanism.name,
        claims=claims,
        session_name=session_name,
        session_raw=None if session_raw is None else dict(session_raw),
        is_strange=not is_registered and study is None,
        prior=market.prior if prior is None and isinstance(market, TypeMarket) else prior,
    )


def _market(scenario: Scenario, mechanism: Mechanism) -> Market | TypeMarket:
    """Return the market as the mechanism wants it: with the prior exactly when it uses one."""
    market = scenario.specification.market
    if not isinstance(market, TypeMarket):
        return market
    prior: Distribution | None = scenario.prior if mechanism.uses_prior else None
    if mechanism.uses_prior and prior is None:
        raise ConfigurationError(f"{mechanism.name} needs the seller's prior: add [prior] to the scenario")
    return market if market.prior == prior else replace(market, prior=prior)


def _find(name: str, directory: Path) -> Mechanism:
    if FILE_MARK in name:
        return _load(name, directory)
    if name in MECHANISMS:
        return MECHANISMS[name]
    if name in STUDY_MECHANISMS:
        return STUDY_MECHANISMS[name].mechanism
    known = (*MECHANISMS, *STUDY_MECHANISMS)
    raise ConfigurationError(
        f"unknown mechanism {name!r:.80}{suggest(name, known)}; `auctioneer mechanisms` lists those of sessions, for "
        f"study there are {', '.join(STUDY_MECHANISMS)}, and yours is path/to/file.py:NAME"
    )


def _load(reference: str, directory: Path) -> Mechanism:
    end = reference.index(FILE_MARK) + len(FILE_MARK) - 1
    path, attribute = directory / reference[:end], reference[end + 1 :]
    module = _run(path, reference)
    found = getattr(module, attribute, None)
    if isinstance(found, Mechanism):
        return found
    offered = [name for name, value in vars(module).items() if isinstance(value, Mechanism)]
    what = "is no Mechanism" if found is not None else "is not there"
    advice = f"the file has {', '.join(offered)}" if offered else "the file has none"
    raise ConfigurationError(f"mechanism {reference!r}: {attribute or 'its name'} {what}; {advice}")


def _run(path: Path, reference: str) -> ModuleType:
    """Run a file as a module of its own; the same text at the same place is run once in a process."""
    try:
        name = name_module(path, "mechanism")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(f"mechanism {reference!r}: {path} cannot be read: {reason}") from error
    try:
        return run_module(path, name)
    except (Exception, SystemExit) as error:
        raised = describe_failure(error, home=str(path))
        raise ConfigurationError(f"mechanism {reference!r}: {path.name} raised {raised}") from error
