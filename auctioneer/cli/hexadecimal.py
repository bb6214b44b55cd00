"""Session ids and keys on the command line: 32 bytes as 64 hexadecimal digits."""

from __future__ import annotations

import click

LENGTH = 32


class HexBytes(click.ParamType[bytes]):
    """32 bytes, written as 64 hexadecimal digits.

    Args:
        hint: What a person can do to find them.
    """

    name = "hex"

    def __init__(self, hint: str) -> None:
        self._hint = hint

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        """Return the bytes."""
        if isinstance(value, bytes):
            return value
        try:
            data = bytes.fromhex(str(value))
        except ValueError:
            data = b""
        if len(data) != LENGTH:
            self.fail(f"{value!r:.80} is not 64 hexadecimal digits: {self._hint}", param, ctx)
        return data


SESSION = HexBytes("`auctioneer sessions` lists sessions in full")
KEY = HexBytes("`auctioneer verify` prints the key of a transcript in full")
