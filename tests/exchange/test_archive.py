"""Archives: the same files give the same bytes, and a member that was changed is named."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import BadInput
from service.exchange.archive import MANIFEST, read_archive, write_archive

FORM = "tests 1"
MEMBERS = {"b.txt": b"second", "a.txt": b"first"}


@given(st.dictionaries(st.text("abc", min_size=1).map(lambda name: name + ".txt"), st.binary(), max_size=4))
def test_what_was_written_is_read_back_and_the_bytes_are_the_same_again(members: dict[str, bytes]) -> None:
    data = write_archive(FORM, {"x": "y"}, members)
    manifest, found = read_archive("f.zip", data, FORM)
    assert (found, manifest.about) == (members, {"x": "y"})
    assert write_archive(FORM, {"x": "y"}, dict(reversed(members.items()))) == data


def test_members_are_sorted_and_have_one_time() -> None:
    with zipfile.ZipFile(io.BytesIO(write_archive(FORM, {}, MEMBERS))) as file:
        assert file.namelist() == [MANIFEST, "a.txt", "b.txt"]
        assert {info.date_time for info in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("members", "says"),
    [
        pytest.param({"a.txt": b"First", "b.txt": b"second"}, "a.txt", id="another content"),
        pytest.param({"a.txt": b"first"}, "b.txt", id="a member less"),
        pytest.param({**MEMBERS, "c.txt": b""}, "c.txt", id="a member more"),
    ],
)
def test_a_member_that_is_not_the_manifests_is_named(members: dict[str, bytes], says: str) -> None:
    with zipfile.ZipFile(io.BytesIO(write_archive(FORM, {}, MEMBERS))) as file:
        manifest = file.read(MANIFEST)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in {MANIFEST: manifest, **members}.items():
            file.writestr(name, data)
    with pytest.raises(BadInput, match=says):
        read_archive("f.zip", out.getvalue(), FORM)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(BadInput, match="zip"):
        read_archive("f.zip", data, FORM)


@given(st.data())
def test_a_changed_byte_is_refused_or_changes_nothing(data: st.DataObject) -> None:
    whole = bytearray(write_archive(FORM, {}, MEMBERS))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        _, found = read_archive("f.zip", bytes(whole), FORM)
    except BadInput:
        return
    assert found == MEMBERS


def test_another_format_and_a_name_twice_are_refused() -> None:
    with pytest.raises(BadInput, match="tests 1"):
        read_archive("f.zip", write_archive(FORM, {}, MEMBERS), "tests 2")
    out = io.BytesIO(write_archive(FORM, {}, MEMBERS))
    with zipfile.ZipFile(out, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("a.txt", b"first")
    with pytest.raises(BadInput, match="twice"):
        read_archive("f.zip", out.getvalue(), FORM)
