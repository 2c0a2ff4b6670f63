"""How fast agreement is computed, beside its peers on the same data, and whether its intervals cover."""
