"""Earlier codings brought into an open round as a coder's: all of a file or nothing, sealed until the close like the others'."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from service.codebook.model import Codebook
from service.coding.ledger import EntryKind
from service.coding.model import Answer, AssignmentId, CodedSpan, Content, PersonId, Provenance, Round, RoundState
from service.coding.reveal import FIRST_OCCASION
from service.coding.submission import MOST_CODINGS, check_content
from service.corpus.model import ExcerptId
from service.errors import BadInput, Conflict
from service.exchange.codings import CodingRow, read_codings_of_one
from service.exchange.names import safe_file_name
from service.exchange.source import at, bad
from service.report.agreement import Imported
from service.store.assigning import IMPORTED
from service.store.assignments import Assignments
from service.store.audits import Audits
from service.store.chains import Chains
from service.store.codebooks import Codebooks
from service.store.codings import Codings
from service.store.corpus import Corpus, Excerpt
from service.store.people import People
from service.store.session import Session


class _Record(msgspec.Struct, frozen=True):
    by: str
    person: str
    codings: int
    file_sha256: str


class Imports:
    """Brings codings in, and tells the report about it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def bring_in(self, round_: Round, person: PersonId, file: tuple[str, bytes], *, by: PersonId | None) -> list[str]:
        """Store a file's codings as this coder's. The caller holds the round alone; the file names excerpts by id or by exact text."""
        if person not in round_.coders or person in round_.leavers:
            message = "Name a coder of this round, whose codings these become."
            raise Conflict(message)
        if round_.state is not RoundState.OPEN:
            message = "Earlier codings are brought in while the round is open, before its first close. Nothing was stored."
            raise Conflict(message)
        name, data = file
        batch = self._batch(round_, person, safe_file_name(name), read_codings_of_one(name, data))
        made: list[str] = []
        for first in range(0, len(batch), MOST_CODINGS):
            part = batch[first : first + MOST_CODINGS]
            made += Codings(self.session).submit(round_, person, part, provenance=Provenance.IMPORTED)
        Audits(self.session).note(by, IMPORTED, round_.id)
        record = _Record(by=by or "", person=person, codings=len(made), file_sha256=hashlib.sha256(data).hexdigest())
        Chains(self.session).note(round_.id, EntryKind.IMPORTED, record)
        return made

    def of(self, round_: Round, coders: Mapping[PersonId, str]) -> list[Imported]:
        """List what was brought in, for the report; erased records are left out."""
        found = [(at_, msgspec.json.decode(content, type=_Record)) for at_, content in self._records(round_) if content is not None]
        return [Imported(at=at_, coder=coders[PersonId(one.person)], by=self._name(one.by), codings=one.codings) for at_, one in found]

    def _records(self, round_: Round) -> list[tuple[str, bytes | None]]:
        return Chains(self.session).records(round_.id, EntryKind.IMPORTED)

    def _name(self, person_id: str) -> str:
        return People(self.session).get(person_id).name if person_id else "the operator of this machine"

    def _batch(self, round_: Round, person: PersonId, file: str, rows: Sequence[CodingRow]) -> list[tuple[AssignmentId, Content]]:
        codebook = Codebooks(self.session).revision(round_.revision_id).codebook
        turns = {turn.excerpt_id: turn.id for turn in Assignments(self.session).of(round_.id, person) if turn.occasion == FIRST_OCCASION}
        excerpts = {ExcerptId(one): excerpt for one, excerpt in Corpus(self.session).excerpts(list(turns)).items()}
        coded = {coding.assignment_id for coding in Codings(self.session).own(round_.id, person)}
        given: dict[ExcerptId, list[CodingRow]] = {}
        named = _Named(file, excerpts)
        for row in rows:
            given.setdefault(named.excerpt(row), []).append(row)
        for excerpt, some in given.items():
            if turns[excerpt] in coded:
                raise bad(file, at(some[0].number), "this coder has a coding of this excerpt in the round already. Take the row out.")
            _check(file, some, codebook, excerpts[excerpt].end - excerpts[excerpt].start)
        return [(turns[excerpt], _content(some)) for excerpt, some in given.items()]


class _Named:
    """Finds the excerpt that a row names by its id or by its exact text."""

    def __init__(self, file: str, excerpts: Mapping[ExcerptId, Excerpt]) -> None:
        self.file = file
        self.ids = {str(one): one for one in excerpts}
        self.texts: dict[str, list[ExcerptId]] = {}
        for one, excerpt in excerpts.items():
            self.texts.setdefault(excerpt.text, []).append(one)

    def excerpt(self, row: CodingRow) -> ExcerptId:
        if row.unit in self.ids:
            return self.ids[row.unit]
        found = self.texts.get(row.unit, [])
        if len(found) > 1:
            raise bad(self.file, at(row.number), "several excerpts of the round have this text. Name the excerpt by its id.")
        if not found:
            raise bad(
                self.file, at(row.number), "this coder has no excerpt of this id or exact text in the round. Take the row out, or mend it."
            )
        return found[0]


def _check(file: str, rows: Sequence[CodingRow], codebook: Codebook, length: int) -> None:
    """Check row by row, each with those before it, so that the message names the row that does not fit."""
    for count, row in enumerate(rows, 1):
        try:
            check_content(_content(rows[:count]), codebook, length=length)
        except BadInput as refusal:
            raise bad(file, at(row.number), refusal.detail) from None


def _content(rows: Sequence[CodingRow]) -> Content:
    answers: dict[str, list[CodingRow]] = {}
    for row in rows:
        answers.setdefault(row.variable, []).append(row)
    return Content(answers=tuple(_answer(variable, some) for variable, some in answers.items()))


def _answer(variable: str, rows: Sequence[CodingRow]) -> Answer:
    codes = tuple(row.code for row in rows if row.code and row.span is None)
    spans = sorted((*row.span, row.code) for row in rows if row.span is not None)
    return Answer(variable=variable, codes=codes, spans=tuple(CodedSpan(start=start, end=end, code=code) for start, end, code in spans))
