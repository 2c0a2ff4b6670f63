"""The forms under a closed round: reopening it with a reason, archiving it."""

from typing import Any
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from service.store import Store
from service.web import access
from service.web.api.forms import body_of, once
from service.web.api.reopening import ReopenIn
from service.web.identity import Principal
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go

BACK: dict[str, Any] = {"back": "/rounds/{round_id}"}


@post("/rounds/{round_id:uuid}/reopening", sync_to_thread=True, opt=BACK)
def reopen(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Let the coders code again; the reason is printed on every report of the round."""
    asked = read(ReopenIn, {"reason": form.text("reason").strip()})
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        act = lambda: [tx.rounds.reopen(round_.id, who.person_id, asked.reason).id]  # noqa: E731
        once(tx, who, f"reopenRound {round_id}", form.key(), body_of(asked), act)
    return go(f"/rounds/{round_id}")


@post("/rounds/{round_id:uuid}/archiving", sync_to_thread=True, opt=BACK)
def archive(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Make the round read only for good."""
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        once(tx, who, f"archiveRound {round_id}", form.key(), b"", lambda: [tx.rounds.archive(round_.id, who.person_id).id])
    return go(f"/rounds/{round_id}")


handlers = [reopen, archive]
