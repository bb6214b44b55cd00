"""Signed messages, commitments, the seed, draws, and the append-only log that a stranger can check."""
