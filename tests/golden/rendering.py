"""The golden sessions: how each is made, and how a recorded one is told as text.

`python -m tests.golden.rendering` in the checkout's root writes all of them anew. Look at every difference before
keeping it: a transcript that somebody has kept must go on verifying with every later release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from openoutcry.mechanisms import MECHANISMS, Draw
from openoutcry.mechanisms.crowd.distributions import Distribution
from openoutcry.protocol.messages import OutcomeDeclared
from openoutcry.protocol.transcript import Transcript, decode_transcript, encode_transcript
from openoutcry.session.narration import Moment, tell
from openoutcry.session.report import verification_lines
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation import simulate_session
from tests.simulation.crowd_stage import (
    correlated,
    independent,
    knowledge,
    make_type_market,
    make_type_specification,
    telling,
)
from tests.simulation.forging import Rewriter, read
from tests.simulation.markets import make_counted_specification, make_specification
from tests.simulation.stage import CODEC, Stage

FOLDER = Path(__file__).parent
SIGNALS = (2, 1, 0, 2, 1)
# Seeds with which these mechanisms sell the lot; others may do with any.
LUCK = {("signal-discovery", "clock"): 16, ("signal-discovery", "sealed"): 1}
STRATEGIES = ("truthful", "truthful", "silent", "shade:levels=1", "truthful")
# A golden beside those of each mechanism and form.
COUNTED = "threshold-lottery-counts"
PROFILE = (2, 1, 0, 1)
TYPE_STRATEGIES = ("truthful", "overconfident", "withhold-opening", "truthful")


def make_session(mechanism: str, form: str) -> Transcript:
    """Return a session of five bidders, one of which is silent and one hides a level of its signal."""
    specification = make_specification(5, levels=3, mechanism=mechanism, parameters={"form": form})
    luck = f"{mechanism} {form} {LUCK.get((mechanism, form), 0)}"
    session = simulate_session(
        specification, SIGNALS, seed=f"golden {luck}", codec=CODEC, strategies=STRATEGIES
    )
    return session.transcript


def make_counted_session() -> Transcript:
    """Return a lottery by colours of a hash among the same bidders, with values that depend on counts."""
    session = simulate_session(
        make_counted_specification(5, parameters={"pricing": "revenue"}),
        SIGNALS,
        seed="golden counts 10",
        codec=CODEC,
        strategies=STRATEGIES,
    )
    return session.transcript


def make_tampered() -> Transcript:
    """Return a session whose auctioneer declares a higher price, and signs everything about it with its own keys."""
    stage = Stage(make_specification(mechanism="uniform-clock", parameters={"form": "sealed"}))
    stage.begin_play()
    stage.finish({"ada": 1, "ben": 2, "cyd": 0, "dan": 2})
    rewriter = Rewriter(stage)
    for data in stage.entries:
        _, body = read(data)
        rewriter.write(data, _dearer(body) if isinstance(body, OutcomeDeclared) else None)
    return rewriter.transcript()


def make_type_session(mechanism: str) -> Transcript:
    """Return a session of four bidders with types, of which one lies and one withholds what it committed to."""
    prior = _prior(mechanism)
    market = make_type_market(4, prior=prior if MECHANISMS[mechanism].uses_prior else None)
    session = simulate_session(
        make_type_specification(mechanism, market=market),
        knowledge(prior, PROFILE),
        seed=f"golden {mechanism}",
        codec=CODEC,
        strategies=TYPE_STRATEGIES,
    )
    return session.transcript


def _prior(mechanism: str) -> Distribution:
    if mechanism == "myerson":
        return independent(4)
    if mechanism == "cremer-mclean":
        return telling(4)
    return correlated(4)


def _dearer(outcome: OutcomeDeclared) -> OutcomeDeclared:
    (award,) = outcome.awards
    return replace(outcome, awards=(replace(award, price=award.price + 1),))


def forms_of(mechanism: str) -> tuple[str, ...]:
    """Return the forms in which a mechanism over signals can be run."""
    (form,) = (parameter for parameter in MECHANISMS[mechanism].parameters if parameter.name == "form")
    return tuple(form.choices)


SIGNAL_MECHANISMS = [name for name, mechanism in MECHANISMS.items() if mechanism.market == "signals"]
TYPE_MECHANISMS = [name for name, mechanism in MECHANISMS.items() if mechanism.market == "types"]

# Sealing a private opening takes fresh randomness, so these sessions come to the same, but not byte for byte.
SEALED = ("crowdsourced-lookahead",)

GOLDENS: dict[str, Callable[[], Transcript]] = (
    {
        f"{mechanism}-{form}": partial(make_session, mechanism, form)
        for mechanism in SIGNAL_MECHANISMS
        for form in forms_of(mechanism)
    }
    | {mechanism: partial(make_type_session, mechanism) for mechanism in TYPE_MECHANISMS}
    | {COUNTED: make_counted_session, "tampered": make_tampered}
)


def render(data: bytes) -> str:
    """Return the file of a transcript as text: what a verifier says, then what happened if it is valid."""
    transcript = decode_transcript(data)
    verification = verify_transcript(transcript, codec=CODEC)
    lines = verification_lines(verification)
    if verification.is_valid:
        lines += ["", *(line for moment in tell(transcript, CODEC)[1] for line in render_moment(moment))]
    return "\n".join(lines) + "\n"


def render_moment(moment: Moment) -> Iterator[str]:
    """Return the lines of one moment."""
    yield from (f"           drew {render_draw(draw)}" for draw in moment.draws)
    place = "   " if moment.index is None else f"{moment.index:3d}"
    yield f"{place} {moment.phase:<6} {moment.text}"
    yield from (f"           {name} = {value}" for name, value in moment.state.items())


def render_draw(draw: Draw) -> str:
    """Return one draw in one line."""
    return f"{draw.label}: {draw.result} of {draw.options}"


def main() -> None:
    """Write every golden session and its text."""
    for name, make in GOLDENS.items():
        data = encode_transcript(make())
        (FOLDER / f"{name}.zip").write_bytes(data)
        (FOLDER / f"{name}.txt").write_text(render(data), encoding="utf-8")


if __name__ == "__main__":
    main()
