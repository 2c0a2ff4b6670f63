"""Files to keep: a closed round's proof for its lead, a receipt for each coder."""

from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.store import Store
from service.web.api.proofs import proof_file, receipt_file
from service.web.identity import Principal


@get("/rounds/{round_id:uuid}/proof.zip", sync_to_thread=True)
def proof(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[bytes]:
    """Send the round's proof."""
    return proof_file(store, who, str(round_id))


@get("/rounds/{round_id:uuid}/receipt.json", sync_to_thread=True)
def receipt(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[bytes]:
    """Send the own receipt."""
    return receipt_file(store, who, str(round_id))


handlers = [proof, receipt]
