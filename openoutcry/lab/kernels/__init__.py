"""Vectorised kernels: mechanisms computed for thousands of auctions at once, equal to the generators draw by draw."""
