"""Codes ranked for excerpts by what their texts say: pure, vectors in, suggestions out."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.codebook.model import Codebook
from service.embedding import ModelIdentity, Vectors
from service.suggestion.configuration import Configuration
from service.suggestion.similarity import Exact, Similarities, exact, similarities
from service.suggestion.texts import CodeText, TextKind, codebook_digest


class Evidence(msgspec.Struct, frozen=True):
    """One text of a code and its cosine to the excerpt; of several texts of a kind, the nearest."""

    kind: TextKind
    text: str
    similarity: float


class RankedCode(msgspec.Struct, frozen=True):
    """A code with its score, a weighted cosine: it orders codes and is no probability."""

    code: str
    score: float
    evidence: tuple[Evidence, ...]


class VariableRanking(msgspec.Struct, frozen=True):
    """The best codes of one variable, best first; equal scores in the codebook's order."""

    variable: str
    codes: tuple[RankedCode, ...]


class MadeBy(msgspec.Struct, frozen=True):
    """What a suggestion can be made again from."""

    model: str
    revision: str
    runtime: str
    codebook: str
    configuration: str


class Suggestion(msgspec.Struct, frozen=True):
    """What the model ranks for one excerpt; never a coding."""

    variables: tuple[VariableRanking, ...]
    made_by: MadeBy


@dataclass(frozen=True, slots=True)
class _Group:
    """Texts of one kind of one code: ``texts[start:stop]`` of the index."""

    kind: TextKind
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class _IndexedCode:
    name: str
    groups: tuple[_Group, ...]


@dataclass(frozen=True, slots=True)
class CodeIndex:
    """A codebook ready to be compared with excerpts; made once a codebook revision, model and configuration."""

    variables: tuple[tuple[str, tuple[_IndexedCode, ...]], ...]
    texts: tuple[CodeText, ...]
    vectors: Exact
    configuration: Configuration
    made_by: MadeBy

    def rank(self, excerpts: Vectors, *, top: int) -> tuple[Suggestion, ...]:
        """Rank codes for each excerpt; one excerpt's suggestion has the same bits whatever else is ranked with it.

        Parameters
        ----------
        excerpts
            ``float32[n, dimension]``, unit length, of the model that the index was built with.
        top
            How many codes of each variable are told.

        Raises
        ------
        Unavailable
            The vectors are of a model with another number of dimensions.
        """
        found = similarities(exact(excerpts), self.vectors)
        scored = [(name, codes, self._scores(codes, found)) for name, codes in self.variables]
        return tuple(
            Suggestion(tuple(self._told(name, codes, scores[place], found[place], top) for name, codes, scores in scored), self.made_by)
            for place in range(len(excerpts))
        )

    def _scores(self, codes: tuple[_IndexedCode, ...], found: Similarities) -> NDArray[np.float64]:
        """``float64[excerpts, codes]``."""
        columns = [_score(code, found, self.configuration) for code in codes]
        return np.stack(columns, axis=1) if columns else np.empty((len(found), 0))

    def _told(
        self, variable: str, codes: tuple[_IndexedCode, ...], scores: NDArray[np.float64], found: NDArray[np.float64], top: int
    ) -> VariableRanking:
        best: list[int] = np.argsort(-scores, kind="stable")[:top].tolist()
        return VariableRanking(
            variable, tuple(RankedCode(codes[place].name, float(scores[place]), self._evidence(codes[place], found)) for place in best)
        )

    def _evidence(self, code: _IndexedCode, found: NDArray[np.float64]) -> tuple[Evidence, ...]:
        nearest = [(group.kind, group.start + int(np.argmax(found[group.start : group.stop]))) for group in code.groups]
        return tuple(Evidence(kind, self.texts[place].text, float(found[place])) for kind, place in nearest)


def build_index(
    codebook: Codebook, texts: Sequence[CodeText], vectors: Vectors, model: ModelIdentity, configuration: Configuration
) -> CodeIndex:
    """Build the index of a codebook.

    Parameters
    ----------
    texts
        What ``texts_of`` gave for this codebook.
    vectors
        ``float32[len(texts), dimension]``: their vectors by ``model``, in the same order.
    """
    kinds = list(TextKind)
    places = {
        (variable.name, code.name): place
        for place, (variable, code) in enumerate((variable, code) for variable in codebook.variables for code in variable.codes)
    }
    order = sorted(range(len(texts)), key=lambda i: (places[texts[i].variable, texts[i].code], kinds.index(texts[i].kind), i))
    sorted_texts = tuple(texts[i] for i in order)
    groups = _groups(sorted_texts)
    return CodeIndex(
        tuple(
            (variable.name, tuple(_IndexedCode(code.name, groups[variable.name, code.name]) for code in variable.codes))
            for variable in codebook.variables
        ),
        sorted_texts,
        exact(vectors)[order],
        configuration,
        MadeBy(model.name, model.revision, model.runtime, codebook_digest(codebook), configuration.digest()),
    )


def _groups(texts: Sequence[CodeText]) -> dict[tuple[str, str], tuple[_Group, ...]]:
    found: dict[tuple[str, str], tuple[_Group, ...]] = {}
    start = 0
    for place, text in enumerate(texts):
        following = texts[place + 1] if place + 1 < len(texts) else None
        if following is None or (following.variable, following.code, following.kind) != (text.variable, text.code, text.kind):
            key = (text.variable, text.code)
            found[key] = (*found.get(key, ()), _Group(text.kind, start, place + 1))
            start = place + 1
    return found


def _score(code: _IndexedCode, found: Similarities, configuration: Configuration) -> NDArray[np.float64]:
    """``float64[excerpts]``: elementwise sums in a fixed order, so that they too have the same bits in any batch."""
    nearest = {group.kind: found[:, group.start : group.stop].max(axis=1) for group in code.groups}
    total, weights = np.zeros(len(found)), 0.0
    for kind, weight in configuration.speaks_for.items():
        if kind in nearest:
            total, weights = total + weight * nearest[kind], weights + weight
    speaking = total / weights if weights else total
    score = speaking
    for kind, weight in configuration.speaks_against.items():
        if kind in nearest:
            score = score - weight * np.maximum(0.0, nearest[kind] - speaking)
    return score
