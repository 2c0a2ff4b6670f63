"""What the agreement page shows of one variable, laid out from the report: answers side by side, and the matrix of codes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from service.agreement.estimate import Interval
from service.agreement.verdict import Verdict, verdict_of
from service.coding.model import CodedSpan, Coding, PersonId, Round
from service.report.agreement import RoundReport
from service.report.figures import Differing, Given, Limits, Matrix, VariableFigures
from service.report.triangle import Triangle, triangle_of
from service.store import Transaction
from service.store.corpus import Excerpt
from service.web.pages.spans import Segment, segments

NO_CODE = "no code applies"
SHADES = 6
MOST_CODES = 60
MOST_SHOWN = 20
"""Codes in the matrix when there are more than MOST_CODES: the most confused ones."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which disagreeing excerpts to list: so many, or those of one variable where one code, or two, were given, or of a document."""

    listed: int
    of: int | None
    a: int | None
    b: int | None
    document: str | None = None

    def limit(self) -> int | None:
        """Say how many the report must list; a choice is made among all."""
        return self.listed if self.a is None and self.document is None else None


@dataclass(frozen=True, slots=True)
class Beside:
    """One coder's answer on a disagreeing excerpt; ``odd`` when it is not the most frequent one.

    Of a variable of spans, ``pieces`` are the excerpt as this coder marked it.
    """

    coder: int
    name: str
    codes: list[str]
    odd: bool
    memo: str
    pieces: list[Segment]


@dataclass(frozen=True, slots=True)
class Disagreeing:
    """An excerpt on which coders differ; without the excerpt when it was erased."""

    excerpt: Excerpt | None
    beside: list[Beside]


@dataclass(frozen=True, slots=True)
class Flagged:
    """An excerpt that a coder flagged for discussion."""

    excerpt: Excerpt | None
    coder: int
    name: str
    memo: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A count of the matrix with its place among the codes and its shade, 0 to 5."""

    place: int
    count: str
    shade: int
    diagonal: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A code's row of the matrix."""

    place: int
    name: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Part:
    """One variable on the page, with its excerpts at hand."""

    figures: VariableFigures
    label: str
    verdict: Verdict
    excerpts: list[Disagreeing]
    chosen: list[str]
    document: str
    matrix: list[Row]
    triangle: Triangle | None

    def limits_of(self, limits: Limits) -> tuple[float, float]:
        """Clip an interval to what a coefficient can be."""
        return max(-1.0, limits.low), min(1.0, limits.high)


@dataclass(frozen=True, slots=True)
class Notes:
    """What coders wrote beside their answers: memos by (coder's name, excerpt), and what they flagged for discussion."""

    memos: dict[tuple[str, str], str]
    flagged: list[Flagged]


def notes_of(tx: Transaction, round_: Round, names: Mapping[PersonId, str]) -> Notes:
    """Gather the notes of a closed round's codings."""
    noted = [(coding, coding.content) for coding in tx.codings.noted(round_.id) if coding.content is not None]
    memos = {(names[coding.person_id], str(coding.excerpt_id)): content.memo for coding, content in noted if content.memo}
    return Notes(memos, _flagged(tx, round_, [(coding, content.memo) for coding, content in noted if content.flag], names))


def documents_of(tx: Transaction, round_: Round) -> dict[str, str]:
    """Name the study's documents by their ids."""
    return {str(one.id): one.name for one in tx.corpus.documents(round_.study_id)}


def parts_of(tx: Transaction, round_: Round, report: RoundReport, wanted: Wanted, memos: Mapping[tuple[str, str], str]) -> list[Part]:
    """Lay out every variable of a report."""
    figures = report.agreement.variables
    shown = {place: list(_chosen(variable, wanted, place)) for place, variable in enumerate(figures)}
    named = {one.excerpt_id for listed in shown.values() for one in listed}
    excerpts = {str(key): found for key, found in tx.corpus.excerpts(sorted(named)).items()}
    if wanted.document is not None:
        shown = {place: [one for one in listed if _is_of(excerpts, one, wanted.document)] for place, listed in shown.items()}
    labels = {variable.name: variable.label or variable.name for variable in tx.codebooks.revision(round_.revision_id).codebook.variables}
    return [
        Part(
            figures=variable,
            label=labels[variable.variable],
            verdict=_verdict(variable.alpha.interval),
            excerpts=[_disagreeing(one, report.agreement.coders, excerpts, memos, _marking(variable)) for one in shown[place]],
            chosen=_names(variable, wanted) if wanted.of == place else [],
            document=wanted.document or "" if wanted.of == place else "",
            matrix=rows_of(variable.coincidences) if variable.coincidences else [],
            triangle=triangle_of(variable),
        )
        for place, variable in enumerate(figures)
    ]


def _flagged(tx: Transaction, round_: Round, flagged: list[tuple[Coding, str]], names: Mapping[PersonId, str]) -> list[Flagged]:
    """List what coders flagged, with their memos, excerpt by excerpt."""
    excerpts = tx.corpus.excerpts(sorted({coding.excerpt_id for coding, _ in flagged}))
    order = {drawn.excerpt_id: place for place, drawn in enumerate(tx.rounds.sample(round_.id))}
    places = {person: place for place, person in enumerate(names)}
    listed = sorted(flagged, key=lambda one: (order[one[0].excerpt_id], places[one[0].person_id]))
    return [Flagged(excerpts.get(one.excerpt_id), places[one.person_id], names[one.person_id], memo) for one, memo in listed]


def rows_of(matrix: Matrix) -> list[Row]:
    """Shade the lower half of the matrix, which is symmetric, by how much codes were confused; of very many the most confused."""
    size = len(matrix.codes)
    confused = [sum(count for other, count in enumerate(matrix.counts[place]) if other != place) for place in range(size)]
    places = range(size) if size <= MOST_CODES else sorted(sorted(range(size), key=lambda place: -confused[place])[:MOST_SHOWN])
    most = max((matrix.counts[one][other] for one in places for other in places if one != other), default=0.0)
    shown = list(places)
    return [
        Row(one, matrix.codes[one] or NO_CODE, [_cell(matrix.counts[one][other], most, one, other) for other in shown[: at + 1]])
        for at, one in enumerate(shown)
    ]


def _cell(count: float, most: float, one: int, other: int) -> Cell:
    shade = 0 if one == other or not count else 1 + min(SHADES - 2, int((SHADES - 1) * count / most - 1e-9))
    # Of three coders and more a pair of codings counts a part of one; three figures are what a reader compares.
    said = f"{count:.0f}" if count >= 1000 or count == round(count) else f"{count:.3g}"  # noqa: PLR2004
    return Cell(other, said if count else "", shade, one == other)


def _chosen(variable: VariableFigures, wanted: Wanted, place: int) -> Iterator[Differing]:
    if wanted.a is None and (wanted.document is None or wanted.of == place):
        yield from variable.disagreements
    elif wanted.of == place:
        names = {name if name != NO_CODE else "" for name in _names(variable, wanted)}
        for one in variable.disagreements:
            given = {code for coding in one.codings for code in coding.codes or [""]}
            if names <= given:
                yield one


def _is_of(excerpts: Mapping[str, Excerpt], one: Differing, document: str) -> bool:
    return one.excerpt_id in excerpts and excerpts[one.excerpt_id].document_id == document


def _names(variable: VariableFigures, wanted: Wanted) -> list[str]:
    codes = variable.coincidences.codes if variable.coincidences else [code.code for code in variable.codes]
    return [codes[place] or NO_CODE for place in (wanted.a, wanted.b) if place is not None and place < len(codes)]


def _whole(given: Given) -> tuple[object, ...]:
    return (*given.codes, *((span.start, span.end, span.code) for span in given.spans))


def _marking(variable: VariableFigures) -> list[str]:
    return [code.code for code in variable.marked.codes] if variable.marked else []


def _pieces(excerpt: Excerpt | None, given: Given, codes: Sequence[str]) -> list[Segment]:
    if excerpt is None or not given.spans:
        return []
    spans = [CodedSpan(start=span.start, end=span.end, code=span.code) for span in given.spans]
    return segments(excerpt.text, spans, codes)


def _disagreeing(
    one: Differing, coders: list[str], excerpts: Mapping[str, Excerpt], memos: Mapping[tuple[str, str], str], codes: Sequence[str]
) -> Disagreeing:
    counts = Counter(_whole(given) for given in one.codings)
    most = max(counts.values())
    usual = {codes for codes, count in counts.items() if count == most > 1}
    beside = [
        Beside(
            coder=coders.index(given.coder),
            name=given.coder,
            codes=given.codes,
            odd=bool(usual) and _whole(given) not in usual,
            memo=memos.get((given.coder, one.excerpt_id), ""),
            pieces=_pieces(excerpts.get(one.excerpt_id), given, codes),
        )
        for given in one.codings
    ]
    return Disagreeing(excerpts.get(one.excerpt_id), beside)


def _verdict(limits: Limits | None) -> Verdict:
    return verdict_of(Interval(**msgspec.structs.asdict(limits))) if limits else Verdict.UNDEFINED
