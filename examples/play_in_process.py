"""Play an auction in this process: no network, no files, thousands a second. Run it, or paste it cell by cell."""

# %% A market: three bidders have each seen the lot and call it 0, 1 or 2.
from openoutcry.mechanisms import Bidder, Linear, Market
from openoutcry.simulation import Auction
from openoutcry.strategies import Exit, Stay

market = Market(
    lot="Tract 7",
    currency="USD",
    minor_units=0,
    signal_levels=3,
    groups=("geology",),
    bidders=(
        Bidder(name="ada", group=0, valuation=Linear(constant=60, weights=(10,))),
        Bidder(name="ben", group=0, valuation=Linear(constant=30, weights=(25,))),
        Bidder(name="cyd", group=0, valuation=Linear(constant=0, weights=(35,))),
    ),
)
signals = (0, 1, 1)

# %% Once, with everybody truthful.
auction = Auction(market, "signal-discovery")
result = auction.play(signals, seed="fifth")
print(f"{result.winner or 'nobody'} buys at {result.price}: {result.reason}")


# %% A strategy is a function of what the bidder sees. What does pretending to more earn ben?
def bold(view):
    """Exit one level late."""
    return Stay if view.level <= view.signal + 1 else Exit


seeds = [f"auction {number}" for number in range(1000)]
for name, strategies in (("truthful", {}), ("bold", {"ben": bold})):
    results = [auction.play(signals, seed=seed, strategies=strategies) for seed in seeds]
    print(
        f"{name}: ben earns {float(sum(result.utilities[1] for result in results) / len(results)):.2f} on average"
    )
