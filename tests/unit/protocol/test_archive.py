"""The archive: an ordinary ZIP for every tool, and one spelling for us."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from openoutcry.errors import TranscriptError, UnreadableTranscript, UsageError
from openoutcry.protocol import limits
from openoutcry.protocol.archive import decode_archive, encode_archive

MEMBERS = {"manifest.json": b"{}\n", "tile/0/000": bytes(range(256)), "empty": b""}


def test_other_tools_read_it():
    """The standard library's reader finds every member whole, without dates, as plain files."""
    with ZipFile(BytesIO(encode_archive(MEMBERS))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == MEMBERS
        for member in archive.infolist():
            assert (member.compress_type, member.date_time) == (ZIP_STORED, (1980, 1, 1, 0, 0, 0))
            assert member.external_attr >> 16 == 0o100644


def test_the_bytes_never_change():
    """A file of today equals one made by any other release, or transcripts would cease to verify."""
    described = "1400 0000 0000 0000 2100 f9efbe71 01000000 01000000 0100 0000"
    assert encode_archive({"a": b"b"}) == bytes.fromhex(
        f"504b0304 {described} 61 62"
        f"504b0102 1403 {described} 0000 0000 0000 0000a481 00000000 61"
        "504b0506 0000 0000 0100 0100 2f000000 20000000 0000"
    )


@pytest.mark.parametrize("members", [{}, MEMBERS, dict(reversed(MEMBERS.items()))])
def test_round_trip(members):
    """Members come back in their order."""
    assert list(decode_archive(encode_archive(members)).items()) == list(members.items())


def packed_again(*, compression: int) -> bytes:
    """Return the members as another tool packs them."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", compression) as archive:
        for name, content in MEMBERS.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("compression", [ZIP_STORED, ZIP_DEFLATED])
def test_a_file_that_was_packed_again_is_told_so(compression):
    """The same members packed by another tool are refused, with the likely cause."""
    with pytest.raises(TranscriptError, match="packed again") as refusal:
        decode_archive(packed_again(compression=compression))
    assert not isinstance(refusal.value, UnreadableTranscript)


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"PK\x03\x04", b"%PDF-1.7", bytes(1000), encode_archive(MEMBERS)[:-30]]
)
def test_what_is_no_whole_zip_cannot_be_read(data):
    """Other files, and files that were cut, are told from altered ones."""
    with pytest.raises(UnreadableTranscript):
        decode_archive(data)


def test_nothing_can_be_hidden():
    """Bytes before, between and behind the members are found, also such as other tools ignore."""
    data = encode_archive(MEMBERS)
    directory = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    for place in (0, directory, end, len(data)):
        with pytest.raises(TranscriptError):
            decode_archive(data[:place] + b"hidden" + data[place:])
    with_comment = data[:-2] + b"\x06\x00" + b"hidden"
    with pytest.raises(TranscriptError):
        decode_archive(with_comment)


def test_members_have_unique_ascii_names():
    """Two members of one name, and names that tools spell differently, are refused."""
    data = encode_archive({"one": b"", "two": b""})
    with pytest.raises(TranscriptError):
        decode_archive(data.replace(b"two", b"one"))
    with pytest.raises(TranscriptError):
        decode_archive(data.replace(b"two", b"tw\xf6"))


def test_a_header_that_claims_more_than_there_is_refused():
    """Neither a huge size nor a header that is cut off makes the reader allocate or fail."""
    data = encode_archive({"one": b"content"})
    claimed = data[:18] + b"\xff\xff\xff\xff\xff\xff\xff\xff" + data[26:]
    for altered in (
        claimed,
        claimed[:26] + b"\xff\xff" + claimed[28:],
        data + b"PK\x03\x04",
        b"PK\x03\x04PK\x05\x06",
    ):
        with pytest.raises(TranscriptError):
            decode_archive(altered)


def test_size_is_limited(monkeypatch):
    """A file that is too large is neither written nor looked at."""
    data = encode_archive(MEMBERS)
    monkeypatch.setattr(limits, "TRANSCRIPT_BYTES", len(data))
    assert decode_archive(encode_archive(MEMBERS)) == MEMBERS
    monkeypatch.setattr(limits, "TRANSCRIPT_BYTES", len(data) - 1)
    with pytest.raises(UsageError, match="too large"):
        encode_archive(MEMBERS)
    with pytest.raises(UnreadableTranscript, match="more than"):
        decode_archive(data)


def test_number_of_members_is_limited(monkeypatch):
    """Further members would need another format."""
    data = encode_archive(MEMBERS)
    monkeypatch.setattr(limits, "TRANSCRIPT_MEMBERS", 2)
    with pytest.raises(UsageError, match="too large"):
        encode_archive(MEMBERS)
    with pytest.raises(TranscriptError):
        decode_archive(data)
