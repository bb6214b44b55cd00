"""The small parts of the agent: patience, identity, narration, proofs, the person at the terminal."""

from __future__ import annotations

import io
import subprocess
import sys
from base64 import b64decode, b64encode
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bidder_agent.backoff import Backoff, BackoffSettings
from bidder_agent.identity import fresh_identity, identity_from_seed, make_key, read_key
from bidder_agent.joining import read_session_id, receipts_name
from bidder_agent.narration import describe_outcome, describe_question, show_money
from bidder_agent.proofs import encode_tlog_proof, prove_entries
from bidder_agent.strategies import register_all
from bidder_agent.strategies.human import Human, LineReader, describe_raise, describe_report
from openoutcry.errors import ConfigurationError, StrategyError
from openoutcry.mechanisms.conversation import Award
from openoutcry.mechanisms.families import Linear
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.protocol.checkpoints import Checkpoint, decode_checkpoint, sign_checkpoint
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.merkle import MerkleTree, leaf_hash, verify_inclusion
from openoutcry.protocol.messages import OutcomeDeclared, ReportKind
from openoutcry.protocol.notes import parse_note
from openoutcry.protocol.transcript import Transcript
from openoutcry.session.bidder_values import LevelAsked, SignalAsked
from openoutcry.simulation import play
from openoutcry.strategies import Exit, NoAnswer, RaiseView, ReportView, Seat, Stay, load_strategy
from openoutcry.strategies.api import FunctionStrategy

MARKET = Market(
    lot="Tract 7",
    currency="USD",
    minor_units=2,
    signal_levels=4,
    groups=("geology",),
    bidders=tuple(
        Bidder(name=name, group=0, valuation=Linear(constant=100, weights=(50,))) for name in ("ada", "bob")
    ),
)
SHAPE = ReportShape(kind=ReportKind.SIGNAL, subjects=(), type_counts=(), own_type_count=4, weight_bits=0)
SEAT = Seat(market=MARKET, bidder=0, signal=2, rng=Random(0))


def test_delays_grow_and_patience_ends() -> None:
    """Delays stay below growing bounds; when the total time is over there is none; success begins anew."""
    now = 0.0
    settings = BackoffSettings(first_s=1.0, longest_s=4.0, patience_s=10.0)
    backoff = Backoff(settings, time_source=lambda: now, random=Random(1))
    delays = [backoff.fail() for _ in range(5)]
    bounds = (1.0, 2.0, 4.0, 4.0, 4.0)
    assert [
        delay for delay, bound in zip(delays, bounds, strict=True) if delay is None or delay > bound
    ] == []
    now = 10.0
    assert backoff.fail() is None
    backoff.succeed()
    assert backoff.fail() is not None


def test_jitter_is_full() -> None:
    """Delays spread over the whole bound, so that agents do not come back together."""
    settings = BackoffSettings(first_s=1.0)
    delays = [Backoff(settings, time_source=lambda: 0.0, random=Random(seed)).fail() for seed in range(100)]
    assert min(delay or 0 for delay in delays) < 0.1
    assert max(delay or 0 for delay in delays) > 0.9


def test_seed_gives_the_same_identity_and_names_differ() -> None:
    """A local run can be repeated; no two bidders of it share a secret."""
    one, again, other = (identity_from_seed("s", name) for name in ("ada", "ada", "bob"))
    assert (one.key.public_key, one.entropy) == (again.key.public_key, again.entropy)
    assert one.make_random().random() == again.make_random().random()
    assert other.key.public_key != one.key.public_key
    assert other.entropy != one.entropy
    assert one.entropy.hex() not in repr(one)


def test_a_strategy_draws_the_same_in_an_agent_as_in_simulation() -> None:
    """One seed, one bidder, one generator, wherever its strategy plays."""
    drawn: list[float] = []

    def drawing(view: Any) -> int:
        drawn.append(view.rng.random())
        return 0

    play(
        MARKET,
        (1, 1),
        seed="s",
        strategies={"ada": FunctionStrategy(drawing)},
        mechanism="uniform-clock",
        parameters={"form": "sealed"},
    )
    assert drawn[0] == identity_from_seed("s", "ada").make_random().random()


def test_fresh_identities_share_nothing(tmp_path: Path) -> None:
    """Without a seed secrets are new, unless an earlier process kept them."""
    key = make_key(tmp_path / "keys" / "ada.pem")
    assert read_key(tmp_path / "keys" / "ada.pem").public_key == key.public_key
    assert fresh_identity("ada", key).entropy != fresh_identity("ada", key).entropy
    assert fresh_identity("ada", key, entropy=b"e" * 32).entropy == b"e" * 32
    with pytest.raises(ConfigurationError, match="exists already"):
        make_key(tmp_path / "keys" / "ada.pem")


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "0.00 USD"), (1250, "12.50 USD"), (7, "0.07 USD"), (-5, "-0.05 USD"), (Fraction(1, 3), "1/300 USD")],
)
def test_money_is_shown_exactly(amount: int | Fraction, shown: str) -> None:
    """Minor units become decimals, and what is no whole number of them stays a fraction."""
    assert show_money(amount, MARKET) == shown


def test_questions_and_outcomes_read_like_sentences() -> None:
    """Each kind of question and outcome has a line of its own."""
    raised = LevelAsked(question=b"", wave=3, level=1)
    offered = LevelAsked(question=b"", wave=4, level=1, price=250, target=2)
    bought = LevelAsked(question=b"", wave=4, level=2, price=250, target=2)
    lines = [
        describe_question(asked, MARKET)
        for asked in (raised, offered, bought, SignalAsked(question=b"", wave=0, shape=SHAPE))
    ]
    assert lines == [
        "wave 3: level 1?",
        "wave 4: level 1, on the way to buying the lot at 2 for 2.50 USD?",
        "wave 4: level 2, which buys the lot for 2.50 USD?",
        "wave 0: your signal?",
    ]
    sold = OutcomeDeclared(
        awards=(Award(bidder=1, goods=(0,), price=Fraction(250)),),
        payments=(Fraction(0), Fraction(250)),
        reason="why",
    )
    assert describe_outcome(sold, ("ada", "bob"), "ada", MARKET) == "bob wins at 2.50 USD: why"
    assert describe_outcome(sold, ("ada", "bob"), "bob", MARKET) == "you win at 2.50 USD: why"
    unsold = OutcomeDeclared(awards=(), payments=(Fraction(0),) * 2, reason="why")
    assert describe_outcome(unsold, ("ada", "bob"), "ada", MARKET) == "unsold: why"


@pytest.mark.parametrize("size", [1, 2, 7])
def test_exported_proofs_hold(size: int) -> None:
    """A proof has the published form, and whoever reads it can check it against the checkpoint in it."""
    entries = tuple(bytes([number]) * 3 for number in range(size))
    tree = MerkleTree()
    for entry in entries:
        tree.append(entry)
    checkpoint = sign_checkpoint(
        Checkpoint(origin="log", size=size, root=tree.root()), SigningKey.from_seed(b"c" * 32)
    )
    transcript = Transcript(entries=entries, checkpoint=checkpoint, specification=b"", manifest={})
    proofs = list(prove_entries(transcript, [*entries, b"not there"]))
    assert [(proof.index, proof.entry) for proof in proofs] == list(enumerate(entries))
    for proof in proofs:
        first, index, *rest = proof.proof.decode().split("\n")
        hashes, note = rest[: rest.index("")], "\n".join(rest[rest.index("") + 1 :]).encode()
        assert (first, index, note) == ("c2sp.org/tlog-proof@v1", f"index {proof.index}", checkpoint)
        head = decode_checkpoint(parse_note(note).text)
        verify_inclusion(
            index=proof.index,
            size=head.size,
            leaf=leaf_hash(proof.entry),
            proof=[b64decode(line) for line in hashes],
            root=head.root,
        )


def test_proof_has_the_published_form() -> None:
    """Magic, index, hashes, an empty line, and the note as it stands."""
    digest = b"h" * 32
    expected = f"c2sp.org/tlog-proof@v1\nindex 5\n{b64encode(digest).decode()}\n\nnote\n".encode()
    assert encode_tlog_proof(index=5, inclusion=[digest], checkpoint=b"note\n") == expected


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("stay\n", Stay), ("E\n", Exit), ("what?\nyes\n", Stay), ("", NoAnswer), ("\nn\n", Exit)],
)
async def test_person_answers_a_raise(typed: str, answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words and letters are answers, anything else is asked again, and the end of input is silence."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    view = RaiseView(seat=SEAT, level=1, clock=0, price=None, wave=0)
    assert await Human().on_raise(view) is answer


@pytest.mark.parametrize(("typed", "answer"), [("\n", 2), ("0\n", 0), ("9\n3\n", 3), ("x", NoAnswer)])
async def test_person_answers_a_report(typed: str, answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number in range is reported, Enter reports the truth."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert await Human().report_signal(ReportView(seat=SEAT, wave=0)) == answer


async def test_lines_are_read_one_at_a_time() -> None:
    """Lines that nobody asked for yet stay in the pipe."""
    pipe = io.StringIO("one\ntwo\nthree\n")
    reader = LineReader(pipe)
    assert [await reader.read(), await reader.read()] == ["one\n", "two\n"]
    assert pipe.read() == "three\n"


def test_person_sees_what_is_needed() -> None:
    """A question shows clock, signal, what the lot may be worth, and the price when there is one."""
    text = describe_raise(RaiseView(seat=SEAT, level=1, clock=0, price=220, wave=0, target=2))
    for part in (
        "ada (geology)",
        "clock stands at 0",
        "signal is 2",
        "2.00 USD to 3.50 USD",
        "level 2",
        "2.20 USD",
    ):
        assert part in text
    assert "0..3" in describe_report(ReportView(seat=SEAT, wave=0))


@pytest.mark.parametrize("text", ["crash:after=0", "slow:seconds=-1", "slow:seconds=x", "human:x=1"])
def test_wrong_options_are_refused(text: str) -> None:
    """Strategies that act in the world refuse options that they cannot have."""
    register_all()
    with pytest.raises(StrategyError):
        load_strategy(text).make()


@pytest.mark.parametrize("text", ["", "latest ", "ab", "zz" * 32])
def test_session_ids_are_checked(text: str) -> None:
    """What is no session id is refused in one line."""
    with pytest.raises(ConfigurationError, match="no session id"):
        read_session_id(text)


def test_receipts_are_named_without_surprises() -> None:
    """A bidder's name cannot lead out of the directory."""
    assert receipts_name(b"\xab" * 32, "../a b") == "abababab-.._a_b"


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import bidder_agent", "numpy click rich grpc"),
        ("from bidder_agent import join", "numpy click rich jsonschema"),
    ],
)
def test_import_is_light(statement: str, heavy: str) -> None:
    """A strategy's file loads nothing that talks to an auctioneer, and an agent no command line and no numpy."""
    code = f"{statement}; import sys; print([name for name in {heavy.split()!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert shown == "[]\n"
