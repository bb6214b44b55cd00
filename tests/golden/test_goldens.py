"""Recorded sessions that must go on verifying, and their stories as text.

Each is a transcript file and the text that it is told as. When a difference is meant, write them anew with
`python -m tests.golden.rendering` in the checkout's root, and look at every line that changed. A release that
cannot verify the transcripts of the last one breaks its promise to whoever kept them.
"""

from __future__ import annotations

import pytest

from openoutcry.mechanisms import MECHANISMS
from openoutcry.protocol.transcript import decode_transcript, encode_transcript
from openoutcry.session.verification import verify_transcript
from tests.golden.rendering import COUNTED, FOLDER, GOLDENS, SEALED, SIGNAL_MECHANISMS, forms_of, render
from tests.simulation.stage import CODEC

LARGEST = 60 * 1024
VALID = [name for name in GOLDENS if name != "tampered"]


def recorded(name: str) -> bytes:
    """Return the file of a golden session."""
    return (FOLDER / f"{name}.zip").read_bytes()


def test_every_mechanism_has_a_golden_of_each_form() -> None:
    """A mechanism that is registered without a golden session fails here."""
    wanted = {f"{mechanism}-{form}" for mechanism in SIGNAL_MECHANISMS for form in forms_of(mechanism)}
    wanted |= set(MECHANISMS) - set(SIGNAL_MECHANISMS) | {COUNTED, "tampered"}
    assert {path.stem for path in FOLDER.glob("*.zip")} == wanted
    assert {path.stem for path in FOLDER.glob("*.txt")} == wanted


@pytest.mark.parametrize("name", GOLDENS)
def test_a_recorded_session_is_told_as_before(name: str) -> None:
    """Every level, question, draw, state and answer reads as it did when it was recorded."""
    assert render(recorded(name)) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", VALID)
def test_a_recorded_session_verifies(name: str) -> None:
    """All four levels are valid."""
    verification = verify_transcript(decode_transcript(recorded(name)), codec=CODEC)
    assert [(level.name, level.verdict.value) for level in verification.levels] == [
        (level, "valid") for level in ("integrity", "authorship", "conduct", "outcome")
    ]


def test_a_tampered_session_fails() -> None:
    """A price that the auctioneer raised and signed with all its keys is found by computing it again."""
    verification = verify_transcript(decode_transcript(recorded("tampered")), codec=CODEC)
    assert verification.first_failure is not None
    assert verification.first_failure.name == "outcome"


@pytest.mark.parametrize("name", [name for name in GOLDENS if name not in SEALED])
def test_the_same_session_is_recorded_byte_for_byte(name: str) -> None:
    """Protocol, draws, mechanism and container give the same file as when it was recorded."""
    assert encode_transcript(GOLDENS[name]()) == recorded(name)


@pytest.mark.parametrize("name", SEALED)
def test_a_sealed_session_comes_to_the_same(name: str) -> None:
    """Where openings are sealed anew each time, everything that is told of the session is still the same."""

    def told(data: bytes) -> list[str]:
        lines = render(data).splitlines()
        return lines[lines.index("") :]

    assert told(encode_transcript(GOLDENS[name]())) == told(recorded(name))


@pytest.mark.parametrize("name", GOLDENS)
def test_goldens_are_small(name: str) -> None:
    """A golden session is read by people and kept for ever."""
    assert len(recorded(name)) <= LARGEST
