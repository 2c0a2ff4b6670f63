"""What the operator of the machine does on the store: the command line's words, carried out as the study's lead."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from service.coding.model import PersonId, Round
from service.coding.visibility import Role
from service.corpus.model import StudyId
from service.errors import BadInput, Conflict, NotFound
from service.exchange.codebooks import read_codebook
from service.exchange.documents import DocumentOptions, read_documents
from service.report.proof import write_proof
from service.store.credentials import LinkKind, Scope, TokenKind
from service.store.people import Person
from service.store.store import Store
from service.store.transaction import Transaction

Found = TypeVar("Found")


def set_up_secret(store: Store) -> str | None:
    """Make the one-time set-up link's secret while nobody has set a password; an earlier one ends."""
    with store.writing() as tx:
        return None if tx.people.anybody() else tx.links.issue(LinkKind.SET_UP)


def study(store: Store, named: str, lead: str) -> StudyId:
    """Find a study by name or id; with a lead's login name, make it if it is not there."""
    with store.writing() as tx:
        found = _studies(tx, named)
        if not found and lead:
            return _make_study(tx, named, lead)
        if len(found) != 1:
            what = "more than one study has this name; give its id" if found else "there is no study of this name; --lead LOGIN makes it"
            message = f"{named}: {what}."
            raise NotFound(message)
        return found[0]


def import_documents(store: Store, study_id: StudyId, file: Path, how: DocumentOptions) -> str:
    """Import a file of documents and say what it did."""
    new = read_documents(file.name, file.read_bytes(), how)
    with store.writing() as tx:
        done = tx.corpus.bring_in(study_id, new)
    unchanged = f", {len(done.unchanged)} there already and unchanged" if done.unchanged else ""
    return f"{file.name}: {_count(len(done.added), 'document')} with {_count(done.excerpts, 'excerpt')} added{unchanged}."


def import_codebook(store: Store, study_id: StudyId, file: Path) -> str:
    """Import a codebook file and say what it did."""
    codebook = read_codebook(file.name, file.read_bytes())
    with store.writing() as tx:
        revision, new = tx.codebooks.save(study_id, codebook, by=_lead(tx, study_id), note=f"imported from {file.name}")
        if new and all(not round_.state.takes_codings for round_ in tx.rounds.of_study(study_id)):
            tx.rounds.take_snapshot(study_id, revision.id)
    return f"{file.name}: " + (
        f"saved as revision {revision.number}." if new else f"the same as revision {revision.number}; nothing changed."
    )


def export(store: Store, round_name: str, coder: str, *, proof: bool) -> dict[str, bytes]:
    """Make the files of a round's export: of everybody once it is closed, of one coder at any time; with its proof if asked."""
    with store.reading() as tx:
        round_ = _round(tx, round_name)
        if coder:
            return tx.reports.own_files(round_, _person(tx, coder).id)
        if not round_.state.is_revealed:
            message = f"The round is {round_.state.value}; its codings stay sealed until it closes. --coder LOGIN exports a coder's own."
            raise Conflict(message)
        files = tx.reports.files(round_)
        return files | {"proof.zip": write_proof(tx.proofs.of(round_))} if proof else files


def import_codings(store: Store, round_name: str, login: str, path: Path) -> str:
    """Bring a file's codings into an open round as a coder's, and say how many."""
    with store.writing() as tx:
        round_ = tx.rounds.alone(_round(tx, round_name).id)
        made = tx.imports.bring_in(round_, _person(tx, login).id, (path.name, path.read_bytes()), by=None)
    return f"{_count(len(made), 'coding')} brought in as {login}'s; sealed until the close, printed as imported."


def erase_due(store: Store) -> list[str]:
    """Erase the studies whose time has come; say of each study how long it is kept."""
    said: list[str] = []
    with store.reading() as tx:
        due = set(tx.retentions.due())
        for study in tx.corpus.every_study():
            kept = tx.retentions.of(study.id)
            when = (
                f"until {kept.due_at:%Y-%m-%d}"
                if kept and kept.due_at
                else "until it is deleted"
                if kept is None
                else "no round closed yet"
            )
            said.append(f"{study.id}  {'erased now' if study.id in due else when}")
    for study_id in sorted(due):
        with store.writing() as tx:
            tx.retentions.erase(study_id)
    store.scrub()
    return said


def create_token(  # noqa: PLR0913
    store: Store, *, login: str, scopes: Iterable[str], study: str, machine: bool, name: str, life: timedelta
) -> str:
    """Make a token for a person and give its secret."""
    asked = {Scope(scope) for scope in scopes}
    if machine and (not study or not asked <= {Scope.SUGGEST, Scope.RESULTS}):
        message = "A machine token needs --study, and may have the scopes suggest and results only."
        raise BadInput(message)
    with store.writing() as tx:
        person = _person(tx, login)
        tied = _only(_studies(tx, study), f"There is no study named {study}, or more than one; give its id.") if study else None
        if tied is not None and tx.people.role(tied, person.id) is None:
            message = f"{login} is not in that study."
            raise Conflict(message)
        kind = TokenKind.MACHINE if machine else TokenKind.PERSON
        token, secret = tx.tokens.issue(kind=kind, name=name, scopes=asked, person_id=person.id, study_id=tied, life=life)
        tx.audits.note(None, "made token", token)
    return secret


def list_tokens(store: Store, login: str) -> list[str]:
    """Describe a person's tokens, a line each."""
    with store.reading() as tx:
        tokens = tx.tokens.of(_person(tx, login).id)
    return [
        f"{token.id}  {token.kind.value:<7}  {' '.join(token.scopes):<28}  until {token.expires_at[:10]}  "
        f"{'revoked' if token.revoked_at else 'works'}  {token.name}"
        for token in tokens
    ]


def revoke_token(store: Store, login: str, token_id: str) -> None:
    """Revoke a person's token."""
    with store.writing() as tx:
        tx.tokens.revoke(_person(tx, login).id, token_id)
        tx.audits.note(None, "revoked token", token_id)


def _make_study(tx: Transaction, name: str, lead: str) -> StudyId:
    person = tx.people.by_login(lead)
    who = person.id if person else tx.people.add(login=lead, name=lead, may_lead=True)
    made = tx.corpus.add_study(name, who)
    tx.people.join(made, who, Role.LEAD)
    return made


def _studies(tx: Transaction, named: str) -> list[StudyId]:
    return [one.id for one in tx.corpus.every_study() if named in {one.id, one.name}]


def _lead(tx: Transaction, study_id: StudyId) -> PersonId:
    leads = [member.person.id for member in tx.people.members(study_id) if member.role is Role.LEAD]
    return _only(leads[:1], "The study has no lead.")


def _person(tx: Transaction, login: str) -> Person:
    person = tx.people.by_login(login)
    if person is None:
        message = f"Nobody here has the login name {login}."
        raise NotFound(message)
    return person


def _round(tx: Transaction, named: str) -> Round:
    rounds = [round_ for one in tx.corpus.every_study() for round_ in tx.rounds.of_study(one.id)]
    found = [round_ for round_ in rounds if named in {round_.id, round_.name}]
    return _only(found, f"There is no round named {named}, or more than one; give its id.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _only(found: list[Found], refusal: str) -> Found:
    if len(found) != 1:
        raise NotFound(refusal)
    return found[0]
