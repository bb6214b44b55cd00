"""The auctioneer: a service that runs sessions, and the command line that starts it."""

from typing import TYPE_CHECKING, Any

from auctioneer import _before_grpc as _before_grpc

if TYPE_CHECKING:
    from auctioneer.keys import AuctioneerKeys, make_keys, read_or_make_keys
    from auctioneer.service import Service

__all__ = ["AuctioneerKeys", "Service", "make_keys", "read_or_make_keys"]

_LATER = {"AuctioneerKeys": "keys", "Service": "service", "make_keys": "keys", "read_or_make_keys": "keys"}


def __getattr__(name: str) -> Any:
    """Load what serves when it is first wanted, so that a command can say at once that it was interrupted."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    found = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = found
    return found
