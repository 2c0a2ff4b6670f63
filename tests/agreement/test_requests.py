"""What the API and the command line ask for: layouts by declaration, choices or a profile, one result."""

from dataclasses import replace

import msgspec
import polars as pl
import pytest

from service.agreement.coefficients import Choice, Coefficient, with_interval
from service.agreement.compute import SCHEMA, Request, compute, rows_of
from service.agreement.dashboard import Asked, dashboard
from service.agreement.estimate import Estimate, Interval
from service.agreement.interval import Method
from service.agreement.kinds import Kind
from service.agreement.layouts import Empty, Layout, read_layout
from service.agreement.long import Columns, one_code_ratings
from service.agreement.metric import Metric
from service.agreement.profile import PROFILES, STANDARD_1, profile_named
from service.agreement.summary import Scheme, code_label
from service.agreement.weights import Weights
from service.errors import BadInput

COLUMNS = Columns()
CODES = ["1123", "1124", "1223", "3323", "2121"]
TABLE = pl.DataFrame(
    [(f"u{u}", f"c{c}", code) for c, codes in enumerate(CODES) for u, code in enumerate(codes)],
    schema=["unit", "coder", "code"],
    orient="row",
)
SETS = pl.DataFrame(
    [("u1", "a", "x"), ("u1", "a", "y"), ("u1", "b", "x"), ("u2", "a", ""), ("u2", "b", "y"), ("u3", "a", "y"), ("u3", "b", "y")],
    schema=["unit", "coder", "code"],
    orient="row",
)


def request(**choices: object) -> Request:
    base = {"variable": None, "scheme": Scheme.ONE_CODE, "codes": None, "coefficient": Coefficient.ALPHA}
    return msgspec.convert(base | choices, Request, strict=False)


def test_a_profile_names_every_choice_and_is_printed() -> None:
    result = compute(TABLE, request(profile="standard-1"), columns=COLUMNS)
    assert result.schema == SCHEMA
    assert result.methods == (
        "Methods profile standard-1: nominal metric, identity weights, 95% interval by bootstrap, BCa, expanded for few units "
        "(Hesterberg 2015) over excerpts, 2000 replicates, seed 20110125."
    )
    ratings = one_code_ratings(TABLE, columns=COLUMNS, variable=None, scale=None)
    choice = Choice(coefficient=Coefficient.ALPHA, metric=Metric.NOMINAL, weights=Weights.IDENTITY)
    assert result.estimate == with_interval(ratings, choice, STANDARD_1.uncertainty(by_cluster=False))
    shown = msgspec.json.decode(msgspec.json.encode(result))
    assert shown["estimate"]["interval"]["seed"] == 20110125


def test_choices_one_by_one() -> None:
    asked = request(metric="ordinal", interval=Method.PERCENTILE, level=0.9, replicates=100, seed=7)
    result = compute(TABLE, asked, columns=COLUMNS)
    assert (
        result.methods
        == "Chosen one by one: ordinal metric, 90% interval by bootstrap, percentile over excerpts, 100 replicates, 7 as seed."
    )
    (row,) = rows_of(result)
    assert (row["coefficient"], row["coders"], row["level"]) == ("krippendorff_alpha", 5, 0.9)
    plain = compute(TABLE, request(coefficient=Coefficient.FLEISS, weights="identity"), columns=COLUMNS)
    assert plain.methods == "Chosen one by one: identity weights."
    assert rows_of(plain)[0]["low"] is None
    assert compute(TABLE, request(coefficient=Coefficient.PERCENT), columns=COLUMNS).methods == "Chosen one by one: no options."


def test_documents_and_weights_of_units() -> None:
    documents = {f"u{at}": f"d{at // 2}" for at in range(4)}
    weights = {f"u{at}": 1.0 + at for at in range(4)}
    result = compute(TABLE, request(profile="standard-1", documents=documents, weights_of_units=weights), columns=COLUMNS)
    assert isinstance(result.estimate, Estimate)
    assert isinstance(result.estimate.interval, Interval)
    assert result.estimate.interval.clusters == 2
    assert "over documents" in result.methods
    with pytest.raises(BadInput, match="4 of 4 units have no document"):
        compute(TABLE, request(profile="standard-1", documents={}), columns=COLUMNS)


def test_sets_are_compared_by_their_metric() -> None:
    result = compute(SETS, request(scheme="several_codes", metric="jaccard"), columns=COLUMNS)
    assert isinstance(result.estimate, Estimate)
    assert result.estimate.distances == "jaccard"
    asked = request(scheme="several_codes", profile="standard-1", documents={"u1": "d", "u2": "e", "u3": "f"})
    by_profile = compute(SETS, asked, columns=COLUMNS)
    assert isinstance(by_profile.estimate, Estimate)
    assert by_profile.estimate.distances == "masi"
    assert isinstance(by_profile.estimate.interval, Interval)
    as_codes = compute(SETS, request(scheme="several_codes", coefficient=Coefficient.COHEN, weights="identity"), columns=COLUMNS)
    assert isinstance(as_codes.estimate, Estimate)
    intervals = request(scheme="several_codes", coefficient=Coefficient.COHEN, weights="identity", interval=Method.ANALYTIC, level=0.95)
    assert isinstance(compute(SETS, intervals, columns=COLUMNS).estimate, Estimate)
    nothing = compute(SETS.filter(pl.col("coder") == "a"), request(scheme="several_codes", metric="masi"), columns=COLUMNS)
    assert rows_of(nothing)[0]["reason"] == "one_coder"


def test_a_profile_and_choices_do_not_mix() -> None:
    with pytest.raises(BadInput, match="not both"):
        compute(TABLE, request(profile="standard-1", metric="nominal"), columns=COLUMNS)
    with pytest.raises(BadInput, match="no methods profile “standard-0”"):
        profile_named("standard-0")
    with pytest.raises(BadInput, match="needs a level"):
        compute(TABLE, request(metric="nominal", interval=Method.JACKKNIFE), columns=COLUMNS)
    assert set(PROFILES) == {"standard-1"}


def test_weights_need_an_order_as_metrics_do() -> None:
    words = TABLE.with_columns(code="w" + pl.col("code"))
    with pytest.raises(BadInput, match="declare them"):
        compute(words, request(coefficient=Coefficient.FLEISS, weights="linear"), columns=COLUMNS)
    declared = request(coefficient=Coefficient.FLEISS, weights="linear", codes=["w1", "w2", "w3", "w4"])
    assert compute(words, declared, columns=COLUMNS).estimate.value is not None


LONG = b"unit,coder,code\nu1,a,x\nu1,b,\nu2,a,y\n"
WIDE = b"excerpt,a,b\nu1,x,\nu2,y,y\n"


def cells(table: pl.DataFrame) -> list[tuple[str, str, str | None]]:
    return sorted(table.select("unit", "coder", "code").rows(), key=str)


@pytest.mark.parametrize(
    ("layout", "content", "empty", "expected"),
    [
        pytest.param(Layout.LONG, LONG, None, [("u1", "a", "x"), ("u1", "b", ""), ("u2", "a", "y")], id="long: empty is none applies"),
        pytest.param(Layout.LONG, LONG, Empty.MISSING, [("u1", "a", "x"), ("u1", "b", None), ("u2", "a", "y")], id="long: missing"),
        pytest.param(
            Layout.WIDE, WIDE, None, [("u1", "a", "x"), ("u1", "b", None), ("u2", "a", "y"), ("u2", "b", "y")], id="wide: empty is missing"
        ),
        pytest.param(
            Layout.WIDE, WIDE, Empty.NONE, [("u1", "a", "x"), ("u1", "b", ""), ("u2", "a", "y"), ("u2", "b", "y")], id="wide: declared none"
        ),
        pytest.param(
            Layout.RECAL, b"1,2\n3,#\n", None,
            [("1", "coder 1", "1"), ("1", "coder 2", "2"), ("2", "coder 1", "3"), ("2", "coder 2", None)], id="ReCal",
        ),
        pytest.param(
            Layout.KALPHA, b"1;NA\n2;2\n", None,
            [("1", "coder 1", "1"), ("1", "coder 2", None), ("2", "coder 1", "2"), ("2", "coder 2", "2")], id="K-Alpha",
        ),
        pytest.param(Layout.WIDE, b"unit,a,b\nu1,NA,#\n", None, [("u1", "a", "NA"), ("u1", "b", "#")], id="NA is a code elsewhere"),
    ],
)  # fmt: skip
def test_a_layout_is_read_as_declared(layout: Layout, content: bytes, empty: Empty | None, expected: list[tuple[str, str, str]]) -> None:
    assert cells(read_layout(content, layout, empty=empty)) == expected


def test_variables_side_by_side_in_a_recal_file() -> None:
    table = read_layout(b"1,2,a,b\n3,3,c,c\n", Layout.RECAL, empty=None, coders_per_variable=2)
    second = table.filter(pl.col("variable") == "variable 2")
    assert cells(second) == [("1", "coder 1", "a"), ("1", "coder 2", "b"), ("2", "coder 1", "c"), ("2", "coder 2", "c")]


@pytest.mark.parametrize(
    ("layout", "content", "message"),
    [
        pytest.param(Layout.LONG, b"", "it is empty", id="empty file"),
        pytest.param(Layout.LONG, b"unit,coder,code\n\xff\xfe,a,b\n", "in UTF-8", id="encoding"),
        pytest.param(Layout.WIDE, b"unit\nu1\n", "one column for each coder", id="no coders"),
        pytest.param(Layout.WIDE, b"unit,a\nu1,x\n,y\n", "Row 2: the unit is empty", id="no unit"),
        pytest.param(Layout.WIDE, b"unit,a\nu1,x\nu1,y\n", "Row 2: the same unit a second time", id="unit twice"),
        pytest.param(Layout.RECAL, b"1,2,3\n", "no multiple of 2", id="columns"),
    ],
)
def test_a_file_that_is_not_in_its_layout_is_refused(layout: Layout, content: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_layout(content, layout, empty=None, coders_per_variable=2 if layout is Layout.RECAL else None)


def test_a_long_file_without_codes_is_refused() -> None:
    with pytest.raises(BadInput, match="no column “code”"):
        read_layout(b"unit,coder\nu1,a\n", Layout.LONG, empty=Empty.MISSING)


def test_none_applies_has_words() -> None:
    assert (code_label(""), code_label("x")) == ("none applies", "x")


def test_the_dashboard_is_everything_by_one_profile() -> None:
    documents = {f"u{at}": f"d{at}" for at in range(4)}
    asked = Asked(
        name=None, scheme=Scheme.ORDERED_VALUE, codes=["1", "2", "3", "4"], profile=STANDARD_1, documents=documents, parents={"2": "1"}
    )
    found = dashboard(TABLE, asked, columns=COLUMNS)
    alone = compute(
        TABLE, request(scheme="ordered_value", codes=["1", "2", "3", "4"], profile="standard-1", documents=documents), columns=COLUMNS
    )
    assert found.overall[Coefficient.ALPHA] == alone.estimate
    assert found.methods == alone.methods
    assert [row.code for row in found.codes.rows] == ["1", "2", "3", "4"]
    assert len(found.without_coder) == 5
    assert found.kinds.counts[Kind.GRANULARITY] > 0
    assert msgspec.json.encode(replace(found, coincidences=None))  # a matrix is an array


def test_the_dashboard_of_several_codes() -> None:
    asked = Asked(name=None, scheme=Scheme.SEVERAL_CODES, codes=None, profile=STANDARD_1, documents=None, parents={})
    found = dashboard(SETS, asked, columns=COLUMNS)
    alpha = found.overall[Coefficient.ALPHA]
    assert isinstance(alpha, Estimate)
    assert alpha.distances == "masi"
    assert [row.code for row in found.codes.rows] == ["x", "y"]
    assert found.summary.alpha == alpha
    assert (found.without_coder, found.coincidences) == ((), None)
