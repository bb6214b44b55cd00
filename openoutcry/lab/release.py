"""The release of this code, as manifests state it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

UNRELEASED = "unreleased"


def release() -> str:
    """Return the version that is installed, or say that this is a checkout that nobody installed."""
    try:
        return version("openoutcry")
    except PackageNotFoundError:
        return UNRELEASED
