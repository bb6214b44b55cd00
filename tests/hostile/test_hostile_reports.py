"""Bytes that are made to hurt whoever reads reports, disclosures and evidence: refused, quickly, in little memory."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import PeerError, TranscriptError
from openoutcry.protocol import limits
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.commitments import report_commitment, seed_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import seal
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.merkle import leaf_hash
from openoutcry.protocol.messages import (
    PAYLOAD_TYPES,
    AskReport,
    Body,
    Enrol,
    Header,
    ReportCommit,
    ReportKind,
    ReportOpening,
    Role,
    RosterClosed,
    RosterMember,
    SeedOpening,
)
from openoutcry.protocol.opening import (
    OpeningKey,
    join_opening,
    opening_info,
    pack_opening,
    seal_opening,
    split_opening,
    unpack_opening,
)
from openoutcry.session.disclosure import DISCLOSURE_FORMAT, decode_disclosure
from openoutcry.session.evidence import EVIDENCE_FORMAT, decode_evidence, encode_evidence, gather, judge
from openoutcry.session.evidence_case import Evidence
from openoutcry.session.reports import report_type
from openoutcry.session.values import Phase
from openoutcry.wire.beliefs import decode_joint, decode_product
from tests.simulation.crowd_stage import (
    begin,
    correlated,
    go_on,
    independent,
    knowledge,
    make_type_market,
    make_type_specification,
)
from tests.simulation.markets import make_specification
from tests.simulation.stage import CODEC, READER, Stage, key_of

L_PLUS = "crowdsourced-lookahead-plus"
PROFILE = (2, 1, 0)
SECONDS = 1.0
"""Of the processor. What takes a tenth of it on a machine at rest may take longer on one that is shared."""
MEGABYTES = 160


def shape(subjects: int, types: int) -> ReportShape:
    """Return the shape of a belief about so many bidders with so many types each."""
    return ReportShape(
        kind=ReportKind.BELIEF,
        subjects=tuple(range(subjects)),
        type_counts=(types,) * subjects,
        own_type_count=2,
        weight_bits=limits.BELIEF_WEIGHT_BITS,
    )


def numbers_of(length: int) -> bytes:
    """Return the largest report full of numbers that take so many bytes each."""
    number = b"\xff" * (length - 1) + b"\x01"
    count = limits.REPORT_BYTES // length // 2 * 2
    return number * count


SHAPES = {"3 of 3": (3, 3), "20 of 16": (20, 16), "1499 of 2": (1499, 2), "1499 of 1024": (1499, 1024)}
SHAPES |= {"1499 of a million": (1499, 10**6), "2 of a million": (2, 10**6), "1 of a million": (1, 10**6)}
WORST = ("1499 of a million", "1499 of 1024")
REPORTS: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: bytes(limits.REPORT_BYTES),
    "ones": lambda: b"\x01" * limits.REPORT_BYTES,
    "without an end": lambda: b"\xff" * limits.REPORT_BYTES,
    "one number": lambda: b"\xff" * (limits.REPORT_BYTES - 1) + b"\x7f",
    "numbers of 2": lambda: numbers_of(2),
    "numbers of 11": lambda: numbers_of(11),
    "numbers of 100": lambda: numbers_of(100),
    "numbers of 857": lambda: numbers_of(857),
    "numbers of 4268": lambda: numbers_of(4268),
}


@pytest.mark.parametrize("decode", [decode_joint, decode_product])
@pytest.mark.parametrize(
    "about", [name if name in WORST else pytest.param(name, marks=pytest.mark.long) for name in SHAPES]
)
def test_the_largest_hostile_beliefs_are_refused_quickly(about: str, decode: Callable[..., object]) -> None:
    """Two megabytes of whatever takes longest to read: refused in less than a second of the processor."""
    for name, make in REPORTS.items():
        data = make()
        began = time.process_time()
        with pytest.raises(PeerError) as refused:
            decode(data, shape(*SHAPES[about]))
        assert time.process_time() - began < SECONDS, name
        assert refused.value.deviation == DeviationCode.MALFORMED_REPORT.value


@pytest.mark.parametrize("name", ["zeros", "numbers of 2"])
def test_the_largest_hostile_beliefs_take_little_memory(name: str) -> None:
    """What a report stands for is counted before it is written out."""
    data = REPORTS[name]()
    for decode in (decode_joint, decode_product):
        tracemalloc.start()
        try:
            with pytest.raises(PeerError):
                decode(data, shape(1499, 1024))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < MEGABYTES * 1024 * 1024


@pytest.mark.parametrize("openings", ["public", "private"])
def test_the_largest_hostile_report_is_refused_by_a_session(openings: str) -> None:
    """Committed to, and opened in as many parts as there may be: it costs its sender the report, and nobody else."""
    market = make_type_market(3)
    stage, reporters = begin(
        make_type_specification(L_PLUS, market=market, parameters={"openings": openings}),
        knowledge(correlated(), PROFILE),
    )
    data = b"\x12" + (limits.REPORT_BYTES - 5).to_bytes(4, "little") + bytes(limits.REPORT_BYTES - 5)
    for name, reporter in reporters.items():
        stage.send(reporter.commit(data if name == "ben" else None))
    parts = reporters["ben"].open()
    assert len(parts) > 80
    began = time.process_time()
    for part in parts:
        stage.send(part)
    assert time.process_time() - began < 2 * SECONDS
    go_on(stage, reporters)
    assert [found.code for found in stage.session.deviations] == [DeviationCode.MALFORMED_REPORT]
    assert stage.session.phase is Phase.CLOSED
    (found,) = gather(stage.entries, READER, specification=stage.specification)
    assert "MALFORMED_REPORT of bidder 'ben'" in judge(decode_evidence(encode_evidence(found[1])), READER)


# --- Openings. ---

KEY = OpeningKey(b"k" * 32)
INFO = opening_info(b"s" * 32, b"b" * 32, 0, b"c" * 32)
# Points of small order on the curve, and numbers that are no reduced coordinates.
STRANGE_KEYS = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    (2**255 - 19).to_bytes(32, "little"),
    (2**255 - 20).to_bytes(32, "little"),
    b"\xff" * 32,
]


@given(
    key=generators.one_of(generators.sampled_from(STRANGE_KEYS), generators.binary(max_size=40)),
    rest=generators.binary(max_size=600),
)
def test_arbitrary_bytes_unseal_to_nothing(key: bytes, rest: bytes) -> None:
    """Short, cut, with strange keys in front: always the same refusal."""
    with pytest.raises(PeerError) as refused:
        KEY.unseal(key + rest, INFO)
    assert refused.value.deviation == DeviationCode.MALFORMED_REPORT.value


@given(report=generators.binary(min_size=1, max_size=700), data=generators.data())
def test_a_damaged_seal_opens_nothing(report: bytes, data: generators.DataObject) -> None:
    """One changed bit, one byte more or less, or anybody else's place: nothing comes out."""
    content = pack_opening(b"n" * 32, report)
    sealed = seal_opening(content, recipient=KEY.public_key, info=INFO)
    assert unpack_opening(KEY.unseal(sealed, INFO)) == (b"n" * 32, report)
    at = data.draw(generators.integers(0, 8 * len(sealed) - 1))
    changed = bytearray(sealed)
    changed[at // 8] ^= 1 << at % 8
    for damaged in (sealed[:-1], sealed + b"\x00", sealed[1:]):
        with pytest.raises(PeerError):
            KEY.unseal(damaged, INFO)
    # The highest bit of the ephemeral key is ignored by X25519, but it is bound by the key schedule.
    with pytest.raises(PeerError):
        KEY.unseal(bytes(changed), INFO)
    with pytest.raises(PeerError):
        KEY.unseal(sealed, opening_info(b"s" * 32, b"b" * 32, 1, b"c" * 32))


@given(content=generators.binary(max_size=100))
def test_arbitrary_openings_are_unpacked_or_refused(content: bytes) -> None:
    """What is unpacked is what was packed."""
    if len(content) > 32:
        assert pack_opening(*unpack_opening(content)) == content
        return
    with pytest.raises(PeerError) as refused:
        unpack_opening(content)
    assert refused.value.deviation == DeviationCode.MALFORMED_REPORT.value


@given(content=generators.binary(max_size=3 * limits.OPENING_PART_BYTES // 2))
def test_parts_put_together_are_the_whole(content: bytes) -> None:
    """However long: all parts but the last are full, and there is at least one."""
    parts = split_opening(content)
    assert join_opening(parts) == content
    assert all(len(part) == limits.OPENING_PART_BYTES for part in parts[:-1])


# --- Files. ---

json_values = generators.recursive(
    generators.one_of(
        generators.none(),
        generators.booleans(),
        generators.integers(-(2**70), 2**70),
        generators.floats(),
        generators.text(max_size=8),
        generators.sampled_from(["00", "00" * 32, "AAAA", "EQUIVOCATION", "MALFORMED_REPORT"]),
    ),
    lambda inner: generators.one_of(
        generators.lists(inner, max_size=4),
        generators.dictionaries(generators.text(max_size=4), inner, max_size=3),
    ),
    max_leaves=6,
)


def files(format_name: str, *keys: str) -> generators.SearchStrategy[bytes]:
    """Return what may be found in place of a file: any bytes, any JSON, and JSON with the right keys."""
    objects = generators.fixed_dictionaries(
        {"format": generators.just(format_name)}, optional=dict.fromkeys(keys, json_values)
    )
    return generators.one_of(
        generators.binary(max_size=60),
        generators.one_of(json_values, objects).map(lambda v: json.dumps(v).encode()),
    )


@given(data=files(DISCLOSURE_FORMAT, "session", "opening_secret"))
def test_arbitrary_files_are_no_disclosures(data: bytes) -> None:
    """One error for all of them, with advice, and no other."""
    try:
        found = decode_disclosure(data)
    except TranscriptError:
        return
    assert len(found.opening_key.secret) == 32


@pytest.mark.parametrize("secret", ["", "00", "00" * 31, "00" * 33, "zz" * 32])
def test_a_disclosure_with_a_secret_of_another_length_is_damaged(secret: str) -> None:
    """It is the file that is wrong, not its reader."""
    content = {"format": DISCLOSURE_FORMAT, "session": "00" * 32, "opening_secret": secret}
    with pytest.raises(TranscriptError, match="damaged"):
        decode_disclosure(json.dumps(content).encode())


@given(
    data=files(
        EVIDENCE_FORMAT, "code", "session_open", "enrol", "statements", "specification", "opening_secret"
    )
)
def test_arbitrary_files_are_no_evidence(data: bytes) -> None:
    """Nothing but a refusal comes of them, when they are read or when they are judged."""
    with pytest.raises(TranscriptError):
        judge(decode_evidence(data), READER)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"format":' * 20_000, b"9" * 5_000])
def test_files_that_nest_or_count_too_far_are_refused(data: bytes) -> None:
    """Neither depth nor digits are followed to their end."""
    for decode in (decode_disclosure, decode_evidence):
        with pytest.raises(TranscriptError):
            decode(data)


class Forger:
    """Auctioneer and bidder in one, with keys of its own: everything that it makes up is well signed.

    Attributes:
        stage: Whose SessionOpen it uses, since the stage's key is its own.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self.bidder = key_of("a forger")
        self.name = name
        self._seq = {Role.AUCTIONEER: 0, Role.BIDDER: 0}

    def sign(self, key: SigningKey, body: Body, reply_to: bytes = b"") -> bytes:
        """Return an envelope."""
        role = Role.AUCTIONEER if key is self.stage.key else Role.BIDDER
        self._seq[role] += 1
        header = Header(
            session_id=self.stage.session.session_id,
            role=role,
            sender_id=key.sender_id,
            seq=self._seq[role],
            prev_own=b"",
            seen_size=0,
            seen_root=b"r" * 32,
            reply_to=reply_to,
            sent_at_ns=1,
        )
        return CODEC.encode_envelope(seal(key, PAYLOAD_TYPES[type(body)], CODEC.encode_message(header, body)))

    def evidence(
        self, code: DeviationCode, ask: AskReport, roster: tuple[int, ...], **changes: Any
    ) -> Evidence:
        """Return evidence of a report that is none, asked and answered by itself."""
        session = self.stage.session.session_id
        enrol = Enrol(
            name=self.name,
            public_key=self.bidder.public_key,
            seed_commitment=seed_commitment(
                context=session, sender_id=self.bidder.sender_id, secret=b"p" * 32
            ),
            agent_version="1",
        )
        members = tuple(RosterMember(bidder=place, sender_id=self.bidder.sender_id) for place in roster)
        closed = self.sign(self.stage.key, RosterClosed(members=members))
        question = self.sign(self.stage.key, ask)
        commitment = report_commitment(
            session_id=session,
            sender_id=self.bidder.sender_id,
            wave=ask.wave,
            payload_type=report_type(ask.kind),
            nonce=b"n" * 32,
            report=b"\xff",
        )
        commit = ReportCommit(wave=ask.wave, commitment=commitment)
        opening = ReportOpening(wave=ask.wave, part=0, part_count=1, content=b"n" * 32 + b"\xff")
        fields: dict[str, Any] = {
            "code": code,
            "session_open": self.stage.entries[0],
            "enrol": self.sign(self.bidder, enrol),
            "statements": (
                closed,
                self.sign(self.bidder, SeedOpening(part=b"p" * 32), leaf_hash(closed)),
                question,
                self.sign(self.bidder, commit, leaf_hash(question)),
                self.sign(self.bidder, opening),
            ),
            "specification": self.stage.specification,
        }
        return Evidence(**(fields | changes))


BELIEF = AskReport(bidder=0, wave=0, kind=ReportKind.VALUE_AND_BELIEF, subjects=(1, 2), weight_bits=60)
FORGERIES: dict[str, tuple[str, AskReport, tuple[int, ...], dict[str, Any]]] = {
    "uninvited": ("zed", BELIEF, (0, 1, 2), {}),
    "a roster of bidders that there are not": ("ada", BELIEF, (0, 7, 9), {}),
    "a roster out of order": ("ada", BELIEF, (0, 2, 1), {}),
    "a roster of one": ("ada", BELIEF, (0,), {}),
    "a question to another bidder": ("ada", replace(BELIEF, bidder=1), (0, 1, 2), {}),
    "a question to nobody of the roster": ("ada", replace(BELIEF, bidder=3), (0, 1, 2), {}),
    "a signal in a market of types": (
        "ada",
        AskReport(bidder=0, wave=0, kind=ReportKind.SIGNAL),
        (0, 1, 2),
        {},
    ),
    "another specification": ("ada", BELIEF, (0, 1, 2), {"specification": b"{}"}),
    "no specification": ("ada", BELIEF, (0, 1, 2), {"specification": b""}),
    "a key of another length": ("ada", replace(BELIEF, is_private=True), (0, 1, 2), {"opening_secret": b"x"}),
    "another key": ("ada", replace(BELIEF, is_private=True), (0, 1, 2), {"opening_secret": b"x" * 32}),
}


@pytest.mark.parametrize("code", ["MALFORMED_REPORT", "INCONSISTENT_REPORT"])
@pytest.mark.parametrize("name", FORGERIES)
def test_well_signed_nonsense_proves_nothing(name: str, code: str) -> None:
    """Whoever holds all the keys can sign anything; the judge refuses it in one line and never fails."""
    bidder, ask, roster, changes = FORGERIES[name]
    forger = Forger(Stage(make_type_specification()), bidder)
    with pytest.raises(TranscriptError) as refused:
        judge(forger.evidence(DeviationCode(code), ask, roster, **changes), READER)
    assert "\n" not in refused.value.reason


def test_a_belief_in_a_market_of_signals_proves_nothing() -> None:
    """The question does not fit the specification that SessionOpen names."""
    forger = Forger(Stage(make_specification()), "ada")
    with pytest.raises(TranscriptError, match="do not contradict each other"):
        judge(forger.evidence(DeviationCode.MALFORMED_REPORT, BELIEF, (0, 1, 2)), READER)


def test_the_forgers_evidence_is_right_where_nothing_is_wrong_with_it() -> None:
    """Left alone, it proves what it says: the tests beside fail for the reason that they name."""
    forger = Forger(Stage(make_type_specification()), "ada")
    found = judge(forger.evidence(DeviationCode.MALFORMED_REPORT, BELIEF, (0, 1, 2)), READER)
    assert found.startswith("MALFORMED_REPORT of bidder 'ada'")


@given(data=generators.data())
def test_damaged_evidence_of_a_report_proves_nothing_else(data: generators.DataObject) -> None:
    """One byte of one envelope changed: the same is proved, as where the change is of no account, or nothing."""
    evidence = proof_of_a_wrong_opening()
    place = data.draw(generators.integers(0, len(evidence.statements) - 1))
    statement = bytearray(evidence.statements[place])
    statement[data.draw(generators.integers(0, len(statement) - 1))] ^= data.draw(generators.integers(1, 255))
    changed = list(evidence.statements)
    changed[place] = bytes(statement)
    with pytest.raises(TranscriptError):
        judge(replace(evidence, statements=tuple(changed)), READER)


@given(data=generators.data())
def test_evidence_in_any_order_accuses_nobody_else(data: generators.DataObject) -> None:
    """Statements left out, repeated and turned about prove what they proved, or nothing; never anything of others."""
    evidence = proof_of_a_wrong_opening()
    statements = data.draw(generators.lists(generators.sampled_from(evidence.statements), max_size=8))
    code = data.draw(generators.sampled_from(list(DeviationCode)))
    try:
        proved = judge(replace(evidence, statements=tuple(statements), code=code), READER)
    except TranscriptError:
        return
    assert proved.startswith("OPENING_MISMATCH of bidder 'ben'")


PROOFS: list[Evidence] = []


def proof_of_a_wrong_opening() -> Evidence:
    """Return evidence against ben, who opened another report than it had committed to."""
    if not PROOFS:
        stage, reporters = begin(make_type_specification(), knowledge(independent(), PROFILE))
        for reporter in reporters.values():
            stage.send(reporter.commit())
        for part in reporters["ben"].open(instead=b"\x08\x01"):
            stage.send(part)
        go_on(stage, reporters)
        ((_, evidence),) = gather(stage.entries, READER, specification=stage.specification)
        PROOFS.append(evidence)
    return PROOFS[0]
