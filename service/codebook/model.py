"""A codebook as data, and the rules that make one: names are exact code points, codes form trees, twins are refused."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NewType, cast

import msgspec

from service.corpus.characters import name_fault, text_fault, twin_key
from service.errors import BadInput

MOST_VARIABLES = 50
MOST_CODES = 5_000
LONGEST_TEXT = 20_000
TEXT_FIELDS = ("definition", "include_when", "exclude_when", "example", "counter_example")
_LONGEST_SHOWN = 80

RevisionId = NewType("RevisionId", str)


class Scheme(StrEnum):
    """What one coding may give for a variable; *none applies* is always among it.

    An ordered value is one code of codes that are declared in their order, the lowest first. Spans are stretches of the excerpt's
    text with a code each.
    """

    ONE_CODE = "one_code"
    SEVERAL_CODES = "several_codes"
    ORDERED_VALUE = "ordered_value"
    SPANS = "spans"

    @property
    def takes_one(self) -> bool:
        """Say whether a coding gives one code at most."""
        return self in {Scheme.ONE_CODE, Scheme.ORDERED_VALUE}


class Code(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One code of a variable; ``parent`` names another code of the same variable."""

    name: str
    parent: str | None = None
    definition: str = ""
    include_when: str = ""
    exclude_when: str = ""
    example: str = ""
    counter_example: str = ""


class Variable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Codes that are answered together; their order is the one in which coders see them."""

    name: str
    label: str = ""
    scheme: Scheme
    codes: tuple[Code, ...]

    def code(self, name: str) -> Code | None:
        """Find the code of exactly this name."""
        return next((code for code in self.codes if code.name == name), None)


class Codebook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The variables of a study; ``validate`` says whether it is one."""

    variables: tuple[Variable, ...]

    def variable(self, name: str) -> Variable | None:
        """Find the variable of exactly this name."""
        return next((variable for variable in self.variables if variable.name == name), None)


def validate(codebook: Codebook) -> Codebook:
    """Return the same codebook, or refuse it (BadInput) with the variable, code and field of the first broken rule."""
    if fault := next(_faults(codebook), None):
        raise BadInput(fault)
    return codebook


def tree(variable: Variable) -> Iterator[tuple[int, Code]]:
    """Yield each code with its depth, parents before children, siblings in the codebook's order."""
    children: dict[str | None, list[Code]] = {}
    for code in variable.codes:
        children.setdefault(code.parent, []).append(code)
    waiting = [(0, code) for code in reversed(children.get(None, []))]
    while waiting:
        depth, code = waiting.pop()
        yield depth, code
        waiting.extend((depth + 1, child) for child in reversed(children.get(code.name, [])))


def digest(codebook: Codebook) -> str:
    """Hash the canonical JSON (sha256): the same for the same codebook, whatever file or form it came from."""
    return hashlib.sha256(canonical_json(codebook)).hexdigest()


def canonical_json(codebook: Codebook) -> bytes:
    """Write sorted keys, no spaces, UTF-8, empty fields left out: a field added later does not change the digest of older codebooks."""
    return json.dumps(_filled(msgspec.to_builtins(codebook)), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(
        errors="surrogatepass"
    )


def _faults(codebook: Codebook) -> Iterator[str]:
    if not codebook.variables:
        yield "The codebook has no variable; give it at least one code."
    if len(codebook.variables) > MOST_VARIABLES:
        yield f"The codebook has {len(codebook.variables)} variables; the most is {MOST_VARIABLES}."
    yield from _name_faults("Variable", [variable.name for variable in codebook.variables])
    for variable in codebook.variables:
        yield from (f"Variable {_shown(variable.name)}: {fault}" for fault in _variable_faults(variable))


def _variable_faults(variable: Variable) -> Iterator[str]:
    if fault := text_fault(variable.label, longest=LONGEST_TEXT):
        yield f"the label {fault}."
    if not variable.codes:
        yield "there is no code; give it at least one."
    if len(variable.codes) > MOST_CODES:
        yield f"there are {len(variable.codes)} codes; the most is {MOST_CODES:,}."
    yield from _name_faults("code", [code.name for code in variable.codes])
    for code in variable.codes:
        yield from (f"code {_shown(code.name)}: {fault}" for fault in _text_faults(code))
    yield from _parent_faults(variable.codes)
    if variable.scheme is Scheme.ORDERED_VALUE and any(code.parent is not None for code in variable.codes):
        yield "the values of an order stand in one line, so none has a parent; take the parents out."


def _name_faults(what: str, names: Iterable[str]) -> Iterator[str]:
    seen: dict[str, tuple[int, str]] = {}
    for number, name in enumerate(names, 1):
        if fault := name_fault(name):
            yield f"{what} {number}: the name {fault}."
        first, twin = seen.setdefault(twin_key(name), (number, name))
        if first != number and twin == name:
            yield f"{what} {number}: the name {_shown(name)} is there already, as {what.lower()} {first}."
        if first != number:
            yield f"{what} {number}: the name {_shown(name)} looks the same as {_shown(twin)} ({what.lower()} {first}); " + (
                "they differ only in case, spacing or the way accents are encoded. Rename one."
            )


def _text_faults(code: Code) -> Iterator[str]:
    for field in TEXT_FIELDS:
        text: str = getattr(code, field)
        if fault := text_fault(text, longest=LONGEST_TEXT):
            yield f"the field {field} {fault}."


def _parent_faults(codes: tuple[Code, ...]) -> Iterator[str]:
    parents = {code.name: code.parent for code in codes}
    for code in codes:
        if code.parent is not None and code.parent not in parents:
            yield f"code {_shown(code.name)}: the parent {_shown(code.parent)} is not a code of this variable."
    if name := _in_a_circle(parents):
        yield f"code {_shown(name)}: its parents lead back to itself; take one parent out."


def _in_a_circle(parents: dict[str, str | None]) -> str | None:
    rooted: set[str] = set()
    for name in parents:
        path: dict[str, None] = {}
        step: str | None = name
        while step is not None and step not in rooted:
            if step in path:
                return step
            path[step] = None
            step = parents.get(step)
        rooted.update(path)
    return None


def _shown(name: str) -> str:
    # ascii() of what cannot be printed: a message goes to logs and terminals.
    short = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}…"
    return f'"{short}"' if short.isprintable() else ascii(short)


def _filled(value: object) -> object:
    match value:
        case Mapping():
            fields = cast("Mapping[str, object]", value)
            return {key: _filled(inner) for key, inner in fields.items() if inner not in ("", None)}
        case list() | tuple():
            return [_filled(inner) for inner in cast("list[object]", value)]
        case _:
            return value
