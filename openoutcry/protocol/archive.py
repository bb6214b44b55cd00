"""Archive: named members in one file, with exactly one file for each list of members.

It is a ZIP that every tool unpacks, of the plainest kind: members stored, not compressed, no dates, no
comments, no extensions. The bytes are written here and not by a library, because a transcript of today must
compare equal with one that is made ten years from now. Reading refuses whatever writing would not have
written, so a single altered byte is found wherever it lies, and nothing can be hidden between members.
Nothing is ever inflated.

Only `openoutcry.protocol.transcript` calls it. Source: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from zlib import crc32

from openoutcry.errors import TranscriptError, UnreadableTranscript, UsageError
from openoutcry.protocol import limits

_LOCAL_HEADER = Struct("<4s5H3I2H")
_CENTRAL_HEADER = Struct("<4s6H3I5H2I")
_END = Struct("<4s4H2IH")
_LOCAL_MARK = b"PK\x03\x04"
_CENTRAL_MARK = b"PK\x01\x02"
_END_MARK = b"PK\x05\x06"

_VERSION = 20
_MADE_ON_UNIX = 3 << 8
_STORED = 0
_MIDNIGHT = 0
_FIRST_OF_JANUARY_1980 = 1 << 5 | 1
_REGULAR_FILE_READABLE_BY_ALL = 0o100644 << 16
_LONGEST_COMMENT = 65_535

_SHOWN_NAME = 60
_ALTERED = "the file is not byte for byte what was written: was it unpacked and packed again?"


class AlteredMember(TranscriptError):
    """A member is not what was written.

    Attributes:
        name: Of the member, or what stands in its place.
        content: As it stands in the file.
        before: The members before it, which are as they were written.
    """

    def __init__(self, name: bytes, content: bytes, *, before: Mapping[str, bytes]) -> None:
        super().__init__(f"{_show_name(name)} was altered: {_ALTERED}")
        self.name = name.decode("ascii", "replace")
        self.content = content
        self.before = before


def encode_archive(members: Mapping[str, bytes]) -> bytes:
    """Return the file that holds these members, in their order.

    Args:
        members: Content by ASCII name.

    Raises:
        UsageError: There are more members or bytes than one file may have.
    """
    # What stands around the contents only adds to their size, so a file that is too large for the format is
    # refused before it is made.
    _check_size(len(members), sum(map(len, members.values())))
    chunks: list[bytes] = []
    directory = _Directory()
    for name, content in members.items():
        chunks += (directory.add(name.encode("ascii"), content), content)
    chunks.append(directory.end())
    data = b"".join(chunks)
    _check_size(len(members), len(data))
    return data


def decode_archive(data: bytes) -> dict[str, bytes]:
    """Return the members of a file, content by name, in its order.

    Raises:
        UnreadableTranscript: The file is too large, or no ZIP at all.
        TranscriptError: It is a ZIP, but not one that `encode_archive` wrote.
    """
    if len(data) > limits.TRANSCRIPT_BYTES:
        raise UnreadableTranscript(f"the file has {len(data)} bytes, more than {limits.TRANSCRIPT_BYTES}")
    tail = data[-(_END.size + _LONGEST_COMMENT) :]
    if not data.startswith((_LOCAL_MARK, _END_MARK)) or _END_MARK not in tail:
        raise UnreadableTranscript("the file is no transcript, or only a part of one: it is not a whole ZIP")
    members: dict[str, bytes] = {}
    directory = _Directory()
    position = 0
    while data.startswith(_LOCAL_MARK, position):
        after_header = position + _LOCAL_HEADER.size
        if after_header > len(data):
            raise TranscriptError(_ALTERED)
        *_, size, name_length, _extra_length = _LOCAL_HEADER.unpack_from(data, position)
        begin = after_header + name_length
        name, content = data[after_header:begin], data[begin : begin + size]
        # Only two lengths are read from the header; all else in it is checked by making it again.
        if not name.isascii() or directory.add(name, content) != data[position:begin]:
            raise AlteredMember(name, content, before=members)
        if name.decode("ascii") in members or len(members) == limits.TRANSCRIPT_MEMBERS:
            raise TranscriptError(_ALTERED)
        members[name.decode("ascii")] = content
        position = begin + size
    if directory.end() != data[position:]:
        raise TranscriptError(_ALTERED)
    return members


def _show_name(name: bytes) -> str:
    """Return the name of a member for an error, which may itself be what was altered."""
    text = name[:_SHOWN_NAME].decode("ascii", "replace")
    return text if text.isprintable() and text else "a member of the file"


def _check_size(member_count: int, byte_count: int) -> None:
    if member_count > limits.TRANSCRIPT_MEMBERS or byte_count > limits.TRANSCRIPT_BYTES:
        raise UsageError(
            f"a transcript of {member_count} members and {byte_count} bytes is too large: at most"
            f" {limits.TRANSCRIPT_MEMBERS} and {limits.TRANSCRIPT_BYTES}"
        )


class _Directory:
    """Makes the header of each member, and at the end the directory of all of them."""

    def __init__(self) -> None:
        self._records: list[bytes] = []
        self._offset = 0

    def add(self, name: bytes, content: bytes) -> bytes:
        """Return what stands before the content of the next member."""
        described = (
            *(_VERSION, 0, _STORED, _MIDNIGHT, _FIRST_OF_JANUARY_1980),
            *(crc32(content), len(content), len(content), len(name), 0),
        )
        header = _LOCAL_HEADER.pack(_LOCAL_MARK, *described) + name
        attributes = (0, 0, 0, _REGULAR_FILE_READABLE_BY_ALL, self._offset)
        made_by = _MADE_ON_UNIX | _VERSION
        self._records.append(_CENTRAL_HEADER.pack(_CENTRAL_MARK, made_by, *described, *attributes) + name)
        self._offset += len(header) + len(content)
        return header

    def end(self) -> bytes:
        """Return what stands behind the content of the last member."""
        records = b"".join(self._records)
        count = len(self._records)
        return records + _END.pack(_END_MARK, 0, 0, count, count, len(records), self._offset, 0)
