"""The paragraph for a paper's methods section: what was done, what came out and on what it rests, in sentences one can copy."""

from msgspec.structs import asdict

from service.agreement.estimate import Interval
from service.agreement.verdict import verdict_of
from service.report.agreement import RoundReport
from service.report.figures import Figure, Limits, VariableFigures
from service.report.numbers import decimal, probability

_NUMBERS = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six"}
_COEFFICIENT = "Krippendorff's alpha"


def methods_paragraph(report: RoundReport, *, software: str) -> str:
    """Write the paragraph; ``software`` names the program with its version. Nothing that would weaken the claim is left out."""
    parts = [_coding(report), *_limits_of_blindness(report), *map(_result, report.agreement.variables), *_not_used(report)]
    profiles = dict.fromkeys(variable.methods for variable in report.agreement.variables)
    return " ".join([*parts, *profiles, *_models(report), _record(report, software)])


def _coding(report: RoundReport) -> str:
    count = len(report.agreement.coders)
    excerpts = f"{report.agreement.excerpts} excerpts"
    seed = "" if report.sample_method == "chosen" else f", seed {report.sample_seed}"
    return (
        f"{_NUMBERS.get(count, str(count))} coders independently coded {excerpts}, {report.draw}{seed} ({report.design}), with revision "
        f"{report.codebook_revision} of the codebook; until the round was closed none could see another's codings."
    )


def _limits_of_blindness(report: RoundReport) -> list[str]:
    agreement = report.agreement
    said: list[str] = []
    if "simulated" in report.provenance:
        said.append("The codings were simulated and made by no person.")
    if "imported" in report.provenance:
        said.append("Some codings were imported; that they were made independently is declared and cannot be proved.")
    said += [f"Codings were opened to a researcher before the close ({one.reason})." for one in report.unblinded]
    said += [f"The round was opened again after its codings had been revealed ({one.reason})." for one in report.reopened]
    if agreement.assisted or agreement.peer_exposed:
        said.append(
            f"{agreement.assisted} codings made after a model's suggestion and {agreement.peer_exposed} made after sight of another's "
            "coding are left out of these figures."
        )
    return said


def _result(variable: VariableFigures) -> str:
    alpha = variable.alpha
    if alpha.value is None:
        return f"For {variable.variable} there is no estimate: {_sentence(alpha)}"
    interval = f", {_interval(alpha.interval)}" if alpha.interval else ""
    share = "" if variable.percent.value is None else f"; pairs of coders agreed in {variable.percent.value:.0%} of comparisons"
    used = f"{variable.excerpts_used} excerpts"
    return f"For {variable.variable}, {_COEFFICIENT} ({variable.metric}) was {decimal(alpha.value)} on {used}{interval}{share}."


def _interval(limits: Limits) -> str:
    verdict = verdict_of(Interval(**asdict(limits)))
    ends = f"{limits.level:.0%} interval {_ends(limits)}"
    chances = [probability(chance, above="over ", below="under ") for chance in (limits.at_least_667, limits.at_least_800)]
    return f"{ends}, probability of at least .667 {chances[0]} and of at least .800 {chances[1]}: {verdict.value}"


def _ends(limits: Limits) -> str:
    return f"{decimal(max(-1.0, limits.low))} to {decimal(min(1.0, limits.high))}"


def _not_used(report: RoundReport) -> list[str]:
    skipped, erased = report.agreement.skipped, report.agreement.erased
    said = [f"{skipped} codings were skipped with a reason and count as missing."] if skipped else []
    return [*said, *([f"The content of {erased} codings has been erased since."] if erased else [])]


def _models(report: RoundReport) -> list[str]:
    if report.models is None:
        return []
    told = [f"{one.name} ({one.model}, configuration {one.configuration[:12]})" for one in report.models.coders]
    found = [
        f"for {variable.variable} {_COEFFICIENT} of {one.coders[0]} and the coders was {decimal(one.alpha.value)} on {one.pairs} pairs"
        + (f" ({one.alpha.interval.level:.0%} interval {_ends(one.alpha.interval)})" if one.alpha.interval else "")
        for variable in report.models.variables
        for one in variable.human_model
        if one.alpha.value is not None
    ]
    said = f"Beside the coders a model coded the excerpts, sealed until the close and no part of the figures above: {', '.join(told)}"
    return ["; ".join([said, *found]) + "."]


def _record(report: RoundReport, software: str) -> str:
    seal = f" The ledger of the round was sealed at its close (digest {report.seal})." if report.seal else ""
    return f"Computed with {software}.{seal}"


def _sentence(figure: Figure) -> str:
    return (figure.sentence or "it is undefined.").removeprefix("No estimate: ")
