"""What a principal may do and see. Every handler asks here first; the answer for *not yours to know* is *not found*."""

import numpy as np

from service.coding.exposure import SAME_TEXT
from service.coding.model import PersonId, Round
from service.coding.visibility import Role, Sight, Stance, sees, stance_of
from service.corpus.model import StudyId
from service.embedding import TextKey
from service.errors import Conflict, NotAllowed, NotFound, SuggestionsHidden
from service.store import Transaction
from service.store.credentials import Scope
from service.store.people import Person
from service.web.identity import Principal

ANY = frozenset(Role)
LEAD = frozenset({Role.LEAD})
READS_OTHERS = frozenset({Role.LEAD, Role.ADJUDICATOR, Role.OBSERVER})
OF_OTHERS = frozenset({Sight.CODINGS, Sight.RESULTS, Sight.LEDGER, Sight.COMPLETION, Sight.QUEUE})
"""The sights that show what others did."""
NAMES = frozenset({Stance.LEAD, Stance.CODING_LEAD, Stance.MACHINE})
"""Who reads the coders' names in results whatever the lead chose; a machine acts for a lead."""


def check_scope(who: Principal, scope: Scope) -> None:
    """Refuse a token that lacks a scope."""
    if not who.may(scope):
        message = f"This token lacks the scope {scope.value}. Make one that has it on the page Tokens."
        raise NotAllowed(message)


def role_in(tx: Transaction, who: Principal, study_id: str, *, asked: str = "study") -> Role:
    """Give a person's role in a study, or refuse as if what was asked for were not there."""
    tied = who.token.study_id if who.token else None
    role = tx.people.role(study_id, who.person_id) if tied in {None, study_id} else None
    if role is None or (who.is_machine and role is not Role.LEAD):
        message = f"There is no such {asked}."
        raise NotFound(message)
    return role


def enter_study(tx: Transaction, who: Principal, study_id: str, scope: Scope, roles: frozenset[Role], *, asked: str = "study") -> StudyId:
    """Let a member with one of the roles in; a machine token stands in for its lead where its scope covers the act.

    ``asked`` is what the request named: a document or codebook of a study that is not the asker's answers like one that is not there.
    """
    role = role_in(tx, who, study_id, asked=asked)
    check_scope(who, scope)
    if role not in roles:
        message = "Your role in this study does not cover this. Ask its lead."
        raise NotAllowed(message)
    return tx.corpus.study(study_id).id


def stance(tx: Transaction, who: Principal, round_: Round) -> Stance:
    """Say what a principal is to a round."""
    try:
        role = role_in(tx, who, round_.study_id)
    except NotFound:
        return Stance.STRANGER
    if who.is_machine:
        return Stance.MACHINE
    return stance_of(role, codes_in_it=who.person_id in round_.coders)


def enter_round(tx: Transaction, who: Principal, round_id: str, sight: Sight, scope: Scope | None) -> Round:
    """Give a round to a principal who has a sight of it now; to anybody else there is no such round."""
    round_ = tx.rounds.get(round_id)
    check_sees(tx, who, round_, sight, scope)
    return round_


def check_sees(tx: Transaction, who: Principal, round_: Round, sight: Sight, scope: Scope | None) -> None:
    """Refuse, as if there were no such round, whoever has no sight of it now; then a token without the scope."""
    if not may_see(tx, who, round_, sight):
        message = "There is no such round."
        raise NotFound(message)
    if scope is not None:
        check_scope(who, scope)


def lead_round(tx: Transaction, who: Principal, round_id: str) -> Round:
    """Give a round to its study's lead, for an act on it."""
    round_ = tx.rounds.get(round_id)
    found = stance(tx, who, round_)
    if found not in {Stance.LEAD, Stance.CODING_LEAD}:
        if sees(found, round_.state, Sight.EXISTENCE):
            message = "Only the lead of the study can do this."
            raise NotAllowed(message)
        message = "There is no such round."
        raise NotFound(message)
    check_scope(who, Scope.MANAGE)
    return round_


def may_see(tx: Transaction, who: Principal, round_: Round, sight: Sight) -> bool:
    """Read the table, then hold back what others did in the round from whoever codes the same texts in another, open one."""
    if not sees(stance(tx, who, round_), round_.state, sight):
        return False
    return sight not in OF_OTHERS or not held_back(tx, who, round_)


def held_back(tx: Transaction, who: Principal, round_: Round) -> bool:
    """Say whether the asker codes texts of this round in another round that is open: until then it shows nothing of others."""
    coded_now = [other for other in tx.rounds.coded_by(who.person_id) if other.state.takes_codings and other.id != round_.id]
    return any(_share_texts(tx, round_, other) for other in coded_now)


def names(tx: Transaction, who: Principal, round_: Round) -> dict[PersonId, str]:
    """Name a round's coders to somebody who sees its results: the lead by their names, others by labels while names are hidden."""
    return tx.reports.coders(round_) if stance(tx, who, round_) in NAMES else queue_names(tx, round_)


def queue_names(tx: Transaction, round_: Round) -> dict[PersonId, str]:
    """Name a round's coders to whoever adjudicates it, the lead too: by labels while names are hidden."""
    return tx.adjudications.labels(round_) if tx.adjudications.hides_names(round_) else tx.reports.coders(round_)


def check_unblinding(tx: Transaction, who: Principal, round_: Round) -> None:
    """Refuse to open codings early to whoever codes the same texts in another open round."""
    if held_back(tx, who, round_):
        message = "There is no such coder in this round."
        raise NotFound(message)


def check_no_peer(tx: Transaction, who: Principal, person: Person) -> None:
    """Refuse to open the account of somebody whose codings the asker must not see: with a new link one could sign in as them."""
    coded_now = [round_ for round_ in tx.rounds.coded_by(who.person_id) if round_.state.takes_codings]
    theirs = tx.rounds.coded_by(person.id) if person.password_hash and person.id != who.person_id else []
    if any(one.id == other.id or _share_texts(tx, one, other) for one in coded_now for other in theirs):
        message = (
            "This person codes the same texts as you, and a new link would open their codings to you. "
            "Make it after the close, or let a lead make it who does not code."
        )
        raise Conflict(message)
    opened = person.password_hash and person.id != who.person_id
    if opened and any(tx.people.role(one.study_id, person.id) in READS_OTHERS for one in coded_now):
        message = (
            "This person may read what others coded, and a new link would let you read it while you code. "
            "Make it after the close, or let a lead make it who does not code."
        )
        raise Conflict(message)


def _share_texts(tx: Transaction, one: Round, other: Round) -> bool:
    ids = [[drawn.excerpt_id for drawn in tx.rounds.sample(round_.id)] for round_ in (one, other)]
    hashes = [{TextKey(excerpt.text_sha256) for excerpt in tx.corpus.excerpts(some).values()} for some in ids]
    return bool(hashes[0] & hashes[1]) or _nearly_share(tx, *hashes)


def _nearly_share(tx: Transaction, one: set[TextKey], other: set[TextKey]) -> bool:
    for model in tx.vectors.models():
        some, others = (tx.vectors.get(model, sorted(keys)) for keys in (one, other))
        if some and others and float((np.array(list(some.values())) @ np.array(list(others.values())).T).max()) >= SAME_TEXT:
            return True
    return False


def check_suggestions(tx: Transaction, who: Principal) -> None:
    """Refuse suggestions to whoever codes blind now, whatever text and codebook they bring."""
    if any(round_.state.takes_codings for round_ in tx.rounds.coded_by(who.person_id)):
        message = "You code in an open round, so suggestions are hidden from you until it closes. This protects your independence."
        raise SuggestionsHidden(message)
