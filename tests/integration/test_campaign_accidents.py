"""What happens to campaigns: strategies that print or change, clusters that vanish, strangers, batch systems."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from auctioneer.cli import campaign_progress
from openoutcry.errors import CampaignError, ConfigurationError, ServiceError
from openoutcry.lab.campaigns.campaign import Campaign, loads
from openoutcry.lab.campaigns.engines import DaskEngine, Engine, _run_as_released
from openoutcry.lab.campaigns.running import Finished, open_directory, run_campaign
from tests.integration.campaign_engines import Inline, dask_cluster

CAMPAIGN = """
format = "openoutcry-campaign/1"
title = "A campaign of one strategy"
replications = {replications}

[[mechanism]]
name = "uniform-clock"

[[instances]]
generator = "linear"

[[strategies]]
everyone = "mine.py:Mine"
"""

SAYING = """
from openoutcry.strategies import Exit, Stay, Strategy

class Mine(Strategy):
    def on_raise(self, view):
        return {answer}
"""

READING = """
from pathlib import Path
from openoutcry.strategies.truthful import Truthful

class Mine(Truthful):
    def __init__(self, weights: Path):
        self.weights = weights.read_text()
"""

PRINTING = """
import os
from openoutcry.strategies.truthful import Truthful

print("while it is loaded")

class Mine(Truthful):
    def __init__(self):
        print("while it is made")

    def on_raise(self, view):
        print("while it plays")
        os.write(1, b"past every wrapper")
        return super().on_raise(view)
"""

ENDING_THE_COMMAND = """
import os, signal
from openoutcry.strategies.truthful import Truthful

CALLS = 0

class Mine(Truthful):
    def on_raise(self, view):
        global CALLS
        CALLS += 1
        if CALLS == 400:
            os.kill(os.getppid(), signal.SIGTERM)
        return super().on_raise(view)
"""


def run(campaign: Campaign, directory: Path, engine: Engine, tell: Callable[[int], None]) -> Finished:
    """Run a campaign anew in a directory."""
    with open_directory(campaign, directory, restart=True):
        return run_campaign(campaign, directory, engine, tell=tell)


def ignore(count: int) -> None:
    """Do nothing with how many auctions are done."""


def sweep(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "auctioneer", "sweep", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_workers_that_stay_play_a_strategy_as_its_file_is_now(tmp_path: Path) -> None:
    """A cluster outlives campaigns: a strategy that is changed between two is played as changed."""
    pytest.importorskip("distributed")
    campaign = loads(CAMPAIGN.format(replications=20), tmp_path)
    with dask_cluster(tmp_path, 1) as address, closing_engine(DaskEngine(address)) as engine:
        for answer in ("Stay", "Exit"):
            (tmp_path / "mine.py").write_text(SAYING.format(answer=answer))
            there = run(campaign, tmp_path / "there", engine, ignore)
            assert there.columns == run(campaign, tmp_path / "here", Inline(), ignore).columns


@contextmanager
def closing_engine(engine: DaskEngine) -> Iterator[DaskEngine]:
    """Stop an engine in the end."""
    try:
        yield engine
    finally:
        engine.stop()


def test_a_strategy_that_is_changed_while_it_plays_ends_the_campaign(tmp_path: Path) -> None:
    """Rows of two strategies are never put together under the digest of one."""
    file = tmp_path / "mine.py"
    file.write_text(SAYING.format(answer="Stay"))

    def change(count: int) -> None:
        if count:
            file.write_text(SAYING.format(answer="Exit"))

    campaign = loads(CAMPAIGN.format(replications=100), tmp_path)
    with pytest.raises(CampaignError, match=r"mine\.py on .* is not what it was when the campaign began"):
        run(campaign, tmp_path / "out", Inline(), change)
    file.unlink()
    with (
        pytest.raises(CampaignError, match="belongs to another campaign"),
        open_directory(campaign, tmp_path / "out", restart=False),
    ):
        pytest.fail("it was begun with a file that is gone")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(b"", "it does not answer"), (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9, "something else")],
)
def test_a_stranger_at_the_address_of_a_scheduler_is_left_again(
    answer: bytes, reason: str, monkeypatch
) -> None:
    """Whoever listens there and is no scheduler, silent or not, is told of in one line, soon."""
    pytest.importorskip("distributed")
    monkeypatch.setattr("openoutcry.lab.campaigns.engines.CONNECT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    kept.append(server.accept()[0])
                    kept[-1].sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ServiceError, match=f"no Dask scheduler can be reached at {address}: {reason}"):
            DaskEngine(address)
        for connection in kept:
            connection.close()


def test_a_worker_is_no_scheduler(tmp_path: Path) -> None:
    """Whoever takes the address of a worker for that of the scheduler is told which it is."""
    pytest.importorskip("distributed")
    with dask_cluster(tmp_path, 1) as address, closing_engine(DaskEngine(address)) as engine:
        (worker,) = engine._client.nthreads()
        with pytest.raises(ServiceError, match=f"at {worker}: that is a Worker of Dask, and no scheduler"):
            DaskEngine(worker)


def test_a_scheduler_that_goes_away_is_missed(tmp_path: Path) -> None:
    """The campaign ends with advice, and with what was done."""
    pytest.importorskip("distributed")
    (tmp_path / "mine.py").write_text(SAYING.format(answer="Stay"))
    campaign = loads(CAMPAIGN.format(replications=1_000_000), tmp_path)
    with dask_cluster(tmp_path, 1) as address, closing_engine(DaskEngine(address)) as engine:
        scheduler = engine._client.run_on_scheduler(os.getpid)

        def kill(count: int) -> None:
            if count:
                with suppress(ProcessLookupError):
                    os.kill(scheduler, signal.SIGKILL)

        with pytest.raises(ServiceError, match="the same command goes on"):
            run(campaign, tmp_path / "out", engine, kill)
    assert list((tmp_path / "out" / "chunks").iterdir())


def test_nobody_waits_for_workers_that_are_gone(tmp_path: Path, monkeypatch) -> None:
    """When the last worker has left and nobody comes, that is said."""
    pytest.importorskip("distributed")
    monkeypatch.setattr("openoutcry.lab.campaigns.dispatching.PATIENCE_SECONDS", 0.5)
    (tmp_path / "mine.py").write_text(SAYING.format(answer="Stay"))
    campaign = loads(CAMPAIGN.format(replications=1_000_000), tmp_path)
    with dask_cluster(tmp_path, 1) as address, closing_engine(DaskEngine(address)) as engine:
        # The nurse first, which would start the worker anew.
        processes = [
            *engine._client.run(os.getpid, nanny=True).values(),
            *engine._client.run(os.getpid).values(),
        ]

        def kill(count: int) -> None:
            while count and processes:
                os.kill(processes.pop(0), signal.SIGKILL)

        with pytest.raises(ServiceError, match="has no workers any more: start `dask worker"):
            run(campaign, tmp_path / "out", engine, kill)


def test_a_worker_of_another_release_that_comes_late_is_refused() -> None:
    """Releases are compared where the work is done, and not only when a campaign begins."""
    with pytest.raises(ConfigurationError, match=r"has openoutcry .* install the same on all"):
        _run_as_released(len, (), ("0.0.0", "1.0"))


def test_what_strategies_print_is_no_result(tmp_path: Path) -> None:
    """With --json there is one object on the standard output, whatever strategies print, and wherever."""
    (tmp_path / "mine.py").write_text(PRINTING)
    (tmp_path / "campaign.toml").write_text(CAMPAIGN.format(replications=10))
    done = sweep(tmp_path, "campaign.toml", "--workers", "1", "--json")
    assert json.loads(done.stdout)["auctions"] == 10
    for words in ("while it is loaded", "while it is made", "while it plays", "past every wrapper"):
        assert words in done.stderr
    again = sweep(tmp_path, "--reproduce", "runs/campaign/manifest.json", "--workers", "1", "--json")
    assert json.loads(again.stdout) == {"reproduced": True, "auctions": 10, "differences": []}


def test_strategies_that_fail_are_told_of(tmp_path: Path) -> None:
    """A table of means in which every answer was a default is not shown without a word."""
    (tmp_path / "mine.py").write_text(SAYING.format(answer="1 / 0"))
    (tmp_path / "campaign.toml").write_text(CAMPAIGN.format(replications=10))
    done = sweep(tmp_path, "campaign.toml", "--workers", "1", "--json")
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["defaults"] > 0
    assert f"note: strategies failed {cell['defaults']} times" in done.stderr


def test_a_batch_system_may_end_a_campaign(tmp_path: Path) -> None:
    """SIGTERM is taken as Ctrl-C: one line, what is done is kept, and nothing leaks."""
    (tmp_path / "mine.py").write_text(ENDING_THE_COMMAND)
    (tmp_path / "campaign.toml").write_text(CAMPAIGN.format(replications=10_000))
    stopped = sweep(tmp_path, "campaign.toml", "--workers", "1")
    assert stopped.returncode == 130
    assert "kept in runs/campaign: the same command goes on from there" in stopped.stderr
    assert "leaked" not in stopped.stderr
    assert list((tmp_path / "runs" / "campaign" / "chunks").iterdir())


def test_an_empty_address_is_no_address(tmp_path: Path) -> None:
    """An empty variable of a script does not silently mean this machine."""
    (tmp_path / "campaign.toml").write_text(CAMPAIGN.format(replications=10))
    done = sweep(tmp_path, "campaign.toml", "--scheduler", "")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--scheduler is empty" in done.stderr


def test_small_markets_of_a_kernel_are_not_all_one_chunk(tmp_path: Path) -> None:
    """What takes time there is to draw them: the first chunk is a market, and the next ones are as the pace says."""
    text = CAMPAIGN.format(replications=20).replace("uniform-clock", "signal-discovery")
    campaign = loads(text.replace('"linear"', '"linear"\nmarkets = 50').replace("mine.py:Mine", "truthful"))
    told: list[int] = []
    run(campaign, tmp_path / "out", Inline(), told.append)
    assert told[:2] == [0, 20]
    assert sum(told) == 1000


def test_progress_is_told_without_a_terminal(monkeypatch, capsys) -> None:
    """Now and then a line says how much is done, how fast, and how long the rest takes; not what was there before."""
    now = 100.0
    monkeypatch.setattr(campaign_progress, "monotonic", lambda: now)
    with campaign_progress.show_progress(1000) as (tell, _):
        tell(200)
        for now, count in ((102.0, 100), (110.0, 100), (111.0, 100), (120.0, 500)):  # noqa: B007
            tell(count)
    assert capsys.readouterr().err == "400 of 1,000 auctions, 20/s, 0:00:30 left\n"


def test_files_in_the_options_of_strategies_are_watched_too(tmp_path: Path) -> None:
    """Weights of a policy decide as much as its code: a campaign does not go on with others."""
    (tmp_path / "mine.py").write_text(READING)
    (tmp_path / "weights.txt").write_text("1")
    text = CAMPAIGN.format(replications=10).replace(":Mine", ":Mine:weights=weights.txt")
    campaign = loads(text, tmp_path)
    finished = run(campaign, tmp_path / "out", Inline(), ignore)
    assert sorted(finished.strategies) == ["mine.py", "weights.txt"]
    (tmp_path / "weights.txt").write_text("2")
    with (
        pytest.raises(CampaignError, match="belongs to another campaign"),
        open_directory(campaign, tmp_path / "out", restart=False),
    ):
        pytest.fail("it went on with other weights")
