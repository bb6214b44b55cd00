"""Signed notes: a short text, and below it lines that say who signed it.

The form is a published one, so that tools of others can read and check what we sign. Bounds come first: a
note that is too long, not UTF-8, or holds control characters is refused before anything in it is looked at.
Signatures of unknown keys are ignored, as the form demands; one that names the known key and does not hold
refuses the whole note. Checkpoints are notes; whoever verifies one knows the key beforehand.

Source: C2SP signed-note, version 1.0.0, with Ed25519 (signature type 1) only.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from openoutcry.errors import ConfigurationError, PeerError, TranscriptError, UsageError
from openoutcry.protocol import limits
from openoutcry.protocol.keys import SigningKey, VerifyKey

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_SIGNATURE_LINE_START = "\N{EM DASH} "
_CONTROL_CHARACTER = re.compile(r"[\x00-\x09\x0b-\x1f]")
_VERIFIER_KEY = re.compile(r"(?P<name>[^+]*)\+(?P<key_id>[0-9a-f]{8})\+(?P<key>[A-Za-z0-9+/=]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line: the name of a key, its 4-byte id, and a signature of the key's kind."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note whose signatures nobody has checked yet.

    Attributes:
        text: What was signed, its last newline included.
        signatures: At least one.
    """

    text: str
    signatures: tuple[NoteSignature, ...]


class NoteSigner:
    """A private key under a name.

    Args:
        name: Not empty, without spaces and plus signs.
        key: Signs the notes.

    Raises:
        UsageError: The name breaks these rules.
    """

    __slots__ = ("key", "key_id", "name")

    def __init__(self, name: str, key: SigningKey) -> None:
        self.name = _usable_name(name)
        self.key = key
        self.key_id = note_key_id(name, key.public_key)


class NoteVerifier:
    """A public key under a name.

    Args:
        name: Not empty, without spaces and plus signs.
        key: Verifies the notes.

    Raises:
        UsageError: The name breaks these rules.
    """

    __slots__ = ("key", "key_id", "name")

    def __init__(self, name: str, key: VerifyKey) -> None:
        self.name = _usable_name(name)
        self.key = key
        self.key_id = note_key_id(name, key.public_key)


def note_key_id(name: str, public_key: bytes) -> bytes:
    """Return the 4 bytes that name an Ed25519 key in signature lines; they identify, and protect nothing."""
    return sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:_KEY_ID_BYTES]


def sign_note(text: str, signer: NoteSigner) -> bytes:
    """Return the note with this text and one signature.

    Args:
        text: Ends in a newline and holds no other control character.
        signer: Whose signature it gets.

    Raises:
        UsageError: The text breaks these rules, or the note would be longer than allowed.
    """
    if not text.endswith("\n") or _CONTROL_CHARACTER.search(text):
        raise UsageError("the text of a note ends in a newline and holds no other control character")
    try:
        signed = text.encode()
    except UnicodeEncodeError as problem:
        raise UsageError("the text of a note holds a character that UTF-8 cannot write") from problem
    signature = b64encode(signer.key_id + signer.key.sign(signed)).decode()
    data = f"{text}\n{_SIGNATURE_LINE_START}{signer.name} {signature}\n".encode()
    if len(data) > limits.NOTE_BYTES:
        raise UsageError(f"the note has {len(data)} bytes, more than {limits.NOTE_BYTES}")
    return data


def parse_note(data: bytes) -> Note:
    """Return text and signatures of a note, none of them checked.

    Raises:
        TranscriptError: The bytes are no note.
    """
    if len(data) > limits.NOTE_BYTES:
        raise TranscriptError(f"the note has {len(data)} bytes, more than {limits.NOTE_BYTES}")
    try:
        content = data.decode()
    except UnicodeDecodeError as problem:
        raise TranscriptError("the note is not UTF-8") from problem
    if _CONTROL_CHARACTER.search(content):
        raise TranscriptError("the note holds a control character other than newline")
    # The text may hold empty lines of its own; the last empty line ends it.
    end_of_text = content.rfind("\n\n")
    if end_of_text < 0 or not content.endswith("\n"):
        raise TranscriptError("the note is not a text, an empty line and signature lines")
    lines = content[end_of_text + 2 : -1].split("\n")
    if len(lines) > limits.NOTE_SIGNATURES:
        raise TranscriptError(f"the note has {len(lines)} signatures, more than {limits.NOTE_SIGNATURES}")
    return Note(text=content[: end_of_text + 1], signatures=tuple(map(_parse_signature_line, lines)))


def verify_note(data: bytes, verifier: NoteVerifier) -> str:
    """Return the text of a note, its last newline included, when the verifier's key has signed it.

    Raises:
        TranscriptError: The bytes are no note, the key has not signed it, or one of its signatures is false.
    """
    note = parse_note(data)
    signed = note.text.encode()
    found = False
    for line in note.signatures:
        if line.name == verifier.name and line.key_id == verifier.key_id:
            try:
                verifier.key.verify(line.signature, signed)
            except PeerError as problem:
                raise TranscriptError(f"the note's signature by {verifier.name} does not hold") from problem
            found = True
    if not found:
        raise TranscriptError(f"the note is not signed by {verifier.name} with the key that was expected")
    return note.text


def encode_verifier_key(verifier: NoteVerifier) -> str:
    """Return the one-line form, name+id+key, in which people hand a public key to tools that verify notes."""
    return f"{verifier.name}+{verifier.key_id.hex()}+{b64encode(_ED25519 + verifier.key.public_key).decode()}"


def decode_verifier_key(text: str) -> NoteVerifier:
    """Return the verifier that a one-line form describes.

    Raises:
        ConfigurationError: The text is not such a line, or of another kind of key, or damaged.
    """
    match = _VERIFIER_KEY.fullmatch(text)
    if match is None or not _is_name(match["name"]):
        raise ConfigurationError(
            "this is no verifier key: it must read name+id+key with an id of 8 hexadecimal digits"
        )
    encoded = _decode_base64(match["key"])
    if encoded is None or encoded[:1] != _ED25519:
        raise ConfigurationError("the verifier key is damaged or of another kind: it must be an Ed25519 key")
    try:
        verifier = NoteVerifier(match["name"], VerifyKey(encoded[1:]))
    except PeerError as problem:
        raise ConfigurationError(f"the verifier key cannot be used: {problem.reason}") from problem
    if verifier.key_id.hex() != match["key_id"]:
        raise ConfigurationError("the verifier key is damaged: its id is not that of its name and key")
    return verifier


def _parse_signature_line(line: str) -> NoteSignature:
    parts = line.removeprefix(_SIGNATURE_LINE_START).split(" ")
    if not line.startswith(_SIGNATURE_LINE_START) or len(parts) != 2 or not _is_name(parts[0]):
        raise TranscriptError("a signature line of the note is not an em dash, a name and a signature")
    decoded = _decode_base64(parts[1])
    if decoded is None or len(decoded) <= _KEY_ID_BYTES:
        raise TranscriptError("a signature of the note is not the base64 form of a key id and a signature")
    return NoteSignature(name=parts[0], key_id=decoded[:_KEY_ID_BYTES], signature=decoded[_KEY_ID_BYTES:])


def _decode_base64(text: str) -> bytes | None:
    """Return what `text` encodes, or None unless it is the only way to write it."""
    try:
        decoded = b64decode(text, validate=True)
    except ValueError:
        return None
    return decoded if b64encode(decoded).decode() == text else None


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def _usable_name(name: str) -> str:
    if not _is_name(name):
        raise UsageError(f"{name!r} cannot name a key: it must not be empty or hold spaces or plus signs")
    return name
