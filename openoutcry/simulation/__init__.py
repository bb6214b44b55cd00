"""Whole auctions in one thread: played without messages, or as sessions over a simulated network in virtual time."""

from openoutcry.simulation.network import Faults
from openoutcry.simulation.play import Auction, PlayResult, play, play_scenario, read_seed
from openoutcry.simulation.player import Default
from openoutcry.simulation.session import SimulatedSession, simulate_session

__all__ = [
    "Auction",
    "Default",
    "Faults",
    "PlayResult",
    "SimulatedSession",
    "play",
    "play_scenario",
    "read_seed",
    "simulate_session",
]
