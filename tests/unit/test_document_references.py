"""The pages on mechanisms and the protocol name what there is: functions, tests, codes, messages, limits, bytes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.distributions import Joint, Product
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.protocol import limits
from openoutcry.protocol.codec import ReportShape
from openoutcry.protocol.commitments import report_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.draws import DrawStream
from openoutcry.protocol.messages import PAYLOAD_TYPES, ReportKind
from openoutcry.protocol.opening import OpeningKey, opening_info, pack_opening
from openoutcry.session.disclosure import DISCLOSURE_FORMAT
from openoutcry.session.evidence import EVIDENCE_FORMAT, MAXIMUM_STATEMENTS
from openoutcry.wire import WireCodec

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ROOT / "docs"
# Where the code of a page's table lies when no folder is named, and the module when not even a file is.
FOLDERS = {
    "mechanisms.md": ("openoutcry/mechanisms", "signal_discovery.py"),
    "crowd.md": ("openoutcry/mechanisms/crowd", ""),
}
TABLE = "## From the paper to the code and its tests"
MARKED = re.compile(r"`([^`]+)`")


def names_in(path: Path) -> set[str]:
    """Return every function and class that a Python file defines, methods with their class before them."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
            found |= {f"{node.name}.{name}" for name in inner} | {f"{node.name}::{name}" for name in inner}
            found |= set(inner)
    return found


def rows(document: str) -> list[tuple[str, str]]:
    """Return the cells of code and of tests of the table from the paper to these."""
    table = document[document.index(TABLE) :]
    lines = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    # A statement may hold a bar of its own, written with a backslash.
    return [(cells[-2], cells[-1]) for cells in lines[1:]]


def missing_tests(cell: str) -> list[str]:
    """Return the tests of a cell that do not exist; a name that starts with `::` is in the file before it."""
    missing, file = [], ""
    for reference in MARKED.findall(cell):
        if "::" not in reference:
            continue
        named, _, name = reference.partition("::")
        file = named or file
        path = ROOT / "tests" / file
        if not path.is_file() or name not in names_in(path):
            missing.append(reference)
    return missing


def missing_code(cell: str, folder: str, module: str) -> list[str]:
    """Return the names of a cell that their file does not define; files are looked for in `folder` and at the top."""
    missing, file = [], module
    for reference in MARKED.findall(re.sub(r"parameters? `[^`]+`", "", cell)):
        if reference.endswith(".py"):
            file = reference
            continue
        if not re.fullmatch(r"[A-Za-z_][\w.]*", reference) or not file:
            continue
        paths = [path for path in (ROOT / folder / file, ROOT / file) if path.is_file()]
        if not any(reference in names_in(path) for path in paths):
            missing.append(f"{file} {reference}")
    return missing


@pytest.mark.parametrize("page", FOLDERS)
def test_every_function_and_test_of_the_tables_is_there(page: str) -> None:
    """From each statement of a paper one gets to code and tests that exist."""
    folder, module = FOLDERS[page]
    found = rows((DOCUMENTS / page).read_text(encoding="utf-8"))
    assert len(found) > 15
    assert [name for code, _ in found for name in missing_code(code, folder, module)] == []
    assert [name for _, tests in found for name in missing_tests(tests)] == []


def test_what_is_not_there_is_missed() -> None:
    """A wrong file, function, method and test are each found."""
    folder, module = FOLDERS["mechanisms.md"]
    assert missing_code("`Converse`; `market.py` `Market.no_such`, `no_file.py` `x`", folder, module) == [
        "signal_discovery.py Converse",
        "market.py Market.no_such",
        "no_file.py x",
    ]
    here = "unit/test_document_references.py"
    cell = f"`{here}::test_what_is_not_there_is_missed`, `::test_gone`, `unit/gone.py::test_gone`"
    assert missing_tests(cell) == ["::test_gone", "unit/gone.py::test_gone"]


def test_every_mechanism_of_types_is_on_its_page() -> None:
    """Whoever reads a name in a list can look it up."""
    page = (DOCUMENTS / "crowd.md").read_text(encoding="utf-8")
    names = [name for name, mechanism in MECHANISMS.items() if mechanism.market == "types"]
    assert [name for name in names if f"`{name}`" not in page and f"## {name}\n" not in page] == []


def test_every_decision_is_listed() -> None:
    """Numbers run without a gap, and the list names each file with its own heading."""
    folder = DOCUMENTS / "decisions"
    files = sorted(folder.glob("0*.md"))
    assert [path.name[:4] for path in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
    listed = (folder / "README.md").read_text(encoding="utf-8")
    for path in files:
        heading = path.read_text(encoding="utf-8").splitlines()[0]
        assert heading.startswith(f"# {path.name[:4]}. ")
        assert f"| [{path.name[:4]}]({path.name}) | " in listed


# --- The protocol -----------------------------------------------------------------------------------------

PROTOCOL = (DOCUMENTS / "protocol.md").read_text(encoding="utf-8")
SESSION, WAVE = b"\x11" * 32, 0
SENDER = bytes.fromhex("56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c")
NONCE = bytes(range(0x20, 0x40))
SHAPE = ReportShape(
    kind=ReportKind.VALUE_AND_BELIEF, subjects=(1, 2), type_counts=(3, 3), own_type_count=3, weight_bits=6000
)
REPORT = TypeReport(value=2, belief=Joint.of((1, 2), {(0, 0): 2, (1, 0): 3, (1, 1): 2}))


def test_every_code_and_every_message_is_on_the_page() -> None:
    """Codes have a row of their own; messages are named by their payload type's middle."""
    assert [code.value for code in DeviationCode if f"\n| {code.value} |" not in PROTOCOL] == []
    names = [
        kind.removeprefix("application/vnd.openoutcry.")[: -len(".v1+proto")]
        for kind in PAYLOAD_TYPES.values()
    ]
    assert [name for name in names if name not in PROTOCOL] == []


def spaced(number: int) -> str:
    """Return a number as the page writes it."""
    return f"{number:_}".replace("_", " ")


def test_the_limits_are_those_of_the_code() -> None:
    """Numbers that another implementation has to know."""
    words = " ".join(PROTOCOL.split())
    hundred, thousand = map(limits.belief_weight_bits, (100, 1000))
    answers = limits.REFUSED_ANSWERS_PER_BIDDER
    points, cells = spaced(limits.BELIEF_POINTS), spaced(limits.BELIEF_CELLS)
    for phrase in (
        f"| report | {limits.REPORT_BYTES // 2**20} MiB |",
        f"| opening | {limits.OPENING_PARTS} parts of {limits.OPENING_PART_BYTES // 2**10} KiB |",
        f"| points of a joint belief | {points}, and {cells} types in all |",
        f"at most {limits.BELIEF_WEIGHT_BITS} |",
        f"where there are up to 19 of them, {hundred} for 100, {thousand} for 1000",
        f"| numerator, denominator of an amount | {limits.AMOUNT_BYTES} bytes |",
        f"| recorded deviations of one bidder | {limits.DEVIATIONS_PER_BIDDER}, and {answers} that keep their place |",
        f"after {answers} of them nothing more is taken",
        f"up to {MAXIMUM_STATEMENTS} envelopes",
        f"`{EVIDENCE_FORMAT}`",
        f'"format": "{DISCLOSURE_FORMAT}"',
    ):
        assert phrase in words
    assert limits.belief_weight_bits(19) == limits.BELIEF_WEIGHT_BITS > limits.belief_weight_bits(20)


def test_wide_draws_are_the_printed_ones() -> None:
    """One stream, three draws after each other."""
    stream = DrawStream(bytes(range(32)), "wide")
    assert all(str(stream.below(n)) in PROTOCOL for n in (2**64 + 1, 10**30, 2**192))


def test_reports_are_the_printed_bytes() -> None:
    """Both encodings of a belief, and the commitment to one of them."""
    product_shape = ReportShape(
        kind=ReportKind.BELIEF, subjects=(1, 2), type_counts=(3, 3), own_type_count=3, weight_bits=6000
    )
    product = TypeReport(value=None, belief=Product.of({1: {0: 1, 1: 3}, 2: {2: 1}}))
    report = WireCodec().encode_type_report(REPORT, SHAPE)
    commitment = report_commitment(
        session_id=SESSION,
        sender_id=SENDER,
        wave=WAVE,
        payload_type=PAYLOAD_TYPES[TypeReport],
        nonce=NONCE,
        report=report,
    )
    for data in (WireCodec().encode_type_report(product, product_shape), report, commitment):
        assert f" {data.hex()}\n" in PROTOCOL


def test_the_printed_sealed_opening_opens() -> None:
    """With the printed key, to the nonce and the report that were committed to."""
    key = OpeningKey(b"\x66" * 32)
    assert key.public_key.hex() in PROTOCOL
    section = PROTOCOL[PROTOCOL.index("The opening of that report") :]
    block = re.search(r"```\n([0-9a-f\n]+)```", section)
    assert block is not None
    report = WireCodec().encode_type_report(REPORT, SHAPE)
    commitment = report_commitment(
        session_id=SESSION,
        sender_id=SENDER,
        wave=WAVE,
        payload_type=PAYLOAD_TYPES[TypeReport],
        nonce=NONCE,
        report=report,
    )
    info = opening_info(SESSION, SENDER, WAVE, commitment)
    assert key.unseal(bytes.fromhex(block[1].replace("\n", "")), info) == pack_opening(NONCE, report)
