"""Chooses how hard the property tests try; used by every test.

`HYPOTHESIS_PROFILE` names the profile: `dev` looks for new failures at each run, `ci` tries the same cases at
each run, `long` tries fifty times as many. Unset, it is `ci` where the environment says `CI`, and `dev`
elsewhere. No profile has a deadline: machines are shared, and a slow case is not a wrong one.

Where this program was told to ignore Ctrl-C, as shells tell what they start in the background, it is told otherwise:
the programs that tests start and interrupt would ignore it too.
"""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from openoutcry.strategies import registry

# How long it took to make a case says more about the machine than about the test.
SLOW_MACHINE = (HealthCheck.too_slow,)

settings.register_profile("dev", deadline=None, max_examples=100, suppress_health_check=SLOW_MACHINE)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=100,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=SLOW_MACHINE,
)
settings.register_profile("long", deadline=None, max_examples=5000, suppress_health_check=SLOW_MACHINE)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def core_strategies_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the strategies that an agent registers: the programs that run no agents must not find them.

    Without this, a test would pass or fail by which tests ran before it in the same process.
    """
    core = {found.name: found for found in registry.registrations() if found.name not in registry.RESERVED}
    monkeypatch.setattr(registry, "_REGISTRATIONS", core)
