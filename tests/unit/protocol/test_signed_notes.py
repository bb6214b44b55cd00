"""Signed notes: the published form, its bounds, and whom a note convinces."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as generators

from openoutcry.errors import ConfigurationError, TranscriptError, UsageError
from openoutcry.protocol import limits
from openoutcry.protocol.keys import SigningKey, VerifyKey
from openoutcry.protocol.notes import (
    NoteSigner,
    NoteVerifier,
    decode_verifier_key,
    encode_verifier_key,
    note_key_id,
    parse_note,
    sign_note,
    verify_note,
)

KEY = SigningKey.from_seed(b"a" * 32)
OTHER = SigningKey.from_seed(b"b" * 32)
SIGNER = NoteSigner("example.com/log", KEY)
VERIFIER = NoteVerifier("example.com/log", VerifyKey(KEY.public_key))

# The example in the documentation of Go's sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE"
    "6RyyBwJnAM=\n"
).encode()


def test_a_note_of_another_implementation_verifies():
    """What Go's package signed is read and verified here."""
    assert verify_note(GO_NOTE, decode_verifier_key(GO_KEY)) == GO_TEXT


def test_verifier_key_round_trip():
    """The one-line form of a key comes back, and is the one that others write."""
    assert encode_verifier_key(decode_verifier_key(GO_KEY)) == GO_KEY
    verifier = decode_verifier_key(encode_verifier_key(VERIFIER))
    assert (verifier.name, verifier.key) == (VERIFIER.name, VERIFIER.key)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "no verifier key"),
        ("name+key", "no verifier key"),
        (GO_KEY.replace("c74f20a3", "C74F20A3"), "no verifier key"),
        (GO_KEY.removeprefix("PeterNeumann"), "no verifier key"),
        (GO_KEY.replace("Neumann", " Neumann"), "no verifier key"),
        (GO_KEY + "\n", "no verifier key"),
        (GO_KEY.replace("Peter", "Petra"), "its id"),
        (GO_KEY.replace("c74f20a3", "c74f20a4"), "its id"),
        (GO_KEY.replace("+ARpc", "+AhpC"), "another kind"),
        (GO_KEY[:-1], "damaged"),
        (GO_KEY[:-4], "cannot be used"),
        (f"name+00000000+{b64encode(bytes([1]) + bytes(32)).decode()}", "cannot be used"),
    ],
)
def test_bad_verifier_keys_are_refused_with_advice(text, advice):
    """A key that was copied badly is never used."""
    with pytest.raises(ConfigurationError, match=advice):
        decode_verifier_key(text)


def test_form_of_a_note():
    """Text, empty line, em dash, name, and the base64 form of key id and signature."""
    data = sign_note("text\n", SIGNER)
    signature = b64encode(note_key_id("example.com/log", KEY.public_key) + KEY.sign(b"text\n")).decode()
    assert data.decode() == f"text\n\n— example.com/log {signature}\n"


@pytest.mark.parametrize("text", ["line\n", "a\n\nb\n", "a\n\n", "\n", "\n\n\n", "äé—\n", "— a b\n"])
def test_round_trip(text):
    """Texts with empty lines, and such as look like signatures, come back whole."""
    assert verify_note(sign_note(text, SIGNER), VERIFIER) == text


@given(generators.text(generators.characters(exclude_categories=("Cs", "Cc"), include_characters="\n")))
def test_round_trip_of_any_text(text):
    """Every text without other control characters comes back."""
    assert verify_note(sign_note(text + "\n", SIGNER), VERIFIER) == text + "\n"


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "return\r\n", "zero\x00\n", "\ud800\n"])
def test_texts_that_make_no_note_are_refused(text):
    """The signer never makes what verifiers refuse."""
    with pytest.raises(UsageError):
        sign_note(text, SIGNER)


def test_a_note_has_a_size():
    """A note of the largest size is made and read, a larger one neither."""
    room = limits.NOTE_BYTES - len(sign_note("\n", SIGNER))
    data = sign_note("a" * room + "\n", SIGNER)
    assert len(data) == limits.NOTE_BYTES
    verify_note(data, VERIFIER)
    with pytest.raises(UsageError, match="more than"):
        sign_note("a" * (room + 1) + "\n", SIGNER)
    with pytest.raises(TranscriptError, match="more than"):
        parse_note(b"a" + data)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\u2003b"])
def test_names_of_keys(name):
    """An empty name, spaces of any alphabet and plus signs are refused."""
    with pytest.raises(UsageError, match="cannot name a key"):
        NoteSigner(name, KEY)
    with pytest.raises(UsageError, match="cannot name a key"):
        NoteVerifier(name, VerifyKey(KEY.public_key))


LINE = sign_note("text\n", SIGNER).decode().removeprefix("text\n\n")
SIGNATURE = LINE.split(" ")[2]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "text\n",
        "text\n\n",
        f"text\n{LINE}",
        f"text\n\n{LINE}"[:-1],
        f"text\n\n{LINE}\n",
        f"text\n\n{LINE}garbage\n",
        f"text\n\n{LINE.replace('—', '-')}",
        f"text\n\n{LINE.replace('— ', '—')}",
        f"text\n\n {LINE}",
        f"text\n\n{LINE.replace(' example', '  example')}",
        f"text\n\n{LINE.replace('.com', '+com')}",
        f"text\n\n{LINE.replace(SIGNATURE, '')}",
        f"text\n\n{LINE.replace(SIGNATURE, 'AAAAAA==' + chr(10))}",
        f"text\n\n{LINE.replace('=', '')}",
        f"text\n\n{LINE.replace(SIGNATURE, '!' + SIGNATURE[1:])}",
        f"text\n\n{LINE[:-1]}\r\n",
        f"te\x1fxt\n\n{LINE}",
    ],
)
def test_what_is_no_note_is_refused(data):
    """Every line must be exactly of the form."""
    with pytest.raises(TranscriptError):
        parse_note(data.encode())


def test_a_note_is_utf_8():
    """Bytes that are no text are refused."""
    with pytest.raises(TranscriptError, match="UTF-8"):
        parse_note(b"\xff" + sign_note("text\n", SIGNER))


def test_spare_bits_of_base64_are_refused():
    """A signature is written in one way only."""
    data = sign_note("text\n", SIGNER)
    spelled = b64encode(b"12345").decode()
    parse_note(data + f"— other {spelled}\n".encode())
    with pytest.raises(TranscriptError, match="base64"):
        parse_note(data + f"— other {spelled.replace('U=', 'V=')}\n".encode())


def test_number_of_signatures_is_limited():
    """At least the 16 that the standard asks for are read, and not without end."""
    text = b"text\n\n"
    assert len(parse_note(text + LINE.encode() * limits.NOTE_SIGNATURES).signatures) == limits.NOTE_SIGNATURES
    assert limits.NOTE_SIGNATURES >= 16
    with pytest.raises(TranscriptError, match="signatures"):
        parse_note(text + LINE.encode() * (limits.NOTE_SIGNATURES + 1))


def line_of(name: str, key: SigningKey, text: str) -> bytes:
    """Return the signature line that this key adds to a note."""
    return sign_note(text, NoteSigner(name, key)).removeprefix(text.encode() + b"\n")


def test_signatures_of_unknown_keys_are_ignored():
    """A key of the same name, or another name, neither convinces nor disturbs."""
    data = (
        b"text\n\n"
        + line_of("example.com/log", OTHER, "text\n")
        + line_of("example.com/log", KEY, "text\n")
        + line_of("elsewhere", KEY, "other\n")
    )
    assert verify_note(data, VERIFIER) == "text\n"


def test_a_note_of_others_only_is_refused():
    """Without a signature of the key that was expected the text must not be believed."""
    for line in (line_of("example.com/log", OTHER, "text\n"), line_of("elsewhere", KEY, "text\n")):
        with pytest.raises(TranscriptError, match=r"not signed by example\.com/log"):
            verify_note(b"text\n\n" + line, VERIFIER)


def test_a_false_signature_refuses_the_note():
    """A signature in the key's name that does not hold is not made good by one that does."""
    good, bad = line_of("example.com/log", KEY, "text\n"), line_of("example.com/log", KEY, "test\n")
    for lines in (bad, good + bad, bad + good):
        with pytest.raises(TranscriptError, match="does not hold"):
            verify_note(b"text\n\n" + lines, VERIFIER)


@given(generators.binary(max_size=200))
def test_arbitrary_bytes_are_a_note_or_refused(data):
    """Nothing but a transcript error ever leaves the parser."""
    try:
        note = parse_note(data)
    except TranscriptError:
        return
    assert data.decode().startswith(note.text + "\n")
