"""The mechanisms that the crowdsourced ones are compared with: each computes what its source says, no more."""
