import pytest

from service.corpus.characters import is_blank, name_fault, storing_fault, text_fault, twin_key


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param(" \u200b\ufeff", "is empty", id="nothing to see"),
        pytest.param("a\x00", "NUL", id="NUL"),
        pytest.param("a\ud800", "surrogate", id="lone surrogate"),
        pytest.param("a\nb", "control", id="line end"),
        pytest.param("a\u202eb", "direction", id="right-to-left override"),
        pytest.param("a" * 201, "longer than 200", id="too long"),
        pytest.param(" a", "white space", id="space before"),
        pytest.param("a\u00a0", "white space", id="no-break space after"),
    ],
)
def test_a_name_that_is_refused(name: str, fault: str) -> None:
    assert fault in (name_fault(name) or "")


@pytest.mark.parametrize("name", ["Bridging Out", "a" * 200, "مرافقة", "e\u0301", "👩‍👩‍👧", "-1", "=A1", "שלום\u200f"])
def test_a_name_that_is_kept(name: str) -> None:
    assert name_fault(name) is None


def test_a_text_may_have_line_ends_and_tabs_but_no_other_control() -> None:
    assert text_fault("- one\r\n\t- two", longest=20) is None
    assert "control" in (text_fault("a\x07", longest=20) or "")
    assert "longer than 20" in (text_fault("a" * 21, longest=20) or "")
    assert "NUL" in (text_fault("\x00", longest=20) or "")


def test_a_stored_text_may_hold_what_both_databases_keep() -> None:
    assert storing_fault("bell \x07, U+FFFE \ufffe, emoji 👩‍👩‍👧, \r\n") is None


@pytest.mark.parametrize(
    ("one", "other"), [("é", "e\u0301"), ("Trust", "TRUST"), ("a  b", "a b"), ("Straße", "STRASSE"), ("a\u00a0b", "a b")]
)
def test_twins_have_one_key(one: str, other: str) -> None:
    assert twin_key(one) == twin_key(other)


def test_different_names_have_different_keys() -> None:
    assert len({twin_key(name) for name in ("e", "é", "true", "false", "true ?")}) == 5


def test_a_visible_character_is_not_blank() -> None:
    assert not is_blank("\u200b \u0301")
    assert is_blank("\u2028\x07\t")
