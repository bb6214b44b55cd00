"""A whole auction on one machine: a service on a free port, one agent process for each bidder, one transcript.

Decides: the order of things, and that the transcript is made whatever happens. Refuses nothing of its own. An agent
that dies before it has enrolled voids the session, unless told to go on: its scenario or strategy is wrong, and waiting
for its deadline would only hide that. Called by `auctioneer run`.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from auctioneer.agents import AgentProcess, Meeting, end_agents, show_words, start_agents
from auctioneer.driver import SessionDriver
from auctioneer.local import derive_secrets
from auctioneer.service import Service
from auctioneer.stores import MemoryStore
from openoutcry.mechanisms.specification import encode_specification
from openoutcry.protocol.transcript import Transcript
from openoutcry.scenario import Scenario
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.values import Phase
from openoutcry.simulation.table import Private

CANCELLED = "the operator ended the session"

FAREWELL_SECONDS = 10.0
"""Time for agents to fetch the transcript and check their receipts once the session has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalResult:
    """What came of a local run.

    Attributes:
        session: As it ended.
        transcript: Of the whole session.
        troubles: One line for each agent that did not end well.
        failures: One line for each answer that a default stood in for, because the strategy failed or was late.
        was_interrupted: Whether the operator ended it.
    """

    session: AuctioneerSession
    transcript: Transcript
    troubles: tuple[str, ...]
    failures: tuple[str, ...]
    was_interrupted: bool


class LocalRun:
    """One auction among processes of this machine.

    Args:
        scenario: Says who bids and how.
        private: Length n: what each bidder privately knows.
        seed: All randomness follows from it.
        keep_going: Whether a dead agent before play is no reason to stop.
        started: Told of the session as soon as it is open.
        trouble: Told of an agent that did not end well, in one line.
    """

    def __init__(
        self,
        *,
        scenario: Scenario,
        private: Sequence[Private],
        seed: str,
        keep_going: bool,
        started: Callable[[SessionDriver], None],
        trouble: Callable[[str], None],
    ) -> None:
        self._scenario = scenario
        self._private = private
        self._seed = seed
        self._keep_going = keep_going
        self._started = started
        self._trouble = trouble
        self._troubles: list[str] = []
        self._agents: list[AgentProcess] = []
        self._driver: SessionDriver | None = None
        self._was_interrupted = False

    def interrupt(self) -> None:
        """End the auction: agents end, the session becomes void, and the transcript is still made."""
        self._was_interrupted = True
        for agent in self._agents:
            agent.terminate()
        if self._driver is not None:
            self._driver.cancel(CANCELLED)

    def kill_agents(self) -> None:
        """End all agents by force."""
        for agent in self._agents:
            agent.kill()

    async def play(self) -> LocalResult:
        """Run the auction to its end.

        Raises:
            ServiceError: The service cannot start.
        """
        local = derive_secrets(self._seed)
        specification = encode_specification(self._scenario.specification)
        with tempfile.TemporaryDirectory(prefix="openoutcry-") as receipts:
            async with Service(store=MemoryStore(), keys=local.keys) as service:
                session_id = await service.open_session(specification, seed_part=local.seed_part)
                driver = self._driver = await service.session(session_id)
                if self._was_interrupted:
                    driver.cancel(CANCELLED)
                self._started(driver)
                meeting = Meeting(
                    address=service.address,
                    session_id=session_id,
                    auctioneer_key=local.keys.message.public_key,
                    seed=self._seed,
                    receipts=Path(receipts),
                )
                await self._play_among_agents(driver, meeting)
                failures = _read_failures(self._scenario.names, meeting.receipts)
                transcript = await service.transcript(session_id)
        return LocalResult(
            session=driver.session,
            transcript=transcript,
            troubles=tuple(self._troubles),
            failures=failures,
            was_interrupted=self._was_interrupted,
        )

    async def _play_among_agents(self, driver: SessionDriver, meeting: Meeting) -> None:
        if not self._was_interrupted:
            self._agents = await start_agents(self._scenario, self._private, meeting)
        watching = [asyncio.create_task(self._watch(agent, driver)) for agent in self._agents]
        try:
            await driver.wait_until_ended()
            if not self._was_interrupted:
                await asyncio.wait(watching, timeout=FAREWELL_SECONDS)
        finally:
            await end_agents(self._agents)
            await _settle(watching)

    async def _watch(self, agent: AgentProcess, driver: SessionDriver) -> None:
        code = await agent.wait()
        if self._was_interrupted or (code == 0 and driver.has_ended):
            return
        if code == 1 and driver.session.phase is Phase.VOID:
            # That is how an agent says that nothing was sold; what voided the session is said elsewhere.
            return
        line = agent.describe_end(when=_when(driver.session))
        self._troubles.append(line)
        self._trouble(line)
        if driver.session.phase is Phase.ENROL and not self._keep_going:
            # The details are for the terminal: they may name files, and the transcript is public.
            driver.cancel(f"the agent of {agent.name} ended before it had enrolled")


def _when(session: AuctioneerSession) -> str:
    """Return how far a session has come in a few words; nothing before it is known who plays, or after its end."""
    match session.phase:
        case Phase.SEED:
            return "before play"
        case Phase.PLAY:
            return f"in wave {session.wave_count - 1}"
        case _:
            return ""


async def _settle(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.gather(*tasks)


def _read_failures(names: Sequence[str], receipts: Path) -> tuple[str, ...]:
    """Return what agents say of their strategies in the outcomes that they leave behind, before these are deleted."""
    failures: list[str] = []
    for place, name in enumerate(names):
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads((receipts / str(place) / "outcome.json").read_bytes())["failures"]
            failures += [f"{name}: {show_words(failure)}" for failure in told]
    return tuple(failures)
