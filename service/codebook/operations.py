"""What an edit of a codebook means: declared minor or of meaning, with the renames, merges, splits and retirements that it makes.

Operations are recorded with the revision that they lead to and never changed; a code's name is followed through them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from service.codebook.model import Code, Codebook, Variable
from service.errors import BadInput

PAIR = 2


class Edit(StrEnum):
    """What the lead declares an edit to be: minor keeps what every code means, and codings before and after it can be compared."""

    MINOR = "minor"
    MEANING = "meaning"


class Rename(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="rename", tag_field="operation"):
    """A code that goes on under another name."""

    variable: str
    code: str
    to: str


class Merge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="merge", tag_field="operation"):
    """Codes that are one from now on; ``to`` may be one of them or new."""

    variable: str
    codes: tuple[str, ...]
    to: str


class Split(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="split", tag_field="operation"):
    """A code that is several from now on; it may stay as one of them, narrower."""

    variable: str
    code: str
    into: tuple[str, ...]


class Retire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="retire", tag_field="operation"):
    """A code that is used no more."""

    variable: str
    code: str


Operation = Rename | Merge | Split | Retire


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One revision with what led to it."""

    number: int
    codebook: Codebook
    edit: Edit
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One code through the revisions: its name in each in which it was there, and what it came from and went into."""

    variable: str
    names: dict[int, str]
    came_of: str = ""
    went_into: str = ""


def recorded(before: Codebook, after: Codebook, operations: Sequence[Operation], edit: Edit) -> tuple[Operation, ...]:
    """Check the operations that an edit makes and give them with a retirement for every code that left without one.

    Raises
    ------
    BadInput
        For an operation that the two states contradict, a code in two of them, a minor edit that changes what codes there are.
    """
    for operation in operations:
        _check(operation, before, after)
    _check_once(operations)
    left = [(old.name, code.name) for old, new in _both(before, after) for code in old.codes if new.code(code.name) is None]
    left = [place for place in left if place not in set(_sources(operations))]
    whole = (*operations, *(Retire(variable=variable, code=code) for variable, code in left))
    if edit is Edit.MINOR:
        _check_minor(before, after, whole)
    return whole


def applied(before: Codebook, operation: Operation) -> Codebook:
    """Make the codebook that one operation leads to; children follow, new codes of a split stand in the place of the old one."""
    variable = before.variable(operation.variable)
    if variable is None:
        message = "The codebook has no variable of that name."
        raise BadInput(message)
    codes = _applied(variable, operation)
    changed = msgspec.structs.replace(variable, codes=tuple(codes))
    after = Codebook(variables=tuple(changed if one is variable else one for one in before.variables))
    _check(operation, before, after)
    return after


def lines(steps: Sequence[Step]) -> list[Line]:
    """Follow every code through revisions in their order: a rename goes on in its line, a merge goes on in the line of its result."""
    open_: dict[tuple[str, str], Line] = {}
    done: list[Line] = []
    for step in steps:
        ended, came_of = _moved(open_, step)
        done += ended
        for variable in step.codebook.variables:
            for code in variable.codes:
                place = (variable.name, code.name)
                known = open_.get(place) or Line(variable=variable.name, names={}, came_of=came_of.get(place, ""))
                open_[place] = Line(
                    variable=known.variable, names=known.names | {step.number: code.name}, came_of=known.came_of, went_into=known.went_into
                )
        here = {(variable.name, code.name) for variable in step.codebook.variables for code in variable.codes}
        done += [open_.pop(place) for place in [place for place in open_ if place not in here]]
    return sorted([*done, *open_.values()], key=lambda line: min(line.names))


def meaning_changed(steps: Iterable[Step], *, since: int, until: int) -> list[int]:
    """List the revisions after one and up to another that were declared to change what codes mean."""
    return [step.number for step in steps if since < step.number <= until and step.edit is Edit.MEANING]


def _moved(open_: dict[tuple[str, str], Line], step: Step) -> tuple[list[Line], dict[tuple[str, str], str]]:
    """Carry renamed codes over to their new names; close what merges, splits and retirements end, and say what new codes come of."""
    ended: list[Line] = []
    came_of: dict[tuple[str, str], str] = {}
    carried: dict[tuple[str, str], Line] = {}
    for operation in step.operations:
        match operation:
            case Rename(variable=variable, code=code, to=to):
                if (line := open_.pop((variable, code), None)) is not None:
                    carried[variable, to] = line
            case Merge(variable=variable, codes=codes, to=to):
                ended += _ended(open_, variable, [code for code in codes if code != to], f"merged into {to}")
                if to not in codes:
                    came_of[variable, to] = f"merged of {', '.join(codes)}"
            case Split(variable=variable, code=code, into=into):
                ended += _ended(open_, variable, [code] if code not in into else [], f"split into {', '.join(into)}")
                came_of |= {(variable, name): f"split of {code}" for name in into if name != code}
            case Retire(variable=variable, code=code):
                ended += _ended(open_, variable, [code], "retired")
    open_ |= carried
    return ended, came_of


def _ended(open_: dict[tuple[str, str], Line], variable: str, codes: Iterable[str], why: str) -> list[Line]:
    found = [line for code in codes if (line := open_.pop((variable, code), None)) is not None]
    return [Line(variable=line.variable, names=line.names, came_of=line.came_of, went_into=why) for line in found]


def _applied(variable: Variable, operation: Operation) -> list[Code]:
    match operation:
        case Rename(code=code, to=to):
            return [_renamed(one, {code: to}) for one in variable.codes]
        case Merge(codes=codes, to=to):
            gone = [code for code in codes if code != to]
            kept = [_renamed(one, dict.fromkeys(gone, to)) for one in variable.codes if one.name not in gone]
            return kept if variable.code(to) else _in_place(variable, codes, [_joined(variable, codes, to)], dict.fromkeys(gone, to))
        case Split(code=code, into=into):
            old = variable.code(code)
            new = [variable.code(name) or Code(name=name, parent=old.parent if old else None) for name in into]
            return _in_place(variable, [code], new, {} if code in into else {code: old.parent if old else None})
        case Retire(code=code):
            old = variable.code(code)
            return _in_place(variable, [code], [], {code: old.parent if old else None})


def _in_place(variable: Variable, codes: Sequence[str], new: Sequence[Code], parents: dict[str, str | None]) -> list[Code]:
    made: list[Code] = []
    put = False
    for one in variable.codes:
        if one.name in codes:
            made += [] if put else new
            put = True
        elif one not in new:
            made.append(msgspec.structs.replace(one, parent=parents.get(one.parent or "", one.parent)))
    return made


def _joined(variable: Variable, codes: Sequence[str], to: str) -> Code:
    first = variable.code(codes[0]) if codes else None
    parent = first.parent if first and first.parent not in codes else None
    definition = "\n".join(code.definition for code in variable.codes if code.name in codes and code.definition)
    return Code(name=to, parent=parent, definition=definition)


def _renamed(code: Code, names: dict[str, str]) -> Code:
    parent = names.get(code.parent or "", code.parent)
    name = names.get(code.name, code.name)
    return msgspec.structs.replace(code, name=name, parent=parent if parent != name else None)


def _check(operation: Operation, before: Codebook, after: Codebook) -> None:
    old, new = before.variable(operation.variable), after.variable(operation.variable)
    if old is None or new is None:
        message = "An operation names a variable that the codebook does not have before and after the edit."
        raise BadInput(message)
    sources, results, stays = _ends(operation)
    if any(old.code(name) is None for name in sources):
        message = f"A {_word(operation)} names a code that the codebook did not have before the edit."
        raise BadInput(message)
    if any(new.code(name) is None for name in results):
        message = f"A {_word(operation)} leads to a code that the codebook does not have after the edit."
        raise BadInput(message)
    if any(new.code(name) is not None for name in sources if name not in stays):
        message = f"A {_word(operation)} ends a code that the codebook still has after the edit."
        raise BadInput(message)
    _check_sense(operation, old)


def _check_sense(operation: Operation, old: Variable) -> None:
    match operation:
        case Rename(to=to) if old.code(to) is not None:
            message = "A rename leads to a code that was there before. Merge the two instead."
        case Merge(codes=codes) if len(set(codes)) < PAIR or len(set(codes)) < len(codes):
            message = "A merge takes two or more different codes."
        case Split(into=into) if len(set(into)) < PAIR or len(set(into)) < len(into):
            message = "A split makes two or more different codes."
        case Split(code=code, into=into) if any(old.code(name) is not None for name in into if name != code):
            message = "A split makes new codes, or keeps the one that is split; it cannot lead to another one that was there before."
        case _:
            return
    raise BadInput(message)


def _ends(operation: Operation) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Give the codes an operation takes, those it leads to, and which of the taken ones may stay."""
    match operation:
        case Rename(code=code, to=to):
            return (code,), (to,), ()
        case Merge(codes=codes, to=to):
            return codes, (to,), (to,)
        case Split(code=code, into=into):
            return (code,), into, into
        case Retire(code=code):
            return (code,), (), ()


def _check_once(operations: Sequence[Operation]) -> None:
    named = list(_sources(operations))
    if len(set(named)) < len(named):
        message = "A code is in two operations of one edit. Save one after the other, so that each step is on record."
        raise BadInput(message)


def _sources(operations: Iterable[Operation]) -> Iterable[tuple[str, str]]:
    for operation in operations:
        for code in _ends(operation)[0]:
            yield operation.variable, code


def _check_minor(before: Codebook, after: Codebook, operations: Sequence[Operation]) -> None:
    if any(not isinstance(operation, Rename) for operation in operations):
        message = "A merge, a split and a retirement change what codes mean. Declare the edit to be of meaning."
        raise BadInput(message)
    names = {(operation.variable, operation.to) for operation in operations if isinstance(operation, Rename)}
    added = [(new.name, code.name) for old, new in _both(before, after) for code in new.codes if old.code(code.name) is None]
    if any(place not in names for place in added):
        message = "A new code takes excerpts from the others. Declare the edit to be of meaning, or record what the code comes of."
        raise BadInput(message)
    same = [variable.name for variable in before.variables] == [variable.name for variable in after.variables]
    if not same or any(old.scheme is not new.scheme for old, new in _both(before, after)):
        message = "Variables or their schemes changed. Declare the edit to be of meaning."
        raise BadInput(message)


def _both(before: Codebook, after: Codebook) -> list[tuple[Variable, Variable]]:
    return [(old, new) for old in before.variables if (new := after.variable(old.name)) is not None]


def _word(operation: Operation) -> str:
    return {Rename: "rename", Merge: "merge", Split: "split", Retire: "retirement"}[type(operation)]
