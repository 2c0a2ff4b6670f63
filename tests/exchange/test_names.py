import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.corpus.characters import name_fault
from service.exchange.names import safe_file_name, suffix_of


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd%00.txt", "passwd_00.txt"),
        ("C:\\Users\\me\\a.txt", "a.txt"),
        (".htaccess", "htaccess"),
        ("..", "document"),
        ("", "document"),
        ("a/", "document"),
        ("a\r\nSet-Cookie: x.csv", "a__Set-Cookie_ x.csv"),
        ("x\u202etxt.exe", "x_txt.exe"),
        ("<b>'\".md", "_b_'_.md"),
        ("interview-é.txt", "interview-é.txt"),
        ("a\ud800.txt", "a_.txt"),
        ("a" * 300 + ".jsonl", "a" * 194 + ".jsonl"),
    ],
)
def test_a_file_name_becomes_safe(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


@given(st.text(st.characters(), max_size=300))
def test_every_file_name_becomes_a_name_that_can_be_stored(name: str) -> None:
    safe = safe_file_name(name)
    assert name_fault(safe) is None
    assert not set(safe) & set("/\\%\x00")
    assert safe_file_name(safe) == safe


def test_an_extension_is_short_and_in_lower_case() -> None:
    assert [suffix_of(name) for name in ("a.CSV", "a", "a." + "x" * 50)] == [".csv", "", ""]
