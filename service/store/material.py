"""The salts that bind a round's excerpts and codebook to its ledger."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from service.codebook.model import canonical_json
from service.coding.ledger import SALT_BYTES, canonical, commit
from service.coding.material import Material, arms_seed, assignments_digests
from service.coding.model import Assignment, Round
from service.corpus.model import ExcerptId
from service.store.codebooks import Codebooks
from service.store.corpus import Corpus
from service.store.session import Session
from service.store.tables import material_salts, rounds


class Materials:
    """Binds what a round is about when it opens."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def bind(self, round_: Round, sample: Mapping[ExcerptId, float], turns: Sequence[Assignment]) -> dict[str, object]:
        """Keep fresh salts for excerpts, codebook and the seed of the arms, if there is one; give what the opening's entry says of them."""
        texts = {one.excerpt_id: canonical(one) for one in self.of(sample)}
        codebook = canonical_json(Codebooks(self.session).revision(round_.revision_id).codebook)
        seed = self.session.connection.execute(select(rounds.c.arm_seed).where(rounds.c.id == round_.id)).scalar()
        secret = {round_.revision_id: codebook} if seed is None else {round_.revision_id: codebook, round_.id: arms_seed(seed)}
        salts = {subject: self.session.entropy.bytes(SALT_BYTES) for subject in (*texts, *secret)}
        rows = [{"round_id": round_.id, "subject_id": subject, "salt": salt} for subject, salt in salts.items()]
        self.session.connection.execute(material_salts.insert(), rows)
        bound = {subject: commit(salts[subject], content) for subject, content in (texts | secret).items()}
        said: dict[str, object] = {
            "material": {excerpt: bound[excerpt] for excerpt in texts},
            "codebook": bound[round_.revision_id],
            "assignments": assignments_digests(turns),
        }
        return said if seed is None else said | {"arms": bound[round_.id]}

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
        """Give the salts of a round that are still there, by excerpt, revision, or the round's own id for the seed of its arms."""
        query = select(material_salts.c.subject_id, material_salts.c.salt).where(material_salts.c.round_id == round_id)
        return dict(self.session.connection.execute(query).tuples().all())
