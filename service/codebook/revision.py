"""Numbered states of a codebook that are never rewritten, and what an edit changed."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from service.codebook.model import LONGEST_TEXT, TEXT_FIELDS, Code, Codebook, RevisionId, Scheme, Variable, digest, validate
from service.codebook.operations import Edit, Operation, Step, recorded
from service.corpus.characters import text_fault
from service.errors import BadInput, Conflict


class Revision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One state of a study's codebook; codings and suggestions name the revision they were made under."""

    id: RevisionId
    codebook_id: str
    number: int
    codebook: Codebook
    digest: str
    created_at: datetime
    created_by: str
    note: str = ""
    edit: Edit = Edit.MEANING
    operations: tuple[Operation, ...] = ()

    def step(self) -> Step:
        """Give the revision as a step of the codebook's history."""
        return Step(number=self.number, codebook=self.codebook, edit=self.edit, operations=self.operations)


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a code before and after."""

    field: str
    before: str
    after: str


class CodeChange(msgspec.Struct, frozen=True, kw_only=True):
    """A code that both revisions have, and what became different in it."""

    name: str
    fields: tuple[FieldChange, ...]


class VariableDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit did to one variable; a renamed code is one removed and one added, for codings name codes exactly."""

    variable: str
    added: tuple[Code, ...] = ()
    removed: tuple[Code, ...] = ()
    changed: tuple[CodeChange, ...] = ()
    label: tuple[str, str] | None = None
    scheme: tuple[Scheme, Scheme] | None = None
    reordered: bool = False


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What an edit did to a codebook: ``variables`` holds only those that both have and that changed."""

    added: tuple[Variable, ...] = ()
    removed: tuple[Variable, ...] = ()
    variables: tuple[VariableDifference, ...] = ()
    reordered: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.variables or self.reordered)


def unchanged(current: Revision | None, codebook: Codebook) -> bool:
    """Tell whether the codebook is the one the study has already, so that an import can say so instead of failing."""
    return current is not None and current.digest == digest(codebook)


def first_revision(codebook: Codebook, *, revision_id: RevisionId, codebook_id: str, now: datetime, by: str, note: str = "") -> Revision:
    """Validate the codebook and make it revision 1."""
    return Revision(
        id=revision_id,
        codebook_id=codebook_id,
        number=1,
        codebook=validate(codebook),
        digest=digest(codebook),
        created_at=now,
        created_by=by,
        note=_note(note),
    )


def next_revision(  # noqa: PLR0913
    current: Revision,
    codebook: Codebook,
    *,
    revision_id: RevisionId,
    now: datetime,
    by: str,
    note: str = "",
    edit: Edit = Edit.MEANING,
    operations: Sequence[Operation] = (),
) -> Revision:
    """Validate the codebook and make it the revision after ``current``; a Conflict when nothing changed."""
    first = first_revision(codebook, revision_id=revision_id, codebook_id=current.codebook_id, now=now, by=by, note=note)
    if unchanged(current, codebook):
        message = f"The codebook is the same as revision {current.number}; nothing was stored."
        raise Conflict(message)
    made = recorded(current.codebook, codebook, operations, edit)
    return msgspec.structs.replace(first, number=current.number + 1, edit=edit, operations=made)


def difference(old: Codebook, new: Codebook) -> Difference:
    """Compare two states of a codebook by exact names."""
    before = {variable.name: variable for variable in old.variables}
    after = {variable.name: variable for variable in new.variables}
    both = [(before[name], variable) for name, variable in after.items() if name in before]
    return Difference(
        added=tuple(variable for name, variable in after.items() if name not in before),
        removed=tuple(variable for name, variable in before.items() if name not in after),
        variables=tuple(_variable_difference(one, other) for one, other in both if one != other),
        reordered=_reordered(list(before), list(after)),
    )


def _note(note: str) -> str:
    if fault := text_fault(note, longest=LONGEST_TEXT):
        message = f"The note {fault}."
        raise BadInput(message)
    return note


def _variable_difference(old: Variable, new: Variable) -> VariableDifference:
    before = {code.name: code for code in old.codes}
    after = {code.name: code for code in new.codes}
    both = [(before[name], code) for name, code in after.items() if name in before]
    return VariableDifference(
        variable=new.name,
        added=tuple(code for name, code in after.items() if name not in before),
        removed=tuple(code for name, code in before.items() if name not in after),
        changed=tuple(CodeChange(name=code.name, fields=_field_changes(was, code)) for was, code in both if was != code),
        label=(old.label, new.label) if old.label != new.label else None,
        scheme=(old.scheme, new.scheme) if old.scheme != new.scheme else None,
        reordered=_reordered(list(before), list(after)),
    )


def _field_changes(old: Code, new: Code) -> tuple[FieldChange, ...]:
    pairs = ((name, _text(old, name), _text(new, name)) for name in ("parent", *TEXT_FIELDS))
    return tuple(FieldChange(field=name, before=before, after=after) for name, before, after in pairs if before != after)


def _text(code: Code, name: str) -> str:
    value: str | None = getattr(code, name)
    return value or ""


def _reordered(before: list[str], after: list[str]) -> bool:
    kept = set(before) & set(after)
    return [name for name in before if name in kept] != [name for name in after if name in kept]
