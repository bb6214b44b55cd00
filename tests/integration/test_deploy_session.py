"""Sessions among the services of compose.yaml: its own commands, in processes of their own, over mutual TLS."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.integration.deployment import (
    BIDDERS,
    DEPLOY,
    DOCKERFILES,
    Containers,
    health_check,
)
from tests.integration.recorded_play import Recorded, verify_and_play

STRATEGIES = {"dan": "shade:levels=1"}


@contextmanager
def auctioneer_up(containers: Containers) -> Iterator[None]:
    """Make the keys and run the auctioneer until the context ends; it ends well when it is told to."""
    code, said = containers.run("certificates")
    assert code == 0, said
    service = containers.start("auctioneer")
    assert service.stderr is not None
    for line in service.stderr:
        found = json.loads(line)
        if found["body"] == "service started":
            # Certificates name it localhost, as they name it `auctioneer` in a container's network.
            containers.address = found["address"].replace("127.0.0.1", "localhost")
            break
    yield
    service.send_signal(signal.SIGTERM)
    code, said = containers.finish(service)
    assert code == 0, said


@pytest.fixture
def containers(tmp_path: Path) -> Iterator[Containers]:
    """Yield the services of compose.yaml with the auctioneer up and healthy."""
    with Containers(directory=tmp_path) as made, auctioneer_up(made):
        test = made.compose["services"]["auctioneer"]["healthcheck"]["test"]
        assert made.run("auctioneer", made.translate("auctioneer", test[1:])) == (0, "serving\n")
        yield made


def play_session(containers: Containers) -> Path:
    """Open a session and let the four bidders take part; the transcript that all of them hold."""
    code, said = containers.run("open")
    assert code == 0, said
    joining = {name: containers.start(name) for name in BIDDERS}
    for name, process in joining.items():
        code, said = containers.finish(process)
        assert code == 0, f"{name}: {said}"
    paths = [containers.volume(f"{name}-receipts") / "transcript.zip" for name in BIDDERS]
    assert len({path.read_bytes() for path in paths}) == 1
    return paths[0]


def recorded(transcript: Path) -> Recorded:
    """Return what a transcript says, verified, beside in-process play with the same seed."""
    signals = [
        json.loads((DEPLOY / "compose" / f"{name}.json").read_text(encoding="utf-8"))["signal"]
        for name in BIDDERS
    ]
    return verify_and_play(transcript, signals, STRATEGIES)


def test_a_session_among_containers_with_mutual_tls(containers: Containers):
    """The auction settles as in-process play does; the bidders' health is good, and strangers get nowhere."""
    session = recorded(play_session(containers))
    assert (session.winner, session.price) == (session.played.winner, session.played.price)
    assert session.deviations == ()
    for name in BIDDERS:
        words = containers.translate(name, health_check(DOCKERFILES[1]))
        assert containers.run(name, words) == (0, "the session has ended\n")
    stranger = [word for word in containers.words("open") if "--tls-certificate" not in word]
    code, said = containers.run("open", [word for word in stranger if "--tls-key" not in word])
    assert (code, "cannot be reached" in said) == (2, True)
    unknown = [word for word in containers.words("open") if "--token-file" not in word]
    code, said = containers.run("open", unknown)
    assert code == 2, said


def test_the_next_session_in_the_same_volumes(containers: Containers):
    """A second `up` plays a second session; the receipts of the first are kept beside those of the second."""
    first = play_session(containers).read_bytes()
    second = play_session(containers).read_bytes()
    assert first != second
    for name in BIDDERS:
        (ended,) = (containers.volume(f"{name}-receipts") / "ended").iterdir()
        assert (ended / "transcript.zip").read_bytes() == first


def live(containers: Containers, name: str) -> int:
    """Run a bidder that dies of its first question, if it is asked one, and start it again; how often it died."""
    words = containers.words(name)
    dying = ["--strategy=crash:after=1" if word.startswith("--strategy=") else word for word in words]
    code, said = containers.run(name, dying)
    deaths = int(code == -signal.SIGKILL)
    if deaths:
        code, said = containers.run(name)
    assert code == 0, f"{name}: {said}"
    return deaths


def test_containers_that_die_are_started_again(containers: Containers):
    """Bidders killed in the middle go on from their receipts when their containers restart, and nobody notices."""
    code, said = containers.run("open")
    assert code == 0, said
    with ThreadPoolExecutor() as pool:
        deaths = list(pool.map(partial(live, containers), BIDDERS))
    # Whichever group is drawn, both bidders of the other one are asked.
    assert sum(deaths) >= 2
    session = recorded(containers.volume("ada-receipts") / "transcript.zip")
    assert (session.winner, session.price) == (session.played.winner, session.played.price)
    assert session.deviations == ()


def test_a_path_that_is_not_mounted_is_found(tmp_path: Path):
    """The stand-in for containers refuses what a container would not have."""
    with pytest.raises(AssertionError, match="/etc/passwd is not mounted"):
        Containers(directory=tmp_path).translate("certificates", ["--x=/etc/passwd"])
