"""Campaigns: grids of auctions, played on all cores or a cluster, and what they leave behind."""
