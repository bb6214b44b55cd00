"""The libraries that draw, which come with an extra: imported when something is drawn, and asked for by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openoutcry.errors import ConfigurationError

if TYPE_CHECKING:
    from types import ModuleType

_ADVICE = "pictures need altair and vl-convert: pip install 'openoutcry[lab]'"


def import_altair() -> ModuleType:
    """Return altair, which makes Vega-Lite specifications.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        import altair
    except ImportError as error:
        raise ConfigurationError(_ADVICE) from error
    library: ModuleType = altair
    return library


def import_converter() -> ModuleType:
    """Return vl-convert, which draws specifications without a browser and has all that a browser needs.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise ConfigurationError(_ADVICE) from error
    library: ModuleType = vl_convert
    return library
