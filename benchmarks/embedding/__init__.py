"""How fast and how faithful the embedding is, beside every peer, in one run on this machine."""
