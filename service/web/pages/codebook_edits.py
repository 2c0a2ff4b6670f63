"""One edit of a codebook's form as a function from codebook to codebook; places count from 0, one past the end is a new one."""

from collections.abc import Mapping

import msgspec

from service.codebook.model import TEXT_FIELDS, Code, Codebook, Scheme, Variable
from service.codebook.operations import Merge, Operation, Rename, Split, applied
from service.errors import BadInput, Conflict, NotFound

EMPTY = Codebook(variables=())
Edited = tuple[Codebook, list[Operation]]
"""What a form makes of a codebook, and the operations to record with it."""


def variable_at(codebook: Codebook, place: int) -> Variable | None:
    """Give the variable at a place, None for a new one."""
    if place > len(codebook.variables):
        message = "The codebook has no such variable."
        raise NotFound(message)
    return codebook.variables[place] if place < len(codebook.variables) else None


def code_at(codebook: Codebook, variable_place: int, place: int) -> tuple[Variable, Code | None]:
    """Give the variable and its code at a place, None for a new code."""
    variable = variable_at(codebook, variable_place)
    if variable is None or place > len(variable.codes):
        message = "The codebook has no such code."
        raise NotFound(message)
    return variable, variable.codes[place] if place < len(variable.codes) else None


def code_of(fields: Mapping[str, str]) -> Code:
    """Make a code of a form's fields."""
    return Code(
        name=fields["name"].strip(), parent=fields["parent"].strip() or None, **{field: fields[field].strip() for field in TEXT_FIELDS}
    )


def with_code(codebook: Codebook, variable_place: int, place: int, code: Code) -> Codebook:
    """Put a code in a place; the children of a renamed code follow it."""
    variable, present = code_at(codebook, variable_place, place)
    if present is None:
        return _with_codes(codebook, variable_place, (*variable.codes, code))
    codes = [code if other is present else _follow(other, present.name, code.name) for other in variable.codes]
    return _with_codes(codebook, variable_place, tuple(codes))


def without_code(codebook: Codebook, variable_place: int, place: int) -> Codebook:
    """Take a code out; its children move up to its parent."""
    variable, present = code_at(codebook, variable_place, place)
    if present is None or len(variable.codes) == 1:
        message = "A variable needs at least one code, so its last one stays. Delete the variable instead."
        raise Conflict(message)
    codes = [_follow(other, present.name, present.parent) for other in variable.codes if other is not present]
    return _with_codes(codebook, variable_place, tuple(codes))


def code_edit(codebook: Codebook, where: tuple[int, int], fields: Mapping[str, str]) -> Edited:
    """Carry out what a code's form asks for, and say which operation it is."""
    match fields["do"]:
        case "delete":
            return without_code(codebook, *where), []
        case "up" | "down" as way:
            return moved(codebook, *where, -1 if way == "up" else 1), []
        case "merge":
            operation = _merge(codebook, where, fields)
            return applied(codebook, operation), [operation]
        case "split":
            operation = _split(codebook, where, fields["into"])
            return applied(codebook, operation), [operation]
        case _:
            return with_code(codebook, *where, code_of(fields)), _rename(codebook, where, fields["name"].strip())


def _rename(codebook: Codebook, where: tuple[int, int], name: str) -> list[Operation]:
    variable, present = code_at(codebook, *where)
    return [] if present is None or present.name == name else [Rename(variable=variable.name, code=present.name, to=name)]


def _merge(codebook: Codebook, where: tuple[int, int], fields: Mapping[str, str]) -> Merge:
    variable, present = code_at(codebook, *where)
    places = {str(place): code for place, code in enumerate(variable.codes)}
    if present is None or fields["other"] not in places:
        message = "Choose the code to merge with. Nothing was stored."
        raise BadInput(message)
    return Merge(variable=variable.name, codes=(present.name, places[fields["other"]].name), to=fields["to"].strip() or present.name)


def _split(codebook: Codebook, where: tuple[int, int], names: str) -> Split:
    variable, present = code_at(codebook, *where)
    if present is None:
        message = "The codebook has no such code."
        raise NotFound(message)
    return Split(variable=variable.name, code=present.name, into=tuple(name.strip() for name in names.splitlines() if name.strip()))


def moved(codebook: Codebook, variable_place: int, place: int, step: int) -> Codebook:
    """Swap a code with the sibling before (-1) or after (+1) it; at the end of the siblings nothing changes."""
    variable, present = code_at(codebook, variable_place, place)
    siblings = [at for at, code in enumerate(variable.codes) if present is not None and code.parent == present.parent]
    target = siblings.index(place) + step if place in siblings else -1
    if not 0 <= target < len(siblings):
        return codebook
    codes = list(variable.codes)
    codes[place], codes[siblings[target]] = codes[siblings[target]], codes[place]
    return _with_codes(codebook, variable_place, tuple(codes))


def with_variable(codebook: Codebook, place: int, fields: Mapping[str, str]) -> Codebook:
    """Change a variable's name, label and scheme, or add a variable with its first code."""
    present = variable_at(codebook, place)
    first = () if present else (Code(name=fields["first"].strip()),)
    made = Variable(
        name=fields["name"].strip(),
        label=fields["label"].strip(),
        scheme=_scheme(fields["scheme"]),
        codes=present.codes if present else first,
    )
    return Codebook(variables=(*codebook.variables[:place], made, *codebook.variables[place + 1 :]))


def without_variable(codebook: Codebook, place: int) -> Codebook:
    """Take a variable out."""
    if len(codebook.variables) == 1:
        message = "A codebook needs at least one variable, so its last one stays."
        raise Conflict(message)
    return Codebook(variables=codebook.variables[:place] + codebook.variables[place + 1 :])


def _scheme(text: str) -> Scheme:
    if text not in {scheme.value for scheme in Scheme}:
        message = "Say what one coding gives. Nothing was stored."
        raise BadInput(message)
    return Scheme(text)


def _follow(code: Code, old: str, new: str | None) -> Code:
    return msgspec.structs.replace(code, parent=new) if code.parent == old else code


def _with_codes(codebook: Codebook, place: int, codes: tuple[Code, ...]) -> Codebook:
    changed = msgspec.structs.replace(codebook.variables[place], codes=codes)
    return Codebook(variables=(*codebook.variables[:place], changed, *codebook.variables[place + 1 :]))
