"""Strategies that act in the world, and so run in an agent process only."""

from bidder_agent.strategies.registration import register_all

__all__ = ["register_all"]
