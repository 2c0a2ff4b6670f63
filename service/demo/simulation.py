"""Simulated coders: they mostly give the fitting code, and slip where people slip. Every such coding is marked *simulated*."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CONTENT = Path(__file__).parent / "content"
VARIABLE = "theme"
NONE = ""


@dataclass(frozen=True, slots=True)
class Key:
    """The code that fits an excerpt best (empty: none applies), and the one it is easily taken for."""

    code: str
    second: str


Confusions = Mapping[str, Sequence[tuple[str, float]]]
"""For each code, what it is confused with and how often, shares summing to 1."""


def read_keys() -> tuple[Key, ...]:
    """Read the key of each excerpt, in the order of the interviews' rows."""
    with (CONTENT / "key.csv").open(newline="") as file:
        return tuple(Key(row["code"], row["second"]) for row in csv.DictReader(file))


def read_confusions() -> dict[str, list[tuple[str, float]]]:
    """Read what each code is confused with."""
    confusions: dict[str, list[tuple[str, float]]] = {}
    with (CONTENT / "confusions.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            confusions.setdefault(row["code"], []).append((row["confused_with"], float(row["weight"])))
    return confusions


def simulate(key: Key, confusions: Confusions, *, care: float, rng: np.random.Generator) -> str:
    """Give the code of one simulated coder for one excerpt.

    ``care`` is the chance of giving the fitting code to a clear excerpt; where a second code comes close it is less.
    """
    hit = care * (0.8 if key.second else 1.0)
    if rng.random() < hit:
        return key.code
    if key.second and rng.random() < 0.7:  # noqa: PLR2004
        return key.second
    choices = confusions.get(key.code, [(NONE, 1.0)])
    place = rng.choice(len(choices), p=[weight for _, weight in choices])
    return choices[int(place)][0]
