"""Real codings by real coders, where the reference data is at hand."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from service.agreement.alpha import krippendorff_alpha
from service.agreement.chance import gwet_ac
from service.agreement.long import Columns, one_code_ratings, several_codes_ratings, variables
from service.agreement.metric import Metric
from service.agreement.sets import set_alpha
from service.agreement.spans import Span, spans_of
from service.agreement.unitizing1995 import alpha_u
from service.agreement.weights import Weights
from tests.agreement.data import unit_ratings
from tests.agreement.published import crossed

pytestmark = pytest.mark.reference
COLUMNS = Columns(unit="unit_id", variable="variable")


def codings(folder: Path, name: str) -> pl.DataFrame:
    packed = (folder / "data" / name / "codings.csv.gz").read_bytes()
    return pl.read_csv(gzip.decompress(packed), infer_schema=False).fill_null("")


@pytest.mark.parametrize(("language", "alpha"), [("EN", 0.470), ("DE", 0.504), ("ES", 0.418), ("GR", 0.426), ("IT", 0.448), ("PL", 0.307)])
def test_a_crowd_in_six_languages(reference_data: Path, language: str, alpha: float) -> None:
    table = codings(reference_data, "csta_coal").filter(pl.col("unit_id").str.starts_with(f"{language}-"))
    ratings = one_code_ratings(table, columns=COLUMNS, variable=variables(table, columns=COLUMNS)[0], scale=["-1", "0", "1"])
    assert krippendorff_alpha(ratings, metric=Metric.ORDINAL).value == pytest.approx(alpha, abs=6e-4)


def test_a_sparse_crowd(reference_data: Path) -> None:
    table = codings(reference_data, "csta_immigration")
    found: dict[str, float | None] = {}
    for variable in variables(table, columns=COLUMNS):
        ratings = one_code_ratings(table, columns=COLUMNS, variable=variable, scale=None)
        found[variable] = krippendorff_alpha(ratings, metric=Metric.NOMINAL).value
    assert any(value == pytest.approx(0.680, abs=6e-4) for value in found.values())


def test_rarity_breaks_alpha_and_not_ac1(reference_data: Path) -> None:
    ratings = one_code_ratings(codings(reference_data, "aifc"), columns=COLUMNS, variable="mention_social_norms", scale=None)
    assert krippendorff_alpha(ratings, metric=Metric.NOMINAL).value == pytest.approx(0.219, abs=5e-4)
    assert gwet_ac(ratings, weights=Weights.IDENTITY).value == pytest.approx(0.732, abs=5e-4)


def test_papers_coded_with_sets(reference_data: Path) -> None:
    table = codings(reference_data, "chec20y").filter(pl.col("seq") == "iaa1").unique(maintain_order=True)
    for variable in variables(table, columns=COLUMNS):
        mine = table.filter((pl.col("variable") == variable) & (pl.col("code") != ""))
        found = set_alpha(several_codes_ratings(mine, columns=COLUMNS, variable=variable, codes=None), metric=Metric.MASI)
        assert found.value is None or -1 < found.value <= 1


@pytest.mark.parametrize("number", ["01_paradox_2x2", "02_cohen_ex1", "03_cohen_ex2", "04_likert_4x4", "05_likert_5x5"])
def test_gwet_of_irrcac(reference_data: Path, number: str) -> None:
    content = json.loads((reference_data / "data/span_goldens/original" / f"dkpro_gwet_fixture_{number}.json").read_text())
    ratings = unit_ratings(crossed(["a", "b"], content["categories"], content["table"]), content["categories"])
    for case in content["cases"]:
        weights = Weights.IDENTITY if case["weights"] == "unweighted" else Weights(case["weights"])
        assert gwet_ac(ratings, weights=weights).value == pytest.approx(case["coefficient"], abs=1e-5)


def test_krippendorffs_unitizing_example(reference_data: Path) -> None:
    example = json.loads((reference_data / "data/span_goldens/unitizing.json").read_text())["krippendorff_2004"]
    rows = [
        Span("t", coder, start - example["begin"], start - example["begin"] + length, code)
        for coder, start, length, code in example["units"]
    ]
    found = alpha_u(spans_of(rows, texts={"t": example["length"]}, coders=["i", "j"]))
    assert found.overall.value == pytest.approx(example["expected"]["alpha"], abs=5e-4)
    assert found.per_code["c"].value == pytest.approx(example["expected"]["c"]["alpha"], abs=5e-5)
