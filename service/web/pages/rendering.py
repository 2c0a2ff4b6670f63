"""Templates become pages: one environment, every value escaped, no text of a study in a title or an address."""

import hashlib
import math
import uuid
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from service.coding.model import Answer
from service.web.identity import Principal

STATIC = Path(__file__).parent.parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
DECIMALS = 3


def page(template: str, visitor: Principal | None, *, status: int = 200, **context: object) -> Response[str]:
    """Render a template for whoever is signed in."""
    given = {"here": "", "notice": "", "bare": False} | context | {"visitor": visitor, "new_key": _new_key, "static": _static}
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


def decimal(value: float | None) -> str:
    """Write a coefficient the way the field does: no zero before the point."""
    return "–" if value is None else _bare(f"{value:.{DECIMALS}f}")


def in_full(value: float | None) -> str:
    """Write a coefficient with every digit it was computed with."""
    return "–" if value is None else _bare(repr(value))


def percent(value: float | None) -> str:
    """Write a share as a percentage."""
    return "–" if value is None else f"{value * 100:.1f} %"


def probability(value: float) -> str:
    """Write a probability rounded down, so that none contradicts the verdict beside it."""
    if value >= 0.995:  # noqa: PLR2004
        return "> .99"
    return "< .01" if value < 0.01 else _bare(f"{math.floor(value * 100) / 100:.2f}")  # noqa: PLR2004


def given(answer: Answer) -> str:
    """Write down what one answer gives."""
    spans = [f"{span.code} ({span.start} to {span.end})" for span in answer.spans]
    return ", ".join([*answer.codes, *spans]) or "no code applies"


def _bare(digits: str) -> str:
    bare = digits.replace("0.", ".", 1) if digits.lstrip("-").startswith("0.") else digits
    return bare.replace("-", "\N{MINUS SIGN}", 1) if bare.startswith("-") else bare


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
