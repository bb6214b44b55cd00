"""Reports on campaigns: what the rows say, with how much certainty, in words, tables and pictures."""
