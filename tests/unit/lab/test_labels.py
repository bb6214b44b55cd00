"""Short names of a campaign's cells: what varies stands in them, what does not is said once, and no two are alike."""

from __future__ import annotations

from openoutcry.lab.campaigns.campaign import loads
from openoutcry.lab.campaigns.labels import common_labels, instance_labels, mechanism_labels, strategy_labels

CAMPAIGN = """
format = "openoutcry-campaign/1"
title = "Names"
replications = 1000

[[mechanism]]
name = "signal-discovery"
pricing = ["welfare", "revenue"]
form = "clock"

[[instances]]
generator = "linear"
bidders = [3, 4]
signal_levels = 3
markets = 2

[[instances]]
generator = "wallet-game"
markets = 2

[[strategies]]
everyone = "truthful"

[[strategies]]
observed = "shade:levels=1"
"""


def test_short_names_hold_what_varies() -> None:
    """A name that all mechanisms have is left out, and so are others who bid alike."""
    campaign = loads(CAMPAIGN)
    assert list(dict.fromkeys(mechanism_labels(campaign))) == ["pricing=welfare", "pricing=revenue"]
    assert list(dict.fromkeys(instance_labels(campaign))) == [
        "linear bidders=3",
        "linear bidders=4",
        "wallet-game",
    ]
    assert strategy_labels(campaign)[:2] == ("truthful", "shade:levels=1")
    cells = zip(mechanism_labels(campaign), instance_labels(campaign), strategy_labels(campaign), strict=True)
    assert len(set(cells)) == len(campaign.cells) == 12


def test_what_names_leave_out_is_said_once() -> None:
    """Parameters that do not vary, who bids how beside the observed bidder, and how many auctions there are."""
    assert common_labels(loads(CAMPAIGN)) == (
        "signal-discovery: form=clock",
        "linear: signal_levels=3, markets=2",
        "wallet-game: markets=2",
        "strategies: of bidder 0; all others are truthful",
        "auctions: 1,000 in each market",
    )


def test_a_name_is_never_lost() -> None:
    """Where a name is left out of all labels it is told above; where one has no parameter, it stays."""
    without = CAMPAIGN.replace('form = "clock"\n', "")
    assert common_labels(loads(without))[0] == "signal-discovery, with different parameters"
    both = without.replace("[[instances]]", '[[mechanism]]\nname = "signal-discovery"\n\n[[instances]]', 1)
    assert list(dict.fromkeys(mechanism_labels(loads(both)))) == [
        "signal-discovery pricing=welfare",
        "signal-discovery pricing=revenue",
        "signal-discovery",
    ]


def test_others_who_do_not_bid_alike_are_named() -> None:
    """Then the observed bidder's strategy alone would say too little."""
    mixed = CAMPAIGN + '\n[[strategies]]\neveryone = "overstay:levels=1"\n'
    assert strategy_labels(loads(mixed))[:3] == (
        "truthful",
        "shade:levels=1 among truthful",
        "overstay:levels=1",
    )
