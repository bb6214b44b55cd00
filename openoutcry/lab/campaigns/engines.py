"""Where work is done: a pool of processes on this machine, or the workers of a Dask scheduler.

Both are used through `concurrent.futures.Executor`; what is ours is to start them so that Ctrl-C and a killed process
do no harm, to start the pool again after one of its processes was killed, and to refuse workers of another release.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from platform import node
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

    def check(self) -> None:
        """Look after the workers when none has been done with anything for long.

        Raises:
            ServiceError: There is nobody left to wait for.
        """

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

    def check(self) -> None:
        """A process of the pool that ends fails what it worked on: there is nothing else to look after."""

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
    """Leave Ctrl-C to the process that commands, end when that one ends, and print nothing among its results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What strategies print goes where errors go, also when they write to the descriptor itself.
    os.dup2(2, 1)

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
        self._address = address
        _knock(address)
        try:
            # The library does not annotate what it exports.
            connect: Any = Client
            self._client: Any = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except Exception as error:
            raise _unreachable(address, error) from error
        self._executor: Executor = self._client.get_executor(pure=False)
        self._check_workers(address)

    @property
    def workers(self) -> int:
        """How many threads all workers have just now, at least 1.

        Raises:
            ServiceError: The scheduler is gone.
        """
        return max(1, self._count_threads())

    def submit(self, function: Callable[[_Argument], _Result], argument: _Argument) -> Future[_Result]:
        """Run a function on one of the workers; Dask runs it again when a worker is lost."""
        return self._executor.submit(_run_as_released, function, argument, describe_release())

    def is_worker_lost(self, error: BaseException) -> bool:
        """Whether Dask gave a function up because its workers were killed, again and again."""
        return isinstance(error, self._killed)

    def check(self) -> None:
        """Refuse to wait where no worker is left.

        Raises:
            ServiceError: The scheduler has none, or is gone.
        """
        if not self._count_threads():
            raise ServiceError(
                f"the Dask scheduler at {self._address} has no workers any more: start `dask worker {self._address}`, "
                "and the same command goes on"
            )

    def stop(self) -> None:
        """Give up what was handed in, and leave the scheduler, if it is there."""
        with suppress(Exception):
            self._executor.shutdown(wait=False)
        with suppress(Exception):
            self._client.close(timeout=CONNECT_SECONDS)

    def _count_threads(self) -> int:
        try:
            threads: int = sum(self._client.nthreads().values())
        except Exception as error:
            raise ServiceError(
                f"the Dask scheduler at {self._address} is gone: once it is back, the same command goes on"
            ) from error
        return threads

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
                raise ConfigurationError(_tell_releases(worker, found, ours))


def _knock(address: str) -> None:
    """Shake hands with a scheduler and ask what it is, no more.

    A client that meets something else at its address, or nothing that speaks, waits for ever or leaves threads behind.

    Raises:
        ServiceError: There is no scheduler, or it does not answer in time.
    """
    import distributed.comm
    import distributed.core
    import distributed.security

    # The library does not annotate what it exports.
    library: Any = distributed

    async def knock() -> None:
        options = library.security.Security().get_connection_args("client")
        async with asyncio.timeout(CONNECT_SECONDS):
            comm = await library.comm.connect(address, timeout=CONNECT_SECONDS, **options)
            told = await library.core.send_recv(comm, op="identity", reply=True)
            await comm.close()
        if "workers" not in told:
            raise ValueError(f"that is a {told.get('type', 'program')} of Dask, and no scheduler")

    try:
        # In a thread of its own, since a notebook's already has a loop.
        with ThreadPoolExecutor(1) as beside:
            beside.submit(asyncio.run, knock()).result()
    except Exception as error:
        # Whatever a stranger answers is read as lengths and messages, and fails in as many ways.
        raise _unreachable(address, error) from error


def _unreachable(address: str, error: Exception) -> ServiceError:
    if isinstance(error, TimeoutError):
        reason = "it does not answer"
    else:
        # An address that is none is a ValueError, and one where nobody is an OSError.
        reason = str(error) if isinstance(error, OSError | ValueError) else "something else answers there"
    return ServiceError(f"no Dask scheduler can be reached at {address}: {reason}")


def _run_as_released(
    function: Callable[[_Argument], _Result], argument: _Argument, expected: tuple[str, str]
) -> _Result:
    """Run a function on a worker, which may have come after all others were looked at."""
    found = describe_release()
    if found != expected:
        raise ConfigurationError(_tell_releases(node(), found, expected))
    return function(argument)


def _tell_releases(worker: str, found: Sequence[str], ours: Sequence[str]) -> str:
    return (
        f"worker {worker} has openoutcry {found[0]} and numpy {found[1]}, and this machine {ours[0]} and {ours[1]}: "
        "install the same on all"
    )


def count_cores() -> int:
    """Return how many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_release() -> tuple[str, str]:
    """Return the releases on which results might depend: of this project and of numpy."""
    return release(), np.__version__
