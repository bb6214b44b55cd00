"""Settings that gRPC reads once, when it is first imported; so this module comes before all others.

Agents are started by fork and exec, which needs nothing of gRPC. With its support for forks that go on as copies, it
would print a line of its own for every agent that a local run starts. What goes wrong in a connection we say ourselves;
lines of its own between ours would break a log of one JSON object a line.
"""

from __future__ import annotations

import os

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
