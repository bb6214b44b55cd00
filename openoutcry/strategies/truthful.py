"""The reference strategy: stay up to one's signal or value, exit above it, report what one knows.

The clock mechanisms are built so that no bidder can gain by anything else, whatever the others' signals, as
long as the others are truthful too. Strategic deviations are measured against this one.
"""

from __future__ import annotations

from typing import ClassVar

from openoutcry.strategies.api import Strategy


class Truthful(Strategy):
    """Answer truthfully whatever is asked."""

    # The base class answers truthfully; this class only gives that a name and says that nothing else matters.
    deterministic: ClassVar[bool] = True
