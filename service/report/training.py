"""A training round: each coder compared with a key that was there before."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import polars as pl

from service.agreement.coefficients import Coefficient
from service.agreement.compute import Request, compute
from service.agreement.long import Columns
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Scheme as Scaled
from service.codebook.model import Codebook, Scheme, Variable
from service.coding.adjudication import present_codings
from service.coding.ledger import canonical
from service.coding.model import Answer, Coding, PersonId
from service.coding.reveal import Revealed, blind_codings
from service.corpus.model import ExcerptId
from service.report.figures import Figure, figure

COLUMNS = Columns(unit="unit", coder="coder", code="code", variable=None)
SCHEMA = {"unit": pl.String, "coder": pl.String, "code": pl.String}
_CODER, _KEY = "1 coder", "2 key"

Key = Mapping[ExcerptId, tuple[Answer, ...]]
"""The codes that are right, for each excerpt that has any; an answer without codes says that none applies."""


class KeyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One coder and the key, for one variable, over the excerpts that both have; ``exposed`` of them coded after sight of others."""

    coder: str
    variable: str
    excerpts: int
    exposed: int
    percent: Figure
    kappa: Figure


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """Where the key comes from, how many of the round's excerpts it has, its sha256, and each coder beside it."""

    source: str
    excerpts: int
    digest: str
    figures: list[KeyFigures]


def training(
    source: str,
    key: Key,
    revealed: Sequence[Revealed],
    codebook: Codebook,
    *,
    coders: Mapping[PersonId, str],
    profile: MethodsProfile,
) -> Training:
    """Compare a training round's coders with a key."""
    figures = against_key(revealed, key, codebook, coders=coders, profile=profile)
    digest = hashlib.sha256(canonical([[excerpt, answers] for excerpt, answers in key.items()])).hexdigest()
    return Training(source=source, excerpts=len(key), digest=digest, figures=figures)


def against_key(
    revealed: Sequence[Revealed],
    key: Key,
    codebook: Codebook,
    *,
    coders: Mapping[PersonId, str],
    profile: MethodsProfile,
) -> list[KeyFigures]:
    """Compare each coder with the key: by the blind coding of an excerpt or, where there is none, the last; spans have no figure here."""
    codings = present_codings(revealed)
    blind = {coding.id for coding in blind_codings(revealed).values()}
    seen = {(person, excerpt) for (person, excerpt), coding in codings.items() if coding.id not in blind}
    return [
        _figures(list(_rows(codings, key, variable, person)), variable, name, profile, {str(one) for who, one in seen if who == person})
        for variable in codebook.variables
        if variable.scheme is not Scheme.SPANS
        for person, name in coders.items()
    ]


def _figures(rows: list[tuple[str, str, str]], variable: Variable, name: str, profile: MethodsProfile, seen: set[str]) -> KeyFigures:
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    percent, kappa = (figure(compute(table, _request(variable, one, profile), columns=COLUMNS).estimate) for one in _ASKED)
    compared = {unit for unit, _, _ in rows}
    return KeyFigures(
        coder=name, variable=variable.name, excerpts=len(compared), exposed=len(compared & seen), percent=percent, kappa=kappa
    )


_ASKED = (Coefficient.PERCENT, Coefficient.COHEN)


def _request(variable: Variable, coefficient: Coefficient, profile: MethodsProfile) -> Request:
    return Request(
        variable=None,
        scheme=Scaled(variable.scheme.value),
        codes=[code.name for code in variable.codes],
        coefficient=coefficient,
        profile=profile.label,
    )


def _rows(
    codings: Mapping[tuple[PersonId, ExcerptId], Coding], key: Key, variable: Variable, person: PersonId
) -> Iterable[tuple[str, str, str]]:
    for excerpt, right in key.items():
        coding = codings.get((person, excerpt))
        given = _codes(coding.content.answers, variable) if coding and coding.content else None
        wanted = _codes(right, variable)
        if given is not None and wanted is not None:
            yield from ((str(excerpt), _CODER, code) for code in given or ("",))
            yield from ((str(excerpt), _KEY, code) for code in wanted or ("",))


def _codes(answers: tuple[Answer, ...], variable: Variable) -> tuple[str, ...] | None:
    """Give the codes for a variable that the round's codebook still has; None where there is no answer."""
    known = {code.name for code in variable.codes}
    found = next((answer.codes for answer in answers if answer.variable == variable.name), None)
    return found if found is None or known.issuperset(found) else None
