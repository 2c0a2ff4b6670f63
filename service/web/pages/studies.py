"""A study: for its lead everything with the next step first, for others the own part."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from service.codebook.revision import Revision
from service.coding.model import Round, RoundState
from service.coding.visibility import Role, Sight
from service.corpus.model import StudyId
from service.embedding import Failed
from service.errors import BadInput
from service.store import Store, Transaction
from service.store.corpus import Document, Study
from service.store.credentials import Scope
from service.store.people import Member
from service.web import access
from service.web.api.documents import EmbeddingProgress
from service.web.api.forms import once
from service.web.api.rounds import CompletionOut, RoundOut, completion, shown
from service.web.api.studies import erase_study
from service.web.background import Background
from service.web.identity import Principal
from service.web.pages.forms import Form
from service.web.pages.rendering import go, page

MOST_LISTED = 100
Notice = Annotated[str, QueryParameter(name="notice", max_length=20)]
Count = Annotated[int, QueryParameter(ge=0, le=2_147_483_647)]
_SAID = {
    "imported": "{n} documents imported, {m} were there already and did not change.",
    "deleted": "The document, its excerpts and the codings of it are erased.",
    "removed": "The person is out of the study. What they coded stays and counts.",
    "draft": "The draft is deleted.",
}


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A round in the list; completion only where the asker may see it."""

    shown: RoundOut
    completion: list[CompletionOut]
    results: bool
    queue: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What the lead's study page shows."""

    study: Study
    documents: list[Document]
    codebook: Revision | None
    members: list[Member]
    rounds: list[RoundLine]

    def next_step(self) -> tuple[str, str, str]:
        """Say the one thing to do next: a sentence, the button's words and where it leads."""
        here = f"/studies/{self.study.id}"
        latest = self.rounds[-1].shown if self.rounds else None
        if not self.documents:
            return "First, bring in what is to be coded.", "Import documents", "#import"
        if self.codebook is None:
            return "Next, the codebook that coders will use.", "Import a codebook", f"{here}/codebook"
        if len([member for member in self.members if member.role is not Role.OBSERVER]) < 2:  # noqa: PLR2004
            return "A second coder makes agreement possible.", "Invite somebody", "#invite"
        if latest is None:
            return "No rounds yet. Planning one takes about five minutes.", "Plan a round", f"{here}/rounds/new"
        return _of_round(latest)


def _of_round(latest: RoundOut) -> tuple[str, str, str]:
    match latest.state:
        case RoundState.DRAFT:
            return "The newest round is planned. Nobody sees it before you open it.", "Look at it and open it", f"/rounds/{latest.id}"
        case RoundState.OPEN | RoundState.REOPENED if latest.you_code:
            return "The newest round is open, and you code in it.", "Code", f"/rounds/{latest.id}/code"
        case RoundState.OPEN | RoundState.REOPENED:
            return "The newest round is open. Close it when the coders are done.", "See how far they are", f"/rounds/{latest.id}"
        case _:
            return "The newest round is closed.", "Read its agreement", f"/rounds/{latest.id}/agreement"


@get("/studies/{study_id:uuid}", sync_to_thread=True)
def show(  # noqa: PLR0913, PLR0917
    study_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    background: NamedDependency[Background],
    notice: Notice = "",
    n: Count = 0,
    m: Count = 0,
) -> Response[str]:
    """Show a study as far as the asker may see it."""
    with store.reading() as tx:
        role = access.role_in(tx, who, str(study_id))
        study = tx.corpus.study(str(study_id))
        rounds = [_line(tx, who, one) for one in tx.rounds.of_study(study.id) if access.may_see(tx, who, one, Sight.EXISTENCE)]
        said = _SAID.get(notice, "").format(n=n, m=m)
        if role is not Role.LEAD:
            return page("study_member.html", who, study=study, role=role, rounds=rounds, notice=said)
        overview = Overview(study, tx.corpus.documents(study.id), tx.codebooks.latest(study.id), tx.people.members(study.id), rounds)
        embedding = _embedding(tx, study.id, background)
    return lead_page(who, overview, embedding, background, notice=said)


def lead_page(who: Principal, overview: Overview, embedding: EmbeddingProgress, background: Background, **more: Any) -> Response[str]:
    """Render the lead's study page."""
    return page("study.html", who, **embedding_context(embedding, background), o=overview, most=MOST_LISTED, roles=list(Role), **more)


def embedding_context(embedding: EmbeddingProgress, background: Background) -> dict[str, Any]:
    """Say how far the vectors are, and why they do not come if the model failed."""
    state = background.state()
    return {"embedding": embedding, "model_fault": state.reason if isinstance(state, Failed) else ""}


@get("/studies/{study_id:uuid}/embedding", sync_to_thread=True)
def show_embedding(
    study_id: FromPath[UUID], who: NamedDependency[Principal], store: NamedDependency[Store], background: NamedDependency[Background]
) -> Response[str]:
    """Give the part of the study page that says how far the vectors are."""
    with store.reading() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        embedding = _embedding(tx, study, background)
    return page("embedding.html", who, **embedding_context(embedding, background))


@post("/studies/{study_id:uuid}/deletion", sync_to_thread=True, opt={"back": "/studies/{study_id}#delete"})
def delete(
    study_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]
) -> Redirect:
    """Erase a study once its name was typed as confirmation."""
    with store.writing() as tx:
        once(tx, who, f"deleteStudy {study_id}", form.key(), b"", lambda: _confirmed(tx, who, str(study_id), form.text("name").strip()))
    store.scrub()
    return go("/")


def _confirmed(tx: Transaction, who: Principal, study_id: str, typed: str) -> list[str]:
    study = access.enter_study(tx, who, study_id, Scope.MANAGE, access.LEAD)
    if typed != tx.corpus.study(study).name:
        message = "The name you typed is not the study's name, so nothing was deleted."
        raise BadInput(message)
    return erase_study(tx, who, study)


def _line(tx: Transaction, who: Principal, round_: Round) -> RoundLine:
    counts = completion(tx, round_) if access.may_see(tx, who, round_, Sight.COMPLETION) else []
    results, queue = (access.may_see(tx, who, round_, sight) for sight in (Sight.RESULTS, Sight.QUEUE))
    return RoundLine(shown(tx, who, round_), counts, results, queue)


def _embedding(tx: Transaction, study: StudyId, background: Background) -> EmbeddingProgress:
    model = background.model()
    done, every = tx.vectors.progress(study, model)
    return EmbeddingProgress(model=model.name, done=done, excerpts=every)


handlers = [show, show_embedding, delete]
