"""Leaks planted by replacing a function of the service."""

import uuid
from collections import Counter
from typing import Any

import msgspec

from service.codebook.model import Codebook
from service.codebook.revision import Revision
from service.coding.ledger import Verdict
from service.coding.model import Assignment, Coding, PersonId, Round, RoundState, SuggestionPolicy
from service.coding.reveal import Revealed
from service.coding.visibility import Role, Sight, Stance, stance_of
from service.errors import BadInput, Conflict, NotAllowed, NotFound
from service.leaktest.cast import CLEO
from service.store import Store, Transaction
from service.store.assignments import Assignments
from service.store.codebooks import Codebooks
from service.store.codings import Codings
from service.store.credentials import Tokens
from service.store.requests import Requests
from service.store.session import Session
from service.web import access, health
from service.web.api import codebooks as codebooks_api
from service.web.api import codings as codings_api
from service.web.api import rounds as rounds_api
from service.web.api import suggestions as suggestions_api
from service.web.identity import Principal
from tests.blindness.planting import (
    CONTENT,
    FEW,
    PRESENCE,
    Patch,
    all_contents,
    change_turns,
    changed_codes,
    contents,
    count,
    count_all,
    never,
    planted,
    reveal_open,
    told_use,
    widen,
)


@planted("L1", CONTENT)
def own_door_without_its_coder(patch: Patch) -> None:
    whole = Codings.own

    def own(self: Codings, round_id: str, person_id: str, **among: Any) -> list[Coding]:
        coders = {person_id, *self.rounds.get(round_id).coders}
        return [one for coder in sorted(coders) for one in whole(self, round_id, coder, **among)]

    patch.setattr(Codings, "own", own)


@planted("L2", PRESENCE)
def forbidden_instead_of_absent(patch: Patch) -> None:
    own = Assignments.one

    def one(self: Assignments, assignment_id: str, person_id: str) -> Assignment:
        query = "SELECT count(*) FROM codings WHERE assignment_id = ? AND person_id <> ?"
        if self.session.connection.exec_driver_sql(query, (assignment_id, person_id)).scalar_one():
            message = "This coding is another coder's."
            raise NotAllowed(message)
        return own(self, assignment_id, person_id)

    patch.setattr(Assignments, "one", one)


@planted("L4", PRESENCE)
def least_coded_first(patch: Patch) -> None:
    def part(self: Assignments, round_id: str, person_id: str, *, after: int, limit: int) -> list[Assignment]:
        coded = Counter(excerpt for _, excerpt, _ in contents(self.session, person_id))
        behind = [turn for turn in self.of(round_id, person_id) if turn.position > after]
        return sorted(behind, key=lambda turn: coded[turn.excerpt_id])[:limit]

    patch.setattr(Assignments, "part", part)


@planted("L5", PRESENCE)
def progress_of_all(patch: Patch) -> None:
    own = codings_api.progress

    def progress(tx: Transaction, round_: Round, person: PersonId) -> codings_api.ProgressOut:
        return msgspec.structs.replace(own(tx, round_, person), done=sum(tx.codings.completion(round_.id).values()))

    patch.setattr(codings_api, "progress", progress)


@planted("L8", CONTENT)
def agreement_of_an_open_round(patch: Patch) -> None:
    widen(patch, Stance.CODER, Sight.RESULTS)
    reveal_open(patch)


@planted("L9", PRESENCE)
def codes_with_how_often_they_were_used(patch: Patch) -> None:
    whole = Codebooks.revision

    def by_use(self: Codebooks, revision_id: str) -> Revision:
        found = whole(self, revision_id)
        used = " ".join(content for _, _, content in contents(self.session))
        return msgspec.structs.replace(found, codebook=told_use(found.codebook, used))

    patch.setattr(Codebooks, "revision", by_use)


@planted("L10", PRESENCE)
def token_names_unique_across_people(patch: Patch) -> None:
    issue = Tokens.issue

    def unique(self: Tokens, **asked: Any) -> tuple[str, str]:
        query = "SELECT count(*) FROM tokens WHERE name = ? AND person_id <> ?"
        if self.session.connection.exec_driver_sql(query, (asked["name"], asked["person_id"])).scalar_one():
            message = "There is a token of that name."
            raise Conflict(message)
        return issue(self, **asked)

    patch.setattr(Tokens, "issue", unique)


@planted("L11", PRESENCE, thin=False, askers=(CLEO,))
def code_in_use(patch: Patch) -> None:
    save = codebooks_api.save

    def checked(tx: Transaction, who: Principal, study: Any, codebook: Codebook, note: str) -> list[str]:
        kept = {code.name for variable in codebook.variables for code in variable.codes}
        uses = sum(f'"{code}"' in content for code in {"Boundaries", "Training"} - kept for _, _, content in contents(tx.session))
        if uses:
            message = f"A code that {uses} codings use would go."
            raise Conflict(message)
        return save(tx, who, study, codebook, note)

    patch.setattr(codebooks_api, "save", checked)


@planted("L12", CONTENT, thin=False)
def refusal_that_names_anothers_codes(patch: Patch) -> None:
    submit = Codings.submit

    def told(self: Codings, round_: Round, person_id: PersonId, batch: Any) -> Any:
        try:
            return submit(self, round_, person_id, batch)
        except BadInput as refusal:
            message = f"{refusal.detail} The coders before you gave {[given for *_, given in contents(self.session, person_id)]}."
            raise BadInput(message) from refusal

    patch.setattr(Codings, "submit", told)


@planted("L13", PRESENCE)
def ids_that_count(patch: Patch) -> None:
    made: Counter[str] = Counter()

    def new_id(self: Session) -> str:
        database = str(self.connection.engine.url)
        made[database] += 1
        return str(uuid.UUID(int=made[database]))

    patch.setattr(Session, "new_id", new_id)


@planted("L14", PRESENCE)
def last_update_of_a_shared_round(patch: Patch) -> None:
    whole = rounds_api.shown

    def shown(tx: Transaction, who: Principal, round_: Round) -> rounds_api.RoundOut:
        query = "SELECT max(at) FROM codings WHERE round_id = ?"
        last = tx.session.connection.exec_driver_sql(query, (round_.id,)).scalar()
        return msgspec.structs.replace(whole(tx, who, round_), opened_at=last)

    patch.setattr(rounds_api, "shown", shown)


@planted("L17", CONTENT)
def idempotency_keys_of_all_in_one(patch: Patch) -> None:
    once = Requests.once

    def shared(self: Requests, principal: str, *rest: Any) -> tuple[str, bool]:
        assert principal
        return once(self, "everybody", *rest)

    patch.setattr(Requests, "once", shared)


@planted("L19", CONTENT)
def suggestions_from_open_codings(patch: Patch) -> None:
    pinned = suggestions_api.pinned

    def trained(store: Store, round_: Round) -> Codebook:
        told = all_contents(store)
        return changed_codes(pinned(store, round_), lambda codes: [msgspec.structs.replace(code, definition=told) for code in codes])

    patch.setattr(suggestions_api, "pinned", trained)


@planted("L20", PRESENCE)
def suggestions_by_how_often_codes_were_used(patch: Patch) -> None:
    pinned = suggestions_api.pinned

    def common(store: Store, round_: Round) -> Codebook:
        return told_use(pinned(store, round_), all_contents(store))

    patch.setattr(suggestions_api, "pinned", common)


@planted("L23", PRESENCE)
def third_coder_only_where_two_have_not_coded(patch: Patch) -> None:
    whole = Assignments.part

    def adaptive(self: Assignments, round_id: str, person_id: str, **which: Any) -> list[Assignment]:
        done = Counter(excerpt for _, excerpt, _ in contents(self.session, person_id))
        return [turn for turn in whole(self, round_id, person_id, **which) if done[turn.excerpt_id] < 2]

    patch.setattr(Assignments, "part", adaptive)


@planted("L26", CONTENT)
def tool_reads_open_rounds(patch: Patch) -> None:
    widen(patch, Stance.MACHINE, Sight.CODINGS)
    patch.setattr(access, "held_back", never)
    reveal_open(patch)


@planted("L29", CONTENT)
def draft_shared_by_excerpt(patch: Patch) -> None:
    change_turns(patch, lambda turn, found: msgspec.structs.replace(turn, label=found[-1] if found else turn.label))


@planted("L32", PRESENCE)
def whole_ledger_while_open(patch: Patch) -> None:
    widen(patch, Stance.CODER, Sight.LEDGER)


@planted("L33", PRESENCE)
def health_with_row_counts(patch: Patch) -> None:
    def counted(store: Store) -> health.Part:
        return health.Part("database", "ready", f"{count_all(store)} codings")

    patch.setattr(health, "_database", counted)


@planted("L34", PRESENCE, askers=(CLEO,))
def lead_rights_win_over_coding(patch: Patch) -> None:
    def stance(role: Role | None, *, codes_in_it: bool) -> Stance:
        return stance_of(role, codes_in_it=codes_in_it and role is not Role.LEAD)

    patch.setattr(access, "stance_of", stance)


@planted("L35", CONTENT)
def closed_round_of_the_same_excerpts(patch: Patch) -> None:
    patch.setattr(access, "held_back", never)


@planted("L35", CONTENT, thin=False, askers=(CLEO,))
def closed_round_of_nearly_the_same_texts(patch: Patch) -> None:
    patch.setattr(access, "_nearly_share", never)


@planted("L36", CONTENT)
def results_that_mix_open_and_closed(patch: Patch) -> None:
    closed = Codings.revealed

    def mixed(self: Codings, round_id: str) -> list[Revealed]:
        found = closed(self, round_id)
        study = self.rounds.get(round_id).study_id
        running = [one for one in self.rounds.of_study(study) if one.state is RoundState.OPEN]
        return found + [Revealed(coding, Verdict.BLIND) for one in running for coder in one.coders for coding in self.own(one.id, coder)]

    patch.setattr(Codings, "revealed", mixed)


@planted("L37", PRESENCE)
def excerpt_gone_when_somebody_skips_it(patch: Patch) -> None:
    change_turns(patch, lambda turn, found: msgspec.structs.replace(turn, text="") if any('"skip": "' in one for one in found) else turn)


@planted("L38", PRESENCE)
def prefilled_from_others(patch: Patch) -> None:
    change_turns(patch, lambda turn, found: msgspec.structs.replace(turn, before=f"{len(found)} others chose"))


@planted("L41", PRESENCE)
def error_of_the_database(patch: Patch) -> None:
    submit = Codings.submit

    def told(self: Codings, round_: Round, person_id: PersonId, batch: Any) -> Any:
        try:
            return submit(self, round_, person_id, batch)
        except NotFound as refusal:
            message = f"UNIQUE constraint failed: codings ({count(self.session)} rows)"
            raise BadInput(message) from refusal

    patch.setattr(Codings, "submit", told)


@planted("L44", PRESENCE)
def policy_that_flips_when_others_have_coded(patch: Patch) -> None:
    whole = rounds_api.shown

    def shown(tx: Transaction, who: Principal, round_: Round) -> rounds_api.RoundOut:
        flips = len(contents(tx.session, who.person_id)) > FEW
        return msgspec.structs.replace(whole(tx, who, round_), policy=SuggestionPolicy.BEFORE if flips else round_.policy)

    patch.setattr(rounds_api, "shown", shown)


@planted("L45", PRESENCE, askers=(CLEO,))
def removed_and_back_is_no_coder(patch: Patch) -> None:
    whole = access.stance

    def stance(tx: Transaction, who: Principal, round_: Round) -> Stance:
        query = "SELECT max(since) FROM memberships WHERE person_id = ? AND study_id = ?"
        since = tx.session.connection.exec_driver_sql(query, (who.person_id, round_.study_id)).scalar()
        came_later = since is not None and since > (round_.opened_at or "9")
        role = tx.people.role(round_.study_id, who.person_id)
        return stance_of(role, codes_in_it=False) if came_later and not who.is_machine else whole(tx, who, round_)

    patch.setattr(access, "stance", stance)
