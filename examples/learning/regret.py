"""What the learnt policy is worth beside the truth, exactly: over all signals and all luck of the mechanism."""

import random
import sys
from itertools import product
from pathlib import Path
from typing import cast

from policy import WEIGHTS, Learned  # type: ignore[import-not-found]  # The file beside this one.

from openoutcry.mechanisms import Market, find_mechanism
from openoutcry.mechanisms.expectation import expect
from openoutcry.scenario import load_scenario
from openoutcry.simulation.expectation import answer_as
from openoutcry.strategies import Seat
from openoutcry.strategies.truthful import Truthful

SPECIFICATION = load_scenario(Path(__file__).with_name("scenario.toml")).specification
MARKET = cast(Market, SPECIFICATION.market)
MECHANISM = find_mechanism(SPECIFICATION.mechanism)
PARAMETERS = MECHANISM.configure(SPECIFICATION.parameters)


def expected(strategies):
    """Return the expectations at every profile of signals, all equally likely."""
    results = []
    for signals in product(range(MARKET.signal_levels), repeat=len(MARKET.bidders)):
        answerers = []
        for bidder, (strategy, signal) in enumerate(zip(strategies, signals, strict=True)):
            seat = Seat(market=MARKET, bidder=bidder, signal=signal, rng=random.Random(0))
            answerers.append(answer_as(strategy, seat, []))
        results.append(expect(MARKET, MECHANISM, PARAMETERS, answerers, signals))
    return results


def utility(strategies, bidder):
    """Return what a bidder gains on average."""
    results = expected(strategies)
    return sum(result.utilities[bidder] for result in results) / len(results)


def main():
    """Print the regret of everybody, and what all of them together get out of the lot."""
    policy = Learned(Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS)
    everybody = [policy] * len(MARKET.bidders)
    for bidder, name in enumerate(MARKET.names):
        learnt = utility(everybody, bidder)
        truthful = utility([*everybody[:bidder], Truthful(), *everybody[bidder + 1 :]], bidder)
        alone = utility(
            [*[Truthful()] * bidder, policy, *[Truthful()] * (len(everybody) - bidder - 1)], bidder
        )
        best = utility([Truthful()] * len(everybody), bidder)
        print(
            f"{name} gains {float(learnt):.4f}; telling the truth it would gain {float(truthful):.4f}: "
            f"regret {float(truthful - learnt):.4f}; among truthful bidders {float(best - alone):.4f}"
        )
    for words, strategies in (("as learnt", everybody), ("truthful", [Truthful()] * len(everybody))):
        results = expected(strategies)
        welfare, optimum = sum(r.welfare for r in results), sum(r.optimum for r in results)
        revenue = sum(r.revenue for r in results) / len(results)
        print(f"{words}: welfare {float(welfare / optimum):.4f} of the optimum, revenue {float(revenue):.4f}")


if __name__ == "__main__":
    main()
