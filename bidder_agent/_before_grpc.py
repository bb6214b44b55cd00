"""Settings that gRPC reads once, when it is first imported; so this module comes before all others.

What goes wrong in a connection the agent says itself, in one line. It starts no processes, so gRPC's support for forks
has nothing to do here.
"""

from __future__ import annotations

import os

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
