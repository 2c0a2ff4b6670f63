"""Every method judged on excerpts whose codes are known: what is had for nothing, fixed weights, and what is fitted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from service.codebook.model import Codebook, Scheme, Variable
from service.embedding import ModelIdentity, Vectors
from service.errors import BadInput
from service.suggestion.basis import RISK
from service.suggestion.configuration import FIXED, Fitted
from service.suggestion.evaluation import Floats, Quality, keyword_overlap, most_frequent, quality
from service.suggestion.fitting import CrossValidated, TooFew, fit_variable
from service.suggestion.ranking import CodeIndex, build_index
from service.suggestion.similarity import exact, similarities
from service.suggestion.texts import Resolved, TextKind, texts_of

OURS = ("ours, fixed weights", "ours, fitted")
DEFINITION = msgspec.structs.replace(FIXED, speaks_for={TextKind.DEFINITION: 1.0}, speaks_against={})

Embed = Callable[[Sequence[str]], Vectors]
"""Texts in, ``float32[texts, dimension]`` out."""


@dataclass(frozen=True, slots=True)
class Task:
    """One variable of a codebook and excerpts with the codes they were resolved to, each text once."""

    name: str
    codebook: Codebook
    variable: Variable
    excerpts: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def texts(self) -> list[str]:
        """The excerpts' texts."""
        return [text for text, _ in self.excerpts]

    @property
    def truth(self) -> Floats:
        """``float64[excerpts, codes]``: 1 for the codes an excerpt was resolved to."""
        return np.array([[float(code.name in given) for code in self.variable.codes] for _, given in self.excerpts])


def task_of(codebook: Codebook, variable: str, resolved: Sequence[Resolved]) -> Task:
    """Take one variable's excerpts out of resolved ones; one that stands twice has the codes of both."""
    found = codebook.variable(variable)
    if found is None:
        message = f"The codebook has no variable of that name. It has: {', '.join(one.name for one in codebook.variables)}."
        raise BadInput(message)
    known = {code.name for code in found.codes}
    given: dict[str, dict[str, None]] = {}
    for one in resolved:
        if one.variable == variable:
            given.setdefault(one.text, {}).update(dict.fromkeys(code for code in one.codes if code in known))
    return Task(variable, codebook, found, tuple((text, tuple(codes)) for text, codes in given.items() if codes))


def judged(task: Task, embed: Embed, model: ModelIdentity, seed: int) -> Iterator[Quality]:
    """Judge every method; an excerpt never speaks for itself. Fitted weights and thresholds are those of ten-fold cross-validation.

    The baseline *most frequent code* counts the excerpt's own code, which flatters it.
    """
    codes, truth, texts = [code.name for code in task.variable.codes], task.truth, task.texts
    yield quality("most frequent code", codes, most_frequent(truth), truth, probabilities=False)
    words = [" ".join((code.name, code.definition, code.include_when, code.example)) for code in task.variable.codes]
    yield quality("keyword overlap (BM25)", codes, keyword_overlap(texts, words), truth, probabilities=False)
    vectors = embed(texts)
    for name, configuration in (("definition only", DEFINITION), (OURS[0], FIXED)):
        index = _index(task, embed, model, vectors[:0]).configured(configuration)
        excerpts = exact(vectors)
        scored = index.variable(task.variable.name).scored(excerpts, similarities(excerpts, index.vectors), configuration)
        yield quality(name, codes, scored.scores, truth, probabilities=False)
    match fit_variable(_index(task, embed, model, vectors), task.variable.name, risk=RISK, seed=seed):
        case TooFew():
            return
        case fitted, crossed:
            yield _of_fit(codes, task.variable.scheme, fitted, crossed)


def best_is_ours(found: Sequence[Quality]) -> bool:
    """Say whether one of our ways has the highest macro-F1, or none higher than it."""
    return max(one.macro_f1 for one in found if one.method in OURS) >= max(one.macro_f1 for one in found)


def _of_fit(codes: list[str], scheme: Scheme, fitted: Fitted, crossed: CrossValidated) -> Quality:
    if scheme.takes_one:
        return quality(OURS[1], codes, crossed.probabilities, crossed.truth, probabilities=True)
    from_here = np.array([fitted.thresholds[code] for code in codes])
    said = (crossed.probabilities >= from_here).astype(np.float64)
    return quality(OURS[1], codes, crossed.probabilities, crossed.truth, probabilities=True, said=said)


def _index(task: Task, embed: Embed, model: ModelIdentity, examples: Vectors) -> CodeIndex:
    """The index with the task's own excerpts among its texts, or without where there are no ``examples``."""
    kept = task.excerpts if len(examples) else ()
    texts = texts_of(task.codebook, tuple(Resolved(task.variable.name, given, text) for text, given in kept))
    written = embed([text.text for text in texts if text.kind is not TextKind.RESOLVED])
    places = [place for place, (_, given) in enumerate(kept) for _ in given]
    vectors = np.concatenate([written, examples[places]]) if places else written
    return build_index(task.codebook, texts, vectors, model, FIXED)
