"""A closed round gathered as a proof, and a coder's receipt: what ``intercoder verify`` reads without this database."""

from typing import Any

import msgspec
from sqlalchemy import select

from service.agreement.profile import STANDARD_1
from service.coding.ledger import first_head
from service.coding.model import PersonId, Round
from service.corpus.model import ExcerptId
from service.errors import Conflict, NotFound
from service.report.proof import CodebookFact, ExcerptLine, LedgerLine, Proof, TurnLine, coding_lines, round_facts
from service.report.verification import RECEIPT, Receipt
from service.store.assignments import Assignments
from service.store.chains import Chains
from service.store.codebooks import Codebooks
from service.store.codings import Codings
from service.store.keys import Keys
from service.store.material import Materials
from service.store.metadata import Metadata
from service.store.reports import Reports
from service.store.session import Session
from service.store.tables import ledger, ledger_contents, round_excerpts


class Proofs:
    """Reads everything that a round's report rests on."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def of(self, round_: Round) -> Proof:
        """Gather a closed round; what was erased of it is null."""
        if not round_.state.is_revealed:
            message = f"The round is {round_.state.value}; it can be proved once it is closed."
            raise Conflict(message)
        revealed = Codings(self.session).revealed(round_.id)
        report = Reports(self.session).of(round_, profile=STANDARD_1, list_at_most=None)
        return Proof(
            round=round_facts(
                round_,
                Reports(self.session).coders(round_),
                arm_salt=_hex(Materials(self.session).salts(round_.id).get(round_.id)),
                key=Keys(self.session).of(round_),
                column=Metadata(self.session).drawn_by(round_),
            ),
            codebook=self._codebook(round_),
            excerpts=self._excerpts(round_),
            assignments=[
                TurnLine(id=turn.id, person_id=turn.person_id, excerpt_id=turn.excerpt_id, occasion=turn.occasion, position=turn.position)
                for turn in Assignments(self.session).of(round_.id)
            ],
            ledger=self._ledger(round_),
            codings=coding_lines(revealed),
            report=msgspec.json.decode(msgspec.json.encode(report)),
        )

    def receipt(self, round_: Round, person_id: PersonId) -> Receipt:
        """Give the head of a coder's own chain, to be kept by the coder."""
        if not Assignments(self.session).count(round_.id, person_id):
            message = "There is no such round."
            raise NotFound(message)
        chain = Chains(self.session).chain(round_.id, person_id)
        sequence, head = (chain[-1].sequence, chain[-1].head) if chain else (0, first_head(round_.id, person_id))
        return Receipt(format=RECEIPT, round_id=round_.id, person_id=person_id, sequence=sequence, head=head)

    def _codebook(self, round_: Round) -> CodebookFact:
        revision = Codebooks(self.session).revision(round_.revision_id)
        salt = Materials(self.session).salts(round_.id).get(round_.revision_id)
        return CodebookFact(revision_id=revision.id, number=revision.number, salt=_hex(salt), codebook=revision.codebook)

    def _excerpts(self, round_: Round) -> list[ExcerptLine]:
        query = select(round_excerpts.c.excerpt_id, round_excerpts.c.probability).where(round_excerpts.c.round_id == round_.id)
        rows = self.session.connection.execute(query.order_by(round_excerpts.c.position)).tuples()
        salts = Materials(self.session).salts(round_.id)
        found = Materials(self.session).of({ExcerptId(excerpt): probability for excerpt, probability in rows})
        return [ExcerptLine(**msgspec.structs.asdict(one), salt=_hex(salts.get(one.excerpt_id))) for one in found]

    def _ledger(self, round_: Round) -> list[LedgerLine]:
        names = [name for name in LedgerLine.__struct_fields__ if name in ledger.c]
        columns = [ledger.c[name] for name in names]
        query = select(*columns, ledger_contents.c.salt, ledger_contents.c.content).outerjoin(
            ledger_contents, ledger_contents.c.entry_id == ledger.c.id
        )
        rows = self.session.connection.execute(query.where(ledger.c.round_id == round_.id)).mappings()
        told: list[dict[str, Any]] = [{**row, "salt": _hex(row["salt"]), "content": _text(row["content"])} for row in rows]
        lines = [LedgerLine(**one) for one in told]
        return sorted(lines, key=lambda line: (line.person_id, line.sequence))


def _hex(salt: bytes | None) -> str | None:
    return None if salt is None else salt.hex()


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode()
