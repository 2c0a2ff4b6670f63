"""Shaffer's rho: how often a kappa this high comes from a code set whose true kappa is below the threshold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.agreement.estimate import Reason, Undefined, undefined
from service.agreement.ratings import Floats
from service.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class RhoDesign:
    """What is simulated: code sets of ``universe`` excerpts with kappa in [minimum, threshold) and a precision in the range given.

    ``inflation`` is the least share of positives in the test set, 0 for a plain random one.
    """

    threshold: float
    minimum: float
    precision: tuple[float, float]
    universe: int
    inflation: float
    replicates: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse a design that no code set can have."""
        if not 0 <= self.minimum < self.threshold <= 1 or not 0 < self.precision[0] <= self.precision[1] <= 1:
            raise BadInput("Kappa and precision ranges of rho lie between 0 and 1, the lower end first.")
        if self.replicates < 1 or self.universe < 1 or not 0 <= self.inflation < 1:
            raise BadInput("Rho needs at least one replicate and one excerpt, and an inflation from 0 to under 1.")


@dataclass(frozen=True, slots=True)
class Rho:
    """``value`` is the type I error of generalising; ``standard_error`` that of its simulation."""

    value: float
    standard_error: float
    kappa: float
    replicates: int
    seed: int


def shaffer_rho(*, kappa: float, baserate: float, test_set: int, design: RhoDesign) -> Rho | Undefined:
    """Compute rho of an observed kappa of two coders on a yes/no code.

    Parameters
    ----------
    baserate
        Share of excerpts that the first coder marked.
    test_set
        Number of excerpts both coded.

    References
    ----------
    Shaffer (2017) Quantitative ethnography; Eagan, Rogers, Serlin, Ruis, Arastoopour & Shaffer (2017) Can we rely on IRR?
    """
    if not 0 < baserate < 1:
        return undefined(Reason.NO_VARIATION)
    if not 0 < test_set <= design.universe:
        return undefined(Reason.NO_DATA)
    rng = np.random.default_rng(design.seed)
    tables = _code_sets(baserate, design, rng)
    drawn = _test_sets(tables, test_set, design.inflation, rng)
    simulated = table_kappa(drawn)
    reached = np.nan_to_num(simulated, nan=-1) >= kappa
    # As rhoR does: a kappa below the mean of the simulated ones says nothing for the coders.
    value = 1.0 if kappa < np.nanmean(simulated) else float(reached.mean())
    return Rho(value, float(np.sqrt(value * (1 - value) / design.replicates)), kappa, design.replicates, design.seed)


def rho_of_table(table: Floats, *, design: RhoDesign) -> Rho | Undefined:
    """Compute rho of a 2 x 2 table: rows the first coder, columns the second, positive first."""
    n = float(table.sum())
    if n == 0:
        return undefined(Reason.NO_DATA)
    kappa = float(table_kappa(table[None])[0])
    if np.isnan(kappa):
        return undefined(Reason.CHANCE_AGREEMENT_IS_ONE)
    return shaffer_rho(kappa=kappa, baserate=float(table[0].sum()) / n, test_set=round(n), design=design)


def table_kappa(tables: Floats) -> Floats:
    """Cohen's kappa of many 2 x 2 tables, shape (..., 2, 2); NaN where chance agreement is one."""
    n = tables.sum(axis=(-2, -1))
    p_e = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1) / n**2
    p_o = np.trace(tables, axis1=-2, axis2=-1) / n
    certain = p_e >= 1
    return np.where(certain, np.nan, (p_o - p_e) / np.where(certain, 1, 1 - p_e))


def _code_sets(baserate: float, design: RhoDesign, rng: np.random.Generator) -> Floats:
    """Draw kappas, and precisions that are possible with them, and lay out the code sets they imply."""
    kappa = rng.uniform(design.minimum, design.threshold, design.replicates)
    least = (2 * baserate * kappa - 2 * baserate - kappa) / (kappa - 2)
    low = np.maximum(design.precision[0], least)
    while (hopeless := low >= design.precision[1]).any():
        kappa[hopeless] = rng.uniform(design.minimum, design.threshold, int(hopeless.sum()))
        least = (2 * baserate * kappa - 2 * baserate - kappa) / (kappa - 2)
        low = np.maximum(design.precision[0], least)
    precision = rng.uniform(low, design.precision[1])
    recall = kappa * precision / (2 * precision - 2 * baserate - kappa + 2 * baserate * kappa)
    positive = max(round(baserate * design.universe), 1)
    both = np.minimum(np.maximum(np.rint(positive * recall), 1), positive)
    only_second = np.minimum(design.universe - positive, np.maximum(np.rint(both * (1 - precision) / precision), 1))
    rows = [both, positive - both, only_second, design.universe - positive - only_second]
    return np.stack(rows, axis=-1).reshape(-1, 2, 2)


def _test_sets(tables: Floats, size: int, inflation: float, rng: np.random.Generator) -> Floats:
    """Draw each test set without return: first the positives it must have, then the rest from all that is left."""
    left = tables.astype(np.int64)
    ensured = np.zeros_like(left)
    if inflation:
        wanted = min(int(np.ceil(size * inflation)), int(left[:, 0].sum(axis=-1).min()))
        ensured[:, 0] = _draw(left[:, 0], wanted, rng)
    rest = _draw((left - ensured).reshape(-1, 4), size - int(ensured[0].sum()), rng).reshape(-1, 2, 2)
    return (ensured + rest).astype(np.float64)


def _draw(counts: NDArray[np.int64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.array([rng.multivariate_hypergeometric(row, size) for row in counts])
