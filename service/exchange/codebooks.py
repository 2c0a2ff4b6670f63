"""Codebooks as CSV (one row a code, for spreadsheets) and JSON (the whole structure); both round-trip exactly."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from service.codebook.model import TEXT_FIELDS, Code, Codebook, Scheme, Variable, validate
from service.corpus.characters import is_blank
from service.errors import BadInput
from service.exchange.cells import restored
from service.exchange.names import safe_file_name, suffix_of
from service.exchange.objects import read_json
from service.exchange.rows import Row, Table, read_table
from service.exchange.source import at, at_line, bad, quoted, text_of
from service.exchange.tables import write_table

CODEBOOK_COLUMNS = ("variable", "variable_label", "scheme", "code", "parent", *TEXT_FIELDS)
DEFAULT_VARIABLE = "code"
DEFAULT_SCHEME = Scheme.ONE_CODE
_LONGEST_MESSAGE = 300


@dataclass(slots=True)
class _Reading:
    """A variable while its rows come in; label and scheme may stand on any of them but must not differ."""

    label: str = ""
    scheme: Scheme | None = None
    codes: list[Code] = field(default_factory=list[Code])


def read_codebook(name: str, data: bytes) -> Codebook:
    """Read and validate a whole codebook, or refuse it with one message that names the file and the place."""
    file = safe_file_name(name)
    reader = _READERS.get(suffix_of(file))
    if reader is None:
        raise bad(file, "", f"the extension says what a file is; a codebook can be {' or '.join(_READERS)}.")
    codebook = reader(file, data)
    try:
        return validate(codebook)
    except BadInput as refusal:
        raise bad(file, "", refusal.detail) from None


def write_codebook_csv(codebook: Codebook) -> bytes:
    """Write one row a code, with variable, label and scheme on each row."""
    return write_table(CODEBOOK_COLUMNS, (_cells(variable, code) for variable in codebook.variables for code in variable.codes))


def write_codebook_json(codebook: Codebook) -> bytes:
    """Write the structure that the API speaks, indented for people and for version control."""
    return msgspec.json.format(msgspec.json.encode(codebook), indent=2) + b"\n"


def _cells(variable: Variable, code: Code) -> list[str]:
    texts: list[str] = [getattr(code, name) for name in TEXT_FIELDS]
    return [variable.name, variable.label, variable.scheme.value, code.name, code.parent or "", *texts]


def _from_json(file: str, data: bytes) -> Codebook:
    try:
        return msgspec.convert(read_json(file, "", text_of(file, data, at_line)), Codebook)
    except UnicodeEncodeError:
        # msgspec cannot write its own message about such a key or scheme.
        raise bad(file, "", "a key or scheme holds half of a surrogate pair, which is no character.") from None
    except msgspec.ValidationError as error:
        raise bad(file, "", f"{_printable(str(error))}.") from None


def _printable(message: str) -> str:
    # It may quote an unknown key, which can be as long as the file and hold what no answer can be encoded with.
    short = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
    return short if short.isprintable() else ascii(short)


def _from_csv(file: str, data: bytes) -> Codebook:
    table = read_table(file, data)
    table.place_of("code")
    for name in table.header:
        if name not in CODEBOOK_COLUMNS:
            raise bad(file, at(1, name), f"a codebook has no such column; it may have {', '.join(CODEBOOK_COLUMNS)}.")
    return Codebook(variables=tuple(_variables(table)))


def _variables(table: Table) -> Iterable[Variable]:
    read: dict[str, _Reading] = {}
    for row in table.rows:
        cells = dict(zip(table.header, map(restored, row.cells), strict=True))
        _add(table.file, row, cells, read.setdefault(cells.get("variable", DEFAULT_VARIABLE), _Reading()))
    for name, variable in read.items():
        yield Variable(name=name, label=variable.label, scheme=variable.scheme or DEFAULT_SCHEME, codes=tuple(variable.codes))


def _add(file: str, row: Row, cells: Mapping[str, str], variable: _Reading) -> None:
    for column in ("variable", "code"):
        if is_blank(cells.get(column, DEFAULT_VARIABLE)):
            raise bad(file, at(row.number, column), f"the name of the {column} is empty.")
    scheme = _scheme(file, row, cells.get("scheme", ""))
    label = cells.get("variable_label", "")
    for column, before, now in (("scheme", variable.scheme, scheme), ("variable_label", variable.label, label)):
        if before and now and before != now:
            raise bad(file, at(row.number, column), "this differs from an earlier row of the same variable.")
    variable.scheme = variable.scheme or scheme
    variable.label = variable.label or label
    texts = {name: cells.get(name, "") for name in TEXT_FIELDS}
    variable.codes.append(Code(name=cells["code"], parent=cells.get("parent") or None, **texts))


def _scheme(file: str, row: Row, cell: str) -> Scheme | None:
    if cell and cell not in set(Scheme):
        known = ", ".join(Scheme)
        raise bad(file, at(row.number, "scheme"), f"{quoted(cell)} is no coding scheme; it can be {known}.")
    return Scheme(cell) if cell else None


_READERS: dict[str, Callable[[str, bytes], Codebook]] = {".csv": _from_csv, ".json": _from_json}
