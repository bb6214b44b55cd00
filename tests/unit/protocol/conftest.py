"""Finds the published test vectors, which are not part of this project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder that OPENOUTCRY_VECTORS names."""
    folder = os.environ.get("OPENOUTCRY_VECTORS")
    if not folder:
        pytest.skip(
            "OPENOUTCRY_VECTORS names no folder with merkle/testdata (of transparency-dev/merkle), ed25519/"
            " (ed25519vectors.json of C2SP/CCTV) and wycheproof/ (testvectors_v1 of C2SP/wycheproof)"
        )
    return Path(folder)
