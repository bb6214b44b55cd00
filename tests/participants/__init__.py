"""Bidders and scenarios for tests of the service: everything real but the strategy, which is a function."""
