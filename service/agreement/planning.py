"""How many units a study needs: published sample-size formulas, how many excerpts for a rare code, and simulated power."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, comb
from types import ModuleType

import numpy as np

from service.agreement.distributions import chi_square_quantile, noncentrality, normal_quantile
from service.agreement.ratings import PAIR, Floats
from service.errors import BadInput


def sample_size_krippendorff(*, minimum: float, level: float, share: float, coders: int) -> int:
    """Units needed to tell alpha from a minimum, one-sided.

    Parameters
    ----------
    minimum
        The smallest acceptable alpha.
    share
        p_c of the rarest code; 1/q if all are used alike.

    References
    ----------
    Krippendorff (2019) ch. 12 after Bloch & Kraemer (1989) eq. 3.7; z squared times the number of coders (ATLAS.ti manual).
    """
    _check(shares=(share,), levels=(level,))
    z = normal_quantile(1 - level)
    spread = (1 + minimum) * (3 - minimum) / (4 * (1 - minimum) * share * (1 - share)) - minimum
    return ceil(z**2 * coders * spread)


@dataclass(frozen=True, slots=True, kw_only=True)
class KappaTest:
    """A test of kappa = ``null`` against ``alternative``."""

    null: float
    alternative: float
    level: float
    power: float
    two_sided: bool

    def quantiles(self) -> tuple[float, float]:
        """Give z of the level and of the power."""
        return normal_quantile(1 - self.level / (2 if self.two_sided else 1)), normal_quantile(self.power)


def sample_size_cohen(test: KappaTest, *, marginals: Sequence[float]) -> int:
    """Units for a test of Cohen's kappa, given the common use of the codes, at the largest standard error such tables allow.

    References
    ----------
    Flack, Afifi, Lachenbruch & Schouten (1988) Sample size determinations for the two rater kappa statistic.
    """
    _check(shares=marginals, levels=(test.level, test.power))
    share = np.array(marginals) / sum(marginals)
    alpha, beta = test.quantiles()
    spread = alpha * _largest_error(share, test.null) + beta * _largest_error(share, test.alternative)
    return ceil((spread / (test.alternative - test.null)) ** 2)


def _largest_error(share: Floats, kappa: float) -> float:
    """Maximise the standard error of kappa over tables with these marginals: linear in the cells, so a linear programme.

    With p_o fixed by kappa, the variance is a constant plus what each cell adds: (1 - 2 w (1-kappa))^2 on the diagonal and
    (w (1-kappa))^2 off it, where w is the sum of the two marginals it lies in.
    """
    q = len(share)
    p_e = float(share @ share)
    p_o = kappa * (1 - p_e) + p_e
    both = np.add.outer(share, share)
    gain = np.where(np.eye(q, dtype=np.bool_), (1 - both * (1 - kappa)) ** 2, (both * (1 - kappa)) ** 2)
    rows = np.kron(np.eye(q), np.ones(q))
    columns = np.kron(np.ones(q), np.eye(q))
    equal = np.vstack([rows, columns, np.eye(q).ravel()])
    best = _optimize().linprog(-gain.ravel(), A_eq=equal, b_eq=np.concatenate([share, share, [p_o]]), bounds=(0, 1))
    if best.status != 0:
        raise BadInput("No table of two coders has these marginals and this kappa.")
    inside = -float(best.fun) - (kappa - p_e * (1 - kappa)) ** 2
    return float(np.sqrt(max(inside, 0.0))) / (1 - p_e)


def sample_size_cohen_binary(test: KappaTest, *, first: float, second: float) -> int:
    """Units for a test of kappa of a yes/no code from the two coders' rates of yes.

    References
    ----------
    Cantor (1996) Sample-size calculations for Cohen's kappa.
    """
    _check(shares=(first, second), levels=(test.level, test.power))
    alpha, beta = test.quantiles()
    spread = alpha * _binary_error(first, second, test.null) + beta * _binary_error(first, second, test.alternative)
    return ceil((spread / (test.alternative - test.null)) ** 2)


def _binary_error(first: float, second: float, kappa: float) -> float:
    rows, columns = np.array([first, 1 - first]), np.array([second, 1 - second])
    p_e = float(rows @ columns)
    p_o = kappa * (1 - p_e) + p_e
    yes = (p_o + first + second - 1) / 2
    table = np.array([[yes, first - yes], [second - yes, 1 - first - second + yes]])
    if (table < -np.finfo(np.float64).eps).any():
        raise BadInput("No table of two coders has these rates and this kappa.")
    mean = np.add.outer(columns, rows)
    inside = (table * (np.eye(2) - mean * (1 - kappa)) ** 2).sum() - (kappa - p_e * (1 - kappa)) ** 2
    return float(np.sqrt(max(float(inside), 0.0))) / (1 - p_e)


def sample_size_donner_eliasziw(test: KappaTest, *, shares: Sequence[float], coders: int) -> int:
    """Units for a goodness-of-fit test of kappa under the common-correlation model.

    References
    ----------
    Donner & Eliasziw (1992) A goodness-of-fit approach to inference procedures for the kappa statistic; Altaye, Donner & Klar (2001).
    """
    _check(shares=shares, levels=(test.level, test.power))
    null, other = (_patterns(kappa, np.array(shares) / sum(shares), coders) for kappa in (test.null, test.alternative))
    apart = float(((other - null) ** 2 / null).sum())
    return ceil(noncentrality(1, level=test.level, power=test.power) / apart)


def sample_size_donner_eliasziw_interval(*, kappa: float, lower: float, level: float, shares: Sequence[float], coders: int) -> int:
    """Units for a one-sided interval around ``kappa`` whose lower limit is ``lower``; ``level`` is 1 minus the confidence."""
    _check(shares=shares, levels=(level,))
    true, limit = (_patterns(value, np.array(shares) / sum(shares), coders) for value in (kappa, lower))
    apart = float(((true - limit) ** 2 / limit).sum())
    return ceil(chi_square_quantile(1 - 2 * level, 1) / apart)


def _patterns(kappa: float, share: Floats, coders: int) -> Floats:
    """Give the chances of the cells of the test: of each split for a yes/no code, else of all coders giving code k, and of the rest.

    With more codes all coders agree on one as draws from a Dirichlet-multinomial do, as in kappaSize.
    """
    if len(share) == PAIR:
        return _binary_patterns(kappa, float(share[0]), coders)
    seen = np.arange(coders)[:, None]
    alike = ((share * (1 - kappa) + seen * kappa) / (1 - kappa + seen * kappa)).prod(axis=0)
    return np.append(alike, 1 - alike.sum())


def _binary_patterns(kappa: float, share: float, coders: int) -> Floats:
    yes = np.arange(coders + 1)
    chances = (1 - kappa) * np.array([comb(coders, k) for k in yes]) * share**yes * (1 - share) ** (coders - yes)
    chances[-1] += kappa * share
    chances[0] += kappa * (1 - share)
    return chances


def excerpts_for_code(*, prevalence: float, needed: int, assurance: float) -> int:
    """Excerpts to draw so that, with chance ``assurance``, at least ``needed`` of them carry a code of this prevalence."""
    _check(shares=(prevalence,), levels=(assurance,))
    low, high = needed, max(2 * needed, ceil(4 * needed / prevalence))
    while low < high:
        middle = (low + high) // 2
        if chance_of_at_least(needed, middle, prevalence) >= assurance:
            high = middle
        else:
            low = middle + 1
    return low


def chance_of_at_least(needed: int, drawn: int, prevalence: float) -> float:
    """Give the chance that so many of the excerpts drawn carry a code of this prevalence."""
    if drawn < needed:
        return 0.0
    from scipy import special

    return float(special.bdtrc(needed - 1, drawn, prevalence)) if needed else 1.0


def _check(*, shares: Sequence[float], levels: Sequence[float]) -> None:
    if any(not 0 < share < 1 for share in shares):
        raise BadInput("Shares and prevalences lie strictly between 0 and 1.")
    if any(not 0 < level < 1 for level in levels):
        raise BadInput("Levels and powers lie strictly between 0 and 1.")


def _optimize() -> ModuleType:
    from scipy import optimize

    return optimize
