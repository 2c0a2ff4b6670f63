"""A codebook as questions with keys, and a coder's answers as a form fills them in and sends them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from service.codebook.model import Code, Codebook, Scheme, Variable, tree
from service.coding.model import Answer, CodedSpan, Content
from service.errors import BadInput
from service.web.api.codings import AssignmentOut
from service.web.api.contents import ContentIn
from service.web.pages.forms import Form, read
from service.web.pages.spans import span_by_words, span_of, value_of

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
class SpanRow:
    """A given span on the coder's page: its value in the form and the words it is of."""

    value: str
    span: CodedSpan
    text: str


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

    @property
    def marks(self) -> bool:
        """Say whether a coding gives stretches of the text."""
        return self.scheme is Scheme.SPANS

    def rows(self, text: str, chosen: Iterable[str]) -> list[SpanRow]:
        """List the spans that are given, in the order of the text, with the words they are of."""
        names = self.names()
        spans = sorted((span_of(value, names) for value in chosen if value != NONE), key=lambda span: (span.start, span.end, span.code))
        return [SpanRow(value_of(span, names), span, text[span.start : span.end]) for span in spans]

    def names(self) -> list[str]:
        """Name the codes in the codebook's order."""
        return [choice.code.name for choice in sorted(self.choices, key=lambda choice: choice.place)]


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form shows as given: for each variable's place the places of codes, spans as ``start-end-place``, or ``none``.

    ``pending`` is a span that was begun: its first word, last word and code.
    """

    chosen: dict[int, set[str]]
    confidence: str = ""
    memo: str = ""
    skip: str = ""
    flag: bool = False
    pending: dict[int, tuple[str, str, str]] = field(default_factory=dict[int, tuple[str, str, str]])


def questions(codebook: Codebook) -> list[Question]:
    """Give every code of every variable a key, in codebook order, as long as there are keys."""
    keys = iter(KEYS)
    return [
        Question(place, variable.label or variable.name, variable.scheme, _choices(variable, keys))
        for place, variable in enumerate(codebook.variables)
    ]


def content_of(form: Form, codebook: Codebook, text: str) -> Content:
    """Read the answers, one for every variable, or say which is missing. A span whose words are filled in counts as added."""
    given = [_given(form, place, variable, text) for place, variable in enumerate(codebook.variables)]
    missing = [place + 1 for place, values in enumerate(given) if not values]
    if missing and len(given) == 1:
        message = "Nothing is chosen yet. Choose a code, or say that no code applies. What you wrote is still here."
        raise BadInput(message)
    if missing:
        message = f"Question {missing[0]} of {len(given)} has no answer yet. Choose a code, or say that no code applies there."
        raise BadInput(message)
    answers = [_answer(of, values) for of, values in zip(codebook.variables, given, strict=True)]
    sure = form.text("sure")
    fields: dict[str, object] = {"memo": form.text("memo").strip(), "confidence": sure or None, "flag": bool(form.text("flag"))}
    return read(ContentIn, fields | {"answers": answers}).content()


def filled_of(codebook: Codebook, turn: AssignmentOut) -> Filled:
    """Show the present coding of a turn."""
    content = turn.coding.content if turn.coding else None
    if content is None:
        return Filled({})
    given = {answer.variable: answer for answer in content.answers}
    chosen = {place: _places(of, given[of.name]) for place, of in enumerate(codebook.variables) if of.name in given}
    return Filled(chosen, str(content.confidence or ""), content.memo, content.skip or "", content.flag)


def filled_from(form: Form, codebook: Codebook) -> Filled:
    """Show again what a form sent; a span that cannot be read is left out."""
    chosen = {place: {value for value in form.texts(f"v{place}") if _readable(of, value)} for place, of in enumerate(codebook.variables)}
    pending = {place: _pending(form, place) for place, of in enumerate(codebook.variables) if of.scheme is Scheme.SPANS}
    return Filled(chosen, form.text("sure"), form.text("memo"), form.text("reason"), bool(form.text("flag")), pending)


def filled_and_marked(form: Form, codebook: Codebook, place: int, text: str) -> Filled:
    """Show again what a form sent, with the span whose words were filled in for a variable among those given."""
    filled = filled_from(form, codebook)
    if place not in filled.pending:
        message = "There is no such question."
        raise BadInput(message)
    names = [code.name for code in codebook.variables[place].codes]
    made = value_of(span_by_words(text, *filled.pending[place], names), names)
    chosen = filled.chosen | {place: filled.chosen[place] - {NONE} | {made}}
    return replace(filled, chosen=chosen, pending=filled.pending | {place: ("", "", filled.pending[place][2])})


def filled_with(filled: Filled, codebook: Codebook) -> str:
    """Write a draft down as text, to be copied."""
    lines = [f"{of.label or of.name}: {_words(of, filled.chosen.get(place, set()))}" for place, of in enumerate(codebook.variables)]
    return "\n".join([*lines, *(text for text in (filled.memo, filled.skip) if text)])


def _choices(variable: Variable, keys: Iterator[str]) -> list[Choice]:
    at = {code.name: place for place, code in enumerate(variable.codes)}
    return [Choice(next(keys, ""), at[code.name], depth, code) for depth, code in tree(variable)]


def _given(form: Form, place: int, variable: Variable, text: str) -> list[str]:
    values = form.texts(f"v{place}")
    if variable.scheme is not Scheme.SPANS or not _pending(form, place)[0]:
        return values
    names = [code.name for code in variable.codes]
    return [*values, value_of(span_by_words(text, *_pending(form, place), names), names)]


def _pending(form: Form, place: int) -> tuple[str, str, str]:
    first, last, code = (form.text(f"{name}{place}").strip() for name in ("from", "to", "as"))
    return first, last, code


def _readable(variable: Variable, value: str) -> bool:
    if variable.scheme is not Scheme.SPANS or value == NONE:
        return True
    try:
        span_of(value, [code.name for code in variable.codes])
    except BadInput:
        return False
    return True


def _answer(variable: Variable, values: list[str]) -> dict[str, object]:
    if variable.scheme is not Scheme.SPANS:
        return {"variable": variable.name, "codes": _codes(variable, values)}
    if NONE in values and len(values) > 1:
        message = "A question has both a marked stretch and “no code applies”. Remove one of them."
        raise BadInput(message)
    names = [code.name for code in variable.codes]
    spans = {span_of(value, names) for value in values if value != NONE}
    return {"variable": variable.name, "spans": [{"start": one.start, "end": one.end, "code": one.code} for one in spans]}


def _codes(variable: Variable, values: list[str]) -> list[str]:
    if values == [NONE]:
        return []
    known = {str(place): code.name for place, code in enumerate(variable.codes)}
    if not known.keys() >= set(values):
        message = "An answer is both a code and no code, or no code of this round's codebook. Choose again."
        raise BadInput(message)
    return [known[value] for value in values]


def _places(variable: Variable, answer: Answer) -> set[str]:
    names = [code.name for code in variable.codes]
    spans = {value_of(span, names) for span in answer.spans}
    return spans | {str(place) for place, name in enumerate(names) if name in answer.codes} or {NONE}


def _words(variable: Variable, chosen: set[str]) -> str:
    if variable.scheme is Scheme.SPANS:
        spans = [span_of(value, [code.name for code in variable.codes]) for value in sorted(chosen - {NONE})]
        return ", ".join(f"{span.code} ({span.start} to {span.end})" for span in spans) or ("no code applies" if NONE in chosen else "–")
    names = [code.name for place, code in enumerate(variable.codes) if str(place) in chosen]
    return ", ".join(names) or ("no code applies" if NONE in chosen else "–")
