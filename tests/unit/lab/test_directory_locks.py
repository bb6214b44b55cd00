"""One command uses a directory of results at a time, on every system that Python can lock files on."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from types import ModuleType

import pytest

from openoutcry.errors import CampaignError
from openoutcry.lab.campaigns.storing import locked


def test_a_directory_is_used_by_one_command_at_a_time(tmp_path: Path) -> None:
    """The second is refused with advice while the first is at work, and takes over when it is done."""
    with locked(tmp_path / "lock"), pytest.raises(CampaignError, match="--out"), locked(tmp_path / "lock"):
        pytest.fail("two hold one lock")
    with locked(tmp_path / "lock"):
        pass


@pytest.mark.parametrize(("number", "is_held"), [(None, False), (errno.EACCES, True), (errno.EINVAL, False)])
def test_windows_has_locks_of_its_own(
    number: int | None, is_held: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first byte is locked without waiting; what is no answer to whether it is held stops nobody."""
    asked: list[tuple[int, int]] = []

    def locking(descriptor: int, mode: int, size: int) -> None:
        """Answer as the system would."""
        asked.append((mode, size))
        if number is not None:
            raise OSError(number, "as the test wants it")

    system = ModuleType("msvcrt")
    vars(system).update(LK_NBLCK=2, locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", system)
    monkeypatch.setattr(sys, "platform", "win32")
    if is_held:
        with pytest.raises(CampaignError, match="--out"), locked(tmp_path / "lock"):
            pytest.fail("another process holds it")
    else:
        with locked(tmp_path / "lock"):
            pass
    assert asked == [(2, 1)]
