"""Where work is done: a pool of processes on this machine, or the workers of a Dask scheduler.

Both are used through `concurrent.futures.Executor`; what is ours is to start them so that Ctrl-C and a killed process
do no harm, to start the pool again after one of its processes was killed, and to refuse workers of another release.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

import numpy as np

from openoutcry.errors import ConfigurationError, ServiceError
from openoutcry.lab.release import release

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")

CONNECT_SECONDS = 10


class Engine(Protocol):
    """Runs functions in other processes."""

    @property
    def name(self) -> str:
        """What the manifest says of it."""

    @property
    def workers(self) -> int:
        """How many functions run at the same time."""

    def submit(self, function: Callable[[_Argument], _Result], argument: _Argument) -> Future[_Result]:
        """Run a function of one argument; both are sent to another process."""

    def is_worker_lost(self, error: BaseException) -> bool:
        """Whether a future failed because the process that worked on it is gone; the engine goes on."""

    def stop(self) -> None:
        """End at once whatever still runs; what was handed in is given up."""


class ProcessEngine:
    """A pool of fresh processes on this machine.

    Args:
        workers: How many, at least 1.
    """

    name = "processes"

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._executor, self._lifeline = self._start()

    def submit(self, function: Callable[[_Argument], _Result], argument: _Argument) -> Future[_Result]:
        """Run a function in one of the processes; a pool that is broken is replaced by a fresh one."""
        try:
            return self._executor.submit(function, argument)
        except BrokenExecutor:
            self.stop()
            self._executor, self._lifeline = self._start()
            return self._executor.submit(function, argument)

    def is_worker_lost(self, error: BaseException) -> bool:
        """Whether a process of the pool was killed."""
        return isinstance(error, BrokenExecutor)

    def stop(self) -> None:
        """End all processes of the pool."""
        self._lifeline.close()
        # Without the lifeline they are gone at once; who presses Ctrl-C again meanwhile is not in Python's own way out.
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> tuple[Executor, Connection]:
        # Every process reads from the lifeline and nobody writes to it: it ends when we close it, or die.
        context = multiprocessing.get_context("spawn")
        reader, writer = context.Pipe(duplex=False)
        executor = ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=_prepare_worker, initargs=(reader,)
        )
        return executor, writer


def _prepare_worker(lifeline: Connection) -> None:
    """Leave Ctrl-C to the process that commands, and end when that one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        with suppress(EOFError, OSError):
            lifeline.recv_bytes()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class DaskEngine:
    """The workers of a Dask scheduler.

    Args:
        address: Of the scheduler, such as `tcp://10.0.0.1:8786`.

    Raises:
        ConfigurationError: Dask is not installed here, or a worker has another release of something that matters.
        ServiceError: The scheduler cannot be reached, or has no workers.
    """

    name = "dask"

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client, KilledWorker
        except ImportError as error:
            raise ConfigurationError("--scheduler needs Dask: pip install 'openoutcry[cluster]'") from error
        self._killed = KilledWorker
        try:
            # The library does not annotate what it exports.
            connect: Any = Client
            self._client: Any = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            # An address that is none is a ValueError, everything else an OSError.
            raise ServiceError(f"no Dask scheduler can be reached at {address}: {error}") from error
        self._executor: Executor = self._client.get_executor(pure=False)
        self._check_workers(address)

    @property
    def workers(self) -> int:
        """How many threads all workers have just now."""
        threads: int = sum(self._client.nthreads().values())
        return max(1, threads)

    def submit(self, function: Callable[[_Argument], _Result], argument: _Argument) -> Future[_Result]:
        """Run a function on one of the workers; Dask runs it again when a worker is lost."""
        return self._executor.submit(function, argument)

    def is_worker_lost(self, error: BaseException) -> bool:
        """Whether Dask gave a function up because its workers were killed, again and again."""
        return isinstance(error, self._killed)

    def stop(self) -> None:
        """Give up what was handed in, and leave the scheduler."""
        self._executor.shutdown(wait=False)
        self._client.close(timeout=CONNECT_SECONDS)

    def _check_workers(self, address: str) -> None:
        ours = describe_release()
        try:
            theirs = self._client.run(describe_release)
        except ModuleNotFoundError as error:
            self._client.close()
            raise ConfigurationError(
                f"the workers of {address} lack {error.name}: install openoutcry[lab,cluster] {ours[0]} there"
            ) from error
        if not theirs:
            self._client.close()
            raise ServiceError(
                f"the Dask scheduler at {address} has no workers: start `dask worker {address}`"
            )
        for worker, found in theirs.items():
            if tuple(found) != ours:
                self._client.close()
                raise ConfigurationError(
                    f"worker {worker} has openoutcry {found[0]} and numpy {found[1]}, and this machine {ours[0]} and "
                    f"{ours[1]}: install the same on all"
                )


def count_cores() -> int:
    """Return how many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_release() -> tuple[str, str]:
    """Return the releases on which results might depend: of this project and of numpy."""
    return release(), np.__version__
