"""A codebook as questions with keys, and a coder's answers as a form fills them in and sends them."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.codebook.model import Code, Codebook, Scheme, Variable, tree
from service.coding.model import Content
from service.errors import BadInput
from service.web.api.codings import AnswerIn, AssignmentOut, ContentIn
from service.web.pages.forms import Form, read

KEYS = "123456789abcdefghijklmnopqrstuvwxyz"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Choice:
    """A code on the coder's page: its key if there is one left, its place in the codebook, its depth in the tree."""

    key: str
    place: int
    depth: int
    code: Code


@dataclass(frozen=True, slots=True)
class Question:
    """A variable on the coder's page."""

    place: int
    label: str
    scheme: Scheme
    choices: list[Choice]

    @property
    def several(self) -> bool:
        """Say whether a coding may give more than one code."""
        return not self.scheme.takes_one


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form shows as given: for each variable's place the places of codes, or ``none``."""

    chosen: dict[int, set[str]]
    confidence: str = ""
    memo: str = ""
    skip: str = ""


def questions(codebook: Codebook) -> list[Question]:
    """Give every code of every variable a key, in codebook order, as long as there are keys."""
    keys = iter(KEYS)
    return [
        Question(place, variable.label or variable.name, variable.scheme, _choices(variable, keys))
        for place, variable in enumerate(codebook.variables)
    ]


def content_of(form: Form, codebook: Codebook) -> Content:
    """Read the answers, one for every variable, or say which is missing."""
    given = [form.texts(f"v{place}") for place in range(len(codebook.variables))]
    missing = [place + 1 for place, values in enumerate(given) if not values]
    if missing and len(given) == 1:
        message = "Nothing is chosen yet. Choose a code, or say that no code applies. What you wrote is still here."
        raise BadInput(message)
    if missing:
        message = f"Question {missing[0]} of {len(given)} has no answer yet. Choose a code, or say that no code applies there."
        raise BadInput(message)
    answers = [AnswerIn(variable=of.name, codes=_codes(of, values)) for of, values in zip(codebook.variables, given, strict=True)]
    sure = form.text("sure")
    fields: dict[str, object] = {"memo": form.text("memo").strip(), "confidence": sure or None}
    return read(ContentIn, fields | {"answers": [{"variable": one.variable, "codes": one.codes} for one in answers]}).content()


def filled_of(codebook: Codebook, turn: AssignmentOut) -> Filled:
    """Show the present coding of a turn."""
    content = turn.coding.content if turn.coding else None
    if content is None:
        return Filled({})
    given = {answer.variable: answer.codes for answer in content.answers}
    chosen = {place: _places(of, given[of.name]) for place, of in enumerate(codebook.variables) if of.name in given}
    return Filled(chosen, str(content.confidence or ""), content.memo, content.skip or "")


def filled_from(form: Form, codebook: Codebook) -> Filled:
    """Show again what a form sent."""
    chosen = {place: set(form.texts(f"v{place}")) for place in range(len(codebook.variables))}
    return Filled(chosen, form.text("sure"), form.text("memo"), form.text("reason"))


def filled_with(filled: Filled, codebook: Codebook) -> str:
    """Write a draft down as text, to be copied."""
    lines = [f"{of.label or of.name}: {_words(of, filled.chosen.get(place, set()))}" for place, of in enumerate(codebook.variables)]
    return "\n".join([*lines, *(text for text in (filled.memo, filled.skip) if text)])


def _choices(variable: Variable, keys: Iterator[str]) -> list[Choice]:
    at = {code.name: place for place, code in enumerate(variable.codes)}
    return [Choice(next(keys, ""), at[code.name], depth, code) for depth, code in tree(variable)]


def _codes(variable: Variable, values: list[str]) -> list[str]:
    if values == [NONE]:
        return []
    known = {str(place): code.name for place, code in enumerate(variable.codes)}
    if not known.keys() >= set(values):
        message = "An answer is both a code and no code, or no code of this round's codebook. Choose again."
        raise BadInput(message)
    return [known[value] for value in values]


def _places(variable: Variable, codes: tuple[str, ...]) -> set[str]:
    return {str(place) for place, code in enumerate(variable.codes) if code.name in codes} or {NONE}


def _words(variable: Variable, chosen: set[str]) -> str:
    names = [code.name for place, code in enumerate(variable.codes) if str(place) in chosen]
    return ", ".join(names) or ("no code applies" if NONE in chosen else "–")
