"""Campaigns: the kernels against the plain generator, and what a second worker is worth."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import cast, get_args

from benchmarks.findings import Finding, ratio_of_turns
from benchmarks.scale import Scale
from openoutcry.lab.campaigns.campaign import loads
from openoutcry.lab.campaigns.engines import ProcessEngine
from openoutcry.lab.campaigns.running import open_directory, run_campaign
from openoutcry.lab.campaigns.work import BATCH
from openoutcry.lab.chance import Luck
from openoutcry.lab.instances.generator import SignalInstances
from openoutcry.lab.instances.registry import find_generator
from openoutcry.lab.kernels.signal_discovery import Engine, SignalDiscoveryKernel
from openoutcry.mechanisms.parameters import Pricing
from openoutcry.mechanisms.signal_discovery import SignalDiscovery
from openoutcry.simulation import Auction

KERNEL_GOAL = 150_000.0
SPEED_UP_GOAL = 1.8

BIDDERS = 100
SIGNAL_LEVELS = 4
GENERATORS = ("random-owners", "single-crossing")
"""Markets that are easy and hard for the kernel: where the window closes at once, and where it closes bit by bit."""

KERNEL_AUCTIONS = 1_000_000
GENERATOR_AUCTIONS = 15_000
"""Auctions of the campaign for a speed-up, for each second of the scale."""

CAMPAIGN = """
format = "openoutcry-campaign/1"
title = "What is measured"
replications = {auctions}

[[mechanism]]
name = "signal-discovery"

[[instances]]
generator = "random-owners"
bidders = {bidders}
signal_levels = 4

[[strategies]]
observed = "{observed}"
"""


def measure_kernels(scale: Scale) -> list[Finding]:
    """Count auctions a second on one core, in turn: each kernel and the generator, signals and optimum included."""
    engines = [engine for engine in get_args(Engine) if engine == "numpy" or find_spec(engine) is not None]
    findings: list[Finding] = []
    for generator in GENERATORS:
        for pricing in get_args(Pricing):
            instances = _instances(generator)
            plain = _count_plain(instances, pricing)
            kernels = {engine: _count_kernel(instances, pricing, cast(Engine, engine)) for engine in engines}
            rates: dict[str, list[float]] = {engine: [] for engine in engines}
            slow: list[float] = []
            for _ in range(scale.repetitions):
                slow.append(plain(scale.seconds))
                for engine, rate in kernels.items():
                    rates[engine].append(rate(scale.seconds))
            for engine in engines:
                times = ratio_of_turns(rates[engine], slow)
                findings.append(
                    Finding(
                        name=f"kernel, {engine}, {generator}, {pricing} pricing, n = {BIDDERS}, k = {SIGNAL_LEVELS}",
                        measured=median(rates[engine]),
                        unit="/s",
                        goal=KERNEL_GOAL,
                        detail=f"{times:.0f} times the generator's {median(slow):.0f}/s; one core",
                    )
                )
    return findings


def measure_speed_up(scale: Scale) -> list[Finding]:
    """Run a campaign with one worker and with two, in turn; processes are started and warm."""
    cases = {
        "kernel": (BIDDERS, "truthful", KERNEL_AUCTIONS),
        "generator": (10, "shade:levels=1", GENERATOR_AUCTIONS),
    }
    findings: list[Finding] = []
    for name, (bidders, observed, each) in cases.items():
        auctions = max(1, round(each * scale.seconds))
        text = CAMPAIGN.format(auctions=auctions, bidders=bidders, observed=observed)
        seconds: list[list[float]] = [[], []]
        engines = [ProcessEngine(workers) for workers in (1, 2)]
        try:
            for engine in engines:
                _time_campaign(text.replace(f"= {auctions}", f"= {max(1, auctions // 10)}"), engine)
            for _ in range(scale.repetitions):
                for engine, times in zip(engines, seconds, strict=True):
                    times.append(_time_campaign(text, engine))
        finally:
            for engine in engines:
                engine.stop()
        one, two = seconds
        findings.append(
            Finding(
                name=f"campaign by the {name}, two workers against one",
                measured=ratio_of_turns(one, two),
                unit="x",
                goal=SPEED_UP_GOAL,
                detail=f"{auctions / median(two):.0f} auctions/s against {auctions / median(one):.0f}, rows on disk",
            )
        )
    return findings


def _time_campaign(text: str, engine: ProcessEngine) -> float:
    campaign = loads(text)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "out"
        with open_directory(campaign, directory, restart=False):
            began = perf_counter()
            run_campaign(campaign, directory, engine, tell=lambda _count: None)
            return perf_counter() - began


def _instances(name: str) -> SignalInstances:
    generator = find_generator(name)
    chosen = generator.configure({"bidders": BIDDERS, "signal_levels": SIGNAL_LEVELS})
    instances = generator.draw(chosen, Luck(seed="benchmark", market=name))
    assert isinstance(instances, SignalInstances)
    return instances


def _count_kernel(instances: SignalInstances, pricing: Pricing, engine: Engine) -> Callable[[float], float]:
    kernel = SignalDiscoveryKernel(instances.market, SignalDiscovery(pricing=pricing), engine=engine)
    batches = count()

    def play_batch() -> int:
        first = next(batches) * BATCH
        kernel.run(instances.luck, first, instances.signals(first, BATCH))
        return BATCH

    play_batch()
    return lambda seconds: _count(play_batch, seconds)


def _count_plain(instances: SignalInstances, pricing: Pricing) -> Callable[[float], float]:
    auction = Auction(instances.market, "signal-discovery", {"pricing": pricing})
    numbers = count()

    def play_one() -> int:
        number = next(numbers)
        chance = instances.luck.chance(number, BIDDERS)
        auction.play(instances.private(number), seed=instances.luck.bidder_seed(number), chance=chance)
        return 1

    play_one()
    return lambda seconds: _count(play_one, seconds)


def _count(play: Callable[[], int], seconds: float) -> float:
    began = process_time()
    auctions = 0
    while (spent := process_time() - began) < seconds:
        auctions += play()
    return auctions / spent
