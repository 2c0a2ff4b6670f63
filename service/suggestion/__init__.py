"""The model suggests: codes of a codebook revision ranked for excerpts, with their evidence. Pure: vectors in, suggestions out.

::

    texts = texts_of(codebook, resolved)                    # tuple[CodeText]: what must be embedded; resolved: (text, codes) data
    vectors = vectors_of(encoder, store, [text.text for text in texts])     # service.embedding
    index = build_index(codebook, texts, vectors, encoder.identity, FIXED)  # once a codebook revision and model
    suggestions = index.rank(excerpt_vectors, top=5)        # float32[n, dimension] -> tuple[Suggestion] of n

``Suggestion(variables, made_by)``, ``VariableRanking(variable, codes)``, ``RankedCode(code, score, evidence)``,
``Evidence(kind, text, similarity)`` and ``MadeBy(model, revision, runtime, codebook, configuration)`` are msgspec structs, ready for JSON.
A score is a weighted cosine and no probability. The same stored vectors give the same bits, whatever else is ranked in the same call.
"""

from service.suggestion.configuration import FIXED, Configuration
from service.suggestion.ranking import CodeIndex, Evidence, MadeBy, RankedCode, Suggestion, VariableRanking, build_index
from service.suggestion.texts import CodeText, Resolved, TextKind, codebook_digest, texts_of

__all__ = [
    "FIXED",
    "CodeIndex",
    "CodeText",
    "Configuration",
    "Evidence",
    "MadeBy",
    "RankedCode",
    "Resolved",
    "Suggestion",
    "TextKind",
    "VariableRanking",
    "build_index",
    "codebook_digest",
    "texts_of",
]
