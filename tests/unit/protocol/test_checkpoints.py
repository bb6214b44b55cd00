"""Checkpoints: the signed head of a log."""

from __future__ import annotations

from base64 import b64encode

import pytest

from openoutcry.errors import TranscriptError, UsageError
from openoutcry.protocol.checkpoints import (
    Checkpoint,
    decode_checkpoint,
    encode_checkpoint,
    session_origin,
    sign_checkpoint,
    verify_checkpoint,
)
from openoutcry.protocol.keys import SigningKey, VerifyKey
from openoutcry.protocol.notes import NoteSigner, sign_note

KEY = SigningKey.from_seed(b"a" * 32)
VERIFY_KEY = VerifyKey(KEY.public_key)
ROOT = bytes(range(32))
ENCODED_ROOT = b64encode(ROOT).decode()
CHECKPOINT = Checkpoint(origin="openoutcry/session/00ff", size=7, root=ROOT)


def test_published_example():
    """The example of the specification is read and written as printed there."""
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = decode_checkpoint(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert encode_checkpoint(checkpoint) == text


def test_origin_of_a_session():
    """The log of a session bears the session's name."""
    assert session_origin(b"\x00\xff") == "openoutcry/session/00ff"


@pytest.mark.parametrize("size", [0, 1, 2**64 - 1])
def test_round_trip(size):
    """A signed checkpoint verifies and says what was signed."""
    checkpoint = Checkpoint(origin=session_origin(ROOT), size=size, root=ROOT)
    assert verify_checkpoint(sign_checkpoint(checkpoint, KEY), VERIFY_KEY, session_origin(ROOT)) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"origin\n7\n{ENCODED_ROOT}",
        f"\n7\n{ENCODED_ROOT}\n",
        f"origin\n07\n{ENCODED_ROOT}\n",
        f"origin\n-7\n{ENCODED_ROOT}\n",
        f"origin\n+7\n{ENCODED_ROOT}\n",
        f"origin\n7 \n{ENCODED_ROOT}\n",
        f"origin\n\N{ARABIC-INDIC DIGIT SEVEN}\n{ENCODED_ROOT}\n",
        f"origin\n{2**64}\n{ENCODED_ROOT}\n",
        f"origin\n{'1' * 5000}\n{ENCODED_ROOT}\n",
        f"origin\n7\n{ENCODED_ROOT[:-4]}\n",
        f"origin\n7\n{ENCODED_ROOT[:-2]}9=\n",
        f"origin\n7\n{ENCODED_ROOT}\nextension\n",
        f"origin\n7\n{ENCODED_ROOT}\n\n",
    ],
)
def test_other_texts_are_refused(text):
    """Each field has one spelling, and nothing follows the root."""
    with pytest.raises(TranscriptError, match="the checkpoint is not"):
        decode_checkpoint(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 7, ROOT),
        ("a\nb", 7, ROOT),
        ("origin", -1, ROOT),
        ("origin", 2**64, ROOT),
        ("origin", 7, ROOT[:-1]),
    ],
)
def test_what_cannot_be_read_is_not_written(origin, size, root):
    """A checkpoint with an impossible field is the caller's mistake."""
    with pytest.raises(UsageError):
        encode_checkpoint(Checkpoint(origin=origin, size=size, root=root))


def test_a_checkpoint_of_another_log_or_key_is_refused():
    """The key must have signed it, for this log, under this log's name."""
    signed = sign_checkpoint(CHECKPOINT, KEY)
    other_key = VerifyKey(SigningKey.from_seed(b"b" * 32).public_key)
    with pytest.raises(TranscriptError, match="not signed by"):
        verify_checkpoint(signed, other_key, CHECKPOINT.origin)
    with pytest.raises(TranscriptError, match="not signed by"):
        verify_checkpoint(signed, VERIFY_KEY, "openoutcry/session/00fe")
    misnamed = sign_note(encode_checkpoint(CHECKPOINT), NoteSigner("openoutcry/session/00fe", KEY))
    with pytest.raises(TranscriptError, match="of the log 'openoutcry/session/00ff'"):
        verify_checkpoint(misnamed, VERIFY_KEY, "openoutcry/session/00fe")


def test_any_altered_byte_is_found():
    """No byte of a checkpoint with one signature can change unnoticed."""
    signed = sign_checkpoint(CHECKPOINT, KEY)
    for place in range(len(signed)):
        for change in (1, 0x20, 0x80):
            altered = bytearray(signed)
            altered[place] ^= change
            with pytest.raises(TranscriptError):
                verify_checkpoint(bytes(altered), VERIFY_KEY, CHECKPOINT.origin)
