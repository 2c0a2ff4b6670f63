"""Models of annotators: who is how reliable, and what the units' codes probably are. Repeated codings are data here."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.agreement.estimate import Reason, Undefined, undefined
from service.agreement.ratings import Floats
from service.errors import BadInput


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """Codings with repeats: row i says that coder ``coder[i]`` gave code ``code[i]`` to unit ``unit[i]`` (places)."""

    coders: tuple[str, ...]
    units: tuple[str, ...]
    scale: tuple[str, ...]
    coder: NDArray[np.int64]
    unit: NDArray[np.int64]
    code: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """How a model is fitted: EM from ``restarts`` starts (the first from vote shares) until the log-likelihood gains under ``tolerance``.

    ``smoothing`` is a count added to every cell of a coder's confusion; 0 is maximum likelihood.
    """

    restarts: int
    iterations: int
    tolerance: float
    smoothing: float
    seed: int

    def __post_init__(self) -> None:
        """Refuse a fit that never starts."""
        if self.restarts < 1 or self.iterations < 1 or self.smoothing < 0:
            raise BadInput("A fit needs at least one start and one iteration, and no negative smoothing.")


@dataclass(frozen=True, slots=True, eq=False)
class DawidSkene:
    """Class shares, each coder's confusion (true code, given code), each unit's posterior, and the log-likelihood by iteration."""

    shares: Floats
    confusion: Floats
    posterior: Floats
    likelihood: tuple[float, ...]
    converged: bool

    def labels(self) -> NDArray[np.intp]:
        """Give the most probable code of each unit."""
        return self.posterior.argmax(axis=1)


def votes(rows: Sequence[tuple[str, str, str]], *, scale: Sequence[str]) -> Votes:
    """Read (unit, coder, code) rows; repeats count each time."""
    units = tuple(dict.fromkeys(unit for unit, _, _ in rows))
    coders = tuple(sorted({coder for _, coder, _ in rows}))
    places = [{name: at for at, name in enumerate(names)} for names in (units, coders, scale)]
    if any(code not in places[2] for _, _, code in rows):
        raise BadInput("A code is not in the scale.")
    table = np.array([[places[0][u], places[1][c], places[2][k]] for u, c, k in rows], np.int64).reshape(-1, 3)
    return Votes(coders, units, tuple(scale), table[:, 1], table[:, 0], table[:, 2])


def dawid_skene(given: Votes, *, fitting: Fitting) -> DawidSkene | Undefined:
    """Fit Dawid and Skene's model by EM; the best of the restarts by likelihood, which never falls within a fit.

    References
    ----------
    Dawid & Skene (1979) Maximum likelihood estimation of observer error-rates using the EM algorithm. Applied Statistics 28:20.
    """
    if not len(given.code):
        return undefined(Reason.NO_DATA)
    rng = np.random.default_rng(fitting.seed)
    starts = [vote_shares(given), *(_shaken(given, rng) for _ in range(fitting.restarts - 1))]
    return max((_fit(given, start, fitting) for start in starts), key=lambda fit: fit.likelihood[-1])


def vote_shares(given: Votes) -> Floats:
    """Give the share of each unit's votes that each code has, shape (units, q)."""
    q = len(given.scale)
    counts = np.bincount(given.unit * q + given.code, minlength=len(given.units) * q).reshape(-1, q).astype(np.float64)
    return counts / counts.sum(axis=1, keepdims=True)


def _shaken(given: Votes, rng: np.random.Generator) -> Floats:
    start = vote_shares(given) + rng.dirichlet(np.ones(len(given.scale)), len(given.units))
    return start / start.sum(axis=1, keepdims=True)


def _fit(given: Votes, posterior: Floats, fitting: Fitting) -> DawidSkene:
    likelihood: list[float] = []
    shares, confusion, converged = posterior.mean(axis=0), np.empty(0), False
    for _ in range(fitting.iterations):
        shares, confusion = posterior.mean(axis=0), _confusion(given, posterior, fitting.smoothing)
        posterior, seen = _posterior(given, shares, confusion)
        # With smoothing it is the smoothed likelihood that never falls.
        likelihood.append(seen + (fitting.smoothing * float(np.log(confusion).sum()) if fitting.smoothing else 0.0))
        converged = len(likelihood) > 1 and likelihood[-1] - likelihood[-2] < fitting.tolerance
        if converged:
            break
    return DawidSkene(shares, confusion, posterior, tuple(likelihood), converged)


def _confusion(given: Votes, posterior: Floats, smoothing: float) -> Floats:
    """Share of a coder's answers by true code, shape (coders, q, q); even where a code was never met."""
    m, q = len(given.coders), len(given.scale)
    answer = given.coder * q + given.code
    by_answer = [np.bincount(answer, posterior[given.unit, true], m * q).reshape(m, q) for true in range(q)]
    counts = np.stack(by_answer, axis=1) + smoothing
    total = counts.sum(axis=2, keepdims=True)
    return np.where(total == 0, 1 / q, counts / np.where(total == 0, 1, total))


def _posterior(given: Votes, shares: Floats, confusion: Floats) -> tuple[Floats, float]:
    tiny = np.finfo(np.float64).tiny
    log = np.tile(np.log(np.maximum(shares, tiny)), (len(given.units), 1))
    np.add.at(log, given.unit, np.log(np.maximum(confusion, tiny))[given.coder, :, given.code])
    top = log.max(axis=1, keepdims=True)
    weight = np.exp(log - top)
    total = weight.sum(axis=1, keepdims=True)
    return weight / total, float((np.log(total) + top).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Mace:
    """Each coder's competence (1 - chance of spamming), what they spam, each unit's posterior, the log-likelihood by iteration."""

    competence: Floats
    spam: Floats
    posterior: Floats
    likelihood: tuple[float, ...]

    def labels(self) -> NDArray[np.intp]:
        """Give the most probable code of each unit."""
        return self.posterior.argmax(axis=1)


def mace(given: Votes, *, fitting: Fitting) -> Mace | Undefined:
    """Fit MACE by EM with restarts: a coder gives the true code, or spams by a habit of their own.

    References
    ----------
    Hovy, Berg-Kirkpatrick, Vaswani & Hovy (2013) Learning whom to trust with MACE.
    """
    if not len(given.code):
        return undefined(Reason.NO_DATA)
    rng = np.random.default_rng(fitting.seed)
    fits = [_fit_mace(given, rng, fitting) for _ in range(fitting.restarts)]
    return max(fits, key=lambda fit: fit.likelihood[-1])


def _fit_mace(given: Votes, rng: np.random.Generator, fitting: Fitting) -> Mace:
    m, q = len(given.coders), len(given.scale)
    competence, spam = rng.uniform(0.5, 1, m), rng.dirichlet(np.ones(q) * 10, m)
    posterior = vote_shares(given)
    likelihood: list[float] = []
    for _ in range(fitting.iterations):
        chance = (1 - competence[given.coder]) * spam[given.coder, given.code]
        log = np.tile(np.log(np.full(q, 1 / q)), (len(given.units), 1))
        answer = np.tile(chance[:, None], (1, q))
        answer[np.arange(len(chance)), given.code] += competence[given.coder]
        np.add.at(log, given.unit, np.log(np.maximum(answer, np.finfo(np.float64).tiny)))
        top = log.max(axis=1, keepdims=True)
        weight = np.exp(log - top)
        total = weight.sum(axis=1, keepdims=True)
        posterior = weight / total
        likelihood.append(float((np.log(total) + top).sum()))
        if len(likelihood) > 1 and likelihood[-1] - likelihood[-2] < fitting.tolerance:
            break
        competence, spam = _habits(given, posterior, chance, competence, fitting.smoothing)
    return Mace(competence, spam, posterior, tuple(likelihood))


def _habits(given: Votes, posterior: Floats, chance: Floats, competence: Floats, smoothing: float) -> tuple[Floats, Floats]:
    """Share out each answer between knowing and spamming; update both habits."""
    m, q = len(given.coders), len(given.scale)
    honest = competence[given.coder]
    right = posterior[given.unit, given.code]
    both = honest + chance
    knew = right * honest / np.where(both == 0, 1, both)
    known = np.bincount(given.coder, knew, minlength=m) + smoothing
    spammed = np.bincount(given.coder * q + given.code, 1 - knew, minlength=m * q).reshape(m, q) + smoothing
    total = spammed.sum(axis=1)
    habit = np.where(total[:, None] == 0, 1 / q, spammed / np.where(total == 0, 1, total)[:, None])
    return known / (known + total), habit
