"""What a lead decides of a round's sample and of who codes it, as data that is stored with the round."""

from enum import StrEnum
from typing import Annotated

import msgspec

PAIR = 2
MOST_EXCERPTS = 100_000
MOST_CODES = 20
LARGEST_SEED = 2_147_483_647

Size = Annotated[int, msgspec.Meta(ge=1, le=MOST_EXCERPTS)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_SEED)]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Place = Annotated[int, msgspec.Meta(ge=0)]


class StratifiedBy(StrEnum):
    """What the strata are."""

    DOCUMENT = "document"
    LABEL = "label"
    COLUMN = "column"


class Allocation(StrEnum):
    """How a sample is divided among strata: by their size, or the same number from each as far as they reach."""

    PROPORTIONAL = "proportional"
    EQUAL = "equal"


class Simple(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="random", tag_field="method"):
    """``size`` excerpts drawn from all of the study's, every one with the same probability."""

    size: Size
    seed: Seed


# Without a column it is written as before there were columns: ledgers of then still say the same.
class Stratified(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="stratified", tag_field="method"):
    """``size`` excerpts, some of every document, of every label or of every value of a metadata column.

    The column is named by its place in the study, so that a plan repeats no name.
    """

    by: StratifiedBy
    allocation: Allocation
    size: Size
    seed: Seed
    column: Place | None = None


class Clustered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="clustered", tag_field="method"):
    """All excerpts of so many documents, every document with the same probability."""

    documents: Size
    seed: Seed


class Enriched(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="enriched", tag_field="method"):
    """``size`` excerpts, a ``share`` of them from bands: for each code the ``band`` of the study that the model ranks highest for it.

    Codes are named by the places of variable and code in the round's codebook revision, so that a plan repeats no name.
    """

    size: Size
    codes: tuple[tuple[Place, Place], ...]
    band: Share
    share: Share
    seed: Seed


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="chosen", tag_field="method"):
    """Excerpts that the lead named; the seed makes the coders' orders."""

    seed: Seed


Draw = Simple | Stratified | Clustered | Enriched | Chosen


class EveryCoder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="every", tag_field="kind"):
    """Every coder codes every excerpt."""


class SomeCoders(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="some", tag_field="kind"):
    """Every excerpt is coded by so many of the coders; their loads differ by one at most."""

    coders_each: Annotated[int, msgspec.Meta(ge=PAIR, le=1000)]


class DoubleShare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="double", tag_field="kind"):
    """A share of the excerpts, drawn at random, is coded by two coders, the rest by one; only the share says anything of agreement."""

    share: Annotated[float, msgspec.Meta(gt=0, le=1)]


Overlap = EveryCoder | SomeCoders | DoubleShare


class Repeats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ``share`` of each coder's excerpts comes a second time, after ``distance`` others at least."""

    share: Annotated[float, msgspec.Meta(gt=0, le=0.5)]
    distance: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class Design(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who codes which excerpts, and which of them a second time."""

    overlap: Overlap = EveryCoder()
    repeats: Repeats | None = None


PLAIN = Design()
"""Every coder codes every excerpt once."""
