"""The composition root: settings in, the service out."""

import logging
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.types import Receive, Scope, Send

from service.embedding import Encoder, EncoderService, Limits, open_encoder
from service.errors import BadInput
from service.settings import Settings
from service.store import Store
from service.store.session import Clock, Entropy
from service.web import api, health, logs, pages
from service.web.background import Background
from service.web.links import Addresses
from service.web.openapi import config
from service.web.problems import HANDLERS
from service.web.suggesting import Suggesting
from service.web.surface import Surface, hosts_of, route_of

LOG = logging.getLogger("intercoder.app")
LEAST_KEY_BYTES = 32
LOCAL_URL = "http://127.0.0.1:8000"


class App:
    """The service as an ASGI application: ``litestar`` inside, the surface around it."""

    def __init__(self, litestar: Litestar, surface: Surface, store: Store) -> None:
        self.litestar = litestar
        self.store = store
        self._surface = surface

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._surface(scope, receive, send)


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    load_encoder: Callable[[], Encoder] | None = None,
) -> App:
    """Build the service. Clock, entropy and encoder are for tests; they are arguments, never settings."""
    logs.set_up(settings.log_level)
    store = Store(settings.database, secret_key(settings), clock=clock, entropy=entropy)
    encoder = EncoderService(load_encoder or (lambda: open_encoder(settings.models_dir, settings.model)), Limits())
    background = Background(store, encoder, settings.models_dir, settings.model)
    provided = {
        "store": store,
        "background": background,
        "suggesting": Suggesting(encoder),
        "addresses": Addresses(settings.public_url or LOCAL_URL),
        "data_dir": settings.data_dir,
        "settings": settings,
    }

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        refuse_faults(store)
        encoder.start()
        background.start()
        yield
        background.stop()
        encoder.stop()
        store.close()

    litestar = Litestar(
        route_handlers=[api.router, pages.router, pages.assets, health.router],
        dependencies={name: Provide(_giver(value), sync_to_thread=False, use_cache=True) for name, value in provided.items()},
        exception_handlers=HANDLERS,
        after_exception=[_log_failure],
        lifespan=[lifespan],
        openapi_config=config(version("intercoder")),
        logging_config=None,
        multipart_form_part_limit=50,
        debug=False,
    )
    secure = settings.public_url.startswith("https://")
    return App(litestar, Surface(litestar, hosts_of(settings.public_url), secure), store)


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
        _write_private(kept, secrets.token_bytes(LEAST_KEY_BYTES))
    return kept.read_bytes()


def refuse_faults(store: Store) -> None:
    """Refuse to start on a database that could lose codings."""
    if faults := store.faults():
        message = f"The database is not fit for use: {'; '.join(faults)}."
        raise BadInput(message)


def _write_private(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)


def _giver(value: object) -> Callable[[], Any]:
    def give() -> Any:
        return value

    return give


async def _log_failure(error: Exception, scope: Scope) -> None:
    if not isinstance(error, tuple(kind for kind in HANDLERS if isinstance(kind, type))):
        LOG.error("failed", exc_info=error, extra={"facts": {"route": route_of(scope)}})
