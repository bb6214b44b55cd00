"""Who works on campaigns in tests: this process, or a real Dask cluster of processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any


class Inline:
    """An engine that works at once, in this process."""

    name = "inline"
    workers = 1

    def submit(self, function, argument) -> Future[Any]:
        """Run the function now."""
        future: Future[Any] = Future()
        future.set_result(function(argument))
        return future

    def is_worker_lost(self, error: BaseException) -> bool:
        """Nothing can be lost."""
        return False

    def check(self) -> None:
        """Nobody is waited for."""

    def stop(self) -> None:
        """Nothing runs."""


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[str]:
    """Start a real scheduler and workers in processes of their own, and yield the scheduler's address."""
    environment = os.environ | {"DASK_LOGGING__DISTRIBUTED": "error"}
    file = folder / "scheduler.json"
    started: list[subprocess.Popen[bytes]] = []

    def start(program: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--scheduler-file", str(file)]
        process = subprocess.Popen(
            [*command, "--no-dashboard", *arguments],
            cwd=folder,
            env=environment,
            stderr=subprocess.DEVNULL,
            # A group of its own: a worker has a nurse, which would start it anew.
            start_new_session=True,
        )
        started.append(process)

    try:
        start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        for number in range(workers):
            folder.joinpath(str(number)).mkdir()
            start("dask_worker", "--nthreads", "1", "--local-directory", str(number))
        from distributed import Client

        with closing(Client(scheduler_file=str(file), timeout=30, set_as_default=False)) as client:
            client.wait_for_workers(workers, timeout=30)
        yield json.loads(file.read_text())["address"]
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
