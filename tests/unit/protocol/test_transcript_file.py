"""The transcript file: one file for one content, and nothing beside it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from openoutcry.errors import TranscriptError, UnreadableTranscript, UsageError
from openoutcry.protocol import limits
from openoutcry.protocol.archive import encode_archive
from openoutcry.protocol.transcript import (
    Transcript,
    decode_transcript,
    decode_transcript_members,
    encode_transcript,
    encode_transcript_members,
)

TRANSCRIPT = Transcript(
    entries=tuple(b"entry %d" % index for index in range(300)),
    checkpoint=b"origin\n300\nroot\n",
    specification=b'{"format": "openoutcry-specification/1"}\n',
    manifest={"title": "Größe 7", "entries": 300},
)
MEMBERS = encode_transcript_members(TRANSCRIPT)


def test_round_trip():
    """A file gives back what went into it, and the same content always gives the same file."""
    data = encode_transcript(TRANSCRIPT)
    assert decode_transcript(data) == TRANSCRIPT
    assert encode_transcript(decode_transcript(data)) == data
    assert encode_transcript(replace(TRANSCRIPT, manifest={"entries": 300, "title": "Größe 7"})) == data


def test_a_log_without_entries_has_a_transcript():
    """A session that ended before it began can be written down."""
    empty = replace(TRANSCRIPT, entries=())
    assert decode_transcript(encode_transcript(empty)) == empty


def test_members_in_order():
    """First what people read, then the tiles."""
    assert list(MEMBERS) == [
        "manifest.json",
        "specification.json",
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]


def test_manifest_is_for_people():
    """Keys are sorted, lines are short, and letters are not spelled as numbers."""
    assert MEMBERS["manifest.json"].decode() == '{\n  "entries": 300,\n  "title": "Größe 7"\n}\n'


def test_an_unpacked_transcript_is_read_in_any_order():
    """A folder has no order."""
    assert decode_transcript_members(dict(reversed(MEMBERS.items()))) == TRANSCRIPT


def test_another_order_of_members_is_refused():
    """A file has one."""
    with pytest.raises(TranscriptError, match="not in order"):
        decode_transcript(encode_archive(dict(reversed(MEMBERS.items()))))


@pytest.mark.parametrize("path", MEMBERS)
def test_a_missing_member_cannot_be_read(path):
    """All members are needed, and a person is told which one is not there."""
    without = {other: content for other, content in MEMBERS.items() if other != path}
    if path == "tile/entries/001.p/44":
        # Without its last entries it is the log of a shorter session, whose hashes do not fit.
        with pytest.raises(TranscriptError):
            decode_transcript_members(without)
        return
    for decode, content in (
        (decode_transcript_members, without),
        (lambda members: decode_transcript(encode_archive(members)), without),
    ):
        with pytest.raises(UnreadableTranscript, match="is missing"):
            decode(content)


@pytest.mark.parametrize(
    "path", ["README", "tile", "tile/0/002", "checkpoint/", "../checkpoint", "a\nb" * 100]
)
def test_a_surplus_member_is_refused(path):
    """Nothing is carried along that nobody checks."""
    with pytest.raises(TranscriptError, match="does not belong"):
        decode_transcript_members({**MEMBERS, path: b""})


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("manifest.json", limits.MANIFEST_BYTES),
        ("specification.json", limits.SPECIFICATION_BYTES),
        ("checkpoint", limits.NOTE_BYTES),
        ("tile/0/000", 256 * (2 + 65_535)),
    ],
)
def test_oversized_members_cannot_be_read(path, limit):
    """Size is looked at before content."""
    with pytest.raises(UnreadableTranscript, match="bytes, more than"):
        decode_transcript_members({**MEMBERS, path: bytes(limit + 1)})


@pytest.mark.parametrize(
    "change",
    [
        {"checkpoint": bytes(limits.NOTE_BYTES + 1)},
        {"specification": bytes(limits.SPECIFICATION_BYTES + 1)},
        {"manifest": {"title": "a" * limits.MANIFEST_BYTES}},
        {"entries": (bytes(65_536),)},
        {"manifest": {"share": 0.5}},
        {"manifest": {"is_settled": True}},
        {"manifest": {"names": ["ada"]}},
        {"manifest": {7: "seven"}},
        {"manifest": {"title": "\ud800"}},
    ],
)
def test_what_cannot_be_read_is_not_written(change):
    """The writer keeps to the reader's limits."""
    with pytest.raises(UsageError):
        encode_transcript(replace(TRANSCRIPT, **change))


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"\xff",
        b"[" * 60_000,
        b"[]\n",
        b"null\n",
        b"{}",
        b'{"a": 1}\n',
        b'{\n  "b": 1,\n  "a": 1\n}\n',
        b'{\n  "a": 1,\n  "a": 1\n}\n',
        b'{\n  "a": 1.0\n}\n',
        b'{\n  "a": NaN\n}\n',
        b'{\n  "a": true\n}\n',
        b'{\n  "a": null\n}\n',
        b'{\n  "a": "\\u0041"\n}\n',
        b'{\n  "a": "\\ud800"\n}\n',
        b'{\n  "a": ' + b"1" * 5000 + b"\n}\n",
    ],
)
def test_other_spellings_of_a_manifest_are_refused(manifest):
    """The manifest is untrusted, but not a place where bytes may vary."""
    with pytest.raises(TranscriptError, match=r"manifest\.json"):
        decode_transcript_members({**MEMBERS, "manifest.json": manifest})


def test_an_edited_manifest_is_content_like_any_other():
    """What the manifest says is the business of whoever reads it; only its spelling is checked here."""
    edited = json.dumps({"title": "another"}, indent=2) + "\n"
    assert decode_transcript_members({**MEMBERS, "manifest.json": edited.encode()}) == replace(
        TRANSCRIPT, manifest={"title": "another"}
    )
