"""Run a file of published cases against the library: ``python -m tests.agreement.cases FILE.json``.

A case names a statistic, its data, its parameters, what to expect and how closely; see ``docs/agreement.md``.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from service.errors import BadInput
from tests.agreement.calls import CALLS

EXACTLY = 1e-9

Case = Mapping[str, Any]
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a case expected and what the library said; ``wrong`` names the fields that differ by more than the tolerance."""

    case: str
    expected: Fields
    got: Fields
    wrong: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.wrong


def run(case: Case) -> Outcome:
    """Compute one case. A statistic nobody knows, or input that is refused, is a failure with its reason."""
    expected: Fields = case["expected"]
    try:
        got: Fields = CALLS[case["statistic"]](case)
    except KeyError as missing:
        got = {"refused": f"no such statistic or parameter: {missing}"}
    except BadInput as refusal:
        got = {"refused": refusal.detail}
    tolerance = case.get("tolerance", EXACTLY)
    wrong = tuple(field for field in expected if not _same(expected[field], got.get(field), _within(tolerance, field)))
    return Outcome(case["id"], expected, {field: got[field] for field in got if field in expected or field == "refused"}, wrong)


def load(file: Path) -> list[Case]:
    """Read the cases of a file."""
    return json.loads(file.read_text(encoding="utf-8"))["cases"]


def main(arguments: list[str]) -> int:
    """Print each case and the count; the exit status is 1 when one failed."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tests.agreement.cases FILE.json\n")
        return 2
    outcomes = [run(case) for case in load(Path(arguments[0]))]
    for outcome in outcomes:
        verdict = "passed" if outcome.passed else f"FAILED: {', '.join(outcome.wrong)}"
        sys.stdout.write(f"{outcome.case}  expected {_short(outcome.expected)}  got {_short(outcome.got)}  {verdict}\n")
    failed = sum(not outcome.passed for outcome in outcomes)
    sys.stdout.write(f"{len(outcomes) - failed} passed, {failed} failed\n")
    return 1 if failed else 0


def _within(tolerance: float | Mapping[str, float], field: str) -> float:
    return tolerance.get(field, EXACTLY) if isinstance(tolerance, Mapping) else tolerance


def _same(expected: Any, got: Any, within: float) -> bool:
    if isinstance(expected, dict) and isinstance(got, dict):
        fields, found = cast("Fields", expected), cast("Fields", got)
        return all(_same(fields[key], found.get(key), within) for key in fields)
    if isinstance(expected, list) and isinstance(got, list):
        items, seen = cast("list[Any]", expected), cast("list[Any]", got)
        return len(items) == len(seen) and all(map(_same, items, seen, [within] * len(items)))
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return abs(expected - got) <= within
    return expected == got


def _short(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False, default=str)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
