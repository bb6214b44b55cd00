"""The conformance kit: whether a strategy will do in an auction, found out before the auction."""

from bidder_agent.conformance.checks import Check, Verdict, check_strategy

__all__ = ["Check", "Verdict", "check_strategy"]
