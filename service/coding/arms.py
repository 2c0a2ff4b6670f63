"""Randomised suggestions: which assignment may be shown one, and when. The arm is the experiment; nobody sees it before the close."""

from collections.abc import Sequence

import numpy as np

from service.coding.model import Arm, PersonId, SuggestionPolicy

_POLICY = {Arm.BEFORE: SuggestionPolicy.BEFORE, Arm.AFTER: SuggestionPolicy.AFTER_OWN_ANSWER, Arm.NEVER: SuggestionPolicy.NONE}


def arms_of(turns: Sequence[tuple[PersonId, int]], coders: Sequence[PersonId], seed: int) -> dict[tuple[PersonId, int], Arm]:
    """Draw each turn's arm: as many of each as possible for every coder, in an order that the seed and the coder's place make.

    A turn is a coder and a place in that coder's order. Repeats are drawn like first turns, so that nothing tells them apart.
    """
    found: dict[tuple[PersonId, int], Arm] = {}
    for place, coder in enumerate(coders):
        own = sorted(turn for turn in turns if turn[0] == coder)
        rng = np.random.default_rng([seed, place])
        arms = [list(Arm)[int(at)] for at in rng.permutation(len(Arm))]
        drawn = rng.permutation(len(own))
        found |= {turn: arms[int(at) % len(arms)] for turn, at in zip(own, drawn, strict=True)}
    return found


def policy_of(policy: SuggestionPolicy, arm: Arm | None) -> SuggestionPolicy:
    """Give the policy of one assignment: its arm's in a round of randomised suggestions, the round's in any other."""
    if policy is not SuggestionPolicy.RANDOMISED:
        return policy
    return _POLICY[arm] if arm is not None else SuggestionPolicy.NONE
