"""What the mechanisms are held against: a naive twin, checkers of incentives, planted wrong rules.

Written from the papers and the design alone, slow on purpose, one bidder at a time. Nothing here is imported
by the product.
"""
