"""The composition root: settings in, the service out."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from time import monotonic
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import Receive, Scope, Send

from service.embedding import Encoder, EncoderService, Limits, open_encoder
from service.errors import BadInput
from service.settings import Settings
from service.store import Store
from service.store.engine import Trace
from service.store.opening import open_store
from service.store.session import Clock, Entropy
from service.web import api, health, logs, pages
from service.web.allowance import Allowance
from service.web.background import Background
from service.web.compression import COMPRESSION
from service.web.language_models import LanguageModels
from service.web.links import LOCAL_URL, Addresses
from service.web.modelling import Modelling
from service.web.openapi import config
from service.web.problems import HANDLERS
from service.web.remembered import Remembered
from service.web.suggesting import Suggesting
from service.web.surface import Surface, hosts_of, route_of
from service.web.throttle import Throttle

LOG = logging.getLogger("intercoder.app")


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
    trace: Trace | None = None,
) -> App:
    """Build the service. Clock, entropy, encoder and the trace of SQL statements are for tests; they are arguments, never settings."""
    logs.set_up(settings.log_level)
    store = open_store(settings, clock=clock, entropy=entropy, trace=trace)
    encoder = EncoderService(
        load_encoder or (lambda: open_encoder(settings.models_dir, settings.model, server_key=settings.model_server_key)), Limits()
    )
    suggesting = Suggesting(encoder, store)
    background = Background(store, encoder, settings.models_dir, settings.model, suggesting)
    language_models, allowance = LanguageModels(store, settings), Allowance(settings.suggestions_per_minute, monotonic)
    provided = {
        "store": store,
        "background": background,
        "suggesting": suggesting,
        "language_models": language_models,
        "allowance": allowance,
        "modelling": Modelling(store, suggesting, language_models, allowance),
        "addresses": Addresses(settings.public_url or LOCAL_URL),
        "data_dir": settings.data_dir,
        "settings": settings,
        "throttle": Throttle(),
        "remembered": Remembered(),
    }

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncGenerator[None]:
        refuse_faults(store)
        encoder.start()
        background.start()
        yield
        encoder.stop()  # first, so that the background does not wait for a batch
        background.stop()
        store.close()

    litestar = Litestar(
        route_handlers=[api.router, pages.router, pages.assets, health.router],
        dependencies={name: Provide(_giver(value), sync_to_thread=False, use_cache=True) for name, value in provided.items()},
        exception_handlers={**HANDLERS, HTTPException: pages.unrouted},
        after_exception=[_log_failure],
        lifespan=[lifespan],
        openapi_config=config(version("intercoder")),
        compression_config=COMPRESSION,
        logging_config=None,
        multipart_form_part_limit=50,
        debug=False,
    )
    secure = settings.public_url.startswith("https://")
    return App(litestar, Surface(litestar, hosts_of(settings.public_url), secure), store)


def refuse_faults(store: Store) -> None:
    """Refuse to start on a database that could lose codings."""
    if faults := store.faults():
        message = f"The database is not fit for use: {'; '.join(faults)}."
        raise BadInput(message)


def _giver(value: object) -> Callable[[], Any]:
    def give() -> Any:
        return value

    return give


async def _log_failure(error: Exception, scope: Scope) -> None:
    if not isinstance(error, tuple(kind for kind in HANDLERS if isinstance(kind, type))):
        LOG.error("failed", exc_info=error, extra={"facts": {"route": route_of(scope)}})
