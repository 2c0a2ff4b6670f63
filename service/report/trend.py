"""Agreement from round to round and revision to revision: each variable whole, and each code followed through recorded operations."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from service.agreement.verdict import Verdict
from service.codebook.operations import Edit, Line, Step, lines
from service.report.agreement import RoundReport
from service.report.figures import Figure, VariableFigures


class RoundPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One closed round on the trend's axis; ``meaning_changed`` names the revisions since the round before it that changed meanings."""

    round_id: str
    name: str
    kind: str
    closed_at: str | None
    revision: int
    meaning_changed: list[int]


class VariablePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One variable in one round: blind, and negotiated where it was adjudicated."""

    round_id: str
    excerpts: int
    blind: Figure
    negotiated: Figure | None


class CodePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One code in one round under the name that it had then; blind agreement of the code against all others."""

    round_id: str
    code: str
    used_on: int
    alpha: Figure
    verdict: Verdict


class CodeTrend(msgspec.Struct, frozen=True, kw_only=True):
    """One code through the revisions; ``came_of`` and ``went_into`` say what a merge, a split or a retirement made of it."""

    code: str
    names: list[str]
    came_of: str
    went_into: str
    points: list[CodePoint]


class VariableTrend(msgspec.Struct, frozen=True, kw_only=True):
    """One variable over all rounds that had it."""

    variable: str
    points: list[VariablePoint]
    codes: list[CodeTrend]


class StudyTrend(msgspec.Struct, frozen=True, kw_only=True):
    """The closed rounds that the asker may read, oldest first, and how agreement went from one to the next."""

    rounds: list[RoundPoint]
    variables: list[VariableTrend]


@dataclass(frozen=True, slots=True)
class Reported:
    """A closed round's report, by the revision that it was coded under."""

    report: RoundReport

    @property
    def revision(self) -> int:
        """The number of the codebook revision."""
        return self.report.codebook_revision

    def variable(self, name: str) -> VariableFigures | None:
        """Give the figures of a variable, if the round had it."""
        return next((one for one in self.report.agreement.variables if one.variable == name), None)


def trend(reports: Sequence[RoundReport], steps: Sequence[Step]) -> StudyTrend:
    """Lay reports of closed rounds, oldest first, beside each other; only revisions between their first and last are looked at."""
    if not reports:
        return StudyTrend(rounds=[], variables=[])
    rounds = [Reported(report) for report in reports]
    numbers = [one.revision for one in rounds]
    between = [step for step in steps if min(numbers) <= step.number <= max(numbers)]
    names = list(dict.fromkeys(one.variable for round_ in rounds for one in round_.report.agreement.variables))
    followed = lines(between)
    return StudyTrend(
        rounds=[_round(one, numbers[place - 1] if place else one.revision, between) for place, one in enumerate(rounds)],
        variables=[_variable(name, rounds, [line for line in followed if line.variable == name]) for name in names],
    )


def _round(one: Reported, before: int, steps: Sequence[Step]) -> RoundPoint:
    low, high = sorted((before, one.revision))
    return RoundPoint(
        round_id=one.report.round_id,
        name=one.report.name,
        kind=one.report.kind.value,
        closed_at=one.report.closed_at,
        revision=one.revision,
        meaning_changed=[step.number for step in steps if low < step.number <= high and step.edit is Edit.MEANING],
    )


def _variable(name: str, rounds: Sequence[Reported], followed: Sequence[Line]) -> VariableTrend:
    found = [(round_, figures) for round_ in rounds if (figures := round_.variable(name)) is not None]
    codes = [_code(line, found) for line in followed]
    return VariableTrend(
        variable=name,
        points=[_point(round_.report, figures) for round_, figures in found],
        codes=[code for code in codes if code.points],
    )


def _point(report: RoundReport, figures: VariableFigures) -> VariablePoint:
    after = next((one.alpha for one in report.negotiated if one.variable == figures.variable), None)
    return VariablePoint(round_id=report.round_id, excerpts=figures.excerpts_used, blind=figures.alpha, negotiated=after)


def _code(line: Line, found: Sequence[tuple[Reported, VariableFigures]]) -> CodeTrend:
    points = [
        CodePoint(round_id=round_.report.round_id, code=row.code, used_on=row.units, alpha=row.alpha, verdict=row.verdict)
        for round_, figures in found
        for row in figures.codes
        if row.code == line.names.get(round_.revision)
    ]
    return CodeTrend(
        code=line.names[max(line.names)],
        names=list(dict.fromkeys(line.names.values())),
        came_of=line.came_of,
        went_into=line.went_into,
        points=points,
    )
