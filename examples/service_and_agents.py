"""A whole session in one program: a service, an agent for each bidder, and how it ended for each as a value."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from auctioneer import Service, make_keys
from auctioneer.stores import MemoryStore
from bidder_agent import Result, join
from openoutcry.mechanisms import encode_specification
from openoutcry.scenario import Scenario, load_scenario


async def hold(scenario: Scenario, receipts: Path) -> list[Result]:
    """Serve the scenario's public part, and let its bidders come with their private signals."""
    async with Service(store=MemoryStore(), keys=make_keys()) as service:
        session = await service.open_session(encode_specification(scenario.specification))
        agents = [
            join(
                service.address,
                session=session,
                name=name,
                signal=signal,
                # A name as in the scenario; an object or a function of yours is welcome here, too.
                strategy=scenario.strategy(name),
                receipts=receipts / name,
            )
            for name, signal in zip(scenario.names, scenario.signals(), strict=True)
        ]
        return await asyncio.gather(*agents)


with TemporaryDirectory() as directory:
    tiny = load_scenario(Path(__file__).with_name("scenarios") / "tiny.toml")
    for result in asyncio.run(hold(tiny, Path(directory))):
        checked = result.audit.summary if result.audit else "unchecked"
        print(f"{result.name} pays {result.payment}: {result.ending.value}, {result.reason}; {checked}")
