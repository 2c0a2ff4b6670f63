"""A closed round's report and export files, gathered from what the close revealed."""

import hashlib
from collections.abc import Mapping

import msgspec
from sqlalchemy import bindparam, func, select

from service.agreement.compute import compute
from service.agreement.profile import STANDARD_1, MethodsProfile
from service.agreement.summary import Scheme
from service.codebook.model import Scheme as CodebookScheme
from service.codebook.model import Variable
from service.coding.adjudication import given_on
from service.coding.ledger import ROUND_CHAIN, EntryKind, Verdict, canonical
from service.coding.model import PersonId, Round
from service.coding.reveal import blind_codings, repeated_codings
from service.corpus.model import ExcerptId
from service.errors import BadInput, Conflict
from service.exchange.codebooks import write_codebook_json
from service.report.agreement import Reopening, RoundReport, Unblinding, round_agreement
from service.report.asked import Choices, Computed, computed
from service.report.breakdown import breakdowns
from service.report.closed import COLUMNS, ClosedRound, Sample
from service.report.draws import design_sentence, draw_sentence
from service.report.merging import Merged, what_if_merged
from service.report.models import models
from service.report.negotiated import negotiated, outcome_of
from service.report.negotiation import Negotiated
from service.report.tables import codings_table, excerpts_table, model_codings_table
from service.store.adjudications import Adjudications
from service.store.assignments import Assignments
from service.store.assisting import Assisting
from service.store.audits import Audits
from service.store.chains import Chains
from service.store.codebooks import Codebooks
from service.store.codings import Codings
from service.store.corpus import Corpus, Excerpt
from service.store.imports import Imports
from service.store.keys import Keys
from service.store.metadata import Metadata
from service.store.model_coders import ModelCoders
from service.store.people import People
from service.store.rounds import Rounds
from service.store.session import Session
from service.store.tables import adjudications, audits, documents, excerpts, ledger, round_excerpts

_DRAWN = (
    select(excerpts.c.id, excerpts.c.document_id, excerpts.c.end - excerpts.c.start, round_excerpts.c.probability)
    .join(round_excerpts, round_excerpts.c.excerpt_id == excerpts.c.id)
    .where(round_excerpts.c.round_id == bindparam("round"))
    .order_by(round_excerpts.c.position)
)


class Reports:
    """Reads what a report needs and has the report room make it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def coders(self, round_: Round) -> dict[PersonId, str]:
        """Name a round's coders so that no two have the same name."""
        people = [People(self.session).get(coder) for coder in round_.coders]
        names = [person.name for person in people]
        return {person.id: person.name if names.count(person.name) == 1 else f"{person.name} ({person.login})" for person in people}

    def state(self, round_: Round) -> str:
        """Name everything that a closed round's report rests on and that can change: while the name is the same, so is the report.

        Nothing else is in it: a report that is made anew takes longer, which must not tell what happens in other rounds.
        """
        key = Rounds(self.session).key(round_.id)
        here = [round_.id] if key is None else [round_.id, key.round_id]
        drawn = round_excerpts.join(excerpts, excerpts.c.id == round_excerpts.c.excerpt_id)
        drawn = drawn.join(documents, documents.c.id == excerpts.c.document_id)
        gone = select(round_excerpts.c.excerpt_id).select_from(drawn).where(documents.c.erased_at.is_not(None))
        queries = (
            select(ledger.c.id).where(ledger.c.round_id.in_(here)),
            select(audits.c.id).where(audits.c.subject_id.in_(here)),
            select(adjudications.c.id).where(adjudications.c.round_id.in_(here)),
            gone.where(round_excerpts.c.round_id.in_(here)),
        )
        counts = [self.session.connection.execute(select(func.count()).select_from(query.subquery())).scalar_one() for query in queries]
        return hashlib.sha256(canonical([round_.state, round_.seal, counts, self.coders(round_)])).hexdigest()

    def of(
        self,
        round_: Round,
        *,
        profile: MethodsProfile,
        list_at_most: int | None,
        names: Mapping[PersonId, str] | None = None,
        in_parts: bool = True,
    ) -> RoundReport:
        """Compute a closed round's report by a methods profile, listing so many disagreeing excerpts of each variable.

        ``names`` stands in for the coders' own names where those are hidden; who looks at the whole alone does without the parts.
        """
        closed = self._closed(round_, names)
        replaced = {one.leaver: one.person for one in round_.replacements}
        acts = Audits(self.session).about(round_.id)
        early = [audit for audit in acts if audit.act == "unblinded"]
        again = [audit for audit in acts if audit.act == "reopened"]
        return RoundReport(
            round_id=round_.id,
            name=round_.name,
            kind=round_.kind,
            codebook_revision=Codebooks(self.session).revision(round_.revision_id).number,
            sample_method=round_.sample_method,
            sample_seed=round_.sample_seed,
            draw=draw_sentence(round_, closed.codebook, Metadata(self.session).drawn_by(round_)),
            design=design_sentence(round_.design),
            opened_at=round_.opened_at,
            closed_at=round_.closed_at,
            seal=round_.seal,
            provenance=sorted({one.coding.provenance.value for one in closed.revealed}),
            unblinded=[
                Unblinding(at=at, reason=audit.reason) for at, audit in zip(self._times(round_, EntryKind.UNBLINDED), early, strict=True)
            ],
            agreement=round_agreement(closed, profile=profile, list_at_most=list_at_most, replaced=replaced),
            assistance=Assisting(self.session).effects(round_, closed, profile),
            arm_seed=Assisting(self.session).seed(round_),
            imported=Imports(self.session).of(round_, closed.coders),
            reopened=[
                Reopening(at=at, reason=audit.reason, closed_at=closed_at, seal=seal)
                for at, audit, (closed_at, seal) in zip(
                    self._times(round_, EntryKind.REOPENED), again, Rounds(self.session).closings(round_.id), strict=False
                )
            ],
            negotiated=self._negotiated(round_, closed, profile),
            breakdown=breakdowns(closed, profile) if in_parts else [],
            models=models(ModelCoders(self.session).of(round_.id), ModelCoders(self.session).revealed(round_.id), closed, profile),
            training=Keys(self.session).training(round_, closed, profile),
        )

    def _negotiated(self, round_: Round, closed: ClosedRound, profile: MethodsProfile) -> list[Negotiated]:
        standing = Adjudications(self.session).standing(round_.id)
        if not standing:
            return []
        outcome = outcome_of(given_on(closed.blind), standing, [ExcerptId(excerpt) for excerpt in closed.sample.documents])
        return negotiated(outcome, closed, profile)

    def _times(self, round_: Round, kind: EntryKind) -> list[str]:
        # The report says the ledger's time of an act, so that whoever checks the one against the other finds the same.
        return [entry.at for entry in Chains(self.session).chain(round_.id, ROUND_CHAIN) if entry.kind is kind]

    def ask(self, round_: Round, variable: str, choices: Choices, *, by_document: bool) -> Computed:
        """Compute one coefficient of one variable of a closed round, with every choice named."""
        asked, closed = self._variable(round_, variable), self._closed(round_)
        documents = closed.sample.documents if by_document else None
        scheme, codes = Scheme(asked.scheme.value), [code.name for code in asked.codes]
        return computed(compute(closed.table, choices.request(variable, scheme, codes, documents, closed.sample.weights), columns=COLUMNS))

    def merged(self, round_: Round, variable: str, pair: tuple[str, str], *, profile: MethodsProfile) -> Merged:
        """Compute what merging two codes of a variable would do to alpha in a closed round."""
        asked, closed = self._variable(round_, variable), self._closed(round_)
        sample = closed.sample
        return what_if_merged(closed.table, asked, pair, profile=profile, documents=sample.clusters, weights=sample.weights)

    def files(self, round_: Round) -> dict[str, bytes]:
        """Make the files of a closed round's export, by name; ``codings.csv`` holds exactly the codings that agreement is computed on."""
        revealed = Codings(self.session).revealed(round_.id)
        coders = self.coders(round_)
        later = [one.coding for one in revealed if one.verdict is not Verdict.BLIND]
        repeats, left = repeated_codings(revealed), [one.coding for one in revealed if one.left]
        files = {
            "codings.csv": codings_table(blind_codings(revealed).values(), coders),
            "excerpts.csv": excerpts_table(self._sample(round_)),
            "codebook.json": write_codebook_json(Codebooks(self.session).revision(round_.revision_id).codebook),
            "agreement.json": msgspec.json.format(msgspec.json.encode(self.of(round_, profile=STANDARD_1, list_at_most=None))),
        }
        if model_coders := ModelCoders(self.session).of(round_.id):
            files["codings-of-models.csv"] = model_codings_table(ModelCoders(self.session).revealed(round_.id), model_coders)
        beside = {"codings-after-exposure.csv": later, "codings-of-repeats.csv": repeats, "codings-of-leavers.csv": left}
        return files | {name: codings_table(codings, coders) for name, codings in beside.items() if codings}

    def own_files(self, round_: Round, person_id: PersonId) -> dict[str, bytes]:
        """Make the files of a coder's own export, which are theirs at any time."""
        if person_id not in round_.coders or round_.opened_at is None:
            message = "This person does not code in the round."
            raise Conflict(message)
        own = Codings(self.session).own(round_.id, person_id)
        turns = {turn.excerpt_id for turn in Assignments(self.session).of(round_.id, person_id)}
        return {
            "codings.csv": codings_table(own, self.coders(round_), repeats_told=round_.state.is_revealed),
            "excerpts.csv": excerpts_table([excerpt for excerpt in self._sample(round_) if excerpt.id in turns]),
            "codebook.json": write_codebook_json(Codebooks(self.session).revision(round_.revision_id).codebook),
        }

    def _variable(self, round_: Round, name: str) -> Variable:
        found = Codebooks(self.session).revision(round_.revision_id).codebook.variable(name)
        if found is None:
            message = "The round's codebook has no variable of that name."
            raise BadInput(message)
        if found.scheme is CodebookScheme.SPANS:
            message = "The coefficients of a variable of spans are all on the report; none is asked for by name."
            raise BadInput(message)
        return found

    def _closed(self, round_: Round, names: Mapping[PersonId, str] | None = None) -> ClosedRound:
        rows = self.session.connection.execute(_DRAWN, {"round": round_.id}).tuples().all()
        return ClosedRound(
            revealed=Codings(self.session).revealed(round_.id),
            codebook=Codebooks(self.session).revision(round_.revision_id).codebook,
            coders=names or self.coders(round_),
            sample=Sample.of(list(rows)),
        )

    def _sample(self, round_: Round) -> list[Excerpt]:
        ids = [drawn.excerpt_id for drawn in Rounds(self.session).sample(round_.id)]
        found = Corpus(self.session).excerpts(ids)
        return [found[excerpt] for excerpt in ids]
