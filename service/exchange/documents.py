"""Files that hold what is coded: plain text and Markdown by paragraph, CSV and JSON Lines one row an excerpt."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from service.corpus.characters import is_blank, name_fault, storing_fault
from service.corpus.model import LONGEST_EXCERPT, LONGEST_LABEL, NewDocument, Span
from service.corpus.segmentation import paragraphs, whole
from service.errors import BadInput
from service.exchange.cells import restored
from service.exchange.names import safe_file_name, suffix_of
from service.exchange.objects import read_object
from service.exchange.rows import Table, missing, read_table
from service.exchange.source import at, at_line, bad, check_lines, quoted, text_of
from service.exchange.tables import EXCERPT_COLUMNS

_BETWEEN_ROWS = "\n\n"


class Segmentation(StrEnum):
    """How a text without rows is cut."""

    PARAGRAPHS = "paragraphs"
    WHOLE = "whole"


class DocumentOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the columns (CSV) or keys (JSON Lines) mean, and how a plain text is cut.

    Rows with the same value of ``document_column`` make one document, in order of first appearance; without it the file is one.
    ``label_column`` is what the source calls the row, such as a speaker or an id; ``metadata_columns`` are what samples can be
    drawn by, such as a site or a wave.
    """

    text_column: str = "text"
    document_column: str | None = None
    label_column: str | None = None
    metadata_columns: tuple[str, ...] = ()
    segmentation: Segmentation = Segmentation.PARAGRAPHS


@dataclass(frozen=True, slots=True)
class _Row:
    place: str
    columns_are: str
    text: str
    document: str
    label: str
    metadata: tuple[str, ...]


class _Growing:
    """A document while its rows are read, by columns: a file may have a million rows."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.texts: list[str] = []
        self.labels: list[str] = []
        self.metadata: dict[str, list[str]] = {column: [] for column in columns}

    def add(self, row: _Row) -> None:
        self.texts.append(row.text)
        self.labels.append(row.label)
        for values, value in zip(self.metadata.values(), row.metadata, strict=True):
            values.append(value)

    def whole(self, name: str) -> NewDocument:
        metadata = {column: tuple(values) for column, values in self.metadata.items()}
        return NewDocument(name, _BETWEEN_ROWS.join(self.texts), tuple(_spans(self.texts)), tuple(self.labels), metadata)


def column_names(listed: str) -> tuple[str, ...]:
    """Read names separated by commas, as in the header of a CSV file: a name that has a comma itself stands in quotes."""
    return tuple(name.strip() for line in csv.reader([listed], skipinitialspace=True) for name in line if name.strip())


def read_documents(name: str, data: bytes, how: DocumentOptions) -> tuple[NewDocument, ...]:
    """Read a whole file, or refuse it with one message that names file, row and column; never a part of it."""
    file = safe_file_name(name)
    if len(set(how.metadata_columns)) != len(how.metadata_columns):
        message = "A metadata column is named twice. Name each once."
        raise BadInput(message)
    reader = _READERS.get(suffix_of(file))
    if reader is None:
        raise bad(file, "", f"the extension says what a file is; it can be {', '.join(_READERS)}.")
    return reader(file, data, how)


def _plain(file: str, data: bytes, how: DocumentOptions) -> tuple[NewDocument, ...]:
    text = text_of(file, data, at_line)
    check_lines(file, text)
    if how.metadata_columns:
        raise bad(file, "", "a text has no columns. Name metadata columns for .csv and .jsonl files only.")
    spans = paragraphs(text) if how.segmentation is Segmentation.PARAGRAPHS else whole(text)
    if not spans:
        raise bad(file, "", "there is no text to code.")
    if long := next((span for span in spans if span.end - span.start > LONGEST_EXCERPT), None):
        fault = f"the excerpt that begins here is longer than {LONGEST_EXCERPT:,} characters. Put blank lines between paragraphs."
        raise bad(file, at_line(text[: long.start]), fault)
    return (NewDocument(file, text, spans),)


def _csv(file: str, data: bytes, how: DocumentOptions) -> tuple[NewDocument, ...]:
    return _documents(file, how, _table_rows(read_table(file, data), how))


def _table_rows(table: Table, how: DocumentOptions) -> Iterable[_Row]:
    columns = (how.text_column, how.document_column, how.label_column, *how.metadata_columns)
    places = [None if name is None else table.place_of(name) for name in columns]
    # Only a file that this service wrote has guards; in any other an apostrophe belongs to the text.
    clean = restored if set(EXCERPT_COLUMNS) <= set(table.header) else str
    for row in table.rows:
        text, document, label, *rest = ("" if place is None else clean(row.cells[place]) for place in places)
        yield _Row(at(row.number), "column", text, document, label, tuple(value.strip() for value in rest))


def _jsonl(file: str, data: bytes, how: DocumentOptions) -> tuple[NewDocument, ...]:
    text = text_of(file, data, at_line)
    check_lines(file, text)
    lines = enumerate(text.split("\n"), 1)
    return _documents(file, how, (_object_row(file, f"line {number}", line, how) for number, line in lines if line.strip()))


def _object_row(file: str, place: str, line: str, how: DocumentOptions) -> _Row:
    fields = read_object(file, place, line)
    text = _value(file, place, fields, how.text_column)
    if not isinstance(text, str):
        raise bad(file, f"{place}, key {quoted(how.text_column)}", "the value is not a text.")
    document, label, *rest = (_name(file, place, fields, key) for key in (how.document_column, how.label_column, *how.metadata_columns))
    return _Row(place, "key", text, document, label, tuple(value.strip() for value in rest))


def _value(file: str, place: str, fields: Mapping[str, object], key: str) -> object:
    if key not in fields:
        raise missing(f"{file}, {place}", "key", key, list(fields))
    return fields[key]


def _name(file: str, place: str, fields: Mapping[str, object], key: str | None) -> str:
    value = None if key is None else _value(file, place, fields, key)
    match value:
        case None:
            return ""
        case str():
            return value
        case int() if not isinstance(value, bool):
            return str(value)
        case _:
            raise bad(file, f"{place}, key {quoted(key or '')}", "the value is neither a text nor a whole number.")


def _documents(file: str, how: DocumentOptions, rows: Iterable[_Row]) -> tuple[NewDocument, ...]:
    growing: dict[str, _Growing] = {}
    for row in rows:
        _check(file, row, how)
        name = file if how.document_column is None else row.document
        if name not in growing:
            growing[name] = _Growing(how.metadata_columns)
        growing[name].add(row)
    if not growing:
        raise bad(file, "", "there is no row below the header, so no excerpt.")
    return tuple(document.whole(name) for name, document in growing.items())


def _check(file: str, row: _Row, how: DocumentOptions) -> None:
    if fault := _text_fault(row.text):
        raise _cell(file, row, how.text_column, fault)
    if how.document_column is not None and (fault := name_fault(row.document)):
        raise _cell(file, row, how.document_column, f"the document's name {fault}.")
    if how.label_column is not None and row.label and (fault := name_fault(row.label, longest=LONGEST_LABEL)):
        raise _cell(file, row, how.label_column, f"the label {fault}.")
    for column, value in zip(how.metadata_columns, row.metadata, strict=True):
        if value and (fault := name_fault(value, longest=LONGEST_LABEL)):
            raise _cell(file, row, column, f"the value {fault}.")


def _text_fault(text: str) -> str | None:
    if len(text) > LONGEST_EXCERPT:
        return f"the text is longer than {LONGEST_EXCERPT:,} characters. Cut it into several rows."
    if is_blank(text):
        return "the text is empty. Fill it in or delete the row."
    fault = storing_fault(text)
    return f"the text {fault}." if fault else None


def _cell(file: str, row: _Row, column: str, fault: str) -> BadInput:
    return bad(file, f"{row.place}, {row.columns_are} {quoted(column)}", fault)


def _spans(texts: Iterable[str]) -> Iterator[Span]:
    start = 0
    for text in texts:
        yield Span(start, start + len(text))
        start += len(text) + len(_BETWEEN_ROWS)


_READERS: dict[str, Callable[[str, bytes, DocumentOptions], tuple[NewDocument, ...]]] = {
    ".txt": _plain,
    ".md": _plain,
    ".csv": _csv,
    ".jsonl": _jsonl,
}
