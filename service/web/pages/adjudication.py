"""Adjudication: the queue, one disagreement with its answers side by side, and what it is resolved to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from service.codebook.model import Code, Scheme, Variable, tree
from service.coding.adjudication import Way, Why, same
from service.coding.model import Answer, Round
from service.coding.visibility import Sight
from service.errors import BadInput
from service.store import Store, Transaction
from service.store.credentials import Scope
from service.web import access
from service.web.api.adjudication import BesideOut, DisagreementOut, QueueOut, ResolutionIn, queue_of, resolve
from service.web.api.forms import body_of, once
from service.web.identity import Principal
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page

BACK: dict[str, Any] = {"back": "/rounds/{round_id}/resolve"}
EVERY = 10_000_000
AROUND = 50
OTHER = "other"
At = Annotated[int | None, QueryParameter(ge=0, le=2_147_483_647)]


@dataclass(frozen=True, slots=True)
class Option:
    """An answer that somebody gave, with who gave it; its number is its key."""

    number: int
    answer: Answer
    coders: list[BesideOut]


@dataclass(frozen=True, slots=True)
class Case:
    """One disagreement on the page: the answers given, and the codes at hand with their definitions."""

    item: DisagreementOut
    variable: Variable
    options: list[Option]

    def label(self) -> str:
        """Name the variable for people."""
        return self.variable.label or self.variable.name

    def defined(self) -> list[Code]:
        """Give the codes that somebody gave: their definitions decide."""
        given = {code for option in self.options for code in (*option.answer.codes, *(span.code for span in option.answer.spans))}
        return [code for code in self.variable.codes if code.name in given]

    def choices(self) -> list[tuple[int, int, Code]]:
        """Give every code as depth, place and code, for an answer that nobody gave; spans are marked by coders only."""
        if self.variable.scheme is Scheme.SPANS:
            return []
        at = {code.name: place for place, code in enumerate(self.variable.codes)}
        return [(depth, at[code.name], code) for depth, code in tree(self.variable)]


@get("/rounds/{round_id:uuid}/resolve", sync_to_thread=True)
def show(round_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], at: At = None) -> Response[str]:
    """Show the queue and one disagreement: the one asked for, or the next without a resolution."""
    with store.reading() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.QUEUE, Scope.RESULTS)
        queue = queue_of(tx, round_, variable=None, after=-1, limit=EVERY)
        items = queue.disagreements.items
        chosen = _chosen(items, at)
        context: dict[str, Any] = {
            "round": round_,
            "study": tx.corpus.study(round_.study_id),
            "queue": queue,
            "listed": items[max(0, chosen - AROUND) : chosen + AROUND] if items else [],
            "case": _case(tx, round_, items[chosen]) if items else None,
            "open": round_.state.value == "closed",
            "total": len(items),
        }
    return page("resolve.html", who, ways=list(Way), whys=list(Why), **context)


@post("/rounds/{round_id:uuid}/resolve", sync_to_thread=True, opt=BACK)
def save(round_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Redirect:
    """Store a resolution and go to the next disagreement."""
    with store.writing() as tx:
        round_ = access.enter_round(tx, who, str(round_id), Sight.QUEUE, Scope.CODE)
        place = form.number("position")
        body = body_of({name: form.texts(name) for name in form.fields if name != "key"})
        once(tx, who, f"resolveExcerpt {round_id}", form.key(), body, lambda: [_resolved(tx, who, round_, form)])
        queue = queue_of(tx, round_, variable=None, after=-1, limit=EVERY)
    following = _next(queue, place)
    return go(f"/rounds/{round_id}/resolve{'' if following is None else f'?at={following}'}")


def _resolved(tx: Transaction, who: Principal, round_: Round, form: Form) -> str:
    place = form.number("position")
    items = queue_of(tx, round_, variable=None, after=place - 1, limit=1).disagreements.items
    if not items or items[0].excerpt_id != form.text("excerpt"):
        message = "The queue has changed since this page was made. Look at the excerpt again; nothing was stored."
        raise BadInput(message)
    case = _case(tx, round_, items[0])
    answer = _answer(case, form)
    fields: dict[str, object] = {
        "excerpt_id": case.item.excerpt_id,
        "variable": case.item.variable,
        "way": form.text("way"),
        "why": form.text("why"),
        "memo": form.text("memo").strip(),
        "kept": [case.item.codings[number].coder for number in _numbers(form.texts("kept"), len(case.item.codings))],
    }
    spans = [{"start": span.start, "end": span.end, "code": span.code} for span in answer.spans]
    given = {"spans": spans} if case.variable.scheme is Scheme.SPANS else {"codes": list(answer.codes)}
    return resolve(tx, who, round_, read(ResolutionIn, fields | given))


def _answer(case: Case, form: Form) -> Answer:
    choice = form.text("answer")
    if not choice:
        message = "Choose the answer that the excerpt is resolved to. Nothing was stored."
        raise BadInput(message)
    if choice != OTHER:
        return case.options[_numbers([choice], len(case.options))[0]].answer
    places = _numbers(form.texts("code"), len(case.variable.codes))
    return Answer(variable=case.variable.name, codes=tuple(case.variable.codes[place].name for place in places))


def _numbers(texts: Sequence[str], below: int) -> list[int]:
    known = {str(number): number for number in range(below)}
    if not known.keys() >= set(texts):
        message = "The form names an answer or a coder that the excerpt does not have. Open the page again; nothing was stored."
        raise BadInput(message)
    return [known[text] for text in texts]


def _chosen(items: Sequence[DisagreementOut], at: int | None) -> int:
    if at is not None and at < len(items):
        return at
    return next((number for number, item in enumerate(items) if item.resolution is None), 0)


def _next(queue: QueueOut, place: int) -> int | None:
    left = [item.position for item in queue.disagreements.items if item.resolution is None]
    return next((position for position in left if position > place), left[0] if left else None)


def _case(tx: Transaction, round_: Round, item: DisagreementOut) -> Case:
    variables = tx.codebooks.revision(round_.revision_id).codebook.variables
    variable = next(one for one in variables if one.name == item.variable)
    options: list[Option] = []
    for beside in item.codings:
        known = next((option for option in options if same(option.answer, beside.answer)), None)
        if known is None:
            options.append(Option(len(options), beside.answer, [beside]))
        else:
            known.coders.append(beside)
    return Case(item, variable, options)


handlers = [show, save]
