"""After the close: reopening a round, a declared act that every report prints, and archiving it."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.store import Store
from service.web import access
from service.web.api.forms import IdempotencyKey, Name, body_of, once
from service.web.api.rounds import RoundOut, shown
from service.web.identity import Principal
from service.web.openapi import WRITES, json_body, refusals


class ReopenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the round is opened again; every report of the round prints it."""

    reason: Name


A_REOPENING: dict[str, object] = {"reason": "One coder had coded the first ten excerpts by an older printout of the codebook."}


@post("/rounds/{round_id:uuid}/reopening", responses=refusals(*WRITES), sync_to_thread=True, operation_id="reopenRound")
def reopen_round(
    round_id: FromPath[UUID],
    data: Annotated[ReopenIn, json_body(A_REOPENING)],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> RoundOut:
    """Let the coders of a closed round code again. Blind agreement stays on what the first close froze; what follows is peer-exposed."""
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        act = lambda: [tx.rounds.reopen(round_.id, who.person_id, data.reason).id]  # noqa: E731
        once(tx, who, f"reopenRound {round_id}", key, body_of(data), act)
        return shown(tx, who, tx.rounds.get(round_.id))


@post("/rounds/{round_id:uuid}/archiving", responses=refusals(*WRITES), sync_to_thread=True, operation_id="archiveRound")
def archive_round(
    round_id: FromPath[UUID], key: IdempotencyKey, who: NamedDependency[Principal], store: NamedDependency[Store]
) -> RoundOut:
    """Make a closed round read only for good: no reopening, no adjudication. Archiving again changes nothing."""
    with store.writing() as tx:
        round_ = access.lead_round(tx, who, str(round_id))
        once(tx, who, f"archiveRound {round_id}", key, b"", lambda: [tx.rounds.archive(round_.id, who.person_id).id])
        return shown(tx, who, tx.rounds.get(round_.id))


router = Router("/", route_handlers=[reopen_round, archive_round], tags=["Rounds"])
