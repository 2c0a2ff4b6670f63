"""The salts that bind a round's excerpts and codebook to its ledger."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from service.codebook.model import canonical_json
from service.coding.ledger import SALT_BYTES, canonical, commit
from service.coding.material import Material, assignments_digests
from service.coding.model import Assignment, Round
from service.corpus.model import ExcerptId
from service.store.codebooks import Codebooks
from service.store.corpus import Corpus
from service.store.session import Session
from service.store.tables import material_salts


class Materials:
    """Binds what a round is about when it opens."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def bind(self, round_: Round, sample: Mapping[ExcerptId, float], turns: Sequence[Assignment]) -> dict[str, object]:
        """Keep a fresh salt for each excerpt and the codebook; give what the opening's entry says of them."""
        texts = {one.excerpt_id: canonical(one) for one in self.of(sample)}
        codebook = canonical_json(Codebooks(self.session).revision(round_.revision_id).codebook)
        salts = {subject: self.session.entropy.bytes(SALT_BYTES) for subject in (*texts, round_.revision_id)}
        rows = [{"round_id": round_.id, "subject_id": subject, "salt": salt} for subject, salt in salts.items()]
        self.session.connection.execute(material_salts.insert(), rows)
        return {
            "material": {excerpt: commit(salts[excerpt], text) for excerpt, text in texts.items()},
            "codebook": commit(salts[round_.revision_id], codebook),
            "assignments": assignments_digests(turns),
        }

    def of(self, sample: Mapping[ExcerptId, float]) -> list[Material]:
        """Give the excerpts of a sample that are there, in its order; it names each one's inclusion probability."""
        found = Corpus(self.session).excerpts(list(sample))
        return [
            Material(
                excerpt_id=one.id,
                document_id=one.document_id,
                start=one.start,
                end=one.end,
                label=one.label,
                text=one.text,
                probability=probability,
            )
            for excerpt, probability in sample.items()
            if (one := found.get(excerpt)) is not None
        ]

    def salts(self, round_id: str) -> Mapping[str, bytes]:
        """Give the salts of a round that are still there, by excerpt or revision."""
        query = select(material_salts.c.subject_id, material_salts.c.salt).where(material_salts.c.round_id == round_id)
        return dict(self.session.connection.execute(query).tuples().all())
