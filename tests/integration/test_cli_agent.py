"""The command line of the agent: what it prints, its exit codes, and errors in one line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bidder_agent.cli import main
from openoutcry.protocol.transcript import decode_transcript, encode_transcript
from openoutcry.scenario import load_scenario
from openoutcry.session.disclosure import Disclosure, encode_disclosure
from openoutcry.session.report import verification_lines
from openoutcry.session.values import Phase
from openoutcry.session.verification import verify_transcript
from tests.simulation.crowd_stage import begin, correlated, go_on, knowledge, make_type_specification
from tests.unit.bidder_agent.breaches import no_challenge, wrong_level
from tests.unit.bidder_agent.fake_servicer import (
    CODEC,
    MESSAGE_KEY,
    FakeAuctioneer,
    make_specification,
    serve,
)
from tests.unit.bidder_agent.scripted_servicer import Script, ScriptedAuctioneer, serve_script

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def agent(*arguments: str, cwd: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the agent as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bidder_agent",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run(*arguments: str, cwd: Path, stdin: str = "") -> tuple[int, str, str]:
    """Run the agent to its end and return exit code, standard output and standard error."""
    async with agent(*arguments, cwd=cwd) as process, asyncio.timeout(30):
        out, err = await process.communicate(stdin.encode())
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


async def test_join_prints_what_happens(tmp_path: Path) -> None:
    """Lines for people: session, each question and answer, outcome, and that all checks hold."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        code, out, err = await run(
            "join",
            address,
            "--session",
            fake.session_id.hex(),
            "--name",
            "ada",
            "--private",
            "-",
            cwd=tmp_path,
            stdin='{"signal": 2}',
        )
    assert (code, err) == (0, "")
    lines = out.splitlines()
    directory = f"receipts/{fake.session_id.hex()[:8]}-ada"
    assert lines[0] == f"made a new key: {directory}/key.pem"
    assert lines[1] == f"session {fake.session_id.hex()[:8]}: A test; bidding as ada"
    assert lines[-1].startswith("transcript verified (integrity, authorship, conduct, outcome, receipts): ")
    assert (tmp_path / directory / "outcome.json").exists()


async def test_join_as_a_local_run_starts_it(tmp_path: Path) -> None:
    """The words with which a local run starts its bidders are understood, and nothing is printed."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        code, out, err = await run(
            "join",
            address,
            "--session",
            fake.session_id.hex(),
            "--name",
            "ada",
            "--seed",
            "s",
            "--private",
            "-",
            "--strategy",
            "truthful",
            "--receipts",
            "r",
            "--base-directory",
            ".",
            "--auctioneer-key",
            MESSAGE_KEY.public_key.hex(),
            "--quiet",
            cwd=tmp_path,
            stdin='{"signal": 2}',
        )
    assert (code, out, err) == (0, "", "")
    assert not (tmp_path / "r" / "key.pem").exists()


async def test_join_gives_one_object(tmp_path: Path) -> None:
    """With --json exactly one object comes, and it is what the receipts keep."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        code, out, _ = await run(
            "join", address, "--name", "ada", "--signal", "2", "--json", "--receipts", "r", cwd=tmp_path
        )
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "r" / "outcome.json").read_text())


async def test_person_plays_through_the_terminal(tmp_path: Path) -> None:
    """The human strategy asks on standard error and reads standard input."""
    fake = FakeAuctioneer(make_specification(form="sealed"))
    async with serve(fake) as address:
        code, out, err = await run(
            "join",
            address,
            "--name",
            "ada",
            "--signal",
            "2",
            "--strategy",
            "human",
            "--receipts",
            "r",
            cwd=tmp_path,
            stdin="3\n",
        )
    assert code == 0
    assert "wave 0: your signal? 3" in out
    assert "which signal do you report, 0..3?" in err


async def test_killed_agent_goes_on(tmp_path: Path) -> None:
    """An agent that dies on its first question and is started anew with its receipts ends the session."""
    fake = FakeAuctioneer(make_specification(form="sealed"))
    words = ("join", "--name", "ada", "--signal", "2", "--receipts", "r", "--session", fake.session_id.hex())
    async with serve(fake) as address:
        code, _, _ = await run(*words, address, "--strategy", "crash:after=1", cwd=tmp_path)
        assert code == -signal.SIGKILL
        assert (await run("health", "--receipts", "r", cwd=tmp_path))[0] == 1
        code, _, err = await run(*words, address, cwd=tmp_path)
    assert (code, err, fake.session.phase) == (0, "", Phase.CLOSED)
    assert (await run("health", "--receipts", "r", cwd=tmp_path))[:2] == (0, "the session has ended\n")


@pytest.mark.parametrize(("request_", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_interruption_closes_cleanly(tmp_path: Path, request_: signal.Signals, code: int) -> None:
    """Ctrl-C and a request to end leave receipts that can be gone on with, and no traceback."""
    fake = FakeAuctioneer(make_specification(names=("ada", "bob")))
    async with (
        serve(fake) as address,
        agent(
            "join", address, "--name", "ada", "--signal", "2", "--receipts", "r", "--seed", "s", cwd=tmp_path
        ) as process,
    ):
        await fake.until(lambda: fake.attached == 1)
        assert (await run("health", "--receipts", "r", cwd=tmp_path))[0] == 0
        process.send_signal(request_)
        async with asyncio.timeout(20):
            _, err = await process.communicate()
    # The command line ends the line on which a terminal shows ^C.
    assert (process.returncode, err.strip()) == (code, b"")
    assert json.loads((tmp_path / "r" / "status.json").read_text())["state"] == "stopped"


async def test_unexpected_key_exits_with_two(tmp_path: Path) -> None:
    """A session under another key than the expected one is not entered, and both keys are told."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        code, out, err = await run(
            "join",
            address,
            "--name=ada",
            "--signal=2",
            "--seed=x",
            "--auctioneer-key",
            "ab" * 32,
            cwd=tmp_path,
        )
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    keys = f"under the key {MESSAGE_KEY.public_key.hex()}, not under the expected one, {'ab' * 32}"
    assert line == f"error: the session is run {keys}: ask the auctioneer which is right"


@pytest.mark.parametrize(
    ("script", "last"),
    [(wrong_level, "complaint: WRONG_QUESTION: "), (no_challenge, "gave up after 0.3 s: MALFORMED: ")],
    ids=["signed", "not signed"],
)
async def test_complaint_exits_with_one(tmp_path: Path, script: Script, last: str) -> None:
    """What the auctioneer signed is complained of; what it has not is held against nobody in the end."""
    servicer = ScriptedAuctioneer(script)
    async with serve_script(servicer) as address:
        session = f"--session={servicer.session_id.hex()}"
        code, out, err = await run(
            "join", address, session, "--name=ada", "--signal=2", "--patience=0.3", cwd=tmp_path
        )
    assert (code, err) == (1, "")
    assert out.splitlines()[-1].startswith(last)


async def test_unreachable_auctioneer_exits_with_three(tmp_path: Path) -> None:
    """When patience is over there is one line and a code of its own."""
    async with serve(FakeAuctioneer()) as address:
        pass
    code, out, err = await run(
        "join",
        address,
        "--session",
        "ab" * 32,
        "--name",
        "ada",
        "--signal",
        "2",
        "--patience",
        "0.2",
        "--quiet",
        cwd=tmp_path,
    )
    assert (code, out) == (3, "")
    assert err.startswith(f"error: {address}: ")
    assert err.count("\n") == 1


async def test_verify_and_export(tmp_path: Path) -> None:
    """A session's transcript verifies offline with the receipts, and each own message can be proved to others."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        await run(
            "join", address, "--name", "ada", "--signal", "2", "--receipts", "r", "--quiet", cwd=tmp_path
        )
    code, out, _ = await run("verify", "r/transcript.zip", "--receipts", "r", cwd=tmp_path)
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["session", fake.session_id.hex()],
        ["auctioneer", MESSAGE_KEY.public_key.hex()],
        *([name, "ok"] for name in ("integrity", "authorship", "conduct", "outcome", "receipts")),
        ["valid:", str(len(fake.entries))],
    ]
    code, out, _ = await run("receipts", "r", "--export", "proofs", "--json", cwd=tmp_path)
    assert (code, json.loads(out)["exported"]) == (0, len(fake.received))
    assert len(list((tmp_path / "proofs").glob("*.tlog-proof"))) == len(fake.received)
    data = bytearray((tmp_path / "r" / "transcript.zip").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "changed.zip").write_bytes(data)
    code, out, _ = await run("verify", "changed.zip", "--json", cwd=tmp_path)
    assert (code, json.loads(out)["valid"]) == (1, False)


async def test_verify_says_what_the_auctioneer_says(tmp_path: Path) -> None:
    """Both programs tell the same of one file, or of the directory into which it was unpacked."""
    fake = FakeAuctioneer()
    async with serve(fake) as address:
        await run("join", address, "--name=ada", "--signal=2", "--receipts=r", "--quiet", cwd=tmp_path)
    file = tmp_path / "r" / "transcript.zip"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path / "unpacked")
    lines = verification_lines(verify_transcript(decode_transcript(file.read_bytes()), codec=CODEC))
    for path in (str(file), "unpacked"):
        code, out, _ = await run("verify", path, cwd=tmp_path)
        assert (code, out.splitlines()) == (0, lines)
    (tmp_path / "unpacked" / "specification.json").write_text("{}")
    code, out, _ = await run("verify", "unpacked", cwd=tmp_path)
    assert (code, out.splitlines()[-1].split(":")[:2]) == (1, ["INVALID", " integrity"])


async def test_verify_holds_receipts_against_a_transcript(tmp_path: Path) -> None:
    """A transcript that verifies and is not what the bidder was told does not hold for this bidder."""
    for directory, form in (("one", "clock"), ("other", "sealed")):
        async with serve(FakeAuctioneer(make_specification(form=form))) as address:
            receipts = f"--receipts={directory}"
            await run("join", address, "--name=ada", "--signal=2", "--quiet", receipts, cwd=tmp_path)
    given = ("verify", "one/transcript.zip", "--receipts", "other")
    code, out, _ = await run(*given, cwd=tmp_path)
    assert (code, out.splitlines()[-1].split(":")[:2]) == (1, ["INVALID", " receipts"])
    code, out, _ = await run(*given, "--json", cwd=tmp_path)
    found = json.loads(out)
    assert (code, found["valid"]) == (1, False)
    assert [(level["name"], level["verdict"]) for level in found["levels"]][-1] == ("receipts", "invalid")


async def test_verify_opens_what_was_sealed_with_its_disclosure(tmp_path: Path) -> None:
    """A sealed session is checked as far as it can be; with the disclosure file to the end."""
    mechanism = "crowdsourced-lookahead"
    stage, reporters = begin(
        make_type_specification(mechanism, disclosure="sealed"), knowledge(correlated(), (1, 0, 2))
    )
    go_on(stage, reporters)
    disclosure = Disclosure(session_id=stage.session.session_id, opening_key=stage.opening_key)
    (tmp_path / "run.zip").write_bytes(encode_transcript(stage.transcript()))
    (tmp_path / "key.json").write_bytes(encode_disclosure(disclosure))
    code, out, _ = await run("verify", "run.zip", cwd=tmp_path)
    assert (code, out.splitlines()[-1].startswith("valid as far as it can be checked: ")) == (0, True)
    code, out, _ = await run("verify", "run.zip", "--disclosure", "key.json", cwd=tmp_path)
    assert (code, out.splitlines()[-1].endswith("verified and re-executed")) == (0, True)


async def test_host_plays_a_scenario(tmp_path: Path) -> None:
    """Every bidder of a scenario plays in one process; the object has one entry for each."""
    file = ROOT / "examples" / "scenarios" / "tiny.toml"
    scenario = load_scenario(file)
    fake = FakeAuctioneer(scenario.specification)
    async with serve(fake) as address:
        code, out, err = await run(
            "host", address, "--bidders", str(file), "--seed", "s", "--json", cwd=tmp_path
        )
    assert (code, err) == (0, "")
    assert [bidder["name"] for bidder in json.loads(out)["bidders"]] == list(scenario.names)


def test_keys_are_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key is made with the owner's rights alone, is shown, and is never written over."""
    file = tmp_path / "ada.pem"
    assert main(["keys", "new", str(file), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert main(["keys", "show", str(file)]) == 0
    assert capsys.readouterr().out == f"public key  {made['public_key']}\nsender id   {made['sender_id']}\n"
    assert main(["keys", "new", str(file)]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["join", "127.0.0.1:1", "--name", "ada"], "give the private signal once"),
        (
            ["join", "127.0.0.1:1", "--name", "ada", "--signal", "1", "--private", "x"],
            "give the private signal once",
        ),
        (
            ["join", "127.0.0.1:1", "--name", "ada", "--private", "nowhere.json"],
            "nowhere.json: cannot be read",
        ),
        (["join", "127.0.0.1:1", "--signal", "1"], "Missing option '--name'"),
        (["join", "127.0.0.1:1", "--name", "ada", "--signal", "1", "--session", "xy"], "no session id"),
        (
            ["join", "127.0.0.1:1", "--name", "ada", "--signal", "1", "--strategy", "trutful"],
            "did you mean truthful?",
        ),
        (
            ["join", "127.0.0.1:1", "--name", "ada", "--signal", "1", "--tls-ca", "nowhere.pem"],
            "cannot be read",
        ),
        (
            ["join", "127.0.0.1:1", "--name", "ada", "--signal", "1", "--auctioneer-key", "xy"],
            "not hexadecimal",
        ),
        (["host", "127.0.0.1:1", "--bidders", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["check", "nowhere.py:Class"], "cannot be read"),
        (["keys", "show", "nowhere.pem"], "nowhere.pem: cannot be read"),
        (["verify", "nowhere.zip"], "nowhere.zip: No such file"),
        (["verify", "nowhere.zip", "--disclosure", "nowhere.json"], "nowhere.zip: No such file"),
        (["receipts", "nowhere"], "no receipts can be read"),
        (["health", "--receipts", "nowhere"], "cannot be read"),
        (["jion"], "No such command 'jion'"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a person got wrong is one line on standard error, and exit code 2."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert reason in captured.err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = [", "is not TOML"),
        ("x = 1", "must be a scenario, or hold"),
        ("[[bidder]]\nname = 1\nsignal = 1", "name: must be text"),
        ("[[bidder]]\nname = 'a'", "needs a signal"),
        ("[[bidder]]\nname = 'a'\nsignal = true", "signal: must be an integer"),
        ("[[bidder]]\nname = 'a'\nsignal = 1\nstratgy = 'x'", "stratgy: is not known"),
    ],
)
def test_wrong_files_of_bidders_are_one_line(
    tmp_path: Path, text: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of bidders that cannot be used is refused with file, key and reason."""
    file = tmp_path / "bidders.toml"
    file.write_text(text)
    assert main(["host", "127.0.0.1:1", "--bidders", str(file)]) == 2
    assert reason in capsys.readouterr().err


def test_check_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A strategy that breaks a rule exits with 1 and a line that teaches; a good one with 0."""
    file = tmp_path / "mine.py"
    file.write_text("def guess(view):\n    return True\n")
    assert main(["check", f"{file}:guess"]) == 1
    assert "the answer to a raise was True: return Stay or Exit" in capsys.readouterr().out
    assert main(["check", "truthful", "--markets", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["good"] is True


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
@pytest.mark.parametrize("arguments", [["--version"], ["verify", "tests/golden/vcg.zip"]])
def test_full_output_is_one_line(arguments: list[str]) -> None:
    """Output that takes no more is no fault of the program: one line and exit code 1, and nothing after it."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "bidder_agent", *arguments],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (
        1,
        "error: standard output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize(
    "command", [[], ["join"], ["host"], ["check"], ["keys"], ["verify"], ["receipts"], ["health"]]
)
def test_help_is_there(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every command explains itself."""
    assert main([*command, "--help"]) == 0
    assert "Usage: bidder-agent" in capsys.readouterr().out
    assert main(["--version"]) == 0
