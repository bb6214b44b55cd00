"""The lab: many auctions at once, what they show, and whether truth pays; over the mechanisms that sessions run."""
