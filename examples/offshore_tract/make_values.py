"""Write values.csv: what Tract 7 is worth to each company in every state of the pooled evidence.

Run it from anywhere: python make_values.py. It needs nothing but the standard library and always writes the same file.

The geologists' readings add up to 0..18, and so do the surveyors'. A field needs both a rock that holds oil and a trap
that kept it, so the recoverable volume grows with the product of the two; a little is left for each alone. What a
company makes of a volume depends on what it owns nearby:

- `acreage`: the lease is worth this much even dry, to block a neighbour or to resell;
- `tieback` and `capacity`: profit on each unit of volume that fits through a pipeline it already has;
- `platform` and `minimum`: profit on each unit beyond the volume that pays for a platform of its own.

Companies with a pipeline gain on small finds and companies that build platforms on large ones, so the same piece of
news moves their values differently, and the best owner changes with the evidence.
"""

import csv
from pathlib import Path
from typing import NamedTuple

TOP = 6 * 3  # six companies in a group, readings 0..3


class Company(NamedTuple):
    """What a company owns, in thousands of dollars and thousands of dollars a unit of volume."""

    acreage: int
    tieback: int
    capacity: int
    platform: int
    minimum: int


COMPANIES = {
    # Geology: they hold logs of wells drilled near the tract.
    "bayou-energy": Company(acreage=2400, tieback=95, capacity=60, platform=0, minimum=0),
    "calder-oil": Company(acreage=1500, tieback=70, capacity=110, platform=12, minimum=200),
    "delta-shelf": Company(acreage=1900, tieback=60, capacity=140, platform=0, minimum=0),
    "everglade": Company(acreage=900, tieback=48, capacity=180, platform=30, minimum=220),
    "fairway": Company(acreage=300, tieback=0, capacity=0, platform=105, minimum=90),
    "grand-isle": Company(acreage=600, tieback=20, capacity=120, platform=84, minimum=120),
    # Seismic: they bought or shot surveys of the basin.
    "horizon": Company(acreage=2100, tieback=88, capacity=70, platform=0, minimum=0),
    "isobath": Company(acreage=1200, tieback=66, capacity=120, platform=18, minimum=180),
    "jetty-deep": Company(acreage=200, tieback=0, capacity=0, platform=118, minimum=110),
    "keel": Company(acreage=1700, tieback=52, capacity=160, platform=0, minimum=0),
    "lodestar": Company(acreage=700, tieback=30, capacity=150, platform=64, minimum=130),
    "mainsail": Company(acreage=1000, tieback=40, capacity=200, platform=44, minimum=190),
}


def volume(geology: int, seismic: int) -> int:
    """Recoverable volume in a state of the evidence, 0..360 units."""
    return geology * seismic + geology + seismic


def value(company: Company, geology: int, seismic: int) -> int:
    """What the tract is worth to a company, in thousands of dollars; never falls when a reading rises."""
    units = volume(geology, seismic)
    own_platform = company.platform * max(0, units - company.minimum)
    return company.acreage + company.tieback * min(units, company.capacity) + own_platform


def main() -> None:
    """Write the file beside this one."""
    path = Path(__file__).with_name("values.csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["geology", "seismic", *COMPANIES])
        for geology in range(TOP + 1):
            for seismic in range(TOP + 1):
                values = [value(company, geology, seismic) for company in COMPANIES.values()]
                writer.writerow([geology, seismic, *values])


if __name__ == "__main__":
    main()
