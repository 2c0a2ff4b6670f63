"""Bringing earlier codings into an open round from its page."""

from typing import Any
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from service.errors import BadInput
from service.store import Store
from service.web.api.documents import LARGEST_FILE
from service.web.api.imports import bring_in
from service.web.identity import Principal
from service.web.pages.forms import Form
from service.web.pages.rendering import go

BACK: dict[str, Any] = {"back": "/rounds/{round_id}#imported"}


@post("/rounds/{round_id:uuid}/imported-codings", sync_to_thread=True, request_max_body_size=LARGEST_FILE, opt=BACK)
def import_codings(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Store a file's codings as a coder's and go back to the round."""
    if form.text("declared_blind") != "yes":
        message = "Declare that these codings were made without knowing any other coder's. Nothing was stored."
        raise BadInput(message)
    with store.writing() as tx:
        bring_in(tx, who, str(round_id), form.text("coder"), form.file("file"), form.key())
    return go(f"/rounds/{round_id}")


handlers = [import_codings]
