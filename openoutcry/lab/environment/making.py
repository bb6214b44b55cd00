"""Makes environments. PettingZoo is needed to make one, and not to play what was trained in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openoutcry.errors import ConfigurationError
from openoutcry.lab.environment.lots import Lots, generated_lots

if TYPE_CHECKING:
    from pettingzoo import AECEnv  # It carries annotations, but no py.typed.

    from openoutcry.lab.environment.clock_auction import ClockAuction
    from openoutcry.lab.environment.encoding import Observation

ADVICE = "environments need PettingZoo: pip install 'openoutcry[pettingzoo]'"


def parallel_env(
    lots: Lots | None = None,
    *,
    reward_unit: int | None = 1,
    render_mode: str | None = None,
    max_cycles: int | None = None,
) -> ClockAuction:
    """Make a clock auction in which all agents act at once.

    Args:
        lots: Where auctions come from; `generated_lots()` when None.
        reward_unit: How many minor units a reward of 1 stands for; None: the greatest value in the market.
        render_mode: `ansi`, `human` or None.
        max_cycles: Truncate after so many steps; None lets every auction end by itself.

    Raises:
        ConfigurationError: PettingZoo is not installed, or an argument is out of range.
    """
    try:
        from openoutcry.lab.environment.clock_auction import ClockAuction
    except ModuleNotFoundError as error:
        raise ConfigurationError(ADVICE) from error
    return ClockAuction(
        lots or generated_lots(), reward_unit=reward_unit, render_mode=render_mode, max_cycles=max_cycles
    )


def env(
    lots: Lots | None = None,
    *,
    reward_unit: int | None = 1,
    render_mode: str | None = None,
    max_cycles: int | None = None,
) -> AECEnv[str, Observation, int | None]:
    """Make the same auction with agents that act one after another, by PettingZoo's own wrapper.

    Args:
        lots: As for `parallel_env`.
        reward_unit: The same.
        render_mode: The same.
        max_cycles: The same.

    Raises:
        ConfigurationError: As `parallel_env`.
    """
    auction = parallel_env(lots, reward_unit=reward_unit, render_mode=render_mode, max_cycles=max_cycles)
    from pettingzoo.utils.conversions import parallel_to_aec  # As above.

    return parallel_to_aec(auction)
