"""A parsed scenario file of the right shape, with what every reader of its parts needs: names and refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openoutcry.errors import ScenarioError


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One scenario file.

    Attributes:
        content: The whole file as parsed; the schema has checked its shape.
        directory: Where the files that it names start.
        file: The file as the person named it.
    """

    content: Mapping[str, Any]
    directory: Path
    file: str

    @property
    def market(self) -> Mapping[str, Any]:
        """The table `[market]`."""
        market: Mapping[str, Any] = self.content["market"]
        return market

    @property
    def bidders(self) -> Sequence[Mapping[str, Any]]:
        """The tables `[[bidder]]`, in roster order."""
        bidders: Sequence[Mapping[str, Any]] = self.content["bidder"]
        return bidders

    @property
    def names(self) -> tuple[str, ...]:
        """The bidders' names, in roster order."""
        return tuple(entry["name"] for entry in self.bidders)

    def locate(self, name: str) -> Path:
        """Return the path of a file that the scenario names."""
        return self.directory / name

    def refusal(self, key: str, reason: str) -> ScenarioError:
        """Return the error that refuses the file at a key."""
        return ScenarioError(file=self.file, key=key, reason=reason)
