"""How fast something goes, told as one line of JSON. Runs in the environment of a peer: nothing of ours is imported."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from time import process_time


def tell_pace(version: str, sell: Callable[[int], object]) -> None:
    """Sell again and again for as many seconds of processor time as the first argument says, and tell how often.

    Args:
        version: Of the peer.
        sell: Runs one whole auction; given its number.
    """
    seconds = float(sys.argv[1])
    sell(0)
    sold, began = 0, process_time()
    while (spent := process_time() - began) < seconds:
        sold += 1
        sell(sold)
    json.dump({"version": version, "auctions": sold, "seconds": spent}, sys.stdout)
