"""The quality report of suggestions: read from a file, told as a table, drawn."""

from xml.etree import ElementTree as ET

import pytest

from service.codebook.model import Scheme
from service.errors import BadInput
from service.report.quality import as_text, plot, read_resolved, told
from service.suggestion import Resolved
from service.suggestion.judging import judged, task_of
from tests.suggestion.test_fitting import ENCODER, codebook, resolved

COLUMNS = {"text": "text", "variable": "variable", "code": "code"}
BOOK = codebook(Scheme.ONE_CODE)


def test_long_rows_are_read_and_rows_without_a_code_left_out() -> None:
    found = read_resolved("a.csv", b"text,code\nrent,home\nnothing,\nshift,work\n", BOOK, **COLUMNS)
    assert found == (Resolved("topic", ("home",), "rent"), Resolved("topic", ("work",), "shift"))


def test_a_column_may_name_variables() -> None:
    assert read_resolved("a.csv", b"text,variable,code\nrent,tone,warm\n", BOOK, **COLUMNS) == (Resolved("tone", ("warm",), "rent"),)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadInput, match="text"):
        read_resolved("a.csv", b"excerpt,code\nrent,home\n", BOOK, **COLUMNS)


def test_table_and_plot() -> None:
    task = task_of(BOOK, "topic", resolved(60))
    found = told("topic", list(judged(task, ENCODER.encode, ENCODER.identity, 1)), model="hash", model_revision="1", seed=1)
    text = as_text(found)
    assert "topic: 60 excerpts, 3 codes; model hash, seed 1" in text
    assert "calibration error" in text
    assert "    work: precision" in text
    drawn = plot([found])
    ET.fromstring(drawn)  # noqa: S314 - our own
    assert "said and right" in drawn
