"""`auctioneer serve`: the service, until it is told to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from auctioneer.cli.printing import examples
from auctioneer.credentials import read_operator_token, read_server_credentials
from auctioneer.keys import make_keys, read_or_make_keys
from auctioneer.logs import configure_logs, get_logger
from auctioneer.loops import on_interrupt, run
from auctioneer.metrics import serve_metrics
from auctioneer.service import Service, make_metrics
from auctioneer.settings import Settings, load_settings
from auctioneer.stores import MemoryStore, SqliteStore, Store
from openoutcry.mechanisms.specification import Specification, encode_specification
from openoutcry.scenario import load_scenario

STORE_FILE = "sessions.db"

_FILE = click.Path(path_type=Path)


@click.command(
    epilog=examples(
        "auctioneer serve",
        "auctioneer serve --config auctioneer.toml",
        "auctioneer serve --listen 127.0.0.1:0 --scenario scenario.toml",
    )
)
@click.option(
    "--config", type=_FILE, help="Settings (TOML); the defaults are those of deploy/auctioneer.toml."
)
@click.option("--listen", help="host:port instead of the settings'; port 0 takes any free one.")
@click.option("--state", type=_FILE, help="State directory instead of the settings'; it must exist.")
@click.option(
    "--scenario", "scenarios", type=_FILE, multiple=True, help="Open this one at once; may be repeated."
)
@click.option(
    "--new-keys",
    is_flag=True,
    help="Make lost keys anew, although sessions that began under them can then neither go on nor be fetched.",
)
def serve(
    config: Path | None, listen: str | None, state: Path | None, scenarios: tuple[Path, ...], new_keys: bool
) -> None:
    """Run the service until Ctrl-C or SIGTERM; sessions that have not ended go on at the next start."""
    overrides: dict[str, object] = {}
    if listen is not None:
        overrides["server.listen"] = listen
    if state is not None:
        overrides["server.state_directory"] = str(state)
    settings = load_settings(config, overrides)
    specifications = [load_scenario(path).specification for path in scenarios]
    configure_logs(format=settings.log.format, level=settings.log.level)
    run(_serve(settings, specifications, makes_keys=new_keys))


async def _serve(settings: Settings, specifications: list[Specification], *, makes_keys: bool) -> None:
    server = settings.server
    credentials = read_server_credentials(settings.tls)
    token = None if server.operator_token_file is None else read_operator_token(server.operator_token_file)
    stopping = asyncio.Event()
    on_interrupt(stopping.set)
    store: Store
    if server.state_directory is None:
        store, keys = MemoryStore(), make_keys()
        get_logger().warning("no state directory is set: sessions are lost when the service ends")
    else:
        # The store is locked by whoever opened it first, so it guards the keys beside it too.
        store = await SqliteStore.open(server.state_directory / STORE_FILE)
        try:
            session_count = 0 if makes_keys else len(await store.sessions())
            keys = read_or_make_keys(server.state_directory, session_count=session_count)
        except BaseException:
            await store.close()
            raise
    metrics = make_metrics()
    service = Service(
        store=store,
        keys=keys,
        listen=server.listen,
        limits=settings.limits,
        credentials=credentials,
        operator_token=token,
        metrics=metrics,
    )
    exporter = None if settings.metrics.address is None else serve_metrics(metrics, settings.metrics.address)
    try:
        async with service:
            for specification in specifications:
                await service.open_session(encode_specification(specification))
            await stopping.wait()
    finally:
        if exporter is not None:
            exporter.close()
