"""Mechanisms as conversations, the markets they run on, and the chance they draw from."""

from openoutcry.mechanisms.chance import Chance, Draw, RecordingChance, ScriptedChance
from openoutcry.mechanisms.conversation import (
    Answer,
    Climb,
    Climbed,
    Conversation,
    Outcome,
    Question,
    Reported,
    ReportSignal,
    Wave,
)
from openoutcry.mechanisms.families import Linear, Minimum, Product, Steps, Threshold
from openoutcry.mechanisms.market import Bidder, Market
from openoutcry.mechanisms.parameters import Parameter
from openoutcry.mechanisms.registry import MECHANISMS, Guarantee, Mechanism, find_mechanism
from openoutcry.mechanisms.signal_discovery import SignalDiscovery
from openoutcry.mechanisms.specification import (
    Specification,
    Timing,
    decode_specification,
    encode_specification,
)
from openoutcry.mechanisms.tables import CountTable, Table
from openoutcry.mechanisms.threshold_lottery import ThresholdLottery
from openoutcry.mechanisms.uniform_clock import UniformClock
from openoutcry.mechanisms.valuations import Valuation, decode_valuation, encode_valuation

__all__ = [
    "MECHANISMS",
    "Answer",
    "Bidder",
    "Chance",
    "Climb",
    "Climbed",
    "Conversation",
    "CountTable",
    "Draw",
    "Guarantee",
    "Linear",
    "Market",
    "Mechanism",
    "Minimum",
    "Outcome",
    "Parameter",
    "Product",
    "Question",
    "RecordingChance",
    "ReportSignal",
    "Reported",
    "ScriptedChance",
    "SignalDiscovery",
    "Specification",
    "Steps",
    "Table",
    "Threshold",
    "ThresholdLottery",
    "Timing",
    "UniformClock",
    "Valuation",
    "Wave",
    "decode_specification",
    "decode_valuation",
    "encode_specification",
    "encode_valuation",
    "find_mechanism",
]
