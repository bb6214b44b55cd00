"""The whole thing as people run it: services and agents as processes of their own, over real sockets."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auctioneer.local_run import LocalRun
from openoutcry.scenario import load_scenario
from openoutcry.session.values import Phase

CHECKOUT = Path(__file__).parents[2]
EXAMPLES = CHECKOUT / "examples"
PATIENCE_SECONDS = 90
PROGRAM = (sys.executable, "-m", "auctioneer")


def environment() -> dict[str, str]:
    """Return an environment in which the checkout can be imported from anywhere."""
    return {**os.environ, "PYTHONPATH": str(CHECKOUT)}


def auctioneer(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
@pytest.mark.parametrize("arguments", [["mechanisms"], ["--help"]])
def test_full_output_is_one_line(tmp_path: Path, arguments: list[str]):
    """Output that takes no more is no mistake of ours: one line and exit code 1, and nothing after it."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*PROGRAM, *arguments],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    line = "error: standard output cannot be written: No space left on device\n"
    assert (ended.returncode, ended.stderr) == (1, line)


def test_what_lies_in_the_current_directory_is_no_module_of_an_agent(tmp_path: Path):
    """A file that happens to be called like a module harms no agent; a strategy is still found by its file."""
    scenario = (EXAMPLES / "scenarios" / "tiny.toml").read_text()
    (tmp_path / "tiny.toml").write_text(scenario.replace('"truthful"', '"mine.py:Mine"'))
    (tmp_path / "mine.py").write_text(
        "from bidder_agent import Strategy\n\n\nclass Mine(Strategy):\n    pass\n"
    )
    (tmp_path / "click.py").write_text("raise SystemExit('the wrong module')\n")
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "auctioneer", "run", "tiny.toml", "--json"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("scenario", ["tiny", "sealed", "uniform"])
def test_a_run_settles_and_its_transcript_verifies(tmp_path: Path, scenario: str):
    """One JSON object on standard output and nothing else; the transcript and the private file are there."""
    ran = auctioneer(tmp_path, "run", str(EXAMPLES / "scenarios" / f"{scenario}.toml"), "--json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["settled"] is True
    assert sum(found["payments"].values()) == found["price"]
    transcript = tmp_path / found["transcript"]
    private = transcript.with_suffix(".private.json")
    assert private.stat().st_mode & 0o777 == 0o600
    assert json.loads(private.read_text())["seed"] == found["seed"]
    verified = auctioneer(tmp_path, "verify", str(transcript), "--json")
    assert verified.returncode == 0
    assert json.loads(verified.stdout)["session"] == found["session"]


def test_the_same_seed_gives_the_same_outcome_and_another_seed_another_session(tmp_path: Path):
    """Runs can be repeated; nothing is overwritten."""
    scenario = str(EXAMPLES / "scenarios" / "wallet.toml")
    first, second, other = (
        json.loads(auctioneer(tmp_path, "run", scenario, "--json", "--quiet", "--seed", seed).stdout)
        for seed in ("spring", "spring", "autumn")
    )
    assert first.pop("transcript") != second.pop("transcript")
    assert [deviation.pop("record") for deviation in first["deviations"]]
    assert [deviation.pop("record") for deviation in second["deviations"]]
    assert first == second
    assert first["session"] != other["session"]
    assert [deviation["bidder"] for deviation in first["deviations"]] == ["lou"] * len(first["deviations"])


def test_a_run_does_not_overwrite_and_says_so_first(tmp_path: Path):
    """A transcript that is there already stays."""
    (tmp_path / "there.zip").write_bytes(b"precious")
    ran = auctioneer(tmp_path, "run", str(EXAMPLES / "scenarios" / "tiny.toml"), "--out", "there.zip")
    assert ran.returncode == 2
    assert "there already" in ran.stderr
    assert (tmp_path / "there.zip").read_bytes() == b"precious"


def test_an_agent_that_cannot_start_voids_the_session_and_is_named(tmp_path: Path):
    """Its last line says why; the transcript of the void session is valid."""
    (tmp_path / "broken.py").write_text("raise ValueError('not today')\n")
    text = (EXAMPLES / "scenarios" / "tiny.toml").read_text().replace('"truthful"', '"broken.py:Nobody"', 1)
    (tmp_path / "scenario.toml").write_text(text)
    ran = auctioneer(tmp_path, "run", "scenario.toml", "--json", "--quiet")
    assert ran.returncode == 1
    assert "the agent of ana ended with status 2: error: strategy 'broken.py:Nobody'" in ran.stderr
    found = json.loads(ran.stdout)
    assert (found["settled"], found["winner"], found["welfare"]) == (False, None, None)
    assert auctioneer(tmp_path, "verify", found["transcript"]).returncode == 0
    # Details may name private files: they are for the terminal, never for the public transcript.
    assert b"broken.py" not in (tmp_path / found["transcript"]).read_bytes()


def test_a_strategy_that_raises_is_told_of(tmp_path: Path):
    """The session goes on with the default answer, and whoever wrote the strategy reads why."""
    (tmp_path / "bad.py").write_text("def bad(view):\n    raise ValueError('boom')\n")
    text = (EXAMPLES / "scenarios" / "sealed.toml").read_text()
    (tmp_path / "scenario.toml").write_text(text.replace('"truthful"', '"bad.py:bad"'))
    ran = auctioneer(tmp_path, "run", "scenario.toml", "--out", "run.zip")
    assert ran.returncode == 0, ran.stderr
    failures = [line for line in ran.stdout.splitlines() if line.startswith("strategy failure")]
    assert failures
    assert all("ValueError: boom (bad.py:2)" in line for line in failures)


async def test_ctrl_c_before_the_session_is_there_is_not_forgotten():
    """Nothing is played; what was opened is void, and its transcript is made all the same."""
    scenario = load_scenario(EXAMPLES / "scenarios" / "tiny.toml")
    local = LocalRun(
        scenario=scenario,
        private=scenario.signals(),
        seed="early",
        keep_going=False,
        started=lambda driver: None,
        trouble=lambda line: None,
    )
    local.interrupt()
    result = await local.play()
    assert (result.session.phase, result.was_interrupted) == (Phase.VOID, True)


def test_an_agent_that_dies_in_play_is_silent_and_the_others_settle(tmp_path: Path):
    """A crash is recorded as silence, and shown."""
    text = (EXAMPLES / "scenarios" / "tiny.toml").read_text().replace('"truthful"', '"crash:after=1"')
    (tmp_path / "scenario.toml").write_text(text + "\n[timing]\nanswer_ms = 500\n")
    ran = auctioneer(tmp_path, "run", "scenario.toml", "--json", "--quiet")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["troubles"] == ran.stderr.splitlines()
    assert all(
        re.fullmatch(r"the agent of \w+ was ended by SIGKILL in wave \d", line) for line in told["troubles"]
    )
    assert "SILENT" in {deviation.get("code") for deviation in told["deviations"]}


def test_ctrl_c_ends_agents_and_still_leaves_a_valid_transcript(tmp_path: Path):
    """The session is void by the operator's wish, the command ends with 130, and no agent survives it."""
    text = (EXAMPLES / "scenarios" / "tiny.toml").read_text().replace('"truthful"', '"slow:seconds=60"')
    (tmp_path / "scenario.toml").write_text(text + "\n[timing]\nanswer_ms = 100000\n")
    with subprocess.Popen(
        [*PROGRAM, "run", "scenario.toml", "--json"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith("wave 0"):
                break
        running.send_signal(signal.SIGINT)
        output, errors = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 130, errors
    found = json.loads(output)
    assert found["settled"] is False
    assert auctioneer(tmp_path, "verify", found["transcript"]).returncode == 0


@contextmanager
def serving(directory: Path, *arguments: str) -> Iterator[str]:
    """Run a service while the context lasts; its address is given."""
    with subprocess.Popen(
        [*PROGRAM, "serve", "--listen", "127.0.0.1:0", *arguments],
        cwd=directory,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stderr is not None
        try:
            address = ""
            for line in service.stderr:
                found = json.loads(line)
                if found["body"] == "service started":
                    address = found["address"]
                    break
            yield address
        finally:
            service.send_signal(signal.SIGTERM)
            service.stderr.read()
            assert service.wait(PATIENCE_SECONDS) == 0


def test_a_service_an_operator_bidders_and_an_observer(tmp_path: Path):
    """Opened, joined, watched, fetched, listed: each by its own command, and SIGTERM ends the service with 0."""
    (tmp_path / "state").mkdir()
    with serving(tmp_path, "--state", "state") as address:
        at = f"--address={address}"
        assert auctioneer(tmp_path, "health", at).stdout == "serving\n"
        opened = auctioneer(
            tmp_path, "open", at, "--json", "--scenario", str(EXAMPLES / "scenarios" / "tiny.toml")
        )
        session = json.loads(opened.stdout)["session"]
        with _started("auctioneer", "watch", session, at, directory=tmp_path) as watching:
            bidders = [
                _started(
                    "bidder_agent", "join", address, "--session=latest", f"--name={name}",
                    f"--signal={private}", f"--receipts=receipts-{name}", "--quiet",
                    directory=tmp_path,
                )
                for name, private in (("ana", 1), ("ben", 0), ("cyd", 1), ("dan", 0))
            ]  # fmt: skip
            for bidder in bidders:
                _, errors = bidder.communicate(timeout=PATIENCE_SECONDS)
                assert bidder.returncode == 0, errors
            watched, errors = watching.communicate(timeout=PATIENCE_SECONDS)
        assert watching.returncode == 0, errors
        assert "RosterClosed members ana, ben, cyd, dan\n" in watched
        (declared,) = [line for line in watched.splitlines() if "OutcomeDeclared" in line]
        assert "payments ana " in declared
        assert "valid: " in watched
        fetched = auctioneer(tmp_path, "fetch", session, at, "--out", "fetched.zip")
        assert fetched.returncode == 0, fetched.stderr
        listed = json.loads(auctioneer(tmp_path, "sessions", at, "--json").stdout)["sessions"]
        assert [(line["session"], line["phase"]) for line in listed] == [(session, "closed")]
    assert auctioneer(tmp_path, "verify", "fetched.zip", "--session", session).returncode == 0
    for key in ("message.key", "checkpoint.key"):
        assert (tmp_path / "state" / key).stat().st_mode & 0o777 == 0o600


def test_watching_outlasts_a_restart_of_the_service(tmp_path: Path):
    """Whoever watches goes on where it was when the service is back, misses nothing and sees nothing twice."""
    (tmp_path / "state").mkdir()
    with serving(tmp_path, "--state", "state") as address:
        opened = auctioneer(
            tmp_path,
            "open",
            f"--address={address}",
            "--json",
            "--scenario",
            str(EXAMPLES / "scenarios" / "tiny.toml"),
        )
        session = json.loads(opened.stdout)["session"]
        watching = _started("auctioneer", "watch", session, f"--address={address}", directory=tmp_path)
        assert watching.stdout is not None
        assert watching.stderr is not None
        lines = [watching.stdout.readline()]
    assert "trying again in" in watching.stderr.readline()
    with serving(tmp_path, "--state", "state", "--listen", address):
        cancelled = auctioneer(tmp_path, "cancel", session, f"--address={address}")
        assert cancelled.returncode == 0, cancelled.stderr
        watched, errors = watching.communicate(timeout=PATIENCE_SECONDS)
    assert watching.returncode == 0, errors
    lines += watched.splitlines(keepends=True)
    assert [line.split()[2] for line in lines[:2]] == ["SessionOpen", "SessionVoid"]
    assert lines[-1].startswith("valid: 2 records")


def test_watching_gives_up_on_a_service_that_does_not_come_back(tmp_path: Path):
    """When patience is over there is one line that says why, and exit code 2."""
    (tmp_path / "state").mkdir()
    with serving(tmp_path, "--state", "state") as address:
        opened = auctioneer(
            tmp_path,
            "open",
            f"--address={address}",
            "--json",
            "--scenario",
            str(EXAMPLES / "scenarios" / "tiny.toml"),
        )
        session = json.loads(opened.stdout)["session"]
        watching = _started(
            "auctioneer", "watch", session, f"--address={address}", "--patience=0.3", directory=tmp_path
        )
        assert watching.stdout is not None
        assert "SessionOpen" in watching.stdout.readline()
    _, errors = watching.communicate(timeout=PATIENCE_SECONDS)
    assert watching.returncode == 2
    assert errors.splitlines()[-1].startswith(f"error: {address} ")
    assert errors.splitlines()[-1].endswith("gave up after 0.3 s")


def test_a_lost_key_is_not_made_anew_beside_sessions(tmp_path: Path):
    """A service that finds sessions and not their key does not start, unless it is told to do without them."""
    (tmp_path / "state").mkdir()
    scenario = ("--scenario", str(EXAMPLES / "scenarios" / "tiny.toml"))
    with serving(tmp_path, "--state", "state", *scenario):
        pass
    (tmp_path / "state" / "message.key").unlink()
    refused = auctioneer(tmp_path, "serve", "--listen", "127.0.0.1:0", "--state", "state")
    assert refused.returncode == 2
    last = refused.stderr.splitlines()[-1]
    assert last.startswith("error: state/message.key: is missing, and 1 session in this directory")
    assert not (tmp_path / "state" / "message.key").exists()
    with serving(tmp_path, "--state", "state", "--new-keys") as address:
        (line,) = auctioneer(tmp_path, "sessions", f"--address={address}").stdout.splitlines()
        assert "cannot be restored: the session was opened under other keys" in line


def _started(module: str, *arguments: str, directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=directory,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
