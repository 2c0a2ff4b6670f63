"""Codes ranked for excerpts by what their texts say: pure, vectors in, suggestions out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from service.codebook.model import Codebook, Variable
from service.embedding import ModelIdentity, Vectors
from service.suggestion.configuration import Configuration
from service.suggestion.similarity import Exact, exact, similarities
from service.suggestion.suggestions import NOT_CALIBRATED, NOT_YET, MadeBy, Suggestion
from service.suggestion.texts import CodeText, TextKind, codebook_digest, examples_digest
from service.suggestion.variable import Floats, Group, IndexedCode, IndexedVariable, centroids, ranking, themes_of


@dataclass(frozen=True, slots=True)
class CodeIndex:
    """A codebook ready to be compared with excerpts; made once a codebook revision, model and configuration."""

    variables: tuple[IndexedVariable, ...]
    texts: tuple[CodeText, ...]
    vectors: Exact
    configuration: Configuration
    made_by: MadeBy
    waiting: frozenset[str] = frozenset()
    """Variables that have enough resolved excerpts and are not fitted yet."""

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
        grid = exact(excerpts)
        found = similarities(grid, self.vectors)
        scored = [(variable, variable.scored(grid, found, self.configuration)) for variable in self.variables]
        return tuple(
            Suggestion(
                tuple(
                    ranking(
                        variable,
                        variable.told(scores, found[place], place, self.texts, top=top),
                        self.configuration.fitted_for(variable.name),
                        likely=variable.likely(scores, place, self.configuration),
                        themes=variable.told_themes(scores, place),
                        uncalibrated=NOT_YET if variable.name in self.waiting else NOT_CALIBRATED,
                    )
                    for variable, scores in scored
                ),
                self.made_by,
            )
            for place in range(len(excerpts))
        )

    def scores(self, excerpts: Vectors) -> dict[str, Floats]:
        """Score every code for each excerpt: ``float64[excerpts, codes]`` for each variable by name, codes as in the codebook."""
        grid = exact(excerpts)
        found = similarities(grid, self.vectors)
        return {variable.name: variable.scored(grid, found, self.configuration).scores for variable in self.variables}

    def variable(self, name: str) -> IndexedVariable:
        """The variable of this name."""
        return next(variable for variable in self.variables if variable.name == name)

    def configured(self, configuration: Configuration) -> "CodeIndex":
        """The same texts and vectors under another configuration."""
        made_by = msgspec.structs.replace(self.made_by, configuration=configuration.digest())
        return replace(self, configuration=configuration, made_by=made_by)

    def numbered(self, snapshot: int | None, waiting: frozenset[str]) -> "CodeIndex":
        """The same, made from this snapshot of a study; ``waiting`` names the variables whose fit is still to come."""
        return replace(self, made_by=msgspec.structs.replace(self.made_by, snapshot=snapshot), waiting=waiting)


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
    order = _by_code_and_kind(codebook, texts)
    sorted_texts = tuple(texts[place] for place in order)
    grid = exact(vectors)[order]
    return CodeIndex(
        tuple(_indexed(variable, _groups(sorted_texts), grid) for variable in codebook.variables),
        sorted_texts,
        grid,
        configuration,
        MadeBy(model.name, model.revision, model.runtime, codebook_digest(codebook), configuration.digest(), examples_digest(texts)),
    )


def _indexed(variable: Variable, groups: dict[tuple[str, str], tuple[Group, ...]], vectors: Exact) -> IndexedVariable:
    codes = tuple(IndexedCode(code.name, groups[variable.name, code.name]) for code in variable.codes)
    return IndexedVariable(variable.name, variable.scheme, codes, centroids(vectors, codes), themes_of(variable.codes))


def _by_code_and_kind(codebook: Codebook, texts: Sequence[CodeText]) -> list[int]:
    kinds = {kind: place for place, kind in enumerate(TextKind)}
    codes = [(variable.name, code.name) for variable in codebook.variables for code in variable.codes]
    places = {code: place for place, code in enumerate(codes)}
    return sorted(range(len(texts)), key=lambda i: (places[texts[i].variable, texts[i].code], kinds[texts[i].kind], i))


def _groups(texts: Sequence[CodeText]) -> dict[tuple[str, str], tuple[Group, ...]]:
    found: dict[tuple[str, str], tuple[Group, ...]] = {}
    start = 0
    for place, text in enumerate(texts):
        following = texts[place + 1] if place + 1 < len(texts) else None
        if following is None or (following.variable, following.code, following.kind) != (text.variable, text.code, text.kind):
            key = (text.variable, text.code)
            found[key] = (*found.get(key, ()), Group(text.kind, start, place + 1))
            start = place + 1
    return found
