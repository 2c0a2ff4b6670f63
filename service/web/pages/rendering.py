"""Templates become pages: one environment, every value escaped, no text of a study in a title or an address."""

import hashlib
import uuid
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from service.agreement.explained import EXPLAINED, MEASURES
from service.coding.model import Answer
from service.report.numbers import decimal, in_full, percent, probability
from service.web.identity import Principal

STATIC = Path(__file__).parent.parent / "static"
TEMPLATES = Path(__file__).parent / "templates"


def page(template: str, visitor: Principal | None, *, status: int = 200, **context: object) -> Response[str]:
    """Render a template for whoever is signed in."""
    usual = {"here": "", "notice": "", "bare": False, "explained": EXPLAINED | MEASURES}
    given = usual | context | {"visitor": visitor, "new_key": _new_key, "static": _static}
    body = _environment().get_template(template).render(given)
    return Response(body, status_code=status, media_type=MediaType.HTML)


def go(path: str, *cookies: Cookie) -> Redirect:
    """Send the browser to a page after a form was carried out, so that a reload repeats nothing."""
    return Redirect(path, status_code=303, cookies=list(cookies))


def when(stamp: str | None) -> str:
    """Write a stored time for people."""
    if not stamp:
        return "–"
    moment = datetime.fromisoformat(stamp)
    return f"{moment.day} {moment:%B %Y}, {moment:%H:%M} UTC"


def given(answer: Answer) -> str:
    """Write down what one answer gives."""
    spans = [f"{span.code} ({span.start} to {span.end})" for span in answer.spans]
    return ", ".join([*answer.codes, *spans]) or "no code applies"


def _new_key() -> str:
    return str(uuid.uuid4())


@cache
def _static(name: str) -> str:
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@cache
def _environment() -> Environment:
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"when": when, "decimal": decimal, "in_full": in_full, "percent": percent, "probability": probability, "given": given}
    return made
