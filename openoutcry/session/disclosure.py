"""Disclosure: the key of a session's private openings, in one small file, for those who are to re-execute it.

A session whose specification keeps reports sealed can be verified by anybody as to integrity and authorship; with this
file also as to conduct and outcome. Nothing in it is trusted: the key is held against the one of SessionOpen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from openoutcry.errors import UnreadableTranscript, UsageError
from openoutcry.protocol.messages import SessionOpen
from openoutcry.protocol.opening import OpeningKey

DISCLOSURE_FORMAT = "openoutcry-disclosure/1"
DISCLOSURE_BYTES = 64 * 1024
"""A file of a few lines; whatever is larger is something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What makes a sealed session readable.

    Attributes:
        session_id: Of which session, 32 bytes.
        opening_key: Unseals its private openings.
    """

    session_id: bytes
    opening_key: OpeningKey

    def check(self, session_id: bytes, opening: SessionOpen) -> None:
        """Refuse a disclosure that is not of this session.

        Raises:
            UnreadableTranscript: Saying so: it is of no use here, and says nothing about the session.
        """
        if self.session_id != session_id:
            raise UnreadableTranscript(f"the disclosure is of another session, {self.session_id.hex()}")
        if self.opening_key.public_key != opening.opening_key:
            raise UnreadableTranscript("the disclosure does not hold the key of this session: is it damaged?")


def encode_disclosure(disclosure: Disclosure) -> bytes:
    """Return the file: JSON."""
    content = {
        "format": DISCLOSURE_FORMAT,
        "about": "Opens the sealed reports of one auction session. Whoever has it can read every one of them.",
        "session": disclosure.session_id.hex(),
        "opening_secret": disclosure.opening_key.secret.hex(),
    }
    return (json.dumps(content, indent=2) + "\n").encode()


def decode_disclosure(data: bytes) -> Disclosure:
    """Return the disclosure in a file.

    Raises:
        UnreadableTranscript: The file is none.
    """
    try:
        content = json.loads(data) if len(data) <= DISCLOSURE_BYTES else {}
        if content["format"] != DISCLOSURE_FORMAT:
            raise UnreadableTranscript(f"the file is no disclosure of format {DISCLOSURE_FORMAT}")
        session_id = bytes.fromhex(content["session"])
        opening_key = OpeningKey(bytes.fromhex(content["opening_secret"]))
    except (KeyError, TypeError, ValueError, RecursionError, UsageError) as problem:
        raise UnreadableTranscript("the file is no disclosure file, or is damaged") from problem
    return Disclosure(session_id=session_id, opening_key=opening_key)
