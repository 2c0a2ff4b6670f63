"""How a suggestion was made, as data that is stored with it: another configuration is another model."""

import hashlib

import msgspec

from service.suggestion.calibration import Bin
from service.suggestion.texts import TextKind


class Fitted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weights of one variable's features, fitted to ``resolved`` excerpts and judged by cross-validation.

    ``weights`` are in the order of ``features.FEATURES``, with an intercept behind them for several codes. Below ``abstain_below``
    the model abstains, so that at most ``risk`` of what it says was wrong; codes from ``set_from`` on form a set with marginal coverage .9;
    ``thresholds`` are the probabilities from which each code of a several-codes variable is suggested; ``bins`` are the reliability
    diagram, empty in fits that an earlier version made.
    """

    variable: str
    resolved: int
    weights: tuple[float, ...]
    risk: float
    abstain_below: float
    set_from: float
    thresholds: dict[str, float]
    calibration_error: float
    brier: float
    bins: tuple[Bin, ...] = ()


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Weights of the kinds of text, where nothing was fitted, and what was fitted.

    ``speaks_for`` weighs the similarities that raise a code, and is scaled to the kinds that the code has. ``speaks_against`` weighs by how
    much an exclude-when or counter-example is nearer to the excerpt than what speaks for the code; it lowers, and only then.
    """

    speaks_for: dict[TextKind, float]
    speaks_against: dict[TextKind, float]
    fitted: tuple[Fitted, ...] = ()

    def digest(self) -> str:
        """Sha256 of the configuration, the same for equal ones."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    def fitted_for(self, variable: str) -> Fitted | None:
        """What was fitted for a variable, if anything was."""
        return next((fitted for fitted in self.fitted if fitted.variable == variable), None)


FIXED = Configuration(
    speaks_for={TextKind.NAME: 1.0, TextKind.DEFINITION: 2.0, TextKind.INCLUDE_WHEN: 1.0, TextKind.EXAMPLE: 1.0, TextKind.RESOLVED: 2.0},
    speaks_against={TextKind.EXCLUDE_WHEN: 0.25, TextKind.COUNTER_EXAMPLE: 0.25},
)
"""Where nothing was fitted: the definition counts most, and examples as much as the text that says when to include."""
