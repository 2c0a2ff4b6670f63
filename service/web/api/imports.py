"""Earlier codings, brought by the lead into an open round as a coder's."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Router, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, MultipartBody

from service.coding.model import PersonId, RoundId
from service.errors import Conflict
from service.store import Store, Transaction
from service.web import access
from service.web.api.documents import LARGEST_FILE
from service.web.api.forms import IdempotencyKey, body_of, once
from service.web.identity import Principal
from service.web.openapi import WRITES, refusals


@dataclass(frozen=True, slots=True)
class CodingsFile:
    """A CSV file of one coder's codings: excerpt id or exact text, variable, code, for spans start and end.

    ``declared_blind`` has to be *yes*: you declare that the coder made them without knowing any other coder's.
    """

    file: UploadFile
    coder: UUID
    declared_blind: Literal["yes"]


class BroughtIn(msgspec.Struct, frozen=True):
    """How many codings were stored as this coder's; they are sealed until the close."""

    coder: str
    codings: int


@post(
    "/rounds/{round_id:uuid}/imported-codings",
    responses=refusals(*WRITES),
    sync_to_thread=True,
    operation_id="importCodings",
    request_max_body_size=LARGEST_FILE,
)
def import_codings(
    round_id: FromPath[UUID],
    data: MultipartBody[CodingsFile],
    key: IdempotencyKey,
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
) -> BroughtIn:
    """Bring earlier codings into an open round, all of a file or nothing. Every report says *imported*: declared blind, not provable."""
    with store.writing() as tx:
        return bring_in(tx, who, str(round_id), str(data.coder), (data.file.filename, data.file.file.read()), key)


def bring_in(tx: Transaction, who: Principal, round_id: str, coder: str, file: tuple[str, bytes], key: str) -> BroughtIn:
    """Store a file's codings once, for a lead: as anybody's, or as the own ones where the lead codes in the round."""
    access.lead_round(tx, who, round_id)
    round_ = tx.rounds.alone(RoundId(round_id))
    if who.person_id in round_.coders and coder != who.person_id:
        message = "You code in this round, so you may bring in your own codings only; a lead who does not code brings in the others'."
        raise Conflict(message)
    access.check_unblinding(tx, who, round_)

    def act() -> list[str]:
        return [str(len(tx.imports.bring_in(round_, PersonId(coder), file, by=who.person_id)))]

    [count] = once(tx, who, f"importCodings {round_id}", key, body_of(coder, *file), act)
    return BroughtIn(coder=coder, codings=int(count))


router = Router("/", route_handlers=[import_codings], tags=["Coding"])
