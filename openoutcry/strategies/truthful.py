"""The reference strategy: stay up to one's signal, exit above it, report it as it is.

The clock mechanisms are built so that no bidder can gain by anything else, whatever the others' signals, as
long as the others are truthful too. Strategic deviations are measured against this one.
"""

from __future__ import annotations

from typing import ClassVar

from openoutcry.strategies.api import Strategy


class Truthful(Strategy):
    """Stay exactly while the level is at most one's signal."""

    # The base class answers truthfully; this class only gives that a name and says that nothing else matters.
    deterministic: ClassVar[bool] = True
