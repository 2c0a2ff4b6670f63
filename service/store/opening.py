"""Open the store that the settings name, with the key that hashes the installation's secrets."""

import os
import secrets
from pathlib import Path

from service.errors import BadInput
from service.settings import Settings
from service.store.engine import Trace
from service.store.session import Clock, Entropy
from service.store.store import Store

LEAST_KEY_BYTES = 32


def open_store(settings: Settings, *, clock: Clock | None = None, entropy: Entropy | None = None, trace: Trace | None = None) -> Store:
    """Open the database; it may still have to be migrated."""
    return Store(settings.database, secret_key(settings), clock=clock, entropy=entropy, trace=trace)


def secret_key(settings: Settings) -> bytes:
    """Give the key that hashes secrets: the one set, or one made once and kept in the data folder, readable to its owner only."""
    if settings.secret_key:
        if len(settings.secret_key) < LEAST_KEY_BYTES:
            message = f"INTERCODER_SECRET_KEY needs at least {LEAST_KEY_BYTES} characters. Make one with `openssl rand -hex 32`."
            raise BadInput(message)
        return settings.secret_key.encode()
    kept = settings.data_dir / "secret.key"
    if not kept.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _write_once(kept, secrets.token_bytes(LEAST_KEY_BYTES))
    key = kept.read_bytes()
    if len(key) < LEAST_KEY_BYTES:
        message = f"{kept.name} in the data folder is damaged. Restore it from a backup; a new one ends all sessions, links and tokens."
        raise BadInput(message)
    return key


def _write_once(path: Path, key: bytes) -> None:
    # Written beside and linked into place: of two processes starting at once, one makes the key and both use it.
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    beside.touch(mode=0o600)
    beside.write_bytes(key)
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        return
    finally:
        beside.unlink()
