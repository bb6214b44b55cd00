"""The auctioneer: a service that runs sessions, and the command line that starts it."""

from auctioneer import _before_grpc as _before_grpc
from auctioneer.keys import AuctioneerKeys, make_keys, read_or_make_keys
from auctioneer.service import Service

__all__ = ["AuctioneerKeys", "Service", "make_keys", "read_or_make_keys"]
