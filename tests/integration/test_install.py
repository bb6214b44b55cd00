"""Builds the distribution and looks at what a person who installs it would get."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("auctioneer", "bidder_agent", "openoutcry")


@pytest.fixture(scope="module")
def wheel_members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Build the wheel and return what is in it, by name."""
    folder = tmp_path_factory.mktemp("dist")
    # With the backend of the lock, so that nothing is fetched.
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def shipped(package: str) -> set[str]:
    """Name every file of a package that must be installed with it."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_holds_the_whole_package(package: str, wheel_members: dict[str, bytes]) -> None:
    """Code, type markers, schemas and templates of a package are all in the wheel."""
    assert shipped(package) - set(wheel_members) == set()


def test_wheel_holds_nothing_else(wheel_members: dict[str, bytes]) -> None:
    """Tests, examples and documents are not installed into somebody's environment."""
    tops = {name.split("/")[0] for name in wheel_members}
    assert sorted(top for top in tops if not top.endswith(".dist-info")) == list(PACKAGES)


def test_wheel_brings_both_programs_and_the_licence(wheel_members: dict[str, bytes]) -> None:
    """Installing gives the two commands, and the licence travels with the code."""
    (entry_points,) = (
        data for name, data in wheel_members.items() if name.endswith(".dist-info/entry_points.txt")
    )
    assert b"auctioneer = auctioneer.cli:main" in entry_points
    assert b"bidder-agent = bidder_agent.cli:main" in entry_points
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_members)
