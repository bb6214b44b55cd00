"""Instance generators: named, documented, drawn from a campaign's seed and a number."""
