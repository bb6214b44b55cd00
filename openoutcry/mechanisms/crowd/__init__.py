"""The second paper: bidders who know each other, what they report, and mechanisms that pay them for it."""
