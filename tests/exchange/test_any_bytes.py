import csv
import io
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.codebook.model import validate
from service.errors import Refusal
from service.exchange.codebooks import read_codebook
from service.exchange.codings import CodingOptions, read_codings
from service.exchange.documents import DocumentOptions, read_documents
from service.exchange.rows import read_table

T = TypeVar("T")

# Pieces that mean something to one of the readers, so that the faults lie deep as well as at the first byte.
OF_TABLES = [b"text", b"code", b"unit,coder,code", b"parent", b"variable", b"scheme", b",", b'"', b'""', b"'=", b"1"]
OF_JSON = [b"{", b"}", b"[", b":", b'{"text":', b'"a"', b"\\ud800", b"null"]
OF_TEXTS = [b"\n", b"\r\n", b"\r", b" ", b"\t", b"\xef\xbb\xbf", b"\xff", b"\x00", "👩‍👩‍👧".encode(), b"e\xcc\x81"]
pieces = st.lists(st.sampled_from([*OF_TABLES, *OF_JSON, *OF_TEXTS]), max_size=14).map(b"".join)
files = st.binary(max_size=60) | pieces
columns = st.sampled_from([None, "code", "1", "\ud800"])


def read_or_refused(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except Refusal as refusal:
        # What a page, a log line and a terminal can show.
        if refusal.detail.encode().decode().isprintable():
            return None
        raise


@given(st.sampled_from(["a.txt", "a.md", "a.csv", "a.jsonl"]), files, columns, columns)
def test_any_file_is_read_whole_or_refused(name: str, data: bytes, document: str | None, label: str | None) -> None:
    how = DocumentOptions(document_column=document, label_column=label)
    documents = read_or_refused(lambda: read_documents(name, data, how))
    assert documents is None or all(document.text.encode() and document.spans for document in documents)


@given(st.sampled_from(["a.csv", "a.json"]), files)
def test_any_codebook_is_valid_or_refused(name: str, data: bytes) -> None:
    book = read_or_refused(lambda: read_codebook(name, data))
    assert book is None or validate(book) is book


@given(files)
def test_any_codings_are_read_or_refused(data: bytes) -> None:
    rows = read_or_refused(lambda: read_codings("a.csv", data, CodingOptions()))
    assert rows is None or all(row.unit and row.coder for row in rows)


@given(st.lists(st.sampled_from(["a", ",", '"', '""', "\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "👩"]), max_size=20).map("".join))
def test_lines_end_where_they_do_in_a_text_file(text: str) -> None:
    rows = read_or_refused(lambda: [row.cells for row in read_table("a.csv", text.encode()).rows])
    if rows is not None:
        records = [cells for cells in csv.reader(io.StringIO(text, newline=""), strict=True) if cells]
        assert rows == [cells for cells in records[1:] if len(cells) == 1 or any(cells)]


def documents_of(name: str) -> object:
    return read_documents(name, b"", DocumentOptions())


def codings_of(name: str) -> object:
    return read_codings(name, b"", CodingOptions())


def codebook_of(name: str) -> object:
    return read_codebook(name, b"")


@pytest.mark.parametrize("read", [documents_of, codings_of, codebook_of])
def test_a_refusal_names_the_file(read: Callable[[str], object]) -> None:
    with pytest.raises(Refusal, match=r"^a\.csv: "):
        read("x/a.csv")
