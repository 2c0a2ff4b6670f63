"""``intercoder leak-test`` as its user meets it, on a sound installation and on one with a planted leak."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.report.leak_test import FILE, LeakTest, read
from tests.blindness.leaks_replaced import own_door_without_its_coder


def ran(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["leak-test", *arguments], env={"INTERCODER_DATA_DIR": str(folder)})


def kept(folder: Path) -> LeakTest:
    result = read((folder / FILE).read_bytes())
    assert result is not None
    return result


def test_a_leak_ends_it_with_exit_code_1_and_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_door_without_its_coder(monkeypatch)
    done = ran(tmp_path, "--examples", "1", "--seed", "4")
    assert done.exit_code == 1
    assert "A coder can tell what the others do:" in done.output
    assert kept(tmp_path).difference
    assert "No difference." not in done.output


@pytest.mark.long
def test_a_sound_installation_is_walked_whole_and_is_silent(tmp_path: Path) -> None:
    done = ran(tmp_path, "--examples", "3")
    assert done.exit_code == 0, done.output
    result = kept(tmp_path)
    assert result.silent
    assert [one.mode for one in result.tried] == ["NI-C", "NI-P", "NI-W", "NI-C", "NI-W"]
    assert f"Walked: {result.operations} operations" in done.output


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("service.leaktest")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    done = ran(tmp_path)
    assert done.exit_code == 1
    assert not (tmp_path / FILE).exists()
