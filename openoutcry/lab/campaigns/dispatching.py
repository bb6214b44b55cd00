"""Hands tasks out to an engine, never more than its workers can soon begin, and takes back what is done.

A task whose worker was lost is handed out again, a few times. What a task is, and what comes of it, is the caller's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from openoutcry.errors import ServiceError
from openoutcry.lab.campaigns.engines import Engine

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

AHEAD = 2
"""Tasks handed out for each worker, so that none waits for the next."""

ATTEMPTS = 5
"""How often a task is handed out before it is given up because the process that worked on it was lost."""

PATIENCE_SECONDS = 60.0
"""When nothing has been done for so long, the engine is asked whether there is somebody to wait for."""


@dataclass(slots=True, kw_only=True)
class _Handed(Generic[_Task]):
    """A task that a worker has."""

    task: _Task
    attempts: int = 1


class Dispatcher(Generic[_Task, _Result]):
    """Hands out tasks and takes back what is done.

    Args:
        engine: Does the work.
        function: Done to each task, in another process.
        take: Called here with each task and what came of it, in the order in which they are done.
        describe: Names a task to a person.
    """

    def __init__(
        self,
        engine: Engine,
        function: Callable[[_Task], _Result],
        *,
        take: Callable[[_Task, _Result], None],
        describe: Callable[[_Task], str],
    ) -> None:
        self._engine = engine
        self._function = function
        self._take = take
        self._describe = describe
        self._again: deque[_Handed[_Task]] = deque()
        self._handed: dict[Future[_Result], _Handed[_Task]] = {}

    def run(self, tasks: Iterator[_Task]) -> None:
        """Work until nothing is left; a task is asked for when a worker will soon want it.

        Raises:
            ServiceError: A task was lost together with its worker too often, or all workers are.
        """
        while True:
            self._hand_out(tasks)
            if not self._handed:
                return
            done, _ = wait(self._handed, timeout=PATIENCE_SECONDS, return_when=FIRST_COMPLETED)
            if not done:
                self._engine.check()
            for future in done:
                handed = self._handed.pop(future)
                if future.cancelled():
                    # We take nothing back that we have handed out.
                    raise ServiceError("the connection to the workers was lost: the same command goes on")
                error = future.exception()
                if error is None:
                    self._take(handed.task, future.result())
                else:
                    self._note_lost(handed, error)

    def _hand_out(self, tasks: Iterator[_Task]) -> None:
        while self._again:
            self._submit(self._again.popleft())
        while len(self._handed) < AHEAD * self._engine.workers:
            task = next(tasks, None)
            if task is None:
                return
            self._submit(_Handed(task=task))

    def _submit(self, handed: _Handed[_Task]) -> None:
        self._handed[self._engine.submit(self._function, handed.task)] = handed

    def _note_lost(self, handed: _Handed[_Task], error: BaseException) -> None:
        if not self._engine.is_worker_lost(error):
            raise error
        if handed.attempts == ATTEMPTS:
            raise ServiceError(
                f"workers were lost {ATTEMPTS} times while they worked on {self._describe(handed.task)}: is there "
                "memory enough, and does no strategy end its own process?"
            ) from error
        self._again.append(_Handed(task=handed.task, attempts=handed.attempts + 1))
