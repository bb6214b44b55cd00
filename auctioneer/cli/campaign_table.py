"""What every cell of a campaign did on average, as a table that fits a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console

from auctioneer.cli.printing import say
from auctioneer.cli.tables import LABEL_BREAKS, Column, print_table

if TYPE_CHECKING:
    from openoutcry.lab.campaigns.campaign import Campaign

MEANS = {
    "welfare_share": "welfare",
    "revenue_share": "revenue",
    "optimal_share": "of OPT",
    "utility": "gains",
    "questions": "questions",
    "waves": "waves",
}
"""What is told of each cell, and under which heading."""

CAPTION = "welfare and revenue are shares of the optimum, gains those of the observed bidder in minor units"
OPT_CAPTION = "of OPT is revenue as a share of what the best auction earns"


def print_cells(console: Console, campaign: Campaign, summary: list[dict[str, Any]]) -> None:
    """Print what is the same in all cells, and a table of what is not with the mean of each cell."""
    from openoutcry.lab.campaigns.labels import (
        common_labels,
        instance_labels,
        mechanism_labels,
        strategy_labels,
    )

    labels = {
        "mechanism": mechanism_labels(campaign),
        "instances": instance_labels(campaign),
        "strategies": strategy_labels(campaign),
    }
    if len(set(labels["strategies"])) == 1:
        del labels["strategies"]
    # What a campaign does not ask for has no column.
    means = {
        name: heading for name, heading in MEANS.items() if any(cell[name] is not None for cell in summary)
    }
    columns = [Column(heading=heading, breaks_after=LABEL_BREAKS) for heading in labels]
    columns += [Column(heading=heading, is_number=True) for heading in ("auctions", "sold", *means.values())]
    rows = [
        (
            *(of_cells[cell["cell"]] for of_cells in labels.values()),
            f"{cell['auctions']:,}",
            f"{cell['sold'] / cell['auctions']:.1%}",
            *("?" if cell[name] is None else f"{cell[name]:.3g}" for name in means),
        )
        for cell in summary
    ]
    for line in (campaign.title, *common_labels(campaign)):
        say(console, line)
    console.print()
    print_table(console, columns, rows, is_light=True)
    console.print()
    notes = [CAPTION, *([OPT_CAPTION] if "optimal_share" in means else [])]
    say(console, "; ".join(notes))
