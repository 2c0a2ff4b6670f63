"""A study to test on: a lead, coders, a codebook, a document, and rounds made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.draw import Drawn, chosen_set
from service.coding.model import Answer, Assignment, CodingId, Content, KeyFrom, PersonId, RoundId, RoundKind, SuggestionPolicy
from service.coding.plan import PLAIN, Design, Draw
from service.coding.visibility import Role
from service.corpus.model import DocumentId, ExcerptId, NewDocument, Span, StudyId
from service.store import Store
from service.store.rounds import Plan

TEXTS = tuple(f"Mentor {number} said that trust takes time." for number in range(1, 7))
CODEBOOK = Codebook(
    variables=(
        Variable(name="theme", scheme=Scheme.ONE_CODE, codes=(Code(name="hope", definition="looks ahead"), Code(name="fear"))),
        Variable(name="needs", scheme=Scheme.SEVERAL_CODES, codes=(Code(name="time"), Code(name="trust"), Code(name="training"))),
    )
)


def document(*texts: str, name: str = "interview 1") -> NewDocument:
    """Make a document whose excerpts are these texts."""
    spans: list[Span] = []
    whole = ""
    for text in texts:
        spans.append(Span(len(whole), len(whole) + len(text)))
        whole += text + "\n"
    return NewDocument(name, whole, tuple(spans))


def one(code: str, variable: str = "theme", memo: str = "") -> Content:
    """Give one code for one variable."""
    return Content(answers=(Answer(variable=variable, codes=(code,)),), memo=memo)


@dataclass(frozen=True)
class Scene:
    """A study in a store."""

    store: Store
    study: StudyId
    lead: PersonId
    coders: tuple[PersonId, ...]
    revision: str
    document: DocumentId
    excerpts: tuple[ExcerptId, ...]

    @classmethod
    def in_store(cls, store: Store, *, coders: int = 2, texts: Sequence[str] = TEXTS) -> "Scene":
        """Put a study into a store."""
        with store.writing() as tx:
            lead = tx.people.add(login="lead", name="Lead", may_lead=True)
            study = tx.corpus.add_study("Mentoring", lead)
            tx.people.join(study, lead, Role.LEAD)
            people = tuple(tx.people.add(login=f"coder{number}", name=f"Coder {number}", may_lead=False) for number in range(coders))
            for person in people:
                tx.people.join(study, person, Role.CODER)
            revision, _ = tx.codebooks.save(study, CODEBOOK, by=lead, note="")
            imported = tx.corpus.bring_in(study, [document(*texts)])
            excerpts = tuple(tx.corpus.excerpt_ids(study))
        return cls(store, study, lead, people, revision.id, imported.added[0], excerpts)

    def in_other_study(self) -> "Scene":
        """Put a second study of the same people into the same store."""
        with self.store.writing() as tx:
            study = tx.corpus.add_study("Bridging", self.lead)
            for person, role in ((self.lead, Role.LEAD), *((person, Role.CODER) for person in self.coders)):
                tx.people.join(study, person, role)
            revision, _ = tx.codebooks.save(study, CODEBOOK, by=self.lead, note="")
            imported = tx.corpus.bring_in(study, [document(*TEXTS, name="interview 2")])
            excerpts = tuple(tx.corpus.excerpt_ids(study))
        return replace(self, study=study, revision=revision.id, document=imported.added[0], excerpts=excerpts)

    def plan(
        self,
        *,
        coders: Sequence[PersonId] | None = None,
        close_by: str | None = None,
        seed: int = 7,
        names_hidden: bool = False,
        draw: Draw | None = None,
        design: Design = PLAIN,
        key: KeyFrom | None = None,
        policy: SuggestionPolicy = SuggestionPolicy.NONE,
        sample: tuple[Drawn, ...] | None = None,
    ) -> RoundId:
        """Plan a round over every excerpt."""
        plan = Plan(
            name="Round",
            kind=RoundKind.RELIABILITY if key is None else RoundKind.TRAINING,
            policy=policy,
            revision_id=self.revision,
            sample_method="chosen",
            sample_seed=seed,
            sample=sample or chosen_set(self.excerpts),
            coders=self.coders if coders is None else tuple(coders),
            close_by=close_by,
            names_hidden=names_hidden,
            draw=draw,
            design=design,
            key=key,
        )
        with self.store.writing() as tx:
            return tx.rounds.plan(self.study, plan, self.lead)

    def open(self, *, close_by: str | None = None, design: Design = PLAIN) -> RoundId:
        """Open a round over every excerpt."""
        round_id = self.plan(close_by=close_by, design=design)
        with self.store.writing() as tx:
            tx.rounds.open(round_id, self.lead)
        return round_id

    def close(self, round_id: RoundId) -> str | None:
        """Close a round and give its seal."""
        with self.store.writing() as tx:
            return tx.rounds.close(round_id, self.lead).seal

    def turns(self, round_id: RoundId, person: PersonId) -> list[Assignment]:
        """Give a coder's assignments."""
        with self.store.reading() as tx:
            return tx.assignments.of(round_id, person)

    def submit(self, round_id: RoundId, person: PersonId, batch: Sequence[tuple[str, Content]]) -> list[CodingId]:
        """Submit codings as a coder does."""
        with self.store.writing() as tx:
            return tx.codings.submit(tx.codings.lock(round_id, person), person, batch)

    def code_all(self, round_id: RoundId, person: PersonId, code: str = "hope") -> list[CodingId]:
        """Give every assignment of a coder the same code."""
        return self.submit(round_id, person, [(turn.id, one(code)) for turn in self.turns(round_id, person)])
