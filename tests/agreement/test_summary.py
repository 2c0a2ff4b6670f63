"""The whole agreement of a variable, from a long table to JSON."""

import gzip
from pathlib import Path

import msgspec
import polars as pl
import pytest

from service.agreement.estimate import Reason, Undefined
from service.agreement.long import Columns, variables
from service.agreement.metric import Metric
from service.agreement.summary import Scheme, Variable, summarise
from service.errors import BadInput

COLUMNS = Columns()


def long(*rows: tuple[str, str, str | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"unit": pl.String, "coder": pl.String, "code": pl.String}, orient="row")


def one_code(*codes: str) -> Variable:
    return Variable(name=None, scheme=Scheme.ONE_CODE, metric=Metric.NOMINAL, codes=codes or None)


def several_codes(metric: Metric) -> Variable:
    return Variable(name=None, scheme=Scheme.SEVERAL_CODES, metric=metric, codes=None)


@pytest.mark.reference
def test_fact_checks_alpha_is_the_published_one_to_the_last_bit(reference_data: Path) -> None:
    packed = (reference_data / "data/aifc/codings.csv.gz").read_bytes()
    table = pl.read_csv(gzip.decompress(packed), infer_schema=False).fill_null("")
    columns = Columns(unit="unit_id", variable="variable")
    variable = Variable(name="true_false_unsure", scheme=Scheme.ONE_CODE, metric=Metric.NOMINAL, codes=None)
    result = summarise(table, variable, columns=columns)
    assert variables(table, columns=columns)[0] == "true_false_unsure"
    assert result.alpha.value == 0.7866657511672617
    assert (result.units, result.units_used, result.disagreeing) == (80, 80, 13)


def test_a_hand_computed_kappa() -> None:
    # 20 both yes, 5 yes/no, 10 no/yes, 15 both no: p_o = .7, p_e = .5
    cells = [("yes", "yes", 20), ("yes", "no", 5), ("no", "yes", 10), ("no", "no", 15)]
    both = [pair for first, second, n in cells for pair in [(first, second)] * n]
    table = long(*[(f"u{at}", coder, code) for at, pair in enumerate(both) for coder, code in zip("ab", pair, strict=True)])
    result = summarise(table, one_code(), columns=COLUMNS)
    assert result.pairs[0].coders == ("a", "b")
    assert result.pairs[0].kappa.value == pytest.approx(0.4)
    assert result.percent.value == pytest.approx(0.7)


def test_units_that_one_coder_or_nobody_coded_are_counted_as_dropped() -> None:
    table = long(("u1", "a", "x"), ("u1", "b", "y"), ("u2", "a", "x"), ("u3", "b", None))
    result = summarise(table, one_code(), columns=COLUMNS, sample=["u1", "u2", "u3", "u4"])
    assert (result.units, result.units_used) == (4, 1)
    assert [(dropped.why, dropped.units) for dropped in result.dropped] == [("coded by nobody", 2), ("coded by one coder only", 1)]
    assert result.disagreements[0].codings[1].codes == ("y",)


def test_none_applies_is_a_coding_and_missing_is_not() -> None:
    table = long(("u1", "a", ""), ("u1", "b", ""), ("u2", "a", "x"), ("u2", "b", "x"), ("u3", "a", None), ("u3", "b", "x"))
    result = summarise(table, one_code("x", "y"), columns=COLUMNS)
    assert result.alpha.value == 1.0
    assert result.units_used == 2


def test_everybody_the_same_code_is_undefined_in_json() -> None:
    result = summarise(long(("u1", "a", "x"), ("u1", "b", "x")), one_code(), columns=COLUMNS)
    shown = msgspec.json.decode(msgspec.json.encode(result))
    assert shown["alpha"]["value"] is None
    assert shown["alpha"]["reason"] == "no_variation"
    assert shown["percent"]["value"] == 1.0
    assert shown["pairs"][0]["kappa"]["reason"] == "chance_agreement_is_one"


def test_several_codes_are_compared_code_by_code_and_as_sets() -> None:
    table = long(("u1", "a", "f"), ("u1", "a", "s"), ("u1", "b", "f"), ("u2", "a", ""), ("u2", "b", ""), ("u3", "a", "s"), ("u3", "b", "s"))
    result = summarise(table, several_codes(Metric.JACCARD), columns=COLUMNS)
    assert result.disagreeing == 1
    assert result.disagreements[0].codings[0].codes == ("f", "s")
    assert result.all_agree.value == pytest.approx(2 / 3)
    # pooled over f and s: p_o = (1 + 2/3)/2, p_e = (5/9 + 4/9)/2
    assert result.pairs[0].kappa.value == pytest.approx((5 / 6 - 1 / 2) / (1 / 2))


def test_an_empty_table_is_no_data() -> None:
    result = summarise(long(), one_code("x", "y"), columns=COLUMNS, sample=["u1"])
    assert isinstance(result.alpha, Undefined)
    assert result.alpha.reason is Reason.NO_DATA
    assert (result.units, result.units_used, result.pairs) == (1, 0, ())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param([("u1", "a", "x"), ("u1", "a", "y")], "Row 2: the same coder coded the same unit twice", id="twice"),
        pytest.param([("u1", "a", "x"), ("u2", "b", "X")], "Row 2: a code that is not declared", id="undeclared"),
        pytest.param([("u1", "a", "x"), ("", "b", "x")], "Row 2, column “unit”: empty", id="no unit"),
        pytest.param([("u1", "a", None), ("u1", None, "x")], "Row 2, column “coder”: empty", id="no coder"),  # type: ignore[list-item]
    ],
)
def test_a_wrong_row_is_named(rows: list[tuple[str, str, str]], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        summarise(long(*rows), one_code("x", "y"), columns=COLUMNS)


def test_a_set_with_an_empty_code_is_refused() -> None:
    with pytest.raises(BadInput, match="Row 1: an empty code says that none applies"):
        summarise(long(("u1", "a", ""), ("u1", "a", "x")), several_codes(Metric.MASI), columns=COLUMNS)


def test_several_variables_in_one_table() -> None:
    table = long(("u1", "a", "x"), ("u1", "b", "y")).with_columns(variable=pl.lit("tone"))
    with pytest.raises(BadInput, match="several variables"):
        summarise(table, one_code(), columns=Columns(variable="variable"))
    with pytest.raises(BadInput, match="no column “theme”"):
        summarise(table, one_code(), columns=Columns(variable="theme"))


def ordered(*codes: str) -> Variable:
    return Variable(name=None, scheme=Scheme.ORDERED_VALUE, metric=Metric.ORDINAL, codes=codes or None)


def test_an_order_of_words_must_be_declared() -> None:
    table = long(("u1", "a", "low"), ("u1", "b", "high"), ("u2", "a", "mid"), ("u2", "b", "mid"))
    with pytest.raises(BadInput, match="declare them"):
        summarise(table, ordered(), columns=COLUMNS)
    assert summarise(table, ordered("low", "mid", "high"), columns=COLUMNS).alpha.value is not None
    numbers = table.with_columns(code=pl.col("code").replace({"low": "1", "mid": "2", "high": "10"}))
    assert summarise(numbers, ordered(), columns=COLUMNS).alpha.value is not None


def test_none_applies_has_no_place_in_an_order() -> None:
    table = long(("u1", "a", "1"), ("u1", "b", "2"), ("u2", "a", "2"), ("u2", "b", "2"), ("u3", "a", ""), ("u3", "b", "1"))
    result = summarise(table, ordered("1", "2"), columns=COLUMNS)
    assert (result.units, result.units_used) == (3, 2)
    assert [(one.why[:12], one.units) for one in result.dropped] == [("coded by one", 1), ("none applies", 1)]
    nominal = summarise(table, one_code("1", "2"), columns=COLUMNS)
    assert nominal.units_used == 3
