"""Campaigns among processes: the same rows from any number of workers, through Ctrl-C and killed workers."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from concurrent.futures import Future
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from auctioneer.cli import main
from openoutcry.errors import CampaignError, ServiceError
from openoutcry.lab.campaigns.campaign import Campaign, Cell, load_campaign, loads
from openoutcry.lab.campaigns.engines import DaskEngine, Engine, ProcessEngine
from openoutcry.lab.campaigns.optima import MarketTask
from openoutcry.lab.campaigns.rows import TableMaker, decode_rows, write_rows
from openoutcry.lab.campaigns.running import Finished, open_directory, run_campaign
from openoutcry.lab.chance import Luck
from openoutcry.lab.instances.generator import TypeInstances
from openoutcry.lab.instances.registry import find_generator
from openoutcry.mechanisms.crowd.optimal import optimal_revenue
from tests.integration.campaign_engines import Inline, dask_cluster

CAMPAIGN = """
format = "openoutcry-campaign/1"
title = "A campaign"
replications = 40

[[mechanism]]
name = "signal-discovery"
pricing = ["welfare", "revenue"]

[[mechanism]]
name = "uniform-clock"

[[instances]]
generator = "random-owners"
signal_levels = 3
markets = 2

[[strategies]]
everyone = "truthful"

[[strategies]]
observed = "shade:levels=1"
"""

CROWD = """
format = "openoutcry-campaign/1"
title = "A campaign of types"
replications = 10

[[mechanism]]
name = "crowdsourced-lookahead-plus"
reward = ["1/10", "7"]

[[mechanism]]
name = "myerson"

[[instances]]
generator = "iid-values"
"""

OPTIMA = """
format = "openoutcry-campaign/1"
title = "A campaign with optimal revenues"
replications = 5
optimal_revenue = true

[[mechanism]]
name = "vickrey"

[[mechanism]]
name = "posted-prices"

[[instances]]
generator = "correlated-values"
bidders = [2, 3]
markets = 2
"""

# A strategy that is truthful, but does something to its process once: when a file is not there yet.
ONCE = """
import os, signal
from pathlib import Path
from openoutcry.strategies.truthful import Truthful

FLAG = Path(__file__).with_name("done")
CALLS = 0

class Once(Truthful):
    def on_raise(self, view):
        global CALLS
        CALLS += 1
        if CALLS == 400 and not FLAG.exists():
            FLAG.touch()
            {deed}
        return super().on_raise(view)
"""
KILL_PARENT = "FLAG.write_text(str(os.getpid())); os.kill(os.getppid(), signal.SIGKILL)"
KILL_ITSELF = "os.kill(os.getpid(), signal.SIGKILL)"
INTERRUPT_PARENT = "os.kill(os.getppid(), signal.SIGINT)"

FATAL = """
format = "openoutcry-campaign/1"
title = "A campaign with an accident"
replications = 400

[[mechanism]]
name = "uniform-clock"

[[instances]]
generator = "linear"

[[strategies]]
everyone = "once.py:Once"
"""


class Interrupt(Exception):
    """Stands for Ctrl-C."""


def run(campaign: Campaign, directory: Path, engine: Engine, tell=lambda count: None) -> Finished:
    """Run a campaign in a directory with an engine, which is stopped."""
    try:
        with open_directory(campaign, directory, restart=False):
            return run_campaign(campaign, directory, engine, tell=tell)
    finally:
        engine.stop()


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> Finished:
    """Return what this process makes of the campaign."""
    return run(loads(CAMPAIGN), tmp_path_factory.mktemp("one") / "out", Inline())


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_rows_do_not_depend_on_the_number_of_workers(workers: int, expected: Finished, tmp_path: Path):
    """One, two and seven processes write the same file, byte for byte."""
    finished = run(loads(CAMPAIGN), tmp_path / "out", ProcessEngine(workers))
    assert finished.columns == expected.columns
    assert finished.rows.read_bytes() == expected.rows.read_bytes()


def test_dask_workers_write_the_same_rows(expected: Finished, tmp_path: Path):
    """Two workers of a real scheduler write the same file as one process of this machine."""
    pytest.importorskip("distributed")
    with dask_cluster(tmp_path, 2) as address:
        engine = DaskEngine(address)
        assert engine.workers == 2
        finished = run(loads(CAMPAIGN), tmp_path / "out", engine)
    assert finished.columns == expected.columns
    assert finished.rows.read_bytes() == expected.rows.read_bytes()


def test_a_scheduler_that_is_not_there_is_named(monkeypatch):
    """Whoever gives a wrong address is told so in one line."""
    pytest.importorskip("distributed")
    monkeypatch.setattr("openoutcry.lab.campaigns.engines.CONNECT_SECONDS", 1)
    with pytest.raises(ServiceError, match=r"no Dask scheduler can be reached at tcp://127.0.0.1:1"):
        DaskEngine("tcp://127.0.0.1:1")


def test_a_kernel_and_the_generator_write_the_same_rows(expected: Finished, tmp_path: Path, monkeypatch):
    """With all kernels taken away, every row is what it was: whoever computes it."""
    from openoutcry.lab.campaigns import work

    monkeypatch.setattr(work, "KERNEL_MECHANISM", "none")
    work._kernel.cache_clear()
    campaign = loads(CAMPAIGN)
    maker = TableMaker(campaign, optima={})
    tables = []
    for cell in campaign.cells:
        chunk = work.Chunk(
            seed=campaign.seed, directory=".", strategies=(), cell=cell, first=0, count=cell.auctions
        )
        rows = work.run_chunk(chunk).rows
        assert rows is not None
        tables.append(maker.make(cell, 0, decode_rows(rows)))
    work._kernel.cache_clear()
    _, columns = write_rows(iter(tables), tmp_path / "rows.parquet")
    assert columns == expected.columns


def test_exact_fractions_stay_exact(tmp_path: Path):
    """What is no integer is kept as text beside the float, and workers agree on it."""
    from pyarrow import parquet

    one = run(loads(CROWD), tmp_path / "one", Inline())
    two = run(loads(CROWD), tmp_path / "two", ProcessEngine(2))
    assert one.columns == two.columns
    rows = parquet.read_table(one.rows).to_pylist()
    assert len(rows) == 30
    fractions = [row for row in rows if row["revenue_fraction"] is not None]
    assert fractions
    for row in fractions:
        numerator, denominator = map(int, row["revenue_fraction"].split("/"))
        assert row["revenue_integer"] is None
        assert row["revenue"] == numerator / denominator
    assert all(row["welfare_integer"] == row["welfare"] for row in rows)


def test_an_interrupted_campaign_goes_on(expected: Finished, tmp_path: Path):
    """What was done when a campaign was stopped is kept, and the end is the same as without a stop."""
    told: list[int] = []

    def stop_in_the_middle(count: int) -> None:
        told.append(count)
        if sum(told) > 100:
            raise Interrupt

    campaign, directory = loads(CAMPAIGN), tmp_path / "out"
    with pytest.raises(Interrupt):
        run(campaign, directory, Inline(), stop_in_the_middle)
    finished = run(campaign, directory, ProcessEngine(2))
    assert finished.resumed >= sum(told)
    assert finished.columns == expected.columns


def test_a_damaged_chunk_is_played_again(expected: Finished, tmp_path: Path):
    """A file that was cut off when the power went is thrown away, and its auctions are played again."""
    campaign, directory = loads(CAMPAIGN), tmp_path / "out"
    run(campaign, directory, Inline())
    first, *_ = sorted((directory / "chunks").iterdir())
    first.write_bytes(first.read_bytes()[:100])
    (directory / "chunks" / "stray").write_text("not ours")
    finished = run(campaign, directory, Inline())
    assert finished.resumed < campaign.auctions
    assert finished.columns == expected.columns


@pytest.mark.parametrize("engine", ["processes", "dask"])
def test_a_killed_worker_loses_nothing(engine: str, tmp_path: Path):
    """A worker that is killed in the middle of a chunk leaves no gap: another plays its auctions."""
    if engine == "dask":
        pytest.importorskip("distributed")
    (tmp_path / "once.py").write_text(ONCE.format(deed=KILL_ITSELF))
    campaign = loads(FATAL, tmp_path)
    if engine == "processes":
        finished = run(campaign, tmp_path / "out", ProcessEngine(2))
    else:
        with dask_cluster(tmp_path, 2) as address:
            finished = run(campaign, tmp_path / "out", DaskEngine(address))
    assert (tmp_path / "done").exists(), "the worker was killed"
    assert finished.count == campaign.auctions
    assert finished.columns == run(campaign, tmp_path / "again", Inline()).columns


def test_a_worker_that_is_always_killed_is_given_up(tmp_path: Path):
    """Work that kills every worker is not tried for ever; the line says which it is."""
    (tmp_path / "once.py").write_text(ONCE.format(deed=f"FLAG.unlink(); {KILL_ITSELF}"))
    with pytest.raises(ServiceError, match="workers were lost 5 times"):
        run(loads(FATAL, tmp_path), tmp_path / "out", ProcessEngine(1))


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


def test_the_same_command_goes_on_after_ctrl_c(tmp_path: Path):
    """Ctrl-C ends the command with 130 and one line; the same command finishes what is left."""
    (tmp_path / "once.py").write_text(ONCE.format(deed=INTERRUPT_PARENT))
    (tmp_path / "campaign.toml").write_text(FATAL)
    stopped = sweep(tmp_path, "campaign.toml", "--workers", "1")
    assert stopped.returncode == 130
    assert "kept in runs/campaign: the same command goes on from there" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    finished = sweep(tmp_path, "campaign.toml", "--workers", "1", "--json")
    assert finished.returncode == 0, finished.stderr
    manifest = json.loads((tmp_path / "runs/campaign/manifest.json").read_text())
    assert manifest["resumed_auctions"] > 0
    assert manifest["rows"]["count"] == 400
    assert not (tmp_path / "runs/campaign/chunks").exists()
    again = sweep(tmp_path, "--reproduce", "runs/campaign/manifest.json", "--workers", "2")
    assert again.returncode == 0, again.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="waits for a process that is no child, which Linux can")
def test_nothing_outlives_a_killed_command(tmp_path: Path):
    """Workers end when the process that commands is killed, and the same command goes on from what it had done."""
    (tmp_path / "once.py").write_text(ONCE.format(deed=KILL_PARENT))
    (tmp_path / "campaign.toml").write_text(FATAL)
    assert sweep(tmp_path, "campaign.toml", "--workers", "1").returncode == -signal.SIGKILL
    try:
        worker = os.pidfd_open(int((tmp_path / "done").read_text()))
    except ProcessLookupError:
        worker = None
    if worker is not None:
        ended, _, _ = select.select([worker], [], [], 20)
        os.close(worker)
        assert ended, "the worker is still there"
    finished = sweep(tmp_path, "campaign.toml", "--workers", "1", "--resume", "--json")
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["auctions"] == 400


@pytest.mark.parametrize(
    ("missing", "arguments", "advice"),
    [
        ("pyarrow", ["campaign.toml"], "pip install 'openoutcry[lab]'"),
        ("distributed", ["campaign.toml", "--scheduler", "tcp://127.0.0.1:1"], "'openoutcry[cluster]'"),
        (None, [], "give a CAMPAIGN.toml"),
        (None, ["campaign.toml", "--reproduce", "manifest.json"], "give a CAMPAIGN.toml"),
        (None, ["campaign.toml", "--scheduler", "tcp://127.0.0.1:1", "--workers", "2"], "leave them out"),
        (None, ["nothing.toml"], "nothing.toml: cannot be read"),
        (None, ["--reproduce", "nothing.json"], "nothing.json: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    missing: str | None, arguments: list[str], advice: str, tmp_path: Path, monkeypatch, capfd
):
    """A missing extra, contradictory options and missing files end with 2 and one line of advice."""
    (tmp_path / "campaign.toml").write_text(CAMPAIGN)
    monkeypatch.chdir(tmp_path)
    if missing is not None:
        monkeypatch.setitem(sys.modules, missing, None)
    assert main(["sweep", *arguments]) == 2
    told = capfd.readouterr().err
    assert advice in told
    assert len(told.splitlines()) == 1


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Path:
    """Return a folder in which a small campaign was swept once."""
    folder: Path = tmp_path_factory.mktemp("swept")
    (folder / "campaign.toml").write_text(CAMPAIGN)
    done = sweep(folder, "campaign.toml", "--workers", "1", "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["auctions"] == 12 * 40
    assert [cell["auctions"] for cell in told["cells"]] == [80] * 6
    return folder


@pytest.fixture
def finished_sweep(swept: Path, tmp_path: Path, monkeypatch) -> Path:
    """Return a copy of that folder, which is the current directory."""
    folder = tmp_path / "copy"
    shutil.copytree(swept, folder)
    monkeypatch.chdir(folder)
    return folder


def test_a_planted_difference_is_found(finished_sweep: Path, capfd):
    """A row that was changed is found, and so is a manifest that was; the row is named."""
    from pyarrow import parquet

    command = ["sweep", "--reproduce", "out/manifest.json", "--workers", "1"]
    assert main(command) == 0
    assert "is reproduced" in capfd.readouterr().out
    path = finished_sweep / "out" / "rows.parquet"
    table = parquet.read_table(path)
    place = table.schema.names.index("welfare_integer")
    changed = table.column(place).to_pylist()
    changed[123] += 1
    parquet.write_table(table.set_column(place, table.schema.field(place), [changed]), path)
    assert main(command) == 1
    told = capfd.readouterr().out
    assert "out/rows.parquet is not what the manifest says" in told
    assert "row 123 (cell 1, auction 43): welfare_integer was" in told
    manifest = json.loads((finished_sweep / "out/manifest.json").read_text())
    manifest["rows"]["columns"]["price_integer"] = "0" * 64
    (finished_sweep / "out/manifest.json").write_text(json.dumps(manifest))
    assert main(command) == 1
    assert "the columns price_integer are not what the manifest says" in capfd.readouterr().out


def test_a_changed_campaign_is_refused(finished_sweep: Path, capfd):
    """A finished directory is left alone by the same campaign, and refused to another."""
    assert main(["sweep", "campaign.toml", "--workers", "1", "--out", "out"]) == 0
    assert "finished already" in capfd.readouterr().err
    (finished_sweep / "campaign.toml").write_text(CAMPAIGN.replace("= 40", "= 41"))
    assert main(["sweep", "campaign.toml", "--workers", "1", "--out", "out"]) == 2
    assert "belongs to another campaign" in capfd.readouterr().err
    assert main(["sweep", "campaign.toml", "--workers", "1", "--out", "out", "--resume"]) == 2
    assert main(["sweep", "campaign.toml", "--workers", "1", "--out", "new", "--resume"]) == 2
    assert "nothing to resume" in capfd.readouterr().err
    assert not (finished_sweep / "new").exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda manifest: manifest.update(format="other"), "no manifest of this release"),
        (lambda manifest: manifest["campaign"].update(text="x"), "not what its sha256 says"),
        (lambda manifest: manifest["rows"].pop("columns"), "rows: needs the key 'columns'"),
        (lambda manifest: manifest.update(strategies={"gone.py": "00"}), "gone.py is not there"),
    ],
)
def test_manifests_that_were_changed_are_refused(finished_sweep: Path, capfd, change, reason: str):
    """A manifest that does not hold together is refused, not reproduced."""
    path = finished_sweep / "out" / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    assert main(["sweep", "--reproduce", str(path)]) == 2
    assert reason in capfd.readouterr().err


def test_a_directory_with_something_else_is_left_alone(tmp_path: Path):
    """Results are not written among files of another kind."""
    (tmp_path / "thesis.tex").write_text("")
    for restart in (False, True):
        with (
            pytest.raises(CampaignError, match="is not empty"),
            open_directory(loads(CAMPAIGN), tmp_path, restart=restart),
        ):
            pass
    assert (tmp_path / "thesis.tex").exists()


def test_two_commands_do_not_share_a_directory(tmp_path: Path, monkeypatch, capfd):
    """While one command is at work in a directory a second one is refused, even to start again, and then no more."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaign.toml").write_text(CAMPAIGN)
    command = ["sweep", "campaign.toml", "--workers", "1", "--out", "out"]
    campaign = load_campaign("campaign.toml")
    with open_directory(campaign, tmp_path / "out", restart=False):
        for option in ([], ["--restart"]):
            assert main([*command, *option]) == 2
            assert "another `auctioneer sweep` is at work there" in capfd.readouterr().err
        finished = run_campaign(campaign, tmp_path / "out", Inline(), tell=lambda count: None)
    assert finished.count == campaign.auctions
    assert main(command) == 0


def test_conversations_are_counted_where_that_is_asked_for(expected: Finished, tmp_path: Path):
    """The generator then plays all auctions, with waves and questions beside the very same rows."""
    from pyarrow import parquet

    counted = run(
        loads(CAMPAIGN.replace("replications", "conversation = true\nreplications")), tmp_path, Inline()
    )
    differing = {name for name, digest in expected.columns.items() if counted.columns[name] != digest}
    assert differing == {"waves", "questions"}
    rows = parquet.read_table(counted.rows, columns=["mechanism", "waves", "questions"]).to_pylist()
    assert all(0 <= row["waves"] <= row["questions"] for row in rows)
    assert max(row["questions"] for row in rows) > 5
    assert parquet.read_table(expected.rows).column("waves").null_count == expected.count


class Counting(Inline):
    """Works at once, and notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def submit(self, function, argument) -> Future[Any]:
        """Run the function now."""
        self.asked.append(argument)
        return super().submit(function, argument)


def test_optimal_revenues_are_worked_out_once_for_each_market(tmp_path: Path):
    """All cells on a market have its optimal revenue, exactly; what an interrupted run found is not sought again."""
    from pyarrow import parquet

    campaign = loads(OPTIMA)
    engine = Counting()
    finished = run(campaign, tmp_path / "out", engine)
    markets = [task for task in engine.asked if isinstance(task, MarketTask)]
    assert len(markets) == 4
    by_market: dict[tuple[str, int], set[Fraction]] = {}
    for row in parquet.read_table(finished.rows).to_pylist():
        exact = Fraction(row["optimal_revenue_fraction"] or row["optimal_revenue_integer"])
        assert row["optimal_revenue"] == float(exact)
        by_market.setdefault((row["instances"], row["market"]), set()).add(exact)
    cells = {cell.instances_label: cell for cell in campaign.cells}
    assert by_market == {
        (label, market): {_best(campaign, cells[label], market)} for label in cells for market in range(2)
    }
    assert finished.notes == ()
    again = Counting()
    assert run(campaign, tmp_path / "out", again).columns == finished.columns
    assert again.asked == []


def test_markets_with_common_luck_have_optimal_revenues_of_their_own(tmp_path: Path):
    """Correlation names no luck, so types have much in common, and yet each market is sold at its own best."""
    from pyarrow import parquet

    campaign = loads(OPTIMA.replace("bidders = [2, 3]", 'correlation = ["0", "1"]'))
    assert len({cell.luck_name(0) for cell in campaign.cells}) == 1
    finished = run(campaign, tmp_path / "out", Counting())
    cells = {cell.instances_label: cell for cell in campaign.cells}
    told = {}
    for row in parquet.read_table(finished.rows).to_pylist():
        exact = Fraction(row["optimal_revenue_fraction"] or row["optimal_revenue_integer"])
        assert exact == _best(campaign, cells[row["instances"]], row["market"])
        told[row["instances"], row["market"]] = exact
    assert len(told) == len(set(told.values())) == 4


@cache
def _best(campaign: Campaign, cell: Cell, market: int) -> Fraction:
    generator = find_generator(cell.generator)
    chosen = generator.configure(dict(cell.instance_parameters))
    drawn = generator.draw(chosen, Luck(seed=campaign.seed, market=cell.luck_name(market)))
    assert isinstance(drawn, TypeInstances)
    return optimal_revenue(drawn.market, drawn.prior).lower


def test_an_optimal_revenue_that_is_too_large_is_left_out_with_a_note(tmp_path: Path, monkeypatch, capfd):
    """The rows have none, and the note says once how many markets that are and why."""
    from pyarrow import parquet

    monkeypatch.chdir(tmp_path)
    (tmp_path / "campaign.toml").write_text(OPTIMA.replace("[2, 3]", "[2, 10]").replace("= 5", "= 1"))
    assert main(["sweep", "campaign.toml", "--workers", "1"]) == 0
    notes = [
        line for line in capfd.readouterr().err.splitlines() if line.startswith("note: the optimal revenue")
    ]
    assert len(notes) == 1
    assert "of 2 of 4 markets is not known: " in notes[0]
    rows = parquet.read_table(tmp_path / "runs/campaign/rows.parquet").to_pylist()
    assert [row["optimal_revenue"] is None for row in rows] == [False, False, True, True] * 2
    assert main(["sweep", "--reproduce", "runs/campaign/manifest.json", "--workers", "1"]) == 0
