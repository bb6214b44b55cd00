"""Reports of types over the real service: with certificates on both sides, a store on disk, and processes that die.

The service is killed between commitments and openings and started again on its files; agents are killed and come back,
or do not.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auctioneer.keys import make_keys
from auctioneer.service import Service
from auctioneer.stores import MemoryStore
from bidder_agent import join
from bidder_agent.connection import TlsFiles
from bidder_agent.result import Ending, Result
from openoutcry.mechanisms.specification import Specification, Timing, encode_specification
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.transcript import decode_transcript
from openoutcry.session.verdicts import Verification
from openoutcry.session.verification import verify_transcript
from openoutcry.simulation.table import as_input
from openoutcry.strategies.private_input import encode_private
from tests.simulation.crowd_stage import correlated, knowledge, make_type_market
from tests.simulation.stage import CODEC

CHECKOUT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
L, L_PLUS = "crowdsourced-lookahead", "crowdsourced-lookahead-plus"
PROFILE = (2, 1, 0)


def make_crowd(mechanism: str, *, answer_ms: int = 30_000, **parameters: object) -> Specification:
    """Return a specification of three bidders with types."""
    return Specification(
        title="A crowd over the network",
        market=make_type_market(),
        mechanism=mechanism,
        parameters=parameters,
        timing=Timing(enrol_ms=30_000, answer_ms=answer_ms),
    )


def private_of(specification: Specification) -> dict[str, Any]:
    """Return what each bidder is told on its standard input, by name."""
    market = specification.market
    return {
        name: json.loads(encode_private(as_input(known), market, bidder))
        for bidder, (name, known) in enumerate(
            zip(market.names, knowledge(correlated(), PROFILE), strict=True)
        )
    }


# --- The service dies. ---

# Serves one session over TLS, and kills itself around the first append that holds each of these kinds of messages.
CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from auctioneer.credentials import read_server_credentials
from auctioneer.keys import read_or_make_keys
from auctioneer.logs import configure_logs
from auctioneer.service import Service
from auctioneer.settings import TlsSettings
from auctioneer.stores import SqliteStore
from openoutcry.wire import WireCodec

directory, port, certificates, when = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]
kinds = sys.argv[5:]

class DyingStore:
    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, session_id, expected_size, entries):
        said = {WireCodec().decode_envelope(data).payload_type.split(".")[2] for data in entries}
        new = [kind for kind in kinds if kind in said and not (directory / kind).exists()]
        for kind in new:
            (directory / kind).touch()
        if new and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await self._store.append(session_id, expected_size, entries)
        if new and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)

async def main():
    configure_logs(level="error")
    tls = TlsSettings(
        certificate=certificates / "tls.crt",
        key=certificates / "tls.key",
        client_ca=certificates / "ca.crt",
        require_client_certificate=True,
    )
    store = DyingStore(await SqliteStore.open(directory / "sessions.db"))
    async with Service(
        store=store,
        keys=read_or_make_keys(directory),
        listen=f"127.0.0.1:{port}",
        credentials=read_server_credentials(tls),
    ) as service:
        if not await service.session_lines():
            await service.open_session((directory / "specification").read_bytes())
        (line,) = await service.session_lines()
        print(service.address, line.session_id.hex(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@dataclass(slots=True)
class Mortal:
    """The service as a process that is started again whenever it dies.

    Attributes:
        arguments: Of the child, without its port.
        address: Where it listens, once it was started.
        session_id: Of its one session.
        deaths: How often it died.
    """

    arguments: Sequence[str]
    address: str = ""
    session_id: bytes = b""
    deaths: int = 0
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, on the same port as before."""
        directory, *others = self.arguments
        port = self.address.rpartition(":")[2] or "0"
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            CHILD,
            directory,
            port,
            *others,
            stdout=asyncio.subprocess.PIPE,
            cwd=CHECKOUT,
        )
        assert self.process.stdout is not None
        address, session_id = (await self.process.stdout.readline()).decode().split()
        self.address = address.replace("127.0.0.1", "localhost")
        self.session_id = bytes.fromhex(session_id)

    async def keep_alive(self) -> None:
        """Start it again after each death."""
        while True:
            assert self.process is not None
            assert await self.process.wait() == -signal.SIGKILL
            self.deaths += 1
            await self.start()


@asynccontextmanager
async def mortal(*arguments: str) -> AsyncIterator[Mortal]:
    """Run the service while the context lasts."""
    service = Mortal(arguments)
    await service.start()
    keeping = asyncio.create_task(service.keep_alive())
    try:
        yield service
        if keeping.done():
            keeping.result()
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        assert service.process is not None
        if service.process.returncode is None:
            service.process.kill()
        await service.process.wait()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make what the service and the bidders need, with the script that operators use."""
    directory = tmp_path_factory.mktemp("certificates")
    script = CHECKOUT / "deploy" / "make_certificates.py"
    words = ["--auctioneer=localhost", *(f"--bidder={name}" for name in ("ada", "ben", "cyd"))]
    subprocess.run(
        [sys.executable, str(script), str(directory), *words], check=True, stdout=subprocess.DEVNULL
    )
    return directory


def tls_of(directory: Path) -> TlsFiles:
    """Return the files of a party."""
    return TlsFiles(
        authority=directory / "ca.crt", certificate=directory / "tls.crt", key=directory / "tls.key"
    )


KINDS = ("report-commit", "commit-closed", "report-opening")


@pytest.mark.parametrize(
    ("mechanism", "when", "kinds"),
    [
        (L, "after", KINDS[1:2]),
        *(
            pytest.param(mechanism, when, KINDS, marks=pytest.mark.long)
            for mechanism in (L, L_PLUS)
            for when in ("before", "after")
        ),
    ],
)
async def test_a_crowd_outlives_kills_between_commitments_and_openings(
    tmp_path: Path, certificates: Path, mechanism: str, when: str, kinds: tuple[str, ...]
) -> None:
    """Killed around commitments, their closing and openings, over mutual TLS: it settles, and all receipts hold."""
    specification = make_crowd(mechanism)
    (tmp_path / "specification").write_bytes(encode_specification(specification))
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        mortal(str(tmp_path), str(certificates / "auctioneer"), when, *kinds) as service,
    ):
        results = await asyncio.gather(
            *(
                join(
                    service.address,
                    session=service.session_id,
                    name=name,
                    private=private,
                    receipts=tmp_path / name,
                    tls=tls_of(certificates / name),
                )
                for name, private in private_of(specification).items()
            )
        )
        assert service.deaths >= 1
    assert [(result.ending, result.deviations, result.failures) for result in results] == [
        (Ending.SETTLED, (), ())
    ] * 3
    assert [result.audit and result.audit.summary for result in results if not result.is_good] == []
    files = {(tmp_path / name / "transcript.zip").read_bytes() for name in ("ada", "ben", "cyd")}
    assert len(files) == 1
    verification = verify_transcript(decode_transcript(files.pop()), codec=CODEC)
    assert verification.is_valid
    assert verification.deviations == ()


# --- An agent dies. ---

# Commits, and dies when it is to open; the second time it opens.
DYING = """
import os, signal
from pathlib import Path
from openoutcry.strategies import Strategy

class Dying(Strategy):
    def on_opening(self, view):
        mark = Path("died")
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().on_opening(view)
"""


async def run_agent(address: str, session_id: bytes, directory: Path) -> tuple[int, str]:
    """Run the dying agent of ada as a process of its own; return its exit code and what it says of errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bidder_agent",
        "join",
        address,
        *("--name", "ada", "--private", "private.json", "--strategy", "dying.py:Dying"),
        *("--receipts", "receipts", "--session", session_id.hex(), "--quiet"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    _, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, errors.decode()


async def play_with_a_dying_agent(
    tmp_path: Path, specification: Specification, *, comes_back_in_time: bool
) -> tuple[Verification, list[Result], tuple[int, str]]:
    """Play with ada in a process that dies, and return what came of it."""
    private = private_of(specification)
    (tmp_path / "private.json").write_text(json.dumps(private.pop("ada")))
    (tmp_path / "dying.py").write_text(DYING)
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        Service(store=MemoryStore(), keys=make_keys()) as service,
    ):
        session_id = await service.open_session(encode_specification(specification))
        others = asyncio.gather(
            *(
                join(service.address, session=session_id, name=name, private=known, receipts=tmp_path / name)
                for name, known in private.items()
            )
        )
        assert (await run_agent(service.address, session_id, tmp_path))[0] == -signal.SIGKILL
        if not comes_back_in_time:
            await service.finished(session_id)
        ended = await run_agent(service.address, session_id, tmp_path)
        results = await others
        transcript = await service.transcript(session_id)
    return verify_transcript(transcript, codec=CODEC), results, ended


@pytest.mark.parametrize("mechanism", [L, pytest.param(L_PLUS, marks=pytest.mark.long)])
async def test_an_agent_killed_before_its_opening_comes_back_and_opens(
    tmp_path: Path, mechanism: str
) -> None:
    """Started again with its receipts it opens what it committed to: nothing is held against anybody."""
    verification, results, ended = await play_with_a_dying_agent(
        tmp_path, make_crowd(mechanism), comes_back_in_time=True
    )
    assert verification.is_valid
    assert verification.deviations == ()
    assert ended == (0, "")
    assert [result.is_good for result in results] == [True, True]


@pytest.mark.long
async def test_an_agent_killed_before_its_opening_and_gone_loses_its_report(tmp_path: Path) -> None:
    """The session settles without its report; when it comes back its receipts still hold, and it is told why."""
    verification, results, ended = await play_with_a_dying_agent(
        tmp_path, make_crowd(L, answer_ms=3000), comes_back_in_time=False
    )
    assert verification.is_valid
    assert [(found.code, found.accused) for found in verification.deviations] == [
        (DeviationCode.OPENING_MISSING, "ada")
    ]
    assert ended[1] == ""
    outcome = json.loads((tmp_path / "receipts" / "outcome.json").read_text())
    assert outcome["ending"] == "settled"
    assert [result.is_good for result in results] == [True, True]
