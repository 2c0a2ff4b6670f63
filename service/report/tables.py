"""The files of an export: codings in the long format that ``intercoder agree`` reads, and the excerpts they are of."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from service.coding.model import Answer, Coding, PersonId
from service.coding.model_coders import ModelCoder, ModelCoding
from service.exchange.tables import Cell, write_codings, write_excerpts

OCCASION = "occasion"
EXTRA = ("start", "end", OCCASION, "sequence", "at", "provenance", "confidence", "memo", "flag")
"""``start`` and ``end`` are there for spans only: offsets in the excerpt's text, half-open, in code points."""


class Shown(Protocol):
    """What the table of excerpts shows of one."""

    @property
    def id(self) -> str: ...
    @property
    def document(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def text(self) -> str: ...


def codings_table(codings: Iterable[Coding], coders: Mapping[PersonId, str], *, repeats_told: bool = True) -> bytes:
    """Write each assignment's last coding, one row a code; corrected codings are left out, the ledger has them.

    Without ``repeats_told`` nothing says which coding was a repeat: so a coder has the own ones while the round is open.
    """
    last = {coding.assignment_id: coding for coding in sorted(codings, key=lambda coding: coding.sequence)}
    extra = [name for name in EXTRA if repeats_told or name != OCCASION]
    rows = (row for coding in last.values() for row in _rows(coding, coders))
    return write_codings(({name: cell for name, cell in row.items() if repeats_told or name != OCCASION} for row in rows), extra)


def model_codings_table(codings: Iterable[ModelCoding], coders: Iterable[ModelCoder]) -> bytes:
    """Write what model coders gave, one row a code, in the same format and a file of its own; where one abstained there is no row."""
    names = {one.id: one.configuration.name for one in coders}
    rows = (
        {
            "unit": coding.given.excerpt,
            "coder": names[coding.model_coder_id],
            "variable": answer.variable,
            "code": code,
            "sequence": coding.sequence,
            "at": coding.at,
        }
        for coding in codings
        if coding.given is not None
        for answer in coding.given.answers
        for code in answer.codes or ("",)
    )
    return write_codings(rows, ("sequence", "at"))


def excerpts_table(excerpts: Iterable[Shown]) -> bytes:
    """Write excerpts with document and offsets."""
    return write_excerpts(
        {"excerpt": one.id, "document": one.document, "start": one.start, "end": one.end, "label": one.label, "text": one.text}
        for one in excerpts
    )


def _rows(coding: Coding, coders: Mapping[PersonId, str]) -> Iterable[dict[str, Cell]]:
    content = coding.content
    if content is None or content.skip is not None:
        return
    told: dict[str, Cell] = {
        "unit": coding.excerpt_id,
        "coder": coders[coding.person_id],
        OCCASION: coding.occasion,
        "sequence": coding.sequence,
        "at": coding.at,
        "provenance": coding.provenance.value,
        "confidence": content.confidence,
        "memo": content.memo,
        "flag": "yes" if content.flag else "",
    }
    for answer in content.answers:
        for code, start, end in _given(answer):
            yield told | {"variable": answer.variable, "code": code, "start": start, "end": end}


def _given(answer: Answer) -> Iterable[tuple[str, int | None, int | None]]:
    if answer.spans:
        return [(span.code, span.start, span.end) for span in answer.spans]
    return [(code, None, None) for code in answer.codes or ("",)]
