"""What of a codebook is embedded: each text of each code, one by one, as evidence that can be shown."""

import hashlib
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from service.codebook.model import Code, Codebook, digest


class TextKind(StrEnum):
    """Which text of a code speaks; ``resolved`` is an excerpt that was adjudicated to the code.

    ``quote`` is none of a code's: words of the excerpt itself that a language model gave for it.
    """

    NAME = "name"
    DEFINITION = "definition"
    INCLUDE_WHEN = "include_when"
    EXCLUDE_WHEN = "exclude_when"
    EXAMPLE = "example"
    COUNTER_EXAMPLE = "counter_example"
    RESOLVED = "resolved"
    QUOTE = "quote"


OF_A_CODE = tuple(kind for kind in TextKind if kind is not TextKind.QUOTE)


class CodeText(msgspec.Struct, frozen=True):
    """One text that speaks for (or against) one code of one variable."""

    variable: str
    code: str
    kind: TextKind
    text: str


class Resolved(msgspec.Struct, frozen=True):
    """An adjudicated excerpt, as data: its text and the codes it was given for one variable."""

    variable: str
    codes: tuple[str, ...]
    text: str


def texts_of(codebook: Codebook, resolved: tuple[Resolved, ...] = ()) -> tuple[CodeText, ...]:
    """All texts to embed, in the codebook's order; blank fields are left out, the name never is."""
    return (*_written(codebook), *_resolved(codebook, resolved))


def codebook_digest(codebook: Codebook) -> str:
    """The codebook's own digest, so that a suggestion can be made again from the same codes."""
    return digest(codebook)


def examples_digest(texts: Iterable[CodeText]) -> str | None:
    """Digest of the resolved excerpts among texts, the same in any order; None if there are none."""
    found = sorted((text.variable, text.code, text.text) for text in texts if text.kind is TextKind.RESOLVED)
    return hashlib.sha256(msgspec.json.encode(found)).hexdigest() if found else None


def _written(codebook: Codebook) -> Iterator[CodeText]:
    for variable in codebook.variables:
        for code in variable.codes:
            for kind, text in _fields(code):
                if text.strip():
                    yield CodeText(variable.name, code.name, kind, text)


def _fields(code: Code) -> tuple[tuple[TextKind, str], ...]:
    return (
        (TextKind.NAME, code.name),
        (TextKind.DEFINITION, code.definition),
        (TextKind.INCLUDE_WHEN, code.include_when),
        (TextKind.EXCLUDE_WHEN, code.exclude_when),
        (TextKind.EXAMPLE, code.example),
        (TextKind.COUNTER_EXAMPLE, code.counter_example),
    )


def _resolved(codebook: Codebook, resolved: tuple[Resolved, ...]) -> Iterator[CodeText]:
    known = {(variable.name, code.name) for variable in codebook.variables for code in variable.codes}
    for one in resolved:
        for code in one.codes:
            if (one.variable, code) in known:
                yield CodeText(one.variable, code, TextKind.RESOLVED, one.text)
