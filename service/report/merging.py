"""What if two codes were one: alpha before and after, over the same codings."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import polars as pl

from service.agreement.coefficients import Coefficient
from service.agreement.compute import Request, compute
from service.agreement.long import Columns
from service.agreement.profile import MethodsProfile
from service.agreement.summary import Scheme
from service.codebook.model import Variable
from service.errors import BadInput
from service.report.figures import Figure, figure

NOTE = (
    "Merging always hides disagreement between the two. Whether they mean the same is a question about the codes, which no figure answers."
)


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """Alpha as it is, and as if every ``codes[1]`` had been a ``codes[0]``."""

    variable: str
    codes: list[str]
    before: Figure
    after: Figure
    methods: str
    note: str = NOTE


def what_if_merged(
    table: pl.DataFrame,
    variable: Variable,
    pair: tuple[str, str],
    *,
    profile: MethodsProfile,
    documents: Mapping[str, str] | None,
    weights: Mapping[str, float] | None = None,
) -> Merged:
    """Compute alpha before and after; ``table`` has the columns unit, coder, variable, code.

    Raises
    ------
    BadInput
        The codes are not two different ones of the variable.
    """
    names = [code.name for code in variable.codes]
    first, second = pair
    if first == second or not {first, second} <= set(names):
        message = "Name two different codes of the variable."
        raise BadInput(message)
    columns = Columns(unit="unit", coder="coder", code="code", variable="variable")
    merged = table.with_columns(pl.col("code").replace(second, first)).unique(maintain_order=True)
    asked = Request(
        variable=variable.name,
        scheme=Scheme(variable.scheme.value),
        codes=names,
        coefficient=Coefficient.ALPHA,
        profile=profile.label,
        documents=documents,
        weights_of_units=weights,
    )
    before = compute(table, asked, columns=columns)
    left = [name for name in names if name != second]
    after = compute(merged, replace(asked, codes=left), columns=columns)
    return Merged(
        variable=variable.name, codes=[first, second], before=figure(before.estimate), after=figure(after.estimate), methods=before.methods
    )
