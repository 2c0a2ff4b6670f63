"""How a suggestion becomes a coding of a model coder: one rule, the same for every back end, and no person's."""

from service.codebook.model import Codebook, Scheme
from service.suggestion.answering import NONE_APPLIES
from service.suggestion.suggestions import Suggestion, VariableRanking

RULE = "model coder 1"
"""Goes into a model coder's configuration: another rule is another number, and so another model coder."""

Coded = tuple[tuple[str, tuple[str, ...]], ...]
"""Variables with the codes given; no codes says that none applies, a variable that is left out is missing."""


def coded(suggestion: Suggestion, codebook: Codebook) -> Coded:
    """Read an excerpt's suggestion as a coding.

    One code or an ordered value: the best code. Several codes: those above their threshold, or the best one where nothing set a threshold.
    Where the model abstains the variable is missing, unless it abstains because a language model says that none of the codes applies:
    that is a coding. A variable of spans is always missing.
    """
    schemes = {variable.name: variable.scheme for variable in codebook.variables}
    found = ((one.variable, _codes(one, schemes[one.variable])) for one in suggestion.variables)
    return tuple((variable, codes) for variable, codes in found if codes is not None)


def takes_a_model(codebook: Codebook) -> bool:
    """Say whether a model coder has anything to answer."""
    return any(variable.scheme is not Scheme.SPANS for variable in codebook.variables)


def codes_needed(codebook: Codebook) -> int:
    """Say how many of the best codes the rule has to see: one, or all of a variable that takes several."""
    return max((1 if one.scheme.takes_one else len(one.codes) for one in codebook.variables if one.scheme is not Scheme.SPANS), default=1)


def _codes(found: VariableRanking, scheme: Scheme) -> tuple[str, ...] | None:
    if scheme is Scheme.SPANS:
        return None
    if found.abstain is not None:
        return () if found.abstain == NONE_APPLIES else None
    best = tuple(one.code for one in found.codes[:1])
    if scheme.takes_one or all(one.suggested is None for one in found.codes):
        return best or None
    return tuple(sorted(one.code for one in found.codes if one.suggested))
