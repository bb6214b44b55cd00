"""`python -m bidder_agent`: the command line without its script."""

import sys

from bidder_agent.cli import main

if __name__ == "__main__":
    sys.exit(main())
