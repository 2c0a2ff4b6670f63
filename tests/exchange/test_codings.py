import gzip
from pathlib import Path

import pytest

from service.errors import BadInput
from service.exchange.codings import CodingOptions, CodingRow, read_codings, read_codings_of_one

LONG = CodingOptions()


def test_long_rows_are_read_by_name_and_an_empty_code_is_none_applies() -> None:
    data = b"coder,unit,variable,code,note\nann,u1,theme,A,x\nann,u1,theme,B,\nbob,u1,theme,,\n"
    assert read_codings("a.csv", data, LONG) == (
        CodingRow(2, "u1", "ann", "theme", "A"),
        CodingRow(3, "u1", "ann", "theme", "B"),
        CodingRow(4, "u1", "bob", "theme", ""),
    )


def test_without_a_variable_column_all_rows_are_of_one() -> None:
    (row,) = read_codings("a.csv", b"unit,coder,code\nu1,ann,A\n", LONG)
    assert row.variable == "code"


def test_names_are_compared_by_code_points_and_nothing_is_trimmed() -> None:
    data = "unit,coder,code\nu1,ann,\u00e9\nu1,ann,e\u0301\nu1,ann, \u00e9\nu1,ann,NA\n".encode()
    assert [row.code for row in read_codings("a.csv", data, LONG)] == ["\u00e9", "e\u0301", " \u00e9", "NA"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"unit,code\nu1,A\n", 'a.csv: there is no column "coder"; there are "unit", "code"', id="no coder column"),
        pytest.param(b"unit,coder,code\n", "a.csv: there is no row below the header", id="no row"),
        pytest.param(b"unit,coder,code\n ,ann,A\n", 'a.csv, row 2, column "unit": this is empty', id="no unit"),
        pytest.param(b"unit,coder,code\nu1,,A\n", 'a.csv, row 2, column "coder": this is empty', id="no coder"),
        pytest.param(b"unit,coder,variable,code\nu1,ann,,A\n", 'a.csv, row 2, column "variable": this is empty', id="no variable"),
        pytest.param(b"unit,coder,code\nu1,ann," + b"A" * 1_001, 'row 2, column "code": this is longer than 1,000', id="long code"),
        pytest.param(b"unit,coder,code\nu1,ann,A\nu1,ann,A\n", "a.csv, row 3: this is the same coding as in row 2", id="same row twice"),
        pytest.param(b"unit,coder,code\nu1,ann,A\nu1,ann,\n", "a.csv, row 3: this unit has a code and none", id="code and none"),
        pytest.param(b"unit,coder,code\nu1,ann,\nu1,ann,A\n", "none (an empty cell, row 2)", id="none and code"),
    ],
)
def test_bad_codings_are_one_message_that_names_the_place(data: bytes, message: str) -> None:
    with pytest.raises(BadInput) as refusal:
        read_codings("a.csv", data, LONG)
    assert message in refusal.value.detail


def test_a_named_variable_column_has_to_be_there() -> None:
    with pytest.raises(BadInput, match='no column "question"'):
        read_codings("a.csv", b"unit,coder,code\nu1,ann,A\n", CodingOptions(variable_column="question"))


def test_spans_are_read_where_they_are_asked_for() -> None:
    data = b"unit,coder,variable,code,start,end\nu1,ann,places,who,0,4\nu1,ann,places,who,6,9\nu1,ann,theme,A,,\nu2,ann,places,,,\n"
    rows = read_codings("a.csv", data, CodingOptions(spans=True))
    assert [(row.variable, row.code, row.span) for row in rows] == [
        ("places", "who", (0, 4)),
        ("places", "who", (6, 9)),
        ("theme", "A", None),
        ("places", "", None),
    ]
    other = b"unit,coder,code,start,end\nu1,ann,A,Monday,12:30\n"  # somebody else's columns
    assert read_codings("a.csv", other, LONG)[0].span is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"who,0,", 'row 2, column "end": a span has a start and an end', id="no end"),
        pytest.param(b"who,,4", 'row 2, column "start": a span has', id="no start"),
        pytest.param(b"who,-1,4", 'row 2, column "start": a span has', id="below 0"),
        pytest.param(b"who,1.5,4", "whole numbers", id="no whole number"),
        pytest.param(b"who,1," + b"9" * 10, "whole numbers", id="no text is so long"),
        pytest.param(b",0,4", 'row 2, column "code": a span needs a code', id="no code"),
        pytest.param(b"who,0,4\nu1,who,0,4", "row 3: this is the same coding as in row 2", id="twice"),
        pytest.param(b"who,0,4\nu1,,,", "row 3: this unit has a code and none", id="a span and none"),
    ],
)
def test_bad_spans_are_one_message_that_names_the_place(data: bytes, message: str) -> None:
    with pytest.raises(BadInput) as refusal:
        read_codings_of_one("a.csv", b"unit,code,start,end\nu1," + data + b"\n")
    assert message in refusal.value.detail


@pytest.mark.parametrize("column", ["unit", "excerpt", "text"])
def test_the_codings_of_one_name_units_by_id_or_text(column: str) -> None:
    long = "What Dario told us. " * 100
    rows = read_codings_of_one("a.csv", f'{column},code\n"{long}",A\nu2,\n'.encode())
    assert [(row.unit, row.variable, row.code, row.span) for row in rows] == [(long, "code", "A", None), ("u2", "code", "", None)]


def test_the_codings_of_one_are_of_one_coder() -> None:
    with pytest.raises(BadInput, match=r'row 3, column "coder": this is another coder'):
        read_codings_of_one("a.csv", b"unit,coder,code\nu1,ann,A\nu2,bob,A\n")
    assert len(read_codings_of_one("a.csv", b"unit,coder,code\nu1,ann,A\nu2,ann,A\n")) == 2


@pytest.mark.reference
def test_the_codings_of_a_published_study_are_read(reference_data: Path) -> None:
    data = gzip.decompress(next(reference_data.rglob("aifc/codings.csv.gz")).read_bytes())
    rows = read_codings("codings.csv", data, CodingOptions(unit_column="unit_id"))
    assert len(rows) == 1_680
    assert len({row.unit for row in rows}) == 80
    assert len({row.coder for row in rows}) == 3
