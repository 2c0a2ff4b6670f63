"""The model suggests: codes of a codebook revision ranked for excerpts, with their evidence. Pure: vectors in, suggestions out.

::

    texts = texts_of(codebook, resolved)                    # tuple[CodeText]: what must be embedded; resolved: (text, codes) data
    vectors = vectors_of(encoder, store, [text.text for text in texts])     # service.embedding
    index = build_index(codebook, texts, vectors, encoder.identity, FIXED)  # once a codebook revision and model
    suggestions = index.rank(excerpt_vectors, top=5)        # float32[n, dimension] -> tuple[Suggestion] of n

With resolved excerpts among the texts, weights, probabilities and abstention are fitted a variable at a time::

    match fit_variable(index, "theme", risk=0.3, seed=1):
        case TooFew(): ...                                  # under 30 resolved excerpts: probabilities stay None, and the answer says so
        case (fitted, crossed):                             # crossed: predictions for left-out excerpts, reliability diagram
            index = index.configured(msgspec.structs.replace(FIXED, fitted=(fitted,)))

``Suggestion(variables, made_by)``, ``VariableRanking(variable, codes, calibration, abstain)``,
``RankedCode(code, score, evidence, probability, suggested)``, ``Evidence(kind, text, similarity)`` and
``MadeBy(model, revision, runtime, codebook, configuration)`` are msgspec structs, ready for JSON.
A score is a weighted cosine and no probability. The same stored vectors give the same bits, whatever else is ranked in the same call.
"""

from service.suggestion.configuration import FIXED, Configuration, Fitted
from service.suggestion.fitting import CrossValidated, TooFew, fit_variable
from service.suggestion.ranking import CodeIndex, build_index
from service.suggestion.suggestions import Evidence, MadeBy, RankedCode, Suggestion, VariableRanking
from service.suggestion.texts import CodeText, Resolved, TextKind, codebook_digest, texts_of

__all__ = [
    "FIXED",
    "CodeIndex",
    "CodeText",
    "Configuration",
    "CrossValidated",
    "Evidence",
    "Fitted",
    "MadeBy",
    "RankedCode",
    "Resolved",
    "Suggestion",
    "TextKind",
    "TooFew",
    "VariableRanking",
    "build_index",
    "codebook_digest",
    "fit_variable",
    "texts_of",
]
