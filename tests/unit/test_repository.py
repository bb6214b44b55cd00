"""Looks at the repository as a whole: the lock, the build files, the documents and every source file.

Each rule is a small function from text to complaints, so that it can also be shown to complain.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("openoutcry", "auctioneer", "bidder_agent", "benchmarks", "examples", "deploy", "tests")
GENERATED = ROOT / "openoutcry" / "wire" / "v1"

# Written with character classes, so that this file does not match its own patterns.
UNWANTED = {
    "a package registry": re.compile(rb"://[^\s]*[p]ypi|[f]iles\.pythonhosted"),
    "a path of one machine": re.compile(rb"(?<![\w.-])/[w]ork/|(?<![\w.-])/[r]oot/"),
}
ADDRESS_OR_PATH = re.compile(r"://|^-(?!-)|^\s*--(?!hash=)|@ |^\s*[./]", re.MULTILINE)
# A requirement and the lines that it goes on with.
LOCKED = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>\S+)(?P<rest>(?:.*\\\n)*.*)", re.MULTILINE)
MAKE_COMMAND = re.compile(r"^\s*(?:[$] +)?make +(?P<arguments>.+)$|`make +(?P<inline>[^`]+)`", re.MULTILINE)


def project_files() -> Iterator[Path]:
    """Yield every file that is, or would be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in sorted(listed.stdout.decode().split("\0")):
        path = ROOT / name
        # A file deleted but not yet recorded as deleted is still listed.
        if name and path.is_file():
            yield path


def source_files() -> Iterator[Path]:
    """Yield every Python file that a person wrote."""
    for path in project_files():
        if (
            path.suffix == ".py"
            and path.relative_to(ROOT).parts[0] in CODE_FOLDERS
            and path.parent != GENERATED
        ):
            yield path


def unwanted_words(content: bytes) -> list[str]:
    """Say what `content` names that no file of the project may name."""
    return [what for what, pattern in UNWANTED.items() if pattern.search(content)]


def lock_complaints(lock: str) -> list[str]:
    """Say what is wrong with a requirements lock: addresses, paths, options, packages without hashes."""
    complaints = [f"names an index, an address or a path: {match}" for match in ADDRESS_OR_PATH.findall(lock)]
    complaints += [
        f"{match['name']} has no hash"
        for match in LOCKED.finditer(lock)
        if "--hash=sha256:" not in match["rest"]
    ]
    return complaints


def make_targets(makefile: str) -> dict[str, bool]:
    """Map every phony target of a makefile to whether `make help` describes it."""
    names = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    return {
        name: re.search(rf"^{re.escape(name)}:.*## \S", makefile, re.MULTILINE) is not None
        for line in names
        for name in line.split()
    }


def commands_of_make(document: str) -> set[str]:
    """Find every target that a document tells its reader to make."""
    words = (
        word
        for match in MAKE_COMMAND.finditer(document)
        for word in (match["arguments"] or match["inline"]).split("#")[0].split()
    )
    return {word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)}


def dependencies() -> list[Requirement]:
    """Return what the core needs, as pyproject.toml says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(text) for text in project["dependencies"]]


def test_lock_has_hashes_and_names_no_place() -> None:
    """Every locked package has a hash, and the lock says nowhere where to fetch from."""
    assert lock_complaints((ROOT / "requirements.lock").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "click==8.2.0",
        "--index-url https://packages.example/simple",
        "-e ./somewhere",
        "click @ file:///somewhere/click.whl --hash=sha256:00",
        "./wheels/click.whl",
        "click==8.2.0 \\\n    # via openoutcry (pyproject.toml)\nrich==14 \\\n    --hash=sha256:00",
    ],
)
def test_lock_check_can_fail(line: str) -> None:
    """A package without a hash, an index, an address and a local path are each complained about."""
    assert lock_complaints(line) != []


def test_lock_covers_every_requirement() -> None:
    """What pyproject.toml asks for, extras included, is locked at a version that it allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(text for extra in project["optional-dependencies"].values() for text in extra),
    ]
    locked: dict[str, list[str]] = {}
    for match in LOCKED.finditer((ROOT / "requirements.lock").read_text(encoding="utf-8")):
        locked.setdefault(canonicalize_name(match["name"]), []).append(match["version"])
    unmet = [
        str(requirement)
        for requirement in map(Requirement, asked)
        if not locked.get(canonicalize_name(requirement.name))
        or not all(
            requirement.specifier.contains(version) for version in locked[canonicalize_name(requirement.name)]
        )
    ]
    assert unmet == []


def test_core_dependencies_are_bounded_on_both_sides() -> None:
    """A new major version of a dependency is let in by a decision, never by chance."""
    open_ended = [
        str(requirement)
        for requirement in dependencies()
        if {specifier.operator for specifier in requirement.specifier} < {">=", "<"}
    ]
    assert open_ended == []


def test_lower_bounds_cover_the_generated_code() -> None:
    """The oldest grpcio and protobuf that may be installed can load the generated code."""
    grpc = {
        match
        for path in GENERATED.glob("*_pb2_grpc.py")
        for match in re.findall(
            r"^GRPC_GENERATED_VERSION = '(.+)'$", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    protobuf = {
        match
        for path in GENERATED.glob("*_pb2.py")
        for match in re.findall(
            r"^# Protobuf Python Version: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    lower = {
        requirement.name: {
            specifier.version for specifier in requirement.specifier if specifier.operator == ">="
        }
        for requirement in dependencies()
    }
    assert (lower["grpcio"], lower["protobuf"]) == (grpc, protobuf)


def test_broken_grpcio_is_kept_out() -> None:
    """Version 1.78.1 of grpcio is never installed."""
    (grpcio,) = (requirement for requirement in dependencies() if requirement.name == "grpcio")
    assert not grpcio.specifier.contains("1.78.1")


def test_no_file_names_a_registry_or_a_machine() -> None:
    """No file says which registry packages come from, or where one machine keeps its files."""
    found = {
        str(path.relative_to(ROOT)): complaints
        for path in project_files()
        if (complaints := unwanted_words(path.read_bytes()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "parts",
    [
        (b"index = https://", b"pypi.example/simple"),
        (b"https://files.", b"pythonhosted.example/a.whl"),
        (b"open('/", b"work/main/README.md')"),
        (b"cache: /", b"root/.cache"),
    ],
)
def test_search_for_unwanted_words_can_fail(parts: tuple[bytes, bytes]) -> None:
    """A registry's address and a machine's path are each found; only here are they made, from two halves."""
    assert len(unwanted_words(b"".join(parts))) == 1
    assert unwanted_words(b" ".join(parts)) == []


def test_every_source_file_says_what_it_is_for() -> None:
    """Every Python file that a person wrote starts with a docstring."""
    silent = [
        str(path.relative_to(ROOT))
        for path in source_files()
        if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []


def test_typed_packages_say_so() -> None:
    """Each package ships the marker by which type checkers trust its annotations."""
    packages = ("auctioneer", "bidder_agent", "openoutcry")
    assert [package for package in packages if (ROOT / package / "py.typed").is_file()] == list(packages)


def test_every_target_is_described() -> None:
    """`make help` lists every target, and the two commands of a fresh machine are among them."""
    targets = make_targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert [name for name, described in targets.items() if not described] == []
    assert {"demo", "test"} <= set(targets)


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_documents_name_commands_that_exist(document: Path) -> None:
    """Every `make` command that a document at the top shows is a target of the Makefile."""
    targets = make_targets((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert commands_of_make(document.read_text(encoding="utf-8")) - set(targets) == set()


def test_commands_are_found_in_documents() -> None:
    """Commands are found in blocks and in running text; prose that says make, and settings, are not."""
    block = "```\n$ make lint type  # both\nmake PYTHON=python3 demo\n```\n"
    document = f"{block}Run `make test`. We make no promises.\n"
    assert commands_of_make(document) == {"demo", "lint", "test", "type"}
