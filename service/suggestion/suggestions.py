"""What a suggestion says, as data: msgspec structs that are ready for JSON."""

import msgspec

from service.suggestion.texts import TextKind

NOT_CALIBRATED = "not calibrated: too few resolved excerpts"
NOT_YET = "not calibrated yet: the fit to the resolved excerpts of the last close is being made"


class Evidence(msgspec.Struct, frozen=True):
    """One text of a code and its cosine to the excerpt; of several texts of a kind, the nearest."""

    kind: TextKind
    text: str
    similarity: float


class RankedCode(msgspec.Struct, frozen=True):
    """A code with its score, a weighted sum of cosines: it orders codes and is no probability.

    ``probability`` is there where it was calibrated; ``suggested`` where several codes may be given: above its threshold.
    """

    code: str
    score: float
    evidence: tuple[Evidence, ...]
    probability: float | None = None
    suggested: bool | None = None


class ThemeScore(msgspec.Struct, frozen=True):
    """A code that others stand below, together with all of them: never below any of its sub-themes.

    ``score`` is the best of theirs and its own. ``probability``, where it was calibrated, is that of any of them: their sum where one code
    is given; where several may be, the largest, which it is at least.
    """

    theme: str
    score: float
    probability: float | None = None


class VariableRanking(msgspec.Struct, frozen=True):
    """The best codes of one variable, best first; equal scores in the codebook's order.

    ``calibration`` says what the probabilities rest on, ``abstain`` why the model would rather say nothing, where it would.
    ``likely`` are the codes of a conformal set, which holds the right one for nine of ten excerpts (marginal coverage .9); None where
    nothing was calibrated or no set is smaller than all codes. ``themes`` are the codes that have sub-themes, best first.
    """

    variable: str
    codes: tuple[RankedCode, ...]
    calibration: str = NOT_CALIBRATED
    abstain: str | None = None
    likely: tuple[str, ...] | None = None
    themes: tuple[ThemeScore, ...] = ()


class MadeBy(msgspec.Struct, frozen=True):
    """What a suggestion can be made again from; ``resolved`` is the digest of the resolved excerpts that spoke, None if there were none."""

    model: str
    revision: str
    runtime: str
    codebook: str
    configuration: str
    resolved: str | None = None
    snapshot: int | None = None


class Suggestion(msgspec.Struct, frozen=True):
    """What the model ranks for one excerpt; never a coding."""

    variables: tuple[VariableRanking, ...]
    made_by: MadeBy
