"""From the resolved excerpts of a snapshot to what is fitted to them: which count, for which variables there are enough."""

from collections.abc import Iterable

import msgspec

from service.codebook.model import Codebook
from service.suggestion.configuration import FIXED, Configuration
from service.suggestion.fitting import FEWEST, TooFew, fit_variable
from service.suggestion.ranking import CodeIndex
from service.suggestion.texts import Resolved

RISK = 0.3
"""The model abstains below the probability at which more than this share of its suggestions were wrong in cross-validation."""

SEED = 1


def known_codes(resolved: Iterable[Resolved], codebook: Codebook) -> tuple[Resolved, ...]:
    """Keep the examples whose codes the codebook has: another revision may have dropped or renamed some."""
    known = {variable.name: {code.name for code in variable.codes} for variable in codebook.variables}
    return tuple(one for one in resolved if one.codes and set(one.codes) <= known.get(one.variable, set()))


def enough(resolved: Iterable[Resolved]) -> frozenset[str]:
    """Name the variables with enough different excerpts to fit anything."""
    texts: dict[str, set[str]] = {}
    for one in resolved:
        texts.setdefault(one.variable, set()).add(one.text)
    return frozenset(variable for variable, found in texts.items() if len(found) >= FEWEST)


def fitted_to(index: CodeIndex) -> Configuration:
    """Fit every variable that has enough resolved excerpts in the index."""
    found = [fit_variable(index, variable.name, risk=RISK, seed=SEED) for variable in index.variables]
    return msgspec.structs.replace(FIXED, fitted=tuple(one[0] for one in found if not isinstance(one, TooFew)))
