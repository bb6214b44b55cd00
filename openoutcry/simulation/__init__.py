"""Whole auctions in one thread: played without messages, or as sessions over a simulated network in virtual time."""

from openoutcry.simulation.network import Faults
from openoutcry.simulation.play import Auction, PlayResult, play, play_scenario
from openoutcry.simulation.player import Default
from openoutcry.simulation.private import draw_private
from openoutcry.simulation.seeds import read_seed
from openoutcry.simulation.session import SimulatedSession, simulate_session

__all__ = [
    "Auction",
    "Default",
    "Faults",
    "PlayResult",
    "SimulatedSession",
    "draw_private",
    "play",
    "play_scenario",
    "read_seed",
    "simulate_session",
]
