"""The pages, one module a place. A handler asks who may, calls what the API calls, and renders a template or redirects.

``doors``      signing in and out, one-time links
``home``       my rounds, the first study, help
``studies``    a study: documents, people, rounds at a glance
``codebooks``  the codebook, its revisions, editing it
``planning``   the plan of a round, and its preview
``rounds``     opening, closing, who takes over
``reopening``  a closed round opened again, or archived
``imports``    earlier codings brought into an open round
``coding``     the coder's page
``trend``      agreement from round to round
``adjudication``  what coders part on, and what it is resolved to
``agreement``  figures and ledger of a closed round
``charts``     the same figures drawn, and as files
``dialogue``   the same round's differences without figures
``proofs``     files to keep: a round's proof, a coder's receipt
``retention``  how long a study is kept
``language_models``  which language model a study has on
``model_coders``  a model codes a round's sample
``trying``     suggestions for a text
``tokens``     API tokens
``reference``  the description of the API
``leak_test``  what the last leak test found

``rendering``, ``forms``, ``refusals`` and ``visitors`` are what they share.
"""

from litestar import Router
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.static_files import create_static_files_router  # pyright: ignore[reportUnknownVariableType]

from service.web.pages import (
    adjudication,
    agreement,
    charts,
    codebooks,
    coding,
    dialogue,
    documents,
    doors,
    home,
    imports,
    language_models,
    leak_test,
    model_coders,
    people,
    planning,
    proofs,
    reference,
    reopening,
    retention,
    rounds,
    studies,
    tokens,
    trend,
    trying,
)
from service.web.pages.forms import form
from service.web.pages.refusals import HANDLERS, unrouted
from service.web.pages.rendering import STATIC
from service.web.pages.visitors import visitor, who

__all__ = ["assets", "router", "unrouted"]

YEAR_S = 31_536_000
PLACES = (
    doors,
    home,
    studies,
    documents,
    people,
    codebooks,
    planning,
    rounds,
    reopening,
    imports,
    coding,
    agreement,
    charts,
    dialogue,
    adjudication,
    trend,
    proofs,
    retention,
    language_models,
    model_coders,
    trying,
    tokens,
    reference,
    leak_test,
)

router = Router(
    "/",
    route_handlers=[handler for place in PLACES for handler in place.handlers],
    dependencies={
        "visitor": Provide(visitor, sync_to_thread=True),
        "who": Provide(who, sync_to_thread=False),
        "form": Provide(form),
        "door": Provide(doors.door, sync_to_thread=False),
    },
    exception_handlers=HANDLERS,
    include_in_schema=False,
)
assets = create_static_files_router(
    "/static",
    directories=[STATIC],
    include_in_schema=False,
    cache_control=CacheControlHeader(max_age=YEAR_S, public=True, immutable=True),
)
