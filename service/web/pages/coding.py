"""The coder's page: one excerpt, the codebook beside it, nothing of others. A correction is a coding sent again."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from service.codebook.model import Codebook
from service.coding.arms import policy_of
from service.coding.model import Arm, Content, PersonId, Round, SuggestionPolicy
from service.coding.visibility import Sight
from service.errors import BadInput, Conflict, NotFound, Refusal, RoundClosed
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.codings import AssignmentOut, ProgressOut, enter_to_code, progress, turns
from service.web.api.contents import ContentIn
from service.web.api.forms import body_of, once
from service.web.identity import Principal
from service.web.pages.answers import Filled, Question, content_of, filled_and_marked, filled_from, filled_of, filled_with, questions
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page
from service.web.pages.spans import Segment, Word, segments, words
from service.web.problems import PROBLEMS

At = Annotated[int | None, QueryParameter(ge=0, le=2_147_483_647)]
BACK: dict[str, Any] = {"back": "/rounds/{round_id}/code"}


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies before a coder: the own turn, the questions, the own progress."""

    round: Round
    study: str
    revision: int
    codebook: Codebook
    progress: ProgressOut
    turn: AssignmentOut | None
    last: int | None
    policy: SuggestionPolicy

    def questions(self) -> list[Question]:
        """List the variables with their codes and keys."""
        return questions(self.codebook)

    def segments(self, filled: Filled) -> list[Segment]:
        """Cut the excerpt where the spans that are filled in begin and end."""
        if self.turn is None:
            return []
        asked = [question for question in self.questions() if question.marks]
        spans = [row.span for question in asked for row in question.rows(self.turn.text, filled.chosen.get(question.place, ()))]
        return segments(self.turn.text, spans, [name for question in asked for name in question.names()])

    def words(self) -> list[Word]:
        """Number the words of the excerpt."""
        return words(self.turn.text) if self.turn else []

    def may_ask(self) -> bool:
        """Say whether this turn may ask for a suggestion now."""
        answered = self.turn is not None and self.turn.coding is not None
        return self.policy is SuggestionPolicy.BEFORE or (self.policy is SuggestionPolicy.AFTER_OWN_ANSWER and answered)


@get("/rounds/{round_id:uuid}/code", sync_to_thread=True)
def show(
    round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], at: At = None
) -> Response[str] | Redirect:
    """Show the next excerpt to code, or the one at a place of the own order."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.OWN, Scope.CODE)
        desk = desk_of(tx, who, round_, at)
    if desk.turn is None or not desk.round.state.takes_codings or desk.progress.handed_in or who.person_id in round_.leavers:
        return go(f"/rounds/{round_id}/own")
    return desk_page(who, desk, filled_of(desk.codebook, desk.turn))


@post("/rounds/{round_id:uuid}/code", sync_to_thread=True, status_code=200, opt=BACK)
def save(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Response[str] | Redirect:
    """Store the coding and go on; what cannot be stored stays on the page."""
    try:
        stays = _submit(store, who, str(round_id), form, skips=False)
    except (BadInput, Conflict) as refusal:
        return _again(store, who, str(round_id), form, refusal)
    return go(f"/rounds/{round_id}/code{stays}")


@post("/rounds/{round_id:uuid}/code/skip", sync_to_thread=True, status_code=200, opt=BACK)
def skip(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Response[str] | Redirect:
    """Skip the excerpt with a reason and go on."""
    try:
        _submit(store, who, str(round_id), form, skips=True)
    except (BadInput, Conflict) as refusal:
        return _again(store, who, str(round_id), form, refusal)
    return go(f"/rounds/{round_id}/code")


@post("/rounds/{round_id:uuid}/code/span", sync_to_thread=True, status_code=200, opt=BACK)
def mark(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Response[str]:
    """Add a span by its words to what is filled in; nothing is stored before the coding is saved."""
    with store.reading() as tx:
        desk = desk_at(tx, who, str(round_id), form.text("assignment"))
    try:
        filled = filled_and_marked(form, desk.codebook, form.number("add"), desk.turn.text if desk.turn else "")
    except BadInput as refusal:
        return desk_page(who, desk, filled_from(form, desk.codebook), status=400, problem=refusal.detail)
    return desk_page(who, desk, filled)


@get("/rounds/{round_id:uuid}/own", sync_to_thread=True)
def own(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Response[str]:
    """Show the own codings, each open to correction until the hand-in, and the hand-in itself."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.OWN, Scope.CODE)
        every = tx.assignments.of(round_.id, who.person_id)
        present = {coding.assignment_id: coding for coding in tx.codings.own(round_.id, who.person_id)}
        context: dict[str, Any] = {
            "round": round_,
            "study": tx.corpus.study(round_.study_id),
            "progress": progress(tx, round_, who.person_id),
            "turns": [(turn, present.get(turn.id)) for turn in every],
            "excerpts": tx.corpus.excerpts([turn.excerpt_id for turn in every]),
            "results": access.may_see(tx, who, round_, Sight.RESULTS),
        }
    return page("own.html", who, **context)


@post("/rounds/{round_id:uuid}/hand-in", sync_to_thread=True, opt={"back": "/rounds/{round_id}/own"})
def hand_in(
    round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Lock the own codings for good."""
    with store.writing() as tx:
        round_ = enter_to_code(tx, who, str(round_id))
        once(tx, who, f"handIn {round_id}", form.key(), b"", lambda: [tx.codings.hand_in(round_, who.person_id) or round_.id])
    return go(f"/rounds/{round_id}/own")


def desk_of(tx: Transaction, who: Principal, round_: Round, at: int | None) -> Desk:
    """Lay out a coder's turn: the one at a place of the own order, else the first that is not done."""
    revision = tx.codebooks.revision(round_.revision_id)
    person = who.person_id
    wanted = at if at is not None else tx.assignments.first_undone(round_.id, person)
    turn = None if wanted is None else _turn(tx, round_, person, wanted)
    return Desk(
        round=round_,
        study=tx.corpus.study(round_.study_id).name,
        revision=revision.number,
        codebook=revision.codebook,
        progress=progress(tx, round_, person),
        turn=turn,
        last=tx.codings.last_place(round_.id, person, beside=wanted),
        policy=policy_of(round_.policy, None if turn is None else tx.assignments.one(turn.id, person).arm),
    )


def desk_at(tx: Transaction, who: Principal, round_id: str, assignment_id: str) -> Desk:
    """Lay out the turn of one of the asker's own assignments in a round."""
    round_ = access.enter_round(tx, who, round_id, Sight.OWN, Scope.CODE)
    own = tx.assignments.one(assignment_id, who.person_id)
    if own.round_id != round_.id:
        message = "You have no such assignment."
        raise NotFound(message)
    return desk_of(tx, who, round_, own.position)


def desk_page(who: Principal, desk: Desk, filled: Filled, *, status: int = 200, **more: object) -> Response[str]:
    """Render the coder's page with what is filled in."""
    given: dict[str, object] = {"problem": "", "suggestion": None}
    return page("coder.html", who, status=status, desk=desk, filled=filled, **(given | more))


def _turn(tx: Transaction, round_: Round, person: PersonId, position: int) -> AssignmentOut | None:
    found = turns(tx, round_, person, after=position - 1, limit=1).items
    return found[0] if found and found[0].position == position else None


def _submit(store: Store, who: Principal, round_id: str, form: Form, *, skips: bool) -> str:
    """Store the coding; give the query that stays at the turn where a suggestion is shown after the first answer."""
    assignment = form.text("assignment")
    with store.writing() as tx:
        round_ = enter_to_code(tx, who, round_id)
        content = _skipped(form) if skips else _content(tx, who, round_, form)
        body = body_of(assignment, content)
        act = lambda: tx.codings.submit(round_, who.person_id, [(assignment, content)])  # noqa: E731
        once(tx, who, f"submitCodings {round_id}", form.key(), body, act)
        turn = tx.assignments.one(assignment, who.person_id)
        first = len(tx.codings.own(round_.id, who.person_id, among=[turn.id])) == 1
        return f"?at={turn.position}" if turn.arm is Arm.AFTER and first and not skips else ""


def _content(tx: Transaction, who: Principal, round_: Round, form: Form) -> Content:
    excerpt = tx.assignments.one(form.text("assignment"), who.person_id).excerpt_id
    return content_of(form, tx.codebooks.revision(round_.revision_id).codebook, tx.corpus.excerpts([excerpt])[excerpt].text)


def _skipped(form: Form) -> Content:
    return read(ContentIn, {"skip": form.text("reason").strip()}).content()


def _again(store: Store, who: Principal, round_id: str, form: Form, refusal: Refusal) -> Response[str]:
    status = PROBLEMS[type(refusal)].status
    with store.reading() as tx:
        desk = desk_at(tx, who, round_id, form.text("assignment"))
    filled = filled_from(form, desk.codebook)
    if isinstance(refusal, RoundClosed):
        return page("closed.html", who, status=status, desk=desk, problem=refusal.detail, draft=filled_with(filled, desk.codebook))
    return desk_page(who, desk, filled, status=status, problem=refusal.detail)


handlers = [show, save, skip, mark, own, hand_in]
