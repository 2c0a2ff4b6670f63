"""One file from which an installation can be made again: taken while the service writes, checked when it is brought back.

The embedded database is copied by the engine's own backup call in one step, which reads one state of the database and
lets writers go on. PostgreSQL is copied by its own ``pg_dump``, in one snapshot too.
"""

import hashlib
import os
import shutil
import subprocess
import zipfile
import zlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from sqlalchemy import URL, inspect, make_url

from service.errors import BadInput, Conflict, Unavailable
from service.settings import Settings
from service.store import engine as engines
from service.store.encryption import encrypt, readable, recipients_of
from service.store.session import SystemClock, stamp
from service.store.store import Store

FORMAT = "intercoder backup 1"
MANIFEST, KEY = "manifest.json", "secret.key"
EMBEDDED, DUMPED = "intercoder.sqlite", "intercoder.pgdump"
_CHUNK = 1 << 20


class Backup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup holds. Everything that was acknowledged before ``mark`` is in it."""

    format: str
    mark: str
    schema: str
    members: dict[str, str]


def back_up(settings: Settings, store: Store, file: Path, *, to: Sequence[str] = ()) -> Backup:
    """Write a backup beside ``file`` and put it there once it is whole; a backup that is killed leaves the source as it was.

    With age public keys ``to``, only their holders can read it; until it is encrypted it stands in the data folder, where the data is.
    """
    recipients = recipients_of(to)
    if file.exists():
        message = f"{file} is there already. Give a name that is free; backups are not written over."
        raise Conflict(message)
    with TemporaryDirectory(prefix=f".{file.name}.", dir=settings.data_dir if recipients else file.parent) as folder:
        mark = stamp(SystemClock().now())
        parts = [_copied(settings, store, Path(folder))]
        if (key := settings.data_dir / KEY).exists():
            parts.append(key)
        schema = store.schema()
        made = Backup(format=FORMAT, mark=mark, schema=schema, members={part.name: _digest(part) for part in parts})
        _pack(Path(folder) / "backup", made, parts)
        if recipients:
            _put_encrypted(Path(folder) / "backup", file, recipients)
        else:
            (Path(folder) / "backup").replace(file)
    _sync(file.parent)
    return made


def _put_encrypted(plain: Path, file: Path, recipients: Sequence[object]) -> None:
    with TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as beside:
        encrypt(plain, Path(beside) / "backup", recipients)
        (Path(beside) / "backup").replace(file)


def bring_back(settings: Settings, file: Path, *, identity: Path | None = None) -> Backup:
    """Make the installation of a backup again, in a data folder and a database that are empty; an encrypted one by an identity's file."""
    with readable(file, identity, settings.data_dir) as plain, _opened(plain) as archive:
        made = _manifest(file, archive)
        url = make_url(settings.database)
        kind = EMBEDDED if url.get_backend_name() == "sqlite" else DUMPED
        if kind not in made.members:
            message = f"{file.name} is a backup of the other kind of database; INTERCODER_DATABASE_URL names this kind."
            raise BadInput(message)
        _refuse_present(settings, url)
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".restore.", dir=settings.data_dir) as folder:
            for name, digest in made.members.items():
                _unpack(file, archive, name, digest, Path(folder))
            _put_back(settings, url, Path(folder))
    return made


def _copied(settings: Settings, store: Store, folder: Path) -> Path:
    if store.engine.dialect.name == "sqlite":
        engines.copy(store.engine, folder / EMBEDDED)
        return folder / EMBEDDED
    url = make_url(settings.database)
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={folder / DUMPED}")
    return folder / DUMPED


def _run(url: URL, program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        message = f"{program} is not on the PATH; install PostgreSQL's client programs. By hand: {program} {' '.join(arguments)}"
        raise Unavailable(message)
    # By the environment, because the arguments of a process can be read by everybody on the machine.
    host = url.host or url.query.get("host")
    given = {"PGHOST": host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password, "PGDATABASE": url.database}
    environ = os.environ | {name: str(value) for name, value in given.items() if value}
    done = subprocess.run([found, *arguments], env=environ, capture_output=True, text=True, check=False)  # noqa: S603 the operator's own settings
    if done.returncode:
        message = f"{program} ended with code {done.returncode}: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}"
        raise Unavailable(message)


def _pack(path: Path, made: Backup, parts: list[Path]) -> None:
    path.touch(mode=0o600)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(made)))
        for part in parts:
            archive.write(part, part.name)
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _unpack(file: Path, archive: zipfile.ZipFile, name: str, digest: str, folder: Path) -> None:
    if name not in {EMBEDDED, DUMPED, KEY}:
        message = f"{file.name}, {name}: a backup holds no such member. Nothing was restored."
        raise BadInput(message)
    (folder / name).touch(mode=0o600)
    with archive.open(name) as source, (folder / name).open("wb") as target:
        shutil.copyfileobj(source, target, _CHUNK)
        target.flush()
        os.fsync(target.fileno())
    if _digest(folder / name) != digest:
        message = f"{file.name}, {name}: this member is not the one that was backed up. Nothing was restored."
        raise BadInput(message)


def _put_back(settings: Settings, url: URL, folder: Path) -> None:
    if (folder / DUMPED).exists():
        _run(
            url,
            "pg_restore",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            "--exit-on-error",
            f"--dbname={url.database}",
            str(folder / DUMPED),
        )
    if (folder / KEY).exists():
        (folder / KEY).replace(settings.data_dir / KEY)
    if (folder / EMBEDDED).exists():  # last, so that a restore that was killed is begun again and not started on
        (folder / EMBEDDED).replace(Path(url.database or ""))
        _sync(Path(url.database or "").parent)
    _sync(settings.data_dir)


def _refuse_present(settings: Settings, url: URL) -> None:
    if url.get_backend_name() == "sqlite":
        present = [str(path) for path in Path(url.database or "").parent.glob(f"{Path(url.database or '').name}*")]
    else:
        engine = engines.make_engine(settings.database)
        present = inspect(engine).get_table_names()
        engine.dispose()
    if present:
        message = f"There is a database already ({present[0]}). Restore into an empty data folder and database; nothing was changed."
        raise Conflict(message)


@contextmanager
def _opened(file: Path) -> Generator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as error:
        message = f"{file.name}: this is not a whole backup. Nothing was restored."
        raise BadInput(message) from error


def _manifest(file: Path, archive: zipfile.ZipFile) -> Backup:
    try:
        made = msgspec.json.decode(archive.read(MANIFEST), type=Backup)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{file.name}: this is not a backup. Nothing was restored."
        raise BadInput(message) from error
    if made.format != FORMAT:
        message = f"{file.name}: this is {made.format!r}, not {FORMAT!r}. Nothing was restored."
        raise BadInput(message)
    return made


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
