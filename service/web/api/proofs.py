"""What can be checked away from here: a closed round as a proof, a coder's receipt of the own chain."""

from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.coding.visibility import Sight
from service.errors import Conflict
from service.report.proof import write_proof
from service.report.verification import Receipt
from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.identity import Principal
from service.web.openapi import READS, refusals


@get("/rounds/{round_id:uuid}/proof", responses=refusals(*READS, 409), sync_to_thread=True, operation_id="getProof")
def get_proof(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[bytes]:
    """Give a closed round as a zip file that `intercoder verify` checks without this service: for its lead."""
    return proof_file(store, who, str(round_id))


@get("/rounds/{round_id:uuid}/receipt", responses=refusals(*READS), sync_to_thread=True, operation_id="getReceipt")
def get_receipt(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Receipt:
    """Give the head of your own chain. Keep it: `intercoder verify --receipt` shows whether the chain before it was rewritten."""
    return receipt_of(store, who, str(round_id))


def proof_file(store: Store, who: Principal, round_id: str) -> Response[bytes]:
    """Send a proof as a file to keep."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, round_id, Sight.LEDGER, Scope.RESULTS)
        if tx.adjudications.hides_names(round_):
            message = "The coders' names are hidden until every disagreement is resolved, and a proof names them. Resolve the rest first."
            raise Conflict(message)
        data = write_proof(tx.proofs.of(round_))
    headers = {"Content-Disposition": f'attachment; filename="proof-{round_.id}.zip"'}
    return Response(data, media_type="application/zip", headers=headers)


def receipt_of(store: Store, who: Principal, round_id: str) -> Receipt:
    """Give a coder's receipt."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, round_id, Sight.OWN, None)
        return tx.proofs.receipt(round_, who.person_id)


def receipt_file(store: Store, who: Principal, round_id: str) -> Response[bytes]:
    """Send a receipt as a file to keep."""
    receipt = receipt_of(store, who, round_id)
    headers = {"Content-Disposition": f'attachment; filename="receipt-{receipt.round_id}-{receipt.sequence}.json"'}
    return Response(msgspec.json.format(msgspec.json.encode(receipt)) + b"\n", media_type="application/json", headers=headers)


router = Router("/", route_handlers=[get_proof, get_receipt], tags=["Agreement"])
