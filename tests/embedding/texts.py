"""Seeded texts with the lengths that excerpts have."""

import numpy as np

WORDS = (
    "mentor listened training badge supervisor week promise office phone trust boundary meeting course family prison hostel "
    "someone nobody always never planned changed helped waited explained agreed clear unclear support flexible useful value"
).split()


def excerpts(count: int, *, mean: float = 60, longest: int = 250, seed: int = 1) -> list[str]:
    """Lognormal lengths in words; two texts are equal only by accident."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(rng.lognormal(np.log(mean) - 0.18, 0.6, count), 1, longest).astype(int)
    return [" ".join(rng.choice(WORDS, length)) for length in lengths]
