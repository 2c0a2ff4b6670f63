"""Which excerpts a round takes, and in which order each coder meets them: functions of a seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.coding.model import PersonId
from service.corpus.model import ExcerptId
from service.errors import BadInput


@dataclass(frozen=True, slots=True)
class Drawn:
    """One excerpt of a sample with the probability that this draw had of taking it."""

    excerpt_id: ExcerptId
    probability: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One future assignment: who, which excerpt, which place in the person's own order."""

    person_id: PersonId
    excerpt_id: ExcerptId
    position: int


def simple_sample(excerpts: Sequence[ExcerptId], size: int, rng: np.random.Generator) -> tuple[Drawn, ...]:
    """Draw ``size`` excerpts without replacement, every one with the same probability.

    ``excerpts`` come in an order that does not change between calls (the corpus order), so that the seed alone names the draw.
    """
    if not 1 <= size <= len(excerpts):
        message = f"A sample of {size} cannot be drawn from {len(excerpts)} excerpts. Ask for 1 to {len(excerpts)}."
        raise BadInput(message)
    places = rng.choice(len(excerpts), size=size, replace=False)
    return tuple(Drawn(excerpts[int(place)], size / len(excerpts)) for place in sorted(places))


def chosen_set(excerpts: Sequence[ExcerptId]) -> tuple[Drawn, ...]:
    """Take exactly the excerpts named; a chosen set stands for itself, so each has probability 1."""
    if len(set(excerpts)) != len(excerpts):
        message = "An excerpt is named twice in the chosen set. Name each once."
        raise BadInput(message)
    return tuple(Drawn(excerpt, 1.0) for excerpt in excerpts)


def draw_turns(excerpts: Sequence[ExcerptId], coders: Sequence[PersonId], seed: int) -> tuple[Turn, ...]:
    """Give every coder every excerpt in an own order.

    A coder's order depends on the round's seed and the coder's place among the coders only, never on what anybody coded.
    """
    streams = np.random.SeedSequence(seed).spawn(len(coders))
    return tuple(
        Turn(coder, excerpts[int(place)], position)
        for coder, stream in zip(coders, streams, strict=True)
        for position, place in enumerate(np.random.default_rng(stream).permutation(len(excerpts)))
    )
