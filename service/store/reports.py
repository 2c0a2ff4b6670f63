"""A closed round's report and export files, gathered from what the close revealed."""

import msgspec

from service.agreement.compute import compute
from service.agreement.profile import STANDARD_1, MethodsProfile
from service.agreement.summary import Scheme
from service.coding.ledger import Verdict
from service.coding.model import PersonId, Round
from service.coding.reveal import blind_codings
from service.errors import BadInput, Conflict
from service.exchange.codebooks import write_codebook_json
from service.report.agreement import COLUMNS, Reopening, RoundReport, Unblinding, long_table, round_agreement
from service.report.asked import Choices, Computed, computed
from service.report.tables import codings_table, excerpts_table
from service.store.audits import Audits
from service.store.codebooks import Codebooks
from service.store.codings import Codings
from service.store.corpus import Corpus, Excerpt
from service.store.people import People
from service.store.rounds import Rounds
from service.store.session import Session


class Reports:
    """Reads what a report needs and has the report room make it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def coders(self, round_: Round) -> dict[PersonId, str]:
        """Name a round's coders so that no two have the same name."""
        people = [People(self.session).get(coder) for coder in round_.coders]
        names = [person.name for person in people]
        return {person.id: person.name if names.count(person.name) == 1 else f"{person.name} ({person.login})" for person in people}

    def of(self, round_: Round, *, profile: MethodsProfile, list_at_most: int | None) -> RoundReport:
        """Compute a closed round's report by a methods profile, listing so many disagreeing excerpts of each variable."""
        revision = Codebooks(self.session).revision(round_.revision_id)
        revealed = Codings(self.session).revealed(round_.id)
        figures = round_agreement(
            revealed,
            revision.codebook,
            sample={one.id: one.document_id for one in self._sample(round_)},
            coders=self.coders(round_),
            profile=profile,
            list_at_most=list_at_most,
        )
        audits = Audits(self.session).about(round_.id)
        early = [audit for audit in audits if audit.act == "unblinded"]
        again = [audit for audit in audits if audit.act == "reopened"]
        return RoundReport(
            round_id=round_.id,
            name=round_.name,
            kind=round_.kind,
            codebook_revision=revision.number,
            sample_method=round_.sample_method,
            sample_seed=round_.sample_seed,
            opened_at=round_.opened_at,
            closed_at=round_.closed_at,
            seal=round_.seal,
            provenance=sorted({one.coding.provenance.value for one in revealed}),
            unblinded=[Unblinding(at=audit.at, reason=audit.reason) for audit in early],
            agreement=figures,
            reopened=[
                Reopening(at=audit.at, reason=audit.reason, closed_at=closed_at, seal=seal)
                for audit, (closed_at, seal) in zip(again, Rounds(self.session).closings(round_.id), strict=False)
            ],
        )

    def ask(self, round_: Round, variable: str, choices: Choices, *, by_document: bool) -> Computed:
        """Compute one coefficient of one variable of a closed round, with every choice named."""
        asked = Codebooks(self.session).revision(round_.revision_id).codebook.variable(variable)
        if asked is None:
            message = "The round's codebook has no variable of that name."
            raise BadInput(message)
        table = long_table(blind_codings(Codings(self.session).revealed(round_.id)).values(), self.coders(round_))
        documents = {str(one.id): str(one.document_id) for one in self._sample(round_)} if by_document else None
        scheme, codes = Scheme(asked.scheme.value), [code.name for code in asked.codes]
        return computed(compute(table, choices.request(variable, scheme, codes, documents), columns=COLUMNS))

    def files(self, round_: Round) -> dict[str, bytes]:
        """Make the files of a closed round's export, by name; ``codings.csv`` holds exactly the codings that agreement is computed on."""
        revealed = Codings(self.session).revealed(round_.id)
        coders = self.coders(round_)
        later = [one.coding for one in revealed if one.verdict is not Verdict.BLIND]
        files = {
            "codings.csv": codings_table(blind_codings(revealed).values(), coders),
            "excerpts.csv": excerpts_table(self._sample(round_)),
            "codebook.json": write_codebook_json(Codebooks(self.session).revision(round_.revision_id).codebook),
            "agreement.json": msgspec.json.format(msgspec.json.encode(self.of(round_, profile=STANDARD_1, list_at_most=None))),
        }
        return files | ({"codings-after-exposure.csv": codings_table(later, coders)} if later else {})

    def own_files(self, round_: Round, person_id: PersonId) -> dict[str, bytes]:
        """Make the files of a coder's own export, which are theirs at any time."""
        if person_id not in round_.coders or round_.opened_at is None:
            message = "This person does not code in the round."
            raise Conflict(message)
        own = Codings(self.session).own(round_.id, person_id)
        turns = {turn.excerpt_id for turn in Rounds(self.session).assignments(round_.id, person_id)}
        return {
            "codings.csv": codings_table(own, self.coders(round_)),
            "excerpts.csv": excerpts_table([excerpt for excerpt in self._sample(round_) if excerpt.id in turns]),
            "codebook.json": write_codebook_json(Codebooks(self.session).revision(round_.revision_id).codebook),
        }

    def _sample(self, round_: Round) -> list[Excerpt]:
        ids = [drawn.excerpt_id for drawn in Rounds(self.session).sample(round_.id)]
        found = Corpus(self.session).excerpts(ids)
        return [found[excerpt] for excerpt in ids]
