"""One definition of a statistic; the literature is its test."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.agreement.cases import load, main, run
from tests.agreement.published import published_cases


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in published_cases()])
def test_published_value(case: dict[str, Any]) -> None:
    outcome = run(case)
    assert outcome.passed, f"{outcome.wrong}: expected {outcome.expected}, got {outcome.got}"


@pytest.mark.reference
def test_every_case_of_the_reference_file(reference_data: Path) -> None:
    cases = load(reference_data / "agreement" / "cases.json")
    assert [(outcome.case, outcome.wrong) for outcome in map(run, cases) if not outcome.passed] == []
    assert len(cases) == 85


CASE = """{"cases": [{"id": "one", "data": [["u1", "a", "x"], ["u1", "b", "x"], ["u2", "a", "y"], ["u2", "b", "x"]], "level": "nominal",
 "statistic": "%s", "params": {}, "expected": {"estimate": %s}, "tolerance": 1e-9}]}"""


@pytest.mark.parametrize(
    ("statistic", "expected", "status", "said"),
    [
        pytest.param("krippendorff_alpha", "0.0", 0, "1 passed, 0 failed", id="right"),
        pytest.param("krippendorff_alpha", "0.5", 1, "0 passed, 1 failed", id="wrong"),
        pytest.param("cronbach_alpha", "0.5", 1, "no such statistic or parameter: 'cronbach_alpha'", id="unknown statistic"),
    ],
)
def test_the_runner_counts_what_failed(tmp_path: Path, statistic: str, expected: str, status: int, said: str) -> None:
    file = tmp_path / "cases.json"
    file.write_text(CASE % (statistic, expected), encoding="utf-8")
    command = [sys.executable, "-m", "tests.agreement.cases", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == status
    assert said in done.stdout


def test_the_runner_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
