"""Strategies: how a bidder answers. The API that users write against, and the strategies that only think."""

from openoutcry.strategies.answers import (
    CheckedOpening,
    check_belief,
    check_decision,
    check_opening,
    check_signal,
    check_valuation,
)
from openoutcry.strategies.api import (
    Decision,
    Exit,
    NoAnswer,
    Open,
    Opening,
    OpenInstead,
    Silence,
    Stay,
    Strategy,
)
from openoutcry.strategies.ask import (
    answer_belief,
    answer_opening,
    answer_raise,
    answer_report,
    answer_type,
    answer_valuation,
    notify_outcome,
    notify_start,
    run_sync,
    settle,
)
from openoutcry.strategies.belief import Belief
from openoutcry.strategies.loading import StrategyFactory, check_strategy_name, load_strategy
from openoutcry.strategies.private_input import PrivateKnowledge, PrivateType
from openoutcry.strategies.registry import Registration, register, registrations
from openoutcry.strategies.seats import AnySeat, Seat, TypeSeat, WrongMarket, bidder_random
from openoutcry.strategies.type_views import BeliefView, OpeningView, TypeQuestion, ValuationView
from openoutcry.strategies.valuations import TypeIndex, Valuation, Value
from openoutcry.strategies.views import (
    OutcomeView,
    RaiseView,
    ReportView,
    StartView,
    View,
    make_outcome_view,
)

__all__ = [
    "AnySeat",
    "Belief",
    "BeliefView",
    "CheckedOpening",
    "Decision",
    "Exit",
    "NoAnswer",
    "Open",
    "OpenInstead",
    "Opening",
    "OpeningView",
    "OutcomeView",
    "PrivateKnowledge",
    "PrivateType",
    "RaiseView",
    "Registration",
    "ReportView",
    "Seat",
    "Silence",
    "StartView",
    "Stay",
    "Strategy",
    "StrategyFactory",
    "TypeIndex",
    "TypeQuestion",
    "TypeSeat",
    "Valuation",
    "ValuationView",
    "Value",
    "View",
    "WrongMarket",
    "answer_belief",
    "answer_opening",
    "answer_raise",
    "answer_report",
    "answer_type",
    "answer_valuation",
    "bidder_random",
    "check_belief",
    "check_decision",
    "check_opening",
    "check_signal",
    "check_strategy_name",
    "check_valuation",
    "load_strategy",
    "make_outcome_view",
    "notify_outcome",
    "notify_start",
    "register",
    "registrations",
    "run_sync",
    "settle",
]
