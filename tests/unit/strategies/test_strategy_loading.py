"""One syntax names strategies everywhere, and every refusal is one line that teaches."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openoutcry.errors import StrategyError, UsageError
from openoutcry.strategies import (
    Exit,
    Stay,
    Strategy,
    answer_raise,
    check_strategy_name,
    load_strategy,
    register,
    registrations,
    registry,
)
from openoutcry.strategies.naming import parse_strategy_name
from openoutcry.strategies.truthful import Truthful

MINE = """
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from openoutcry.strategies import Exit, Stay, Strategy


class Cautious(Strategy):
    deterministic = True

    def __init__(
        self, margin: int = 1, slow: bool = False, share: Fraction | None = None, note="x", notes: Path = None
    ):
        self.given = (margin, slow, share, note, notes)

    def on_raise(self, view):
        return Stay if view.level <= view.signal - self.given[0] else Exit


class Explodes(Strategy):
    def __init__(self):
        raise OSError("no model")


class Needy(Strategy):
    def __init__(self, model: str):
        self.model = model


def always(view):
    return Stay


class NoStrategy:
    pass


constant = 3
"""


@pytest.fixture
def folder(tmp_path):
    """A directory with a strategy file."""
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("truthful", ("name", "truthful", "", ())),
        ("shade:levels=1", ("name", "shade", "", (("levels", "1"),))),
        ("a.b:Class", ("module", "a.b", "Class", ())),
        ("a:Class", ("module", "a", "Class", ())),
        ("a.b:Class:x=1,y=2", ("module", "a.b", "Class", (("x", "1"), ("y", "2")))),
        ("path/to/file.py:Class", ("file", "path/to/file.py", "Class", ())),
        ("file.py:Class:x=1", ("file", "file.py", "Class", (("x", "1"),))),
        ("/at the/top: here/file.py:f", ("file", "/at the/top: here/file.py", "f", ())),
        ("C:\\mine\\file.py:Class", ("file", "C:\\mine\\file.py", "Class", ())),
        ("scripted:file=a.py:b", ("name", "scripted", "", (("file", "a.py:b"),))),
        ("shade: levels = 2 ", ("name", "shade", "", (("levels", "2"),))),
    ],
)
def test_names_are_taken_apart(text, expected):
    """Registered names, modules and files, each with and without options."""
    parsed = parse_strategy_name(text)
    assert (parsed.kind, parsed.target, parsed.attribute, parsed.options) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be understood: use NAME"),
        ("Truthful", "cannot be understood"),
        ("shade levels=1", "cannot be understood"),
        ("mine.py", r"names a file: say which class or function of it, mine\.py:Class"),
        ("package.module", r"names a module: say which class or function of it, package\.module:Class"),
        ("mine.py:Class:", "option '' is not key=value"),
        ("shade:levels=", "option 'levels=' is not key=value"),
        ("shade:levels=1,", "option '' is not key=value"),
        ("shade:levels=1,levels=2", "option levels is given twice"),
    ],
)
def test_malformed_names_are_refused(text, reason):
    """The refusal shows what would be right."""
    with pytest.raises(StrategyError, match=reason):
        parse_strategy_name(text)


def test_a_file_is_found_beside_the_file_that_names_it(folder, raise_to):
    """Paths are relative to base_directory; the class says whether it is deterministic."""
    factory = load_strategy("mine.py:Cautious", base_directory=folder)
    assert (factory.name, factory.deterministic) == ("mine.py:Cautious", True)
    assert [answer_raise(factory.make(), raise_to(level)) for level in (1, 2)] == [Stay, Exit]


def test_each_bidder_gets_an_instance_of_its_own(folder):
    """A strategy may keep state on self."""
    factory = load_strategy("mine.py:Cautious", base_directory=folder)
    assert factory.make() is not factory.make()


def test_a_file_is_run_once_however_many_bidders_use_it(folder):
    """Twelve bidders with one file share its classes; an edited file is read again."""
    first = load_strategy("mine.py:Cautious", base_directory=folder).constructor
    assert load_strategy("mine.py:Cautious", base_directory=folder).constructor is first
    (folder / "mine.py").write_text(MINE + "\n# edited\n")
    assert load_strategy("mine.py:Cautious", base_directory=folder).constructor is not first


def test_options_follow_the_constructors_annotations(folder):
    """int, bool, Fraction, text by its default, and a path relative to the naming file."""
    text = "mine.py:Cautious:margin=2,slow=true,share=1/3,note=abc,notes=n.txt"
    made: Any = load_strategy(text, base_directory=folder).make()
    margin, slow, share, note, notes = made.given
    assert (margin, slow, str(share), note, notes) == (2, True, "1/3", "abc", folder / "n.txt")


def test_a_plain_function_is_a_strategy(folder, raise_to):
    """Functions are not called deterministic unless they say so."""
    factory = load_strategy("mine.py:always", base_directory=folder)
    assert factory.deterministic is False
    assert answer_raise(factory.make(), raise_to(3)) is Stay


def test_a_module_is_found_by_its_dotted_name():
    """The import path decides."""
    assert load_strategy("openoutcry.strategies.truthful:Truthful").constructor is Truthful


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("truthfull", "is not known: did you mean truthful"),
        ("zzz", "is not known: known are truthful, shade"),
        ("human", "asks a person at the keyboard: it runs in an agent process only"),
        ("shade:level=1", "has no option level: did you mean levels"),
        ("shade:levels=one", "levels=one is not an integer"),
        ("truthful:levels=1", "has no option levels: it takes no options"),
        ("random:stay_probability=1/0", "is not a fraction"),
        ("scripted", "needs the option file: a file, written :file="),
        ("no_such_package.module:Class", "there is no module no_such_package: install it, or name its file"),
        ("absent.py:Class", "cannot be read: No such file or directory"),
        ("mine.py:Cautius", r"mine\.py has no Cautius: did you mean Cautious\?"),
        ("mine.py:constant", "constant is neither a subclass of Strategy nor a function"),
        ("mine.py:NoStrategy", "NoStrategy is neither a subclass of Strategy nor a function"),
        ("mine.py:always:x=1", "is a plain function, which takes no options"),
        ("mine.py:Needy", "needs the option model: text"),
        ("mine.py:Cautious:slow=maybe", "slow=maybe is not true or false"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_one_line(folder, text, reason):
    """Each refusal says what was wrong and what to do."""
    with pytest.raises(StrategyError, match=reason) as caught:
        load_strategy(text, base_directory=folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "import no_such_package\n",
            r"raised ModuleNotFoundError: No module named 'no_such_package' \(bad\.py:1\)",
        ),
        ("x = 1\ndef broken(:\n", r"raised SyntaxError: .* \(bad\.py:2\)"),
        ("\n\n1 / 0\n", r"raised ZeroDivisionError: division by zero \(bad\.py:3\)"),
        ("import json\njson.loads('{')\n", r"raised JSONDecodeError: .* \(bad\.py:2\)"),
        ("import sys\nsys.exit(3)\n", r"raised SystemExit: 3 \(bad\.py:2\)"),
    ],
)
def test_an_exception_of_the_users_file_is_named_with_its_line(tmp_path, source, reason):
    """The line is the user's own, even when a library raised below it."""
    (tmp_path / "bad.py").write_text(source)
    with pytest.raises(StrategyError, match=reason):
        load_strategy("bad.py:Class", base_directory=tmp_path)


def test_a_module_whose_own_import_fails_is_not_called_missing(tmp_path, monkeypatch):
    """The module is there; what it imports is not."""
    (tmp_path / "half_there.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(StrategyError, match="half_there raised ModuleNotFoundError"):
        load_strategy("half_there:Class")


def test_a_constructor_that_fails_is_named_with_its_line(folder):
    """Making an instance is user code too."""
    with pytest.raises(StrategyError, match=r"cannot be made: OSError: no model \(mine\.py:\d+\)"):
        load_strategy("mine.py:Explodes", base_directory=folder).make()


@pytest.fixture
def plug_in(tmp_path, monkeypatch):
    """An installed package that offers two strategies, one of them broken."""
    (tmp_path / "their_package.py").write_text(MINE)
    metadata = tmp_path / "their_package-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[openoutcry.strategies]\ncautious = their_package:Cautious\nbroken = their_package:Gone\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()


@pytest.mark.usefixtures("plug_in")
def test_installed_packages_offer_names():
    """The entry-point group adds names; they take options as built-in ones do."""
    made: Any = load_strategy("cautious:margin=3").make()
    assert made.given[0] == 3
    check_strategy_name("cautious")
    with pytest.raises(StrategyError, match="is installed but cannot be imported: AttributeError"):
        load_strategy("broken")


def test_checking_a_name_runs_nobodys_code(tmp_path):
    """An auctioneer reads the names of strategies and must not run them."""
    (tmp_path / "bad.py").write_text("raise SystemExit('ran')")
    for text in ("truthful", "human", "slow", f"{tmp_path}/bad.py:Class", "no_such_package:Class"):
        check_strategy_name(text)
    with pytest.raises(StrategyError, match="did you mean truthful"):
        check_strategy_name("truthfull")


class Extra(Strategy):
    """A strategy that another package registers."""


def test_other_packages_register_names(monkeypatch):
    """A registration holds for this process; repeating it changes nothing, taking a name is refused."""
    monkeypatch.setattr(registry, "_REGISTRATIONS", dict(registry._REGISTRATIONS))
    register("test-extra", Extra, summary="for a test")
    register("test-extra", Extra, summary="for a test")
    assert load_strategy("test-extra").constructor is Extra
    assert registrations()[-1].summary == "for a test"
    with pytest.raises(UsageError, match="is taken"):
        register("truthful", Extra)
    for name in ("", "Big", "1st", "a_b", "ä"):
        with pytest.raises(UsageError, match="use lower case"):
            register(name, Extra)


def test_importing_the_api_is_light():
    """Neither numpy nor an event loop is loaded by the import of the strategies."""
    heavy = "{'numpy', 'asyncio', 'jsonschema'}"
    check = f"import sys, openoutcry.strategies; print(sorted({heavy} & set(sys.modules)))"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", check], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
