"""One line that names an exception of a user's code and the line of their file that raised it.

Called wherever user code runs: when a strategy file is loaded, a strategy is made, or a callback is called.
No traceback is printed: the line, the class and the message are what a person needs to find the mistake.
"""

from __future__ import annotations

import inspect
import traceback
from pathlib import PurePath


def home_of(code: object) -> str | None:
    """Give the source file of a function or class, or None when it has none.

    Args:
        code: A function, a class, or anything else.
    """
    try:
        return inspect.getsourcefile(code)  # type: ignore[arg-type]  # Other objects raise TypeError, caught here.
    except (TypeError, OSError):
        return None


def describe_failure(error: BaseException, *, home: str | None = None) -> str:
    """Describe an exception in one line.

    Args:
        error: What user code raised, with its traceback.
        home: The user's own file. The deepest frame inside it is named; without one, the deepest frame of
            all.

    Returns:
        For example `ZeroDivisionError: division by zero (cautious.py:12)`.
    """
    text = " ".join(str(error).split())
    if isinstance(error, SyntaxError):
        text, place = error.msg, (error.filename, error.lineno)
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if home is not None and frame.filename == home] or list(frames)
        place = (own[-1].filename, own[-1].lineno) if own else (None, None)
    name = type(error).__name__
    what = f"{name}: {text}" if text else name
    return f"{what} ({PurePath(place[0]).name}:{place[1]})" if place[0] else what
