"""The lab: campaigns of many auctions, made of the same mechanisms and strategies that sessions run."""
