"""`python -m auctioneer` is the command `auctioneer`."""

from __future__ import annotations

import sys

from auctioneer.cli import main

sys.exit(main())
