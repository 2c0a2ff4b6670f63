import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import BadInput, TooLarge
from service.exchange.documents import DocumentOptions, Segmentation, column_names, read_documents
from service.exchange.source import MOST_BYTES

PLAIN = DocumentOptions()
ROWS = DocumentOptions(document_column="interview", label_column="speaker")
# What an excerpt may hold; the word in it must never turn up in a message.
SECRET = "Zaphod"
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30).map(lambda text: f"a{text}")


def table(*rows: tuple[str, ...]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def refusal(name: str, data: bytes, how: DocumentOptions = PLAIN) -> str:
    with pytest.raises(BadInput) as refused:
        read_documents(name, data, how)
    detail = refused.value.detail
    assert SECRET not in detail
    assert detail.isprintable()
    return detail


def test_a_text_is_one_document_of_paragraphs_and_stays_as_it_came() -> None:
    (document,) = read_documents("one.txt", "\ufeff 👩‍👩‍👧\r\nyes\r\n\r\n e\u0301 \r\n".encode(), PLAIN)
    assert (document.name, document.text) == ("one.txt", " 👩‍👩‍👧\r\nyes\r\n\r\n e\u0301 \r\n")
    assert document.excerpts == ("👩‍👩‍👧\r\nyes", "e\u0301")


def test_a_text_can_be_one_excerpt() -> None:
    (document,) = read_documents("ONE.MD", b"a\n\nb\n", DocumentOptions(segmentation=Segmentation.WHOLE))
    assert document.excerpts == ("a\n\nb",)


def test_a_table_is_one_document_named_after_the_file() -> None:
    data = table(("id", "text"), ("1", "first\r\nline, two"), ("2", " 'quoted' \"too\" "))
    (document,) = read_documents("C:\\x\\rows.csv", data, PLAIN)
    assert document.name == "rows.csv"
    assert document.text == "first\r\nline, two\n\n 'quoted' \"too\" "
    assert document.excerpts == ("first\r\nline, two", " 'quoted' \"too\" ")
    assert document.labels == ("", "")


def test_columns_that_samples_are_drawn_by_come_with_their_rows() -> None:
    how = DocumentOptions(document_column="interview", metadata_columns=("site", "wave"))
    data = table(("wave", "interview", "site", "text"), ("1", "B", " North ", "x"), ("2", "A", "", "y"), ("", "B", "South", "z"))
    b, a = read_documents("rows.csv", data, how)
    assert b.metadata == {"site": ("North", "South"), "wave": ("1", "")}
    assert a.metadata == {"site": ("",), "wave": ("2",)}
    lines = b'{"text": "x", "interview": "B", "site": "North", "wave": 1}\n{"text": "y", "interview": "B", "site": null, "wave": 2}\n'
    (same,) = read_documents("rows.jsonl", lines, how)
    assert same.metadata == {"site": ("North", ""), "wave": ("1", "2")}


@pytest.mark.parametrize(
    ("name", "data", "columns", "said"),
    [
        pytest.param("rows.csv", table(("text",), ("x",)), ("site",), "site", id="no such column"),
        pytest.param("rows.csv", table(("text", "site"), ("x", "a\nb")), ("site",), 'row 2, column "site"', id="a value of two lines"),
        pytest.param("rows.csv", table(("text", "site"), ("x", "a" * 201)), ("site",), "longer than 200", id="a long value"),
        pytest.param("rows.csv", table(("text", "site"), ("x", "a")), ("site", "site"), "named twice", id="named twice"),
        pytest.param("rows.jsonl", b'{"text": "x", "site": [1]}', ("site",), "neither a text", id="a list"),
        pytest.param("rows.txt", b"x", ("site",), "no columns", id="a plain text"),
    ],
)
def test_columns_that_cannot_be_read_are_refused(name: str, data: bytes, columns: tuple[str, ...], said: str) -> None:
    assert said in refusal(name, data, DocumentOptions(metadata_columns=columns))


@pytest.mark.parametrize(
    ("listed", "names"),
    [("", ()), (" , ", ()), ("site", ("site",)), (" site ,wave ", ("site", "wave")), ('"site, ward", wave', ("site, ward", "wave"))],
)
def test_names_of_columns_are_read_as_a_header_is(listed: str, names: tuple[str, ...]) -> None:
    assert column_names(listed) == names


def test_rows_are_grouped_into_documents_in_order_of_first_appearance() -> None:
    data = table(("interview", "speaker", "text"), ("B", "Ann", "1"), ("A", "", "2"), ("B", "Bob", "3"))
    b, a = read_documents("rows.csv", data, ROWS)
    assert (b.name, b.excerpts, b.labels) == ("B", ("1", "3"), ("Ann", "Bob"))
    assert (a.name, a.excerpts, a.labels) == ("A", ("2",), ("",))


def test_json_lines_say_the_same_as_a_table() -> None:
    lines = [{"text": "1", "interview": 7, "speaker": "Ann"}, {"text": "2", "interview": 7, "speaker": None, "other": [1.5]}]
    data = "\r\n\r\n".join(json.dumps(line) for line in lines).encode()
    rows = table(("interview", "speaker", "text"), ("7", "Ann", "1"), ("7", "", "2"))
    assert read_documents("a.jsonl", data, ROWS) == read_documents("a.csv", rows, ROWS)


def test_blank_lines_and_rows_of_commas_are_no_rows() -> None:
    (document,) = read_documents("a.csv", b"\ntext,id\n\nyes,1\n,\n\n", PLAIN)
    assert document.excerpts == ("yes",)


def test_a_column_without_a_name_is_left_alone() -> None:
    (document,) = read_documents("a.csv", b",,text\n1,2,yes\n", PLAIN)
    assert document.excerpts == ("yes",)


@given(st.lists(st.tuples(st.sampled_from(["A", "e\u0301", "\u00e9"]), texts), min_size=1, max_size=8))
def test_every_cell_comes_back_exactly_in_both_formats(rows: list[tuple[str, str]]) -> None:
    how = DocumentOptions(document_column="d")
    as_table = read_documents("a.csv", table(("d", "text"), *rows), how)
    as_lines = read_documents("a.jsonl", "\n".join(json.dumps({"d": name, "text": text}) for name, text in rows).encode(), how)
    assert as_table == as_lines
    assert {document.name: list(document.excerpts) for document in as_table} == {
        name: [text for other, text in rows if other == name] for name, _ in rows
    }


def test_apostrophes_in_a_table_of_others_belong_to_the_text() -> None:
    (document,) = read_documents("a.csv", table(("text",), ("'=not ours",)), PLAIN)
    assert document.excerpts == ("'=not ours",)


LONG_LINE = b"x" * 10_000_000


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        pytest.param("a.csv", b"id,txt\n1,Zaphod", 'a.csv: there is no column "text"; there are "id", "txt".', id="wrong column"),
        pytest.param("a.csv", b"text;id\nZaphod;1", "separated by semicolons", id="semicolons"),
        pytest.param("a.csv", b"I am Zaphod and this is my long story of home\nmore", "Does the first row hold the names", id="no header"),
        pytest.param("a.csv", b"text,id\nok,1\nZaph\xffod,2", 'a.csv, row 3, column "text", byte 17: this is not', id="encoding of a cell"),
        pytest.param("a.csv", b'text,id\n"a\n\nb",1\nc,"\xe9"', 'row 3, column "id", byte 20', id="encoding after line ends in cells"),
        pytest.param("a.csv", b"\xef\xbb\xbft\xffext", "a.csv, row 1, byte 4", id="encoding of the header"),
        pytest.param("a.csv", b"x" * 200_000 + b"\n\xff", "a.csv, line 2, byte 200001", id="encoding after a cell that is too long"),
        pytest.param("a.csv", "text\nZaphod".encode("utf-16"), "a.csv: the file is in UTF-16", id="UTF-16"),
        pytest.param("a.csv", b"PK\x03\x04...", "is a spreadsheet", id="renamed XLSX"),
        pytest.param("a.csv", b"", "a.csv: the file is empty", id="empty"),
        pytest.param("a.csv", b"\xef\xbb\xbf \r\n", "a.csv: the file is empty", id="only a byte order mark"),
        pytest.param("a.csv", b"text\n\n", "a.csv: there is no row below the header", id="only a header"),
        pytest.param("a.csv", b"id,text\n1,Zaphod\n2, \n", 'a.csv, row 3, column "text": the text is empty', id="blank cell"),
        pytest.param("a.csv", b'text\n""\n', 'a.csv, row 2, column "text": the text is empty', id="blank cell of one column"),
        pytest.param("a.csv", b"id,text\n1,Zap\x00hod\n", 'a.csv, row 2, column "text": there is a NUL', id="NUL"),
        pytest.param("a.csv", b"id,text\n1,Zaphod\n2\n", 'a.csv, row 3, column "text": the row ends before', id="short row"),
        pytest.param("a.csv", b"id,text\n1,Zaphod, yes\n", 'a.csv, row 2, column "text": the row goes on after', id="long row"),
        pytest.param("a.csv", b"text,id,text\na,b,c\n", 'a.csv, row 1, column "text": this column is there twice', id="duplicate header"),
        pytest.param("a.csv", b'id,text\n1,"Zaphod\n', 'a.csv, row 2, column "text": a quotation mark is opened', id="open quote"),
        pytest.param("a.csv", b'id,text\n"1"2,Zaphod\n', 'a.csv, row 2, column "id": a quotation mark stands inside', id="quote inside"),
        pytest.param("a.csv", b"id,text\n1," + LONG_LINE, 'a.csv, row 2, column "text": a cell is far too long', id="10 MB line in CSV"),
        pytest.param("a.csv", b'text\n"Zaphod"\n"' + LONG_LINE, 'row 3, column "text": a cell is far', id="10 MB in quotation marks"),
        pytest.param("a.csv", b"text\n" + b"x" * 100_001, 'a.csv, row 2, column "text": the text is longer', id="long excerpt"),
        pytest.param("a.jsonl", b'\n{"txt": "Zaphod"}', 'a.jsonl, line 2: there is no key "text"; there are "txt".', id="wrong key"),
        pytest.param("a.jsonl", b'{"text": "a"}\n{"text": Zaphod}', "a.jsonl, line 2, character 10: this is not JSON", id="bad JSON"),
        pytest.param("a.jsonl", b'{"text": "a"} {"text": "Zaphod"}', "a.jsonl, line 1, character 15", id="two objects in a line"),
        pytest.param("a.jsonl", b'["Zaphod"]', "a.jsonl, line 1: this is not a JSON object", id="no object"),
        pytest.param("a.jsonl", b'{"text": 3}', 'a.jsonl, line 1, key "text": the value is not a text', id="number for a text"),
        pytest.param("a.jsonl", b'{"text": "\\ud83d"}', 'line 1, key "text": the text holds half of a surrogate', id="lone surrogate"),
        pytest.param("a.jsonl", b'{"text": "Zaphod\\u0000"}', 'line 1, key "text": the text holds a NUL', id="escaped NUL"),
        pytest.param("a.jsonl", b'{"text": "a", "text": "Zaphod"}', 'line 1: the key "text" is there twice', id="duplicate key"),
        pytest.param("a.jsonl", b'{"text": NaN}', "line 1: this JSON", id="NaN"),
        pytest.param("a.jsonl", b'{"text": ' + b"9" * 5_000 + b"}", "line 1: this JSON", id="huge number"),
        pytest.param("a.jsonl", b"[" * 200_000, "line 1: this JSON is nested too deeply", id="deep nesting"),
        pytest.param("a.jsonl", b'{"text": "a"}\n\xff', "a.jsonl, line 2, byte 14: this is not UTF-8", id="encoding of a line"),
        pytest.param("a.jsonl", b'{"text": "a"}\n' + LONG_LINE, "a.jsonl, line 2: the line is longer", id="10 MB line of JSON"),
        pytest.param("a.txt", b"Zaphod\n" + LONG_LINE, "a.txt, line 2: the line is longer", id="10 MB line of text"),
        pytest.param("a.txt", b"Zaphod\r\n\r\n" + b"word\r\n" * 20_000, "a.txt, line 3: the excerpt that begins here", id="long paragraph"),
        pytest.param("a.txt", b"Zaphod\r\n\x00", "a.txt, line 2: there is a NUL", id="NUL in a text"),
        pytest.param("a.txt", "\u200b\n".encode(), "a.txt: there is no text to code", id="nothing to see"),
        pytest.param("a.docx", b"Zaphod", "a.docx: the extension says what a file is; it can be .txt, .md, .csv, .jsonl", id="extension"),
        pytest.param("../../etc/passwd%00.txt", b"", "passwd_00.txt: the file is empty", id="path in the file name"),
        pytest.param("a\n\x1b[31m.txt", b"", "a__[31m.txt: the file is empty", id="control characters in the file name"),
    ],
)
def test_bad_input_is_one_message_that_names_the_place(name: str, data: bytes, message: str) -> None:
    assert message in refusal(name, data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"interview,text\nA,Zaphod", 'there is no column "speaker"', id="no label column"),
        pytest.param(b"interview,speaker,text\nA,Ann,Zaphod\n,Ann,Zaphod", 'row 3, column "interview": the document', id="no name"),
        pytest.param(b'interview,speaker,text\nA,"An\nn",Zaphod', 'row 2, column "speaker": the label holds', id="line end in a label"),
    ],
)
def test_bad_names_and_labels_are_named(data: bytes, message: str) -> None:
    assert message in refusal("a.csv", data, ROWS)


def test_bad_names_in_json_lines_are_named() -> None:
    message = 'a.jsonl, line 1, key "interview": the value is neither a text nor a whole number'
    assert message in refusal("a.jsonl", b'{"text": "a", "interview": true, "speaker": null}', ROWS)
    assert "the document's name is empty" in refusal("a.jsonl", b'{"text": "a", "interview": null, "speaker": null}', ROWS)


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge, match="larger than 100 MB"):
        read_documents("a.txt", bytes(MOST_BYTES + 1), PLAIN)


def test_many_columns_are_not_all_listed() -> None:
    message = refusal("a.csv", table(tuple(f"c{n}" for n in range(1_000)), ("x",) * 1_000))
    assert '"c19", …' in message
    assert "c20" not in message
