"""A crowdsourced sale as a load, and what must cross the network for it, so that a bare program can do the same.

Decides: how a sale and an exchange are told to a child process. Called by both sides of both programs.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One crowdsourced session, from its first question to settlement.

    Attributes:
        bidders: All take part and tell the truth, 3 or more.
        mechanism: Name of a crowdsourced mechanism of one wave.
        openings: `public` or `private`.
    """

    bidders: int
    mechanism: str
    openings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Messages of one sale, as every bidder sees them.

    The first message to a bidder is its own; every further one is the same for all, and is written when all answers to
    the one before are there.

    Attributes:
        bidders: How many streams there are.
        down: Bytes of each message to a bidder, in order.
        up: Bytes of each bidder's answers to the first messages, on average; no more of them than messages.
    """

    bidders: int
    down: tuple[int, ...]
    up: tuple[int, ...]

    @property
    def messages(self) -> int:
        """How many messages there are on all streams together."""
        return self.bidders * (len(self.down) + len(self.up))


def encode_sale(sale: Sale) -> str:
    """Return a sale as one argument of a command."""
    return json.dumps(asdict(sale))


def decode_sale(text: str) -> Sale:
    """Return the sale in an argument that `encode_sale` made."""
    return Sale(**json.loads(text))


def encode_exchange(exchange: Exchange) -> str:
    """Return an exchange as one argument of a command."""
    return json.dumps(asdict(exchange))


def decode_exchange(text: str) -> Exchange:
    """Return the exchange in an argument that `encode_exchange` made."""
    content = json.loads(text)
    return Exchange(bidders=content["bidders"], down=tuple(content["down"]), up=tuple(content["up"]))
