"""The real service in one process, and the bidders of one session in another."""
