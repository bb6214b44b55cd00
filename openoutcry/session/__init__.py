"""A session as a fold: inputs in, effects out, for the auctioneer's side, the bidder's side, and for replay."""
