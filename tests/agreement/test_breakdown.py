"""Parts of a round: each document's figures are those of its excerpts alone, and the quarters' mean is the round's alpha."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from service.agreement.breakdown import by_document, by_quarter
from service.agreement.estimate import Estimate, Reason, Undefined
from service.agreement.long import Columns
from service.agreement.metric import Metric
from service.agreement.percent import percent_agreement
from service.agreement.summary import Reading, Scheme, Variable, read

CODES = ("a", "b", "c")
METRICS = [(Scheme.ONE_CODE, Metric.NOMINAL), (Scheme.ORDERED_VALUE, Metric.ORDINAL), (Scheme.SEVERAL_CODES, Metric.MASI)]


def reading_of(rows: list[tuple[str, str, str]], scheme: Scheme, metric: Metric) -> Reading:
    table = pl.DataFrame(rows, schema={"unit": pl.String, "coder": pl.String, "code": pl.String}, orient="row")
    return read(table, Variable(name=None, scheme=scheme, metric=metric, codes=CODES), columns=Columns())


def random_rows(seed: int, *, several: bool) -> list[tuple[str, str, str]]:
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, str]] = []
    for unit in range(40):
        usual = int(rng.integers(3))
        for coder in ("Ann", "Ben", "Cid"):
            if rng.random() < 0.2:
                continue
            code = usual if rng.random() < 0.6 else int(rng.integers(3))
            rows.append((f"u{unit}", coder, CODES[code]))
            if several and rng.random() < 0.4:
                rows.append((f"u{unit}", coder, CODES[(code + 1) % 3]))
    return rows


@pytest.mark.parametrize(("scheme", "metric"), METRICS)
@pytest.mark.parametrize("seed", range(3))
def test_a_documents_figures_are_those_of_its_excerpts_alone(scheme: Scheme, metric: Metric, seed: int) -> None:
    rows = random_rows(seed, several=scheme is Scheme.SEVERAL_CODES)
    documents = {f"u{unit}": f"d{unit % 7}" for unit in range(40)}
    for part in by_document(reading_of(rows, scheme, metric), metric, documents):
        alone = reading_of([row for row in rows if documents[row[0]] == part.name], scheme, metric)
        same(part.alpha, alone.alpha(metric))
        same(part.percent, percent_agreement(alone.ratings))
        assert part.pairable == int((alone.ratings.per_unit() >= 2).sum())


def test_a_document_without_a_figure_says_why() -> None:
    rows = [
        ("u0", "Ann", "a"),
        ("u1", "Ann", "a"),
        ("u1", "Ben", "a"),
        ("u2", "Ann", "a"),
        ("u3", "Ben", "b"),
        ("u5", "Ann", "a"),
        ("u5", "Ben", "b"),
    ]
    documents = {"u0": "one", "u1": "alike", "u2": "apart", "u3": "apart", "u4": "nobody", "u5": "both"}
    found = {part.name: part for part in by_document(reading_of(rows, Scheme.ONE_CODE, Metric.NOMINAL), Metric.NOMINAL, documents)}
    why = {name: part.alpha.reason for name, part in found.items() if isinstance(part.alpha, Undefined)}
    assert why == {
        "one": Reason.ONE_CODER,
        "alike": Reason.NO_VARIATION,
        "apart": Reason.NO_PAIRABLE_UNITS,
        "nobody": Reason.NO_DATA,
    }
    assert found["alike"].percent == 1
    assert found["both"].percent == 0
    # D_o 1; n 2, n_a = n_b = 1: D_e = 2 / (2 * 1) = 1.
    assert found["both"].alpha == 0
    assert [found[name].units for name in ("one", "apart", "nobody")] == [1, 2, 1]


@pytest.mark.parametrize(("scheme", "metric"), METRICS)
def test_where_nothing_was_coded_every_part_says_so(scheme: Scheme, metric: Metric) -> None:
    empty = reading_of([], scheme, metric)
    parts = by_document(empty, metric, {"u0": "d", "u1": "d"}) + by_quarter(empty, metric, empty.alpha(metric), order_of([]))
    assert [part.units for part in parts] == [2, 0, 0, 0, 0]
    for part in parts:
        assert isinstance(part.alpha, Undefined)
        assert isinstance(part.percent, Undefined)
        assert part.alpha.reason is part.percent.reason is Reason.NO_DATA


def order_of(rows: list[tuple[str, str, str]]) -> pl.DataFrame:
    coded = list(dict.fromkeys((unit, coder) for unit, coder, _ in rows))
    places: dict[str, int] = {}
    placed: list[tuple[str, str, int]] = []
    for unit, coder in coded:
        places[coder] = places.get(coder, 0) + 1
        placed.append((unit, coder, places[coder]))
    return pl.DataFrame(placed, schema={"unit": pl.String, "coder": pl.String, "place": pl.Int64}, orient="row")


def test_quarters_by_hand() -> None:
    # Ann codes u0 to u3, Ben u3 to u0. They differ on u0 only: Ann's first, Ben's fourth.
    rows = [("u0", "Ann", "a"), ("u1", "Ann", "a"), ("u2", "Ann", "b"), ("u3", "Ann", "b")]
    rows += [("u3", "Ben", "b"), ("u2", "Ben", "b"), ("u1", "Ben", "a"), ("u0", "Ben", "b")]
    found = reading_of(rows, Scheme.ONE_CODE, Metric.NOMINAL)
    parts = by_quarter(found, Metric.NOMINAL, found.alpha(Metric.NOMINAL), order_of(rows))
    assert [part.percent for part in parts] == [0.5, 1, 1, 0.5]
    # n 8, n_a 3, n_b 5: D_e = 2 * 15 / 56. Of the two codings of the first quarter one differs.
    assert parts[0].alpha == pytest.approx(1 - 0.5 / (30 / 56))
    assert parts[1].alpha == 1
    assert [part.codings for part in parts] == [2, 2, 2, 2]


@pytest.mark.parametrize(("scheme", "metric"), METRICS)
def test_the_quarters_weighted_mean_is_the_alpha_of_the_round(scheme: Scheme, metric: Metric) -> None:
    rows = random_rows(5, several=scheme is Scheme.SEVERAL_CODES)
    found = reading_of(rows, scheme, metric)
    whole = found.alpha(metric)
    parts = by_quarter(found, metric, whole, order_of(rows))
    sizes = found.ratings.per_unit()
    lone = int((sizes == 1).sum())
    assert sum(part.codings for part in parts) == len(found.ratings.code)
    alphas, counts = [part.alpha for part in parts], [paired(found, order_of(rows), at) for at in range(4)]
    assert sum(counts) == len(found.ratings.code) - lone
    assert isinstance(whole, Estimate)
    mean = sum(float(alpha) * count for alpha, count in zip(alphas, counts, strict=True) if not isinstance(alpha, Undefined)) / sum(counts)
    assert mean == pytest.approx(whole.value, abs=1e-12)
    assert any(one != other for one, other in pairwise(alphas)), "the quarters differ, so the mean says something"


def test_a_coding_of_unknown_place_is_compared_with_and_has_no_quarter() -> None:
    rows = [("u0", "Ann", "a"), ("u0", "Ben", "b"), ("u1", "Ann", "b"), ("u1", "Ben", "b")]
    found = reading_of(rows, Scheme.ONE_CODE, Metric.NOMINAL)
    placed = order_of(rows).filter(pl.col("coder") == "Ann")
    parts = by_quarter(found, Metric.NOMINAL, found.alpha(Metric.NOMINAL), placed)
    assert [part.codings for part in parts] == [1, 0, 1, 0]
    assert (parts[0].percent, parts[2].percent) == (0, 1)
    assert isinstance(parts[1].percent, Undefined)


def paired(found: Reading, order: pl.DataFrame, quarter: int) -> int:
    ratings = found.ratings
    sizes = dict(zip(ratings.units.to_list(), ratings.per_unit().tolist(), strict=True))
    most = dict(order.group_by("coder").agg(pl.col("place").max()).iter_rows())
    return sum(sizes[unit] > 1 and (place - 1) * 4 // most[coder] == quarter for unit, coder, place in order.iter_rows())


def same(one: float | Undefined, other: Estimate | Undefined) -> None:
    if isinstance(one, Undefined) or isinstance(other, Undefined):
        assert isinstance(one, Undefined)
        assert isinstance(other, Undefined)
        assert one.reason == other.reason
    else:
        assert one == pytest.approx(other.value, abs=1e-12)
