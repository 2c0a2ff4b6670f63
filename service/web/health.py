"""Whether the service lives, and which of its parts are ready; no counts, so nothing can be read off them."""

import shutil
from pathlib import Path
from typing import Literal

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency

from service.embedding import Failed, Loading, Ready
from service.errors import Unavailable
from service.store import Store
from service.web.background import Background

LEAST_FREE_BYTES = 50_000_000


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    live: Literal[True] = True


class Part(msgspec.Struct, frozen=True):
    """One part of the service; ``reason`` says what is wrong with it."""

    name: Literal["database", "disk", "model"]
    state: Literal["ready", "loading", "failed"]
    reason: str | None = None


class Readiness(msgspec.Struct, frozen=True):
    """``ready`` is whether people can code: the model may load or fail beside it."""

    ready: bool
    parts: list[Part]


@get("/livez", operation_id="livez", security=[{}], sync_to_thread=False)
def livez() -> Live:
    """Say that the process answers; asks nothing of its parts."""
    return Live()


@get("/readyz", operation_id="readyz", security=[{}], sync_to_thread=True)
def readyz(store: NamedDependency[Store], background: NamedDependency[Background], data_dir: NamedDependency[Path]) -> Response[Readiness]:
    """Name each part and say whether it is ready; 503 when codings could not be stored."""
    parts = [_database(store), _disk(data_dir), _model(background)]
    ready = all(part.state == "ready" for part in parts if part.name != "model")
    return Response(Readiness(ready=ready, parts=parts), status_code=200 if ready else 503)


def _database(store: Store) -> Part:
    try:
        faults = store.faults()
    except Unavailable as refusal:
        faults = [refusal.detail]
    return Part("database", "failed" if faults else "ready", "; ".join(faults) or None)


def _disk(data_dir: Path) -> Part:
    free = shutil.disk_usage(data_dir).free >= LEAST_FREE_BYTES
    return Part("disk", "ready" if free else "failed", None if free else "less than 50 MB are free")


def _model(background: Background) -> Part:
    match background.state():
        case Ready():
            return Part("model", "ready")
        case Loading():
            return Part("model", "loading")
        case Failed(reason):
            return Part("model", "failed", reason)


router = Router("/", route_handlers=[livez, readyz], tags=["Health"])
