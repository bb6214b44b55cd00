"""Files of Python that people name, run as modules of their own: strategies, and mechanisms under audit."""

from __future__ import annotations

import importlib.util
import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType


def name_module(path: Path, kind: str) -> str:
    """Return what the module of a file is called: the same for the same text at the same place.

    Args:
        path: The file.
        kind: What it holds, in one word.

    Raises:
        OSError: The file cannot be read.
        ValueError: No file can have this name, such as one with a null character in it.
    """
    digest = sha256(str(path.resolve()).encode() + b"\0" + path.read_bytes()).hexdigest()
    return f"openoutcry_{kind}_file_{digest[:16]}"


def run_module(path: Path, name: str) -> ModuleType:
    """Run a file, once in a process; raises what the file raises, and then it has not run.

    Args:
        path: A file whose name ends in `.py`.
        name: As `name_module` gives it.
    """
    if name in sys.modules:
        return sys.modules[name]
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None, "a .py file always has a loader"
    assert specification.loader is not None, "a .py file always has a loader"
    module = importlib.util.module_from_spec(specification)
    # Registered before it runs: dataclasses and pickling look their own module up.
    sys.modules[name] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
