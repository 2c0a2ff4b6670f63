"""A language model's answers in the shape of every suggestion: shares for scores, checked quotes for evidence, never a probability."""

from collections.abc import Sequence

from service.codebook.model import Codebook
from service.suggestion.llm import Suggested
from service.suggestion.prompting import Said
from service.suggestion.suggestions import Evidence, MadeBy, RankedCode, Suggestion, VariableRanking
from service.suggestion.terms import Terms
from service.suggestion.texts import TextKind, codebook_digest

HALF = 0.5
NONE_APPLIES = "the language model says that none of the codes applies"
NO_HALF = "no code was said by half of the samples"


def suggestion_of(found: Sequence[Suggested], codebook: Codebook, terms: Terms, *, snapshot: int | None, top: int) -> Suggestion:
    """Lay out what was said of each variable; ``made_by`` names the model, what pinned it, and the server."""
    made_by = MadeBy(
        model=terms.parameters.model,
        revision=terms.parameters.digest(),
        runtime=f"language model on {terms.server}",
        codebook=codebook_digest(codebook),
        configuration=terms.digest(),
        snapshot=snapshot,
    )
    rankings = (
        _ranking(one, takes_one=variable.scheme.takes_one, top=top) for one, variable in zip(found, codebook.variables, strict=True)
    )
    return Suggestion(variables=tuple(rankings), made_by=made_by)


def _ranking(found: Suggested, *, takes_one: bool, top: int) -> VariableRanking:
    codes = tuple(
        RankedCode(code=code, score=share, evidence=_quotes(code, found.said), suggested=None if takes_one else share >= HALF)
        for code, share in found.shares[:top]
    )
    return VariableRanking(
        variable=found.variable, codes=codes, calibration=f"not calibrated: {found.basis}", abstain=_abstaining(found.shares[0][1])
    )


def _quotes(code: str, said: Sequence[Said]) -> tuple[Evidence, ...]:
    """Give each different quote of the samples that say the code; it occurs word for word, hence the 1."""
    quotes = dict.fromkeys(one.quote for one in said if code in one.codes and one.quote)
    return tuple(Evidence(kind=TextKind.QUOTE, text=quote, similarity=1.0) for quote in quotes)


def _abstaining(best: float) -> str | None:
    if best == 0:
        return NONE_APPLIES
    return NO_HALF if best < HALF else None
