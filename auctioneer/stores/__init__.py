"""Where an auctioneer keeps its sessions: the port, and the stores that implement it."""

from auctioneer.stores.memory import MemoryStore
from auctioneer.stores.port import SessionRecord, SessionSummary, Store
from auctioneer.stores.sqlite import SqliteStore

__all__ = ["MemoryStore", "SessionRecord", "SessionSummary", "SqliteStore", "Store"]
