"""The README is true: commands run in order, programs print what is shown, and no link of any document is dead."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.deployment import installed_environment

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PATIENCE_SECONDS = 180

# What the test does not do: `make` would make a second environment and run these tests again, `git clone` needs
# a network, and the environment with the installed commands is active already.
LEFT_OUT = re.compile(r"^(make( |$)|git clone |\. \.venv/bin/activate$)")
# Where the README says that the reader saves a program.
SAVED = re.compile(r"^Save this as `([^`]+)`", re.MULTILINE)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code.

    Attributes:
        language: As it is marked.
        text: Without the fences.
        saved_as: The file as which the reader saves it; empty when it is run.
    """

    language: str
    text: str
    saved_as: str


def blocks(document: str) -> Iterator[Block]:
    """Yield the blocks of a document in order."""
    end = 0
    for match in BLOCK.finditer(document):
        saved = SAVED.search(document, end, match.start())
        yield Block(language=match[1], text=match[2], saved_as=saved[1] if saved else "")
        end = match.end()


def commands(block: Block) -> list[str]:
    """Return the lines of a shell block that are run here."""
    lines = re.sub(r"\\\n\s*", "", block.text).splitlines()
    return [line for line in lines if line.strip() and not LEFT_OUT.match(line)]


def run(folder: Path, words: list[str]) -> str:
    """Run words with the installed commands; what they print. They must end well."""
    ran = subprocess.run(
        words,
        cwd=folder,
        env=installed_environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, f"{words[-1]}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def test_what_the_readme_tells_to_do_works_in_order(tmp_path: Path):
    """Commands are run, strategies saved and programs run one after the other, as a reader would."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    printed = ""
    done: list[str] = []
    for block in blocks(README.read_text(encoding="utf-8")):
        match block.language:
            case "sh":
                for line in commands(block):
                    run(tmp_path, ["bash", "-euo", "pipefail", "-c", line])
                    done.append(line.split()[0])
            case "python" if block.saved_as:
                compile(block.text, block.saved_as, "exec")
                (tmp_path / block.saved_as).write_text(block.text, encoding="utf-8")
            case "python":
                printed = run(tmp_path, [sys.executable, "-W", "error", "-c", block.text])
            case "text" if printed:
                assert block.text == printed
                printed = ""
    assert {"auctioneer", "bidder-agent", "python"} <= set(done)
    assert (tmp_path / "first" / "run.zip").is_file()


def test_an_auction_among_many_machines(tmp_path: Path):
    """What stands under that heading, each machine a directory here: served, opened, joined by all four, settled."""
    run(tmp_path, ["auctioneer", "new", "first"])
    document = README.read_text(encoding="utf-8")
    section = document[document.index("## Many machines") :]
    shown = [line for block in blocks(section) for line in block.text.splitlines()]
    make_state, serve, open_session, new_key, join = map(str.split, shown)
    run(tmp_path, make_state)
    with subprocess.Popen(
        # Any free port, for the one that is written there may be taken.
        [*serve, "--listen", "127.0.0.1:0"],
        cwd=tmp_path,
        env=installed_environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    ) as service:
        try:
            assert service.stderr is not None
            started = (json.loads(line) for line in service.stderr)
            address = next(line["address"] for line in started if line["body"] == "service started")
            run(tmp_path, [word.replace("127.0.0.1:7440", address) for word in open_session])
            with ThreadPoolExecutor() as bidders:
                for name in ("ana", "ben", "cleo", "dov"):
                    own = tmp_path / name
                    own.mkdir()
                    run(own, [word.replace("ana", name) for word in new_key])
                    words = [word.replace("ana", name).replace("127.0.0.1:7440", address) for word in join]
                    bidders.submit(run, own, words)
        finally:
            service.terminate()
    ended = [
        json.loads(path.read_text(encoding="utf-8"))["ending"] for path in tmp_path.rglob("outcome.json")
    ]
    assert ended == ["settled"] * 4


def test_the_saved_strategy_can_take_part(tmp_path: Path):
    """The strategy that the reader saves is given to a bidder as the README says, and the auction settles."""
    run(tmp_path, ["auctioneer", "new", "first"])
    (saved,) = [block for block in blocks(README.read_text(encoding="utf-8")) if block.saved_as]
    (tmp_path / saved.saved_as).write_text(saved.text, encoding="utf-8")
    scenario = tmp_path / "first" / "scenario.toml"
    text = scenario.read_text(encoding="utf-8")
    scenario.write_text(text.replace('"truthful"', '"cautious.py:Cautious"', 1), encoding="utf-8")
    run(tmp_path, ["auctioneer", "run", "first/scenario.toml", "--quiet"])
    assert len(list((tmp_path / "runs").glob("*.zip"))) == 1


def test_what_is_left_out_is_little():
    """Only what is named above is left out, and blocks are found with what they are for."""
    document = "```sh\nmake demo\ngit clone x\n. .venv/bin/activate\nauctioneer a \\\n  --b\n```\n"
    document += "Save this as `a.py`:\n```python\n1\n```\n```python\n2\n```\n"
    found = list(blocks(document))
    assert [commands(block) for block in found[:1]] == [["auctioneer a --b"]]
    assert [(block.text, block.saved_as) for block in found[1:]] == [("1\n", "a.py"), ("2\n", "")]


def documents() -> list[Path]:
    """Return every document that is, or would be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    names = sorted(filter(None, listed.stdout.decode().split("\0")))
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def headings(document: str) -> set[str]:
    """Return the anchors of a document's headings."""
    prose = BLOCK.sub("", document)
    found = set()
    for match in re.finditer(r"^#+ +(.+?)\s*$", prose, re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", match[1].lower())
        found.add(words.strip().replace(" ", "-"))
    return found


def dead_links(path: Path) -> list[str]:
    """Return the relative links of a document that lead nowhere."""
    dead = []
    document = BLOCK.sub("", path.read_text(encoding="utf-8"))
    for match in LINK.finditer(document):
        link = match[1] or match[2]
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path if not name else path.parent / name
        is_there = target.exists() and target.resolve().is_relative_to(ROOT.resolve())
        if is_there and anchor and target.suffix == ".md":
            is_there = anchor in headings(target.read_text(encoding="utf-8"))
        if not is_there:
            dead.append(link)
    return dead


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_relative_link_is_dead(path: Path):
    """Every relative link leads to a file of the repository, and to a heading where it names one."""
    assert dead_links(path) == []


def test_dead_links_are_found(tmp_path: Path):
    """A missing file, a missing heading and a way out of the repository are each found; code is not looked at."""
    path = tmp_path / "a.md"
    path.write_text("# A `b` c\n[x](missing.md) [y](#nowhere) [z](../out)\n```\n[w](code)\n```\n[v]: gone\n")
    assert dead_links(path) == ["missing.md", "#nowhere", "../out", "gone"]
    assert headings(path.read_text()) == {"a-b-c"}
