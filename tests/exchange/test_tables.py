import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.exchange.cells import guarded, restored
from service.exchange.codings import CodingOptions, read_codings
from service.exchange.documents import DocumentOptions, read_documents
from service.exchange.tables import write_codings, write_excerpts, write_table

cells = st.text(st.sampled_from("=+-@'\";,\t\r\n\uff1d a1é"), max_size=12)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+A1", "'+A1"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ('"=1', "'\"=1"),
        ("fine;=1+1", "fine;'=1+1"),
        ('fine;"=1+1', "fine;'\"=1+1"),
        ("rules:\n- one\n- two", "rules:\n'- one\n'- two"),
    ],
)
def test_what_a_spreadsheet_would_run_is_guarded(cell: str, written: str) -> None:
    assert guarded(cell) == written
    assert restored(written) == cell


@pytest.mark.parametrize("cell", ["", "Bridging Out", "it's", "'quoted'", "a-b", "a=b", "-1", "+2.5", "-0", "x@y.org", ";-", "- x"[2:]])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert restored(guarded(cell)) == cell
    assert guarded(cell) == cell or cell == ";-"


@given(cells)
def test_every_cell_is_restored(cell: str) -> None:
    assert restored(guarded(cell)) == cell


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=4), st.sampled_from(",;\t"))
def test_no_cell_is_a_formula_whatever_separator_the_spreadsheet_takes(rows: list[tuple[str, str]], separator: str) -> None:
    written = write_table(("a", "b"), rows).decode()
    for record in csv.reader(io.StringIO(written, newline=""), delimiter=separator):
        for cell in record:
            # A number, and one with the commas of a line that was cut elsewhere, is nothing that runs.
            assert not re.match(r"[=+\-@\uff1d]", cell) or re.fullmatch(r"[+-]?[0-9]+(,.*)?", cell, re.DOTALL)


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    assert write_table(("a", "b", "c", "d"), [(-1, 0.5, None, "x")]) == b"a,b,c,d\r\n-1,0.5,,x\r\n"


@given(
    st.lists(st.fixed_dictionaries({name: cells.map("x".__add__) for name in ("unit", "coder", "variable")} | {"code": cells}), max_size=5)
)
def test_exported_codings_are_read_back_exactly(rows: list[dict[str, str]]) -> None:
    once = {tuple(row[name] for name in ("unit", "coder", "variable")): {**row, "round": 1} for row in rows}
    data = write_codings(once.values(), extra=("round",))
    if once:
        read = read_codings("codings.csv", data, CodingOptions())
        assert [(row.unit, row.coder, row.variable, row.code) for row in read] == [(*key, row["code"]) for key, row in once.items()]
    assert data.startswith(b"unit,coder,variable,code,round\r\n")


def test_exported_excerpts_are_read_back_exactly() -> None:
    texts = ["=SUM(A1)", "'=it", "- one\r\n- two; -three", "\ttab", 'a,"b"', "-1"]
    names = ["@home", "=2", "é", "'-", "a", "a"]
    rows = [
        {"excerpt": f"e{n}", "document": name, "start": 0, "end": len(text), "label": f"-{n}x", "text": text}
        for n, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    how = DocumentOptions(document_column="document", label_column="label")
    read = read_documents("excerpts.csv", write_excerpts(rows), how)
    assert [document.name for document in read] == list(dict.fromkeys(names))
    assert [text for document in read for text in document.excerpts] == texts
    assert [label for document in read for label in document.labels] == [f"-{n}x" for n in range(6)]
