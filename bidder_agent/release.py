"""The release of this code, as an agent states it when it enrols."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

UNRELEASED = "unreleased"


@cache
def release() -> str:
    """Return the version that is installed, or say that this is a checkout that nobody installed."""
    try:
        return version("openoutcry")
    except PackageNotFoundError:
        return UNRELEASED
