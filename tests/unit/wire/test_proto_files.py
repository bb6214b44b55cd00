"""The .proto files are the contract for every language: everything in them is explained, and named by one style."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[3]
FILES = sorted((CHECKOUT / "proto").rglob("*.proto"))

DECLARATION = re.compile(r"\s*(message|enum|service|oneof|rpc)\s+(\w+)")
FIELD = re.compile(r"\s*(?:optional |repeated )?[\w.]+ (\w+) = (\d+);")
ENUM_VALUE = re.compile(r"\s*([A-Z][A-Z0-9_]*) = (\d+);")
RPC = re.compile(r"\s*rpc (\w+)\((?:stream )?(\w+)\) returns \((?:stream )?(\w+)\);")


def problems(lines: list[str]) -> list[str]:
    """Return what in a file breaks the style: buf's STANDARD rules, and a comment on everything."""
    found: list[str] = []
    enum = ""
    for number, line in enumerate(lines, 1):
        declared = DECLARATION.match(line)
        is_something = declared or FIELD.match(line) or ENUM_VALUE.match(line)
        if is_something and not lines[number - 2].strip().startswith("//"):
            found.append(f"{number}: no comment: {line.strip()}")
        if declared and declared[1] == "enum":
            enum = declared[2]
        if declared and declared[1] == "service" and not declared[2].endswith("Service"):
            found.append(f"{number}: a service's name ends with Service")
        call = RPC.match(line)
        if call and (call[2], call[3]) != (f"{call[1]}Request", f"{call[1]}Response"):
            found.append(f"{number}: {call[1]} takes {call[2]} and gives {call[3]}")
        value = ENUM_VALUE.match(line)
        if value:
            prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", enum).upper()
            if not value[1].startswith(prefix) or (value[2] == "0") != value[1].endswith("_UNSPECIFIED"):
                found.append(f"{number}: {value[1]} is no value of {enum} by style")
        field = FIELD.match(line)
        if field and field[1] != field[1].lower():
            found.append(f"{number}: field {field[1]} is not in lower_snake_case")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_everything_is_explained_and_named_by_one_style(file: Path):
    """Each message, field, value and call has a comment; packages follow folders; zero values mean nothing."""
    text = file.read_text(encoding="utf-8")
    package = ".".join(file.parent.relative_to(CHECKOUT / "proto").parts)
    assert f"package {package};" in text
    assert problems(text.splitlines()) == []


def test_the_rules_find_what_breaks_them():
    """A file that breaks each rule once is found out each time."""
    wrong = """
// Auction runs.
service Auction {
  // Go goes.
  rpc Go(Start) returns (stream End);
}
// Colour is one.
enum Colour {
  // Red.
  COLOUR_RED = 0;
  // Blue.
  BLUE = 1;
}
// Thing is one.
message Thing {
  bytes undocumented = 1;
  // Fine otherwise.
  bytes camelCase = 2;
}
""".splitlines()
    assert [line.split(":")[0] for line in problems(wrong)] == ["3", "5", "10", "12", "16", "18"]


def test_there_are_files_to_check():
    """The checkout has its contract."""
    assert {"messages.proto", "service.proto", "journal.proto"} <= {file.name for file in FILES}
