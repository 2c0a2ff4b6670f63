"""Seeded texts with the lengths that excerpts have."""

import numpy as np

from service.embedding.fixed_texts import FIXED_TEXTS

WORDS = tuple(
    dict.fromkeys(
        word.strip(".,;?'\"").lower() for text in FIXED_TEXTS for word in text.split() if word.isascii() and word.strip(".,;?'\"").isalpha()
    )
)


def excerpts(count: int, *, mean: float = 60, longest: int = 250, seed: int = 1) -> list[str]:
    """Lognormal lengths in words; two texts are equal only by accident."""
    rng = np.random.default_rng(seed)
    lengths = np.clip(rng.lognormal(np.log(mean) - 0.18, 0.6, count), 1, longest).astype(int)
    return [" ".join(rng.choice(WORDS, length)) for length in lengths]
