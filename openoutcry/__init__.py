"""Open Outcry: auctions among software agents that do not trust each other."""
