"""Campaign files: what they lay out, and how wrong ones are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from openoutcry.errors import CampaignError
from openoutcry.lab.campaigns.campaign import load_campaign, loads, schema
from openoutcry.lab.campaigns.running import check_campaign

WHOLE = """
format = "openoutcry-campaign/1"
title = "A campaign"
replications = 10
observed = 1

[[mechanism]]
name = "signal-discovery"
pricing = ["welfare", "revenue"]

[[instances]]
generator = "random-owners"
bidders = [3, 4]
markets = 2

[[strategies]]
everyone = "truthful"

[[strategies]]
everyone = "truthful"
observed = "shade:levels=1"
"""


def test_lists_make_a_grid():
    """Every combination of mechanism, instances and strategies is a cell, the last varying fastest."""
    campaign = loads(WHOLE)
    assert len(campaign.cells) == 8
    assert campaign.auctions == 8 * 2 * 10
    assert [cell.number for cell in campaign.cells] == list(range(8))
    assert campaign.cells[0].strategies_label == "truthful"
    assert campaign.cells[1].strategies_label == "shade:levels=1 among truthful"
    assert campaign.cells[2].instances_label == "random-owners:bidders=4"
    assert campaign.cells[4].mechanism_label == "signal-discovery:pricing=revenue"


def test_cells_with_the_same_instances_share_markets():
    """The mechanism and the strategies are no part of a market's name, and a default written out changes nothing."""
    campaign = loads(WHOLE)
    assert campaign.cells[0].market_name(1) == campaign.cells[5].market_name(1)
    assert campaign.cells[0].market_name(1) != campaign.cells[0].market_name(0)
    spelt_out = loads(WHOLE.replace("markets = 2", "markets = 2\nsignal_levels = 2"))
    assert spelt_out.cells[0].market_name(0) == campaign.cells[0].market_name(0)


TYPES = """
format = "openoutcry-campaign/1"
title = "A campaign of types"

[[mechanism]]
name = "vickrey"

[[instances]]
generator = "correlated-values"
knowledge = ["own-value", "random"]
correlation = ["0", "1/2"]

[[instances]]
generator = "correlated-values"
bidders = 4
"""


def test_markets_share_luck_where_they_differ_in_what_names_none():
    """Knowledge and correlation tell markets apart, and yet they are drawn from one luck; more bidders have another."""
    cells = loads(TYPES).cells
    assert len({cell.market_name(0) for cell in cells}) == 5
    assert len({cell.luck_name(0) for cell in cells[:4]}) == 1
    assert cells[4].luck_name(0) != cells[0].luck_name(0) != cells[0].luck_name(1)


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("openoutcry-campaign/1", "openoutcry-campaign/2", "format", "must be"),
        ("title", "titel", "titel", "did you mean 'title'"),
        ("replications = 10", "replications = 0", "replications", "at least 1"),
        ("replications = 10", "replications = 2.0", "replications", "an integer"),
        ('name = "signal-discovery"', "", "mechanism[0]", "needs the key 'name'"),
        ("signal-discovery", "signal-discover", "mechanism[0].name", "did you mean 'signal-discovery'"),
        ("pricing", "prices", "mechanism[0]", "did you mean 'pricing'"),
        ('"revenue"]', '"revenu"]', "mechanism[0]", "did you mean 'revenue'"),
        ('"revenue"]', '"welfare"]', "mechanism[0].pricing", "twice"),
        ("random-owners", "random-owner", "instances[0].generator", "did you mean 'random-owners'"),
        ("markets = 2", "market = 2", "instances[0]", "has no parameter 'market'"),
        ("markets = 2", 'markets = "2"', "instances[0].markets", "an integer"),
        ("random-owners", "iid-values", "mechanism[0]", "campaigns of their own"),
        ("shade:levels=1", "", "strategies[1].observed", ""),
        ('observed = "shade:levels=1"', "", "strategies[1]", "the same"),
        ("replications = 10", "replications = 1000000000", "", "auctions, at most"),
        ("observed = 1", "optimal_revenue = true", "optimal_revenue", "bidders with signals: leave it out"),
        ("observed = 1", 'conversation = "yes"', "conversation", "true or false"),
    ],
)
def test_wrong_files_are_refused(old: str, new: str, key: str, reason: str):
    """A wrong file is refused with the key, what is wrong, and the nearest right thing."""
    assert old in WHOLE
    text = WHOLE.replace(old, new).replace("markets = 2", "markets = 2\n")
    text = text.replace("markets = 2\n", "markets = 1000000") if new.endswith("1000000000") else text
    with pytest.raises(CampaignError) as caught:
        loads(text)
    assert caught.value.key == key
    assert reason in caught.value.reason


def test_too_many_cells_are_refused():
    """A grid of more cells than anybody reads is refused with its size."""
    many = WHOLE.replace("bidders = [3, 4]", f"bidders = {list(range(1, 900))}\nsignal_levels = [2, 3, 4, 5]")
    with pytest.raises(CampaignError, match="14384 cells, at most 10000"):
        loads(many)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\xff", "not UTF-8"), (b"a = ", "is not TOML"), (b"title = 0x" + b"f" * 5000, "too many digits")],
)
def test_unreadable_files_are_refused(tmp_path: Path, content: bytes, reason: str):
    """What is no TOML text is refused by the name of the file."""
    path = tmp_path / "campaign.toml"
    path.write_bytes(content)
    with pytest.raises(CampaignError, match=reason):
        load_campaign(path)
    with pytest.raises(CampaignError, match="is a directory"):
        load_campaign(tmp_path)
    with pytest.raises(CampaignError, match="cannot be read"):
        load_campaign(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("observed = 1\n", "observed = 4\n", "bidder 4 is to be observed"),
        ("shade:levels=1", "no-such-strategy", "no-such-strategy"),
        ("shade:levels=1", "nowhere.py:Bold", "nowhere.py"),
    ],
)
def test_cells_that_cannot_be_played_are_refused_before_any_work(old: str, new: str, reason: str):
    """A strategy or a bidder that is not there is found before the first auction."""
    with pytest.raises(CampaignError, match=reason):
        check_campaign(loads(WHOLE.replace(old, new)))


def test_the_schema_tells_what_each_key_means():
    """Every key of the schema has a description, for editors and for messages."""
    for table in ("mechanism", "instances", "strategies"):
        for entry in schema()["properties"][table]["items"]["properties"].values():
            assert entry["description"]
    assert all("description" in entry for entry in schema()["properties"].values())
