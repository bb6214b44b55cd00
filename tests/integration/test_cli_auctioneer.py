"""The commands of `auctioneer` that need no agents: their output, their errors in one line, their exit codes."""

from __future__ import annotations

import asyncio
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from auctioneer.cli import main
from auctioneer.keys import make_keys
from auctioneer.service import Service
from auctioneer.stores import MemoryStore
from openoutcry.mechanisms.registry import MECHANISMS
from openoutcry.protocol.messages import Accept
from openoutcry.protocol.transcript import decode_transcript, encode_transcript
from tests.participants.scenarios import make_specification, play_session
from tests.simulation import markets
from tests.simulation.stage import Stage

CHECKOUT = Path(__file__).parents[2]
TINY = str(CHECKOUT / "examples" / "scenarios" / "tiny.toml")


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the error line, and fail if there is anything else."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")
    return captured.err


@pytest.fixture(scope="module")
def transcript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the transcript of a small session."""

    async def make() -> bytes:
        async with Service(store=MemoryStore(), keys=make_keys()) as service:
            session_id = await service.open_session(make_specification())
            await play_session(service, session_id)
            return encode_transcript(await service.transcript(session_id))

    path = tmp_path_factory.mktemp("transcripts") / "small.zip"
    path.write_bytes(asyncio.run(make()))
    return path


def test_help_teaches_with_examples(capsys: pytest.CaptureFixture[str]):
    """The first help shows the way from nothing to a verified run."""
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert "auctioneer new my-auction" in text
    assert main(["run", "--help"]) == 0
    assert "auctioneer run scenario.toml --seed spring --json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["verfy", "x"], "Did you mean 'verify'?"),
        (["run"], "Missing argument 'SCENARIO'"),
        (["run", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["expect", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["verify", "nowhere.zip"], "nowhere.zip: No such file"),
        (["verify", TINY], "tiny.toml: the file is no transcript"),
        (["verify", TINY, "--session", "12"], "is not 64 hexadecimal digits"),
        (["replay", TINY], "tiny.toml: the file is no transcript"),
        (["mechanisms", "signal-discovry"], "did you mean 'signal-discovery'?"),
        (["serve", "--config", "nowhere.toml"], "nowhere.toml: cannot be read"),
        (["serve", "--listen", "nowhere"], "is no address"),
        (["open", "--scenario", TINY, "--address", "nowhere"], "is no address"),
        (["sessions", "--tls-key", "key.pem"], "needs --tls-ca"),
        (["new", " "], "cannot name a scenario so"),
    ],
    ids=lambda value: " ".join(Path(part).name for part in value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_ends_with_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
):
    """What was wrong, where, and what to do; never a traceback."""
    assert main(arguments) == 2
    assert expected in one_error(capsys)


def test_a_service_that_is_not_there_ends_with_1(capsys: pytest.CaptureFixture[str]):
    """One line names the address."""
    assert main(["health", "--address", "127.0.0.1:1"]) == 1
    assert "127.0.0.1:1 cannot be reached" in one_error(capsys)


def test_our_own_mistakes_are_one_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """What nobody foresaw ends with 70; where it came from is shown to whoever asks."""

    def fail(path: Path) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("auctioneer.cli.expect.load_scenario", fail)
    assert main(["expect", TINY]) == 70
    assert "surprise" in one_error(capsys)
    assert main(["--debug", "expect", TINY]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_expectations_are_exact(capsys: pytest.CaptureFixture[str]):
    """One object a line, in order; every number as a fraction."""
    assert main(["expect", TINY, TINY, "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    found = json.loads(lines[0])
    assert found["win_probability"] == {"ana": "1/2", "ben": "1/4", "cyd": "0", "dan": "0"}
    assert (found["unsold_probability"], found["welfare"], found["optimum"]) == ("1/4", "5", "10")
    assert main(["expect", TINY]) == 0
    assert "1/4 (0.25)" in capsys.readouterr().out


def test_an_expectation_needs_strategies_that_are_deterministic(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    """Whoever draws from its own generator has no exact expectation here."""
    text = Path(TINY).read_text().replace('strategy = "truthful"', 'strategy = "random"', 1)
    (tmp_path / "scenario.toml").write_text(text)
    assert main(["expect", str(tmp_path / "scenario.toml")]) == 2
    assert "not marked deterministic" in one_error(capsys)


def test_mechanisms_are_explained(capsys: pytest.CaptureFixture[str]):
    """For people in words, for programs as one object."""
    assert main(["mechanisms"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert [row for row in rows if row in MECHANISMS] == list(MECHANISMS)
    kinds = [line.partition(":")[0] for line in lines if line.startswith("bidders with")]
    assert kinds == ["bidders with signals", "bidders with types"]
    assert max(map(len, lines)) <= 80
    assert main(["mechanisms", "signal-discovery"]) == 0
    assert "learns" in capsys.readouterr().out
    assert main(["mechanisms", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["mechanisms"]
    assert [mechanism["name"] for mechanism in listed] == list(MECHANISMS)
    assert {mechanism["market"] for mechanism in listed} == {"signals", "types"}
    assert all(mechanism["guarantee"] for mechanism in listed)


def test_a_new_scenario_can_be_computed_at_once_and_is_never_overwritten(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The files are there and work; a second time the command refuses."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "My first"]) == 0
    assert "next: auctioneer run" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "my-first").iterdir()) == ["scenario.toml", "strategy.py"]
    assert main(["new", "My first"]) == 2
    assert "is there already" in one_error(capsys)


def test_a_valid_transcript_verifies(capsys: pytest.CaptureFixture[str], transcript: Path):
    """Four levels, all valid; also against a session and a key that are known from elsewhere."""
    assert main(["verify", str(transcript)]) == 0
    text = capsys.readouterr().out
    for level in ("integrity", "authorship", "conduct", "outcome"):
        assert f"{level:<11} ok" in text
    assert main(["verify", str(transcript), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["valid"] is True
    known = ["--session", found["session"], "--auctioneer-key", found["auctioneer_key"]]
    assert main(["verify", str(transcript), *known]) == 0


@pytest.mark.parametrize("option", ["--session", "--auctioneer-key"])
def test_a_transcript_of_something_else_is_invalid(
    capsys: pytest.CaptureFixture[str], transcript: Path, option: str
):
    """Another session, or another auctioneer, than the expected one."""
    assert main(["verify", str(transcript), option, "00" * 32]) == 1
    assert "INVALID" in capsys.readouterr().out


def test_an_altered_transcript_is_found(capsys: pytest.CaptureFixture[str], transcript: Path, tmp_path: Path):
    """One flipped bit in any of a few places: exit 1, the four levels, and a last line that says what is wrong."""
    data = transcript.read_bytes()
    for place in range(100, len(data), len(data) // 7):
        altered = bytearray(data)
        altered[place] ^= 1
        path = tmp_path / "altered.zip"
        path.write_bytes(bytes(altered))
        assert main(["verify", str(path)]) == 1
        lines = capsys.readouterr().out.splitlines()
        levels = [line.split()[:2] for line in lines if line.startswith(("integrity", "authorship"))]
        assert levels == [["integrity", "FAILED"], ["authorship", "-"]]
        assert lines[-1].startswith("INVALID: integrity: ")
        assert main(["verify", str(path), "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["valid"] is False


def test_an_altered_record_is_named(capsys: pytest.CaptureFixture[str], transcript: Path, tmp_path: Path):
    """Whatever bit of a record is flipped in the file, the verifier says which record it was."""
    data = transcript.read_bytes()
    entries = decode_transcript(data).entries
    for index in (0, len(entries) // 2, len(entries) - 1):
        altered = bytearray(data)
        altered[data.index(entries[index]) + len(entries[index]) // 2] ^= 1
        path = tmp_path / "altered.zip"
        path.write_bytes(bytes(altered))
        assert main(["verify", str(path), "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["levels"][0]["record"] == index


def test_an_unpacked_transcript_verifies_too(
    capsys: pytest.CaptureFixture[str], transcript: Path, tmp_path: Path
):
    """The directory that any tool unpacks it into is as good as the file."""
    with zipfile.ZipFile(transcript) as archive:
        archive.extractall(tmp_path)
    assert main(["verify", str(tmp_path)]) == 0
    (tmp_path / "specification.json").write_text("{}")
    assert main(["verify", str(tmp_path)]) == 1


def test_a_replay_tells_why_each_question_was_asked(capsys: pytest.CaptureFixture[str], transcript: Path):
    """Waves with reason, state and draws; each entry with its index; one wave alone when asked for."""
    assert main(["replay", str(transcript)]) == 0
    text = capsys.readouterr().out
    assert "wave 0: " in text
    assert "drawn: signal-discovery/" in text
    assert "     0  the auctioneer opens the session" in text
    assert main(["replay", str(transcript), "--wave", "0"]) == 0
    alone = capsys.readouterr().out
    assert "wave 0: " in alone
    assert "wave 1: " not in alone
    assert main(["replay", str(transcript), "--json"]) == 0
    moments = json.loads(capsys.readouterr().out)["moments"]
    assert [moment["record"] for moment in moments if moment["record"] is not None] == list(
        range(len([moment for moment in moments if moment["record"] is not None]))
    )


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (-3, "the log was cut short before the auctioneer opens its seed part"),
        (2, "the log ends here, in phase ENROL: it was cut short before the session was played"),
    ],
)
def test_a_session_cut_short_is_told_up_to_there(
    kept: int, said: str, capsys: pytest.CaptureFixture[str], transcript: Path, tmp_path: Path
):
    """A log that ends early is no error of whoever reads it: what it tells is told, then what is not known and why."""
    whole = decode_transcript(transcript.read_bytes())
    path = tmp_path / "cut.zip"
    path.write_bytes(encode_transcript(replace(whole, entries=whole.entries[:kept])))
    assert main(["replay", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines()[-1].startswith(said)
    assert main(["replay", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["unfinished_from"] == told["moments"][-1]["record"] + 1
    assert main(["replay", str(path), "--wave", "7"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(said)


def test_evidence_is_written_judged_and_refused_when_altered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """What a transcript proves by signatures alone goes into files that a stranger judges without it."""
    stage = Stage(markets.make_specification())
    stage.begin_play()
    hand = stage.awaited()[0]
    stage.send(hand.say(Accept(level=2)))
    stage.finish()
    path = tmp_path / "deviant.zip"
    path.write_bytes(encode_transcript(stage.transcript()))
    assert main(["verify", str(path), "--evidence", str(tmp_path / "evidence")]) == 0
    (evidence,) = (tmp_path / "evidence").iterdir()
    assert "WRONG_LEVEL" in evidence.name
    assert main(["verify", str(evidence)]) == 0
    assert f"proved: WRONG_LEVEL of bidder '{hand.name}'" in capsys.readouterr().out
    evidence.write_text(evidence.read_text().replace("WRONG_LEVEL", "EXIT_REVERSAL"))
    assert main(["verify", str(evidence)]) == 1
    assert "do not contradict each other" in one_error(capsys)
