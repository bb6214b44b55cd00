"""A strategy that copies its belief from what is public, and does not use what it knows itself.

Where the paper speaks of bidders who look each other up instead of knowing each other. The belief is that of a file,
or the market's public prior given the own value, or, where there is neither, that everything is equally likely.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from openoutcry.errors import StrategyError, UsageError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.strategies.api import Strategy
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.private_input import decode_belief, read_json
from openoutcry.strategies.type_views import BeliefView


class PublicBelief(Strategy):
    """Report a public belief; values are reported truthfully."""

    deterministic: ClassVar[bool] = True

    def __init__(self, file: Path | None = None) -> None:
        """Read the belief.

        Args:
            file: JSON, such as {"product": {"bob": [[1, 2], [4, 1]]}}; None takes the market's public prior.

        Raises:
            StrategyError: The file cannot be read, or is no JSON.
        """
        self.file = file
        self.content = None if file is None else read_json(file, StrategyError)

    def check(self, market: Market | TypeMarket, bidder: int) -> None:
        """Read the file as a belief about bidders of this market."""
        if self.file is not None and isinstance(market, TypeMarket):
            self._read(market, self.file, [name for name in market.names if name != market.names[bidder]])

    def report_belief(self, view: BeliefView) -> Belief:
        """Report what is public about the subjects."""
        market = view.knowledge.market
        if self.file is not None:
            return self._read(market, self.file, view.subjects)
        if market.prior is None:
            return Belief.uniform(market, view.subjects)
        given = market.prior.given({view.bidder: view.value_index})
        # A prior that holds the own value impossible says nothing about the others either.
        if given is None:
            return Belief.uniform(market, view.subjects)
        return Belief(market, given).about(view.subjects)

    def _read(self, market: TypeMarket, file: Path, subjects: Iterable[str]) -> Belief:
        try:
            return decode_belief(self.content, market).about(subjects)
        except UsageError as error:
            raise StrategyError(f"{file.name}: {error}") from error
