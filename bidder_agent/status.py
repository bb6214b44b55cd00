"""Where an agent stands, for whoever watches it: a small file beside its receipts, and how to judge it."""

from __future__ import annotations

import json
import os
from enum import Enum
from pathlib import Path

from bidder_agent.receipts import STATUS
from openoutcry.errors import ConfigurationError


class AgentState(Enum):
    """Where an agent stands."""

    CONNECTING = "connecting"
    ATTACHED = "attached"
    ENDED = "ended"
    STOPPED = "stopped"


def make_status(state: AgentState, *, session_id: bytes, name: str) -> dict[str, object]:
    """Return what an agent says about itself."""
    return {"state": state.value, "process": os.getpid(), "session": session_id.hex(), "name": name}


def read_health(directory: Path) -> tuple[bool, str]:
    """Return whether the agent of these receipts is doing its work, and one line that says why.

    An agent is healthy while its process is alive and attached, and once its session has ended.

    Raises:
        ConfigurationError: There is no status to be read.
    """
    path = directory / STATUS
    try:
        content = json.loads(path.read_bytes())
        state, process = AgentState(content["state"]), int(content["process"])
    except OSError as problem:
        raise ConfigurationError(f"{path}: cannot be read: {problem.strerror}") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise ConfigurationError(f"{path}: is no status of an agent") from problem
    if state is AgentState.ENDED:
        return True, "the session has ended"
    if state is AgentState.STOPPED:
        return False, "the agent has stopped"
    if not _is_alive(process):
        return False, f"process {process} is gone"
    return state is AgentState.ATTACHED, f"process {process} is {state.value}"


def _is_alive(process: int) -> bool:
    if os.name == "nt":
        # Signal 0 is no question there; a dead agent's last state has to do.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It exists and belongs to somebody else.
        return True
    return True
