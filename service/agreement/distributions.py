"""The few distribution functions that intervals and plans need; scipy is loaded by the first call, not at start."""

from functools import cache
from statistics import NormalDist
from types import ModuleType

_NORMAL = NormalDist()


@cache
def _special() -> ModuleType:
    from scipy import special  # a fifth of a second at start otherwise

    return special


def load() -> None:
    """Load what the first call would wait for."""
    _special()


def normal(z: float) -> float:
    """P(Z <= z) of the standard normal."""
    return _NORMAL.cdf(z)


def normal_quantile(p: float) -> float:
    """Give z with P(Z <= z) = p."""
    return _NORMAL.inv_cdf(p)


def student(t: float, degrees: float) -> float:
    """P(T <= t) of Student's t."""
    return float(_special().stdtr(degrees, t))


def t_quantile(p: float, degrees: float) -> float:
    """Give t with P(T <= t) = p."""
    return float(_special().stdtrit(degrees, p))


def chi_square_quantile(p: float, degrees: int) -> float:
    """Give x with P(X <= x) = p for a chi-square."""
    return float(_special().chdtri(degrees, 1 - p))


def noncentrality(degrees: int, *, level: float, power: float) -> float:
    """How far a chi-square must be shifted for a test at ``level`` to reach ``power``."""
    return float(_special().chndtrinc(chi_square_quantile(1 - level, degrees), degrees, 1 - power))
