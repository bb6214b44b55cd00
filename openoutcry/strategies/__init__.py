"""Strategies: how a bidder answers. The API that users write against, and the strategies that only think."""

from openoutcry.strategies.api import Decision, Exit, NoAnswer, Silence, Stay, Strategy
from openoutcry.strategies.ask import (
    answer_raise,
    answer_report,
    check_decision,
    check_signal,
    notify_outcome,
    notify_start,
    run_sync,
    settle,
)
from openoutcry.strategies.loading import StrategyFactory, check_strategy_name, load_strategy
from openoutcry.strategies.registry import Registration, register, registrations
from openoutcry.strategies.views import (
    OutcomeView,
    RaiseView,
    ReportView,
    Seat,
    StartView,
    View,
    bidder_random,
)

__all__ = [
    "Decision",
    "Exit",
    "NoAnswer",
    "OutcomeView",
    "RaiseView",
    "Registration",
    "ReportView",
    "Seat",
    "Silence",
    "StartView",
    "Stay",
    "Strategy",
    "StrategyFactory",
    "View",
    "answer_raise",
    "answer_report",
    "bidder_random",
    "check_decision",
    "check_signal",
    "check_strategy_name",
    "load_strategy",
    "notify_outcome",
    "notify_start",
    "register",
    "registrations",
    "run_sync",
    "settle",
]
