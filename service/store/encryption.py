"""Backups that only whoever holds an age identity can read, not even the machine that made them (age-encryption.org/v1)."""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyrage  # pyright: ignore[reportMissingTypeStubs]

from service.errors import BadInput

BEGINS = b"age-encryption.org/v1\n"
_AGE: Any = pyrage


def recipients_of(written: Sequence[str]) -> list[Any]:
    """Read the public keys that a backup is encrypted to, ``age1…`` each."""
    return [_recipient(one) for one in written]


def encrypt(source: Path, target: Path, recipients: Sequence[Any]) -> None:
    """Write a file anew so that each of these recipients can read it, and bring it to the disk."""
    target.touch(mode=0o600)
    with source.open("rb") as plain, target.open("wb") as written:
        _AGE.encrypt_io(plain, written, list(recipients))
        written.flush()
        os.fsync(written.fileno())


@contextmanager
def readable(file: Path, identity: Path | None, folder: Path) -> Generator[Path]:
    """Give the file, or while the block lasts a copy in a folder that was decrypted by an identity's file."""
    if not _is_encrypted(file):
        yield file
        return
    if identity is None:
        message = f"{file.name} is encrypted. Name the file with the age identity that it was encrypted to: --identity FILE."
        raise BadInput(message)
    keys = _identities(identity)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".decrypted.", dir=folder) as inside:
        plain = Path(inside) / file.name
        plain.touch(mode=0o600)
        _decrypt(file, plain, keys)
        yield plain


def _recipient(written: str) -> Any:
    try:
        return _AGE.x25519.Recipient.from_str(written.strip())
    except _AGE.RecipientError as error:
        message = f"{written!r} is no age public key. It begins with age1; `age-keygen` prints it beside its secret."
        raise BadInput(message) from error


def _identities(file: Path) -> list[Any]:
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
        found = [_AGE.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (_AGE.IdentityError, UnicodeDecodeError) as error:
        message = f"{file.name} holds something else than age identities, one a line, as `age-keygen` writes them."
        raise BadInput(message) from error
    if not found:
        message = f"{file.name} holds no age identity."
        raise BadInput(message)
    return found


def _decrypt(file: Path, plain: Path, keys: list[Any]) -> None:
    try:
        with file.open("rb") as source, plain.open("wb") as target:
            _AGE.decrypt_io(source, target, keys)
    except (_AGE.DecryptError, OSError) as error:
        message = f"{file.name}: it was encrypted to somebody else, or it is not whole. Nothing was restored."
        raise BadInput(message) from error


def _is_encrypted(file: Path) -> bool:
    with file.open("rb") as source:
        return source.read(len(BEGINS)) == BEGINS
