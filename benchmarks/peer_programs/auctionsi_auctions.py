"""AuctionSI's second-price sale among ten agents, who bid their values, drawn from 1..10.

Its marketplace goes on to have the winner carry out the contract, which does nothing here, and pays for it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from random import Random

from auctionsi import Marketplace, PythonFunctionAgent, Task  # type: ignore[import-not-found]  # In the environment that runs this.
from auctionsi.mechanisms.forward import ForwardAuction  # type: ignore[import-not-found]  # In the environment that runs this.
from pace import tell_pace  # type: ignore[import-not-found]  # Beside this file.

AGENTS = 10


def main() -> None:
    """Measure."""
    random = Random(1)
    values = [1] * AGENTS
    market = Marketplace(mechanism=ForwardAuction(pricing="second"), keep_events=False, retain_results=False)

    def bid_of(agent: int) -> Callable[[Task], float]:
        return lambda _task: float(values[agent])

    for agent in range(AGENTS):
        market.register(
            PythonFunctionAgent(
                f"agent-{agent}", lambda _task, _contract: {}, capabilities=["lot"], price=bid_of(agent)
            )
        )

    def sell(number: int) -> object:
        values[:] = random.choices(range(1, 11), k=AGENTS)
        result = market.submit_task(Task(task_id=f"lot-{number}", task_type="lot"))
        assert result.winner == f"agent-{values.index(max(values))}", (
            "the highest bid wins, the first of equal ones"
        )
        return result

    tell_pace(version("auctionsi"), sell)


main()
