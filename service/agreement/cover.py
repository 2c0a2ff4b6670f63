"""Choosing unitary alignments that hold every unit exactly once, at the least cost: a set partition, solved exactly."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.agreement.ratings import Floats

Members = NDArray[np.int64]
Places = NDArray[np.intp]
EMPTY = -1
WHOLE, HALF = 1e-6, 0.5
"""How close to 0 or 1 a solver's answer is taken for it, and where it is cut."""
STEPS = 200
"""Steps of the search by hand before a stretch of text is left to the integer programme."""


def cheapest_cover(members: Members, costs: Floats, *, units: int, steps: int = STEPS) -> Places:
    """Choose rows of ``members`` (``EMPTY`` where a coder has no unit in it) that hold each unit once.

    Texts fall into stretches that share no alignment, so each is a problem of its own. Where the linear relaxation is whole it is the
    answer; elsewhere a search over its reduced costs, which are small where it counts, finds it.
    """
    optimize, sparse, graphs = scipy_modules()
    row, column = np.nonzero(members != EMPTY)
    holds = sparse.csc_array((np.ones(len(row)), (members[row, column], row)), shape=(units, len(members)))
    relaxed = optimize.linprog(costs, A_eq=holds, b_eq=np.ones(units), bounds=(0, None), method="highs-ds")
    share, prices = np.asarray(relaxed.x, np.float64), np.asarray(relaxed.eqlin.marginals, np.float64)
    broken = np.abs(share - np.rint(share)) > WHOLE
    if not broken.any():
        return np.flatnonzero(share > HALF)
    _, stretch = graphs.connected_components(holds @ holds.T)
    of_row: NDArray[np.int32] = np.asarray(stretch, np.int32)[members.max(axis=1)]
    reduced = costs - np.where(members != EMPTY, prices[members], 0).sum(axis=1)
    open_rows = np.isin(of_row, of_row[broken])
    chosen = [np.flatnonzero(~open_rows & (share > HALF))]
    chosen += [_stretch(np.flatnonzero(of_row == at), members, reduced, holds, steps) for at in np.unique(of_row[broken])]
    return np.sort(np.concatenate(chosen))


def scipy_modules() -> tuple[ModuleType, ModuleType, ModuleType]:
    """Load scipy's optimize, sparse and csgraph where they are used."""
    from scipy import optimize, sparse
    from scipy.sparse import csgraph

    return optimize, sparse, csgraph


def _stretch(rows: Places, members: Members, reduced: Floats, holds: Any, steps: int) -> Places:
    """Solve one stretch whose relaxation is not whole."""
    rows = rows[np.argsort(reduced[rows], kind="stable")]
    held = [tuple(int(unit) for unit in members[row] if unit != EMPTY) for row in rows]
    found = Search(held, np.maximum(reduced[rows], 0).tolist(), steps).best()
    return rows[found] if found is not None else rows[_integer_programme(holds[:, rows], reduced[rows])]


class Search:
    """Exact cover by depth-first search: the unit with the fewest alignments first, cut off at the best cost so far."""

    def __init__(self, held: Sequence[tuple[int, ...]], costs: Sequence[float], steps: int) -> None:
        self._held = held
        self._costs = costs
        self._steps = steps
        self._best: list[int] | None = None
        self._least = float("inf")

    def best(self) -> list[int] | None:
        """Give the places of the cheapest cover, or None when the steps ran out first."""
        self._go({unit for units in self._held for unit in units}, list(range(len(self._held))), [], 0.0)
        return self._best if self._steps > 0 else None

    def _go(self, left: set[int], rows: list[int], taken: list[int], cost: float) -> None:
        self._steps -= 1
        if self._steps <= 0 or cost >= self._least:
            return
        if not left:
            self._best, self._least = taken, cost
            return
        by_unit: dict[int, list[int]] = {unit: [] for unit in left}
        for row in rows:
            for unit in self._held[row]:
                by_unit[unit].append(row)
        for row in min(by_unit.values(), key=len):
            now = set(self._held[row])
            rest = [other for other in rows if now.isdisjoint(self._held[other])]
            self._go(left - now, rest, [*taken, row], cost + self._costs[row])


def _integer_programme(holds: Any, costs: Floats) -> Places:
    optimize, _, _ = scipy_modules()
    units = np.flatnonzero(holds.sum(axis=1))
    once = optimize.LinearConstraint(holds[units], 1, 1)
    exactly = {"mip_rel_gap": 0.0}  # the solver would stop at a ten-thousandth otherwise
    found = optimize.milp(costs, integrality=np.ones(len(costs)), bounds=optimize.Bounds(0, 1), constraints=once, options=exactly)
    return np.flatnonzero(np.asarray(found.x) > HALF)
