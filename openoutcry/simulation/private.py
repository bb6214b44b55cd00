"""What the bidders of a scenario privately know in one local run: as the scenario gives it, or drawn from its prior.

In-process play and local runs among processes draw types here, so one scenario and one seed give the same types in
both. Types have luck of their own: it tells nothing of what the mechanism will draw. What no bidder could report is
refused here, before anybody is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from openoutcry.errors import ScenarioError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.mechanism import Mechanism
from openoutcry.mechanisms.registry import find_mechanism
from openoutcry.protocol.draws import SeededChance, keyed_hash
from openoutcry.protocol.framing import lp
from openoutcry.protocol.reportable import why_prior_unreportable, why_unreportable
from openoutcry.scenario.model import Scenario
from openoutcry.simulation.seeds import Seed, read_seed
from openoutcry.simulation.table import Private
from openoutcry.strategies import PrivateKnowledge


def draw_private(scenario: Scenario, seed: Seed) -> tuple[Private, ...]:
    """Return what every bidder privately knows, in roster order.

    Args:
        scenario: Of signals, or of types.
        seed: Of the local run; looked at only when types are drawn.

    Raises:
        ScenarioError: A signal or a value is missing, and there is no prior to draw it from; or what a bidder believes
            is too large or too fine to be reported.
    """
    specification = scenario.specification
    if not isinstance(specification.market, TypeMarket):
        return scenario.signals()
    mechanism = find_mechanism(specification.mechanism)
    parameters = mechanism.configure(specification.parameters)
    check_prior_reportable(scenario, specification.market, mechanism, parameters)
    key = keyed_hash(read_seed(seed), lp(b"openoutcry.simulation.types.v1"))
    private = scenario.types(SeededChance(key, len(scenario.names)))
    _check_reportable(scenario, specification.market, mechanism, parameters, private)
    return private


def check_prior_reportable(
    scenario: Scenario, market: TypeMarket, mechanism: Mechanism, parameters: object
) -> None:
    """Refuse a prior of which follows what some bidder could not report, whatever types are drawn.

    Args:
        scenario: Whose prior it is; bidders of whom it says what they know beside it are left out.
        market: As the mechanism sees it.
        mechanism: That asks for the reports.
        parameters: As its `configure` made them.

    Raises:
        ScenarioError: Saying what is too large, the limit, and what to do.
    """
    if scenario.prior is None:
        return
    told = (
        scenario.knowledge,
        {n: p for n, p in scenario.private.items() if isinstance(p, PrivateKnowledge)},
    )
    others = [
        bidder for bidder, name in enumerate(scenario.names) if not any(name in known for known in told)
    ]
    reason = why_prior_unreportable(market, mechanism, parameters, scenario.prior, others)
    if reason is not None:
        raise ScenarioError(file=scenario.file, key="prior", reason=reason)


def _check_reportable(
    scenario: Scenario,
    market: TypeMarket,
    mechanism: Mechanism,
    parameters: object,
    private: Sequence[PrivateKnowledge],
) -> None:
    for bidder, (name, known) in enumerate(zip(scenario.names, private, strict=True)):
        reason = why_unreportable(market, mechanism, parameters, bidder, known.value, known.belief)
        if reason is not None:
            is_given = isinstance(scenario.private.get(name), PrivateKnowledge)
            key = f"bidder[{bidder}].private.belief" if is_given else "prior"
            raise ScenarioError(file=scenario.file, key=key, reason=reason)
