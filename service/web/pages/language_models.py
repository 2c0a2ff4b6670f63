"""A study's language model, on a page for its lead: what is on, turning one on or off, and what was."""

from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from service.store import Store
from service.store.credentials import Scope
from service.web import access
from service.web.api.forms import body_of, once
from service.web.api.language_models import LanguageModelIn, shown, turn_off, turn_on
from service.web.identity import Principal
from service.web.language_models import LanguageModels
from service.web.pages.forms import Form, read
from service.web.pages.rendering import go, page


@get("/studies/{study_id:uuid}/language-model", sync_to_thread=True)
def show(
    study_id: FromPath[UUID],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    language_models: NamedDependency[LanguageModels],
) -> Response[str]:
    """Show what is on, the form that turns one on, and the record."""
    with store.reading() as tx:
        study = tx.corpus.study(access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD))
        model = shown(tx, study.id, language_models)
    return page("language_model.html", who, study=study, model=model)


@post("/studies/{study_id:uuid}/language-model", sync_to_thread=True, opt={"back": "/studies/{study_id}/language-model"})
def choose(
    study_id: FromPath[UUID],
    form: NamedDependency[Form],
    who: NamedDependency[Principal],
    store: NamedDependency[Store],
    language_models: NamedDependency[LanguageModels],
) -> Redirect:
    """Turn a model on."""
    asked = read(LanguageModelIn, _values(form))
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        once(tx, who, f"setLanguageModel {study_id}", form.key(), body_of(asked), lambda: turn_on(tx, who, study, asked, language_models))
    return go(f"/studies/{study_id}/language-model")


@post("/studies/{study_id:uuid}/language-model/end", sync_to_thread=True, opt={"back": "/studies/{study_id}/language-model"})
def end(study_id: FromPath[UUID], form: NamedDependency[Form], who: NamedDependency[Principal], store: NamedDependency[Store]) -> Redirect:
    """Turn the model off."""
    with store.writing() as tx:
        study = access.enter_study(tx, who, str(study_id), Scope.MANAGE, access.LEAD)
        once(tx, who, f"endLanguageModel {study_id}", form.key(), b"", lambda: turn_off(tx, who, study))
    return go(f"/studies/{study_id}/language-model")


def _values(form: Form) -> dict[str, object]:
    texts = {name: form.text(name).strip() for name in ("server", "model", "purpose", "redaction", "temperature", "seed", "samples")}
    return {**texts, "words": [word.strip() for word in form.text("words").splitlines() if word.strip()]}


handlers = [show, choose, end]
