"""Two codes merged: alpha by hand, for one code and for several an excerpt."""

import polars as pl
import pytest

from service.agreement.profile import STANDARD_1
from service.codebook.model import Code, Scheme, Variable
from service.errors import BadInput
from service.report.closed import SCHEMA
from service.report.merging import what_if_merged

CODES = (Code(name="x"), Code(name="y"), Code(name="z"))


def table(*pairs: tuple[str, str]) -> pl.DataFrame:
    rows = [
        (str(unit), coder, "v", code)
        for unit, pair in enumerate(pairs)
        for coder, codes in zip("ab", pair, strict=True)
        for code in codes.split("+")
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def variable(scheme: Scheme) -> Variable:
    return Variable(name="v", scheme=scheme, codes=CODES)


def test_one_code_an_excerpt() -> None:
    # x x | x y | y y | z z | z x: o_xy = 2, o_xz = 2; n_x = 4, n_y = 3, n_z = 3; alpha = 1 - 9 * 4 / (2 * (12 + 12 + 9)) = .4545.
    # y as x: only z x differs; n_x = 7, n_z = 3: alpha = 1 - 9 * 2 / (2 * 21) = .5714.
    found = what_if_merged(
        table(("x", "x"), ("x", "y"), ("y", "y"), ("z", "z"), ("z", "x")),
        variable(Scheme.ONE_CODE),
        ("x", "y"),
        profile=STANDARD_1,
        documents=None,
    )
    assert found.before.value == pytest.approx(1 - 36 / 66)
    assert found.after.value == pytest.approx(1 - 18 / 42)


def test_several_codes_an_excerpt_are_one_where_both_were_given() -> None:
    pairs = (("x+y", "x"), ("z", "z"), ("y", "x"), ("z", "z"))
    found = what_if_merged(table(*pairs), variable(Scheme.SEVERAL_CODES), ("x", "y"), profile=STANDARD_1, documents=None)
    assert found.before.value is not None
    assert found.before.value < 1
    assert found.after.value == 1


@pytest.mark.parametrize("pair", [("x", "x"), ("x", "w"), ("", "x")])
def test_two_different_codes_of_the_variable_are_needed(pair: tuple[str, str]) -> None:
    with pytest.raises(BadInput, match="two different codes"):
        what_if_merged(table(("x", "y")), variable(Scheme.ONE_CODE), pair, profile=STANDARD_1, documents=None)
