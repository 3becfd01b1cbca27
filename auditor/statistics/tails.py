"""Logarithms of tail probabilities that neither underflow nor saturate."""

from __future__ import annotations

import numpy as np
from scipy import special

from baselines.series import FloatArray

RELATIVE_ERROR = 1e-10
MOST_TERMS = 200_000
CERTAIN = 1e200
"""Once later terms outweigh the first by this, the tail holds all the probability there is."""
UNDERFLOW = 1e-290
LN10 = float(np.log(10.0))


def beta_binomial_upper(
    found: FloatArray, trials: FloatArray, share: FloatArray, rho: FloatArray
) -> FloatArray:
    """-log10 P(X >= found) for a beta-binomial X, any one shape; NaN goes through.

    trials: n; share: mean of X / n, within (0, 1); rho: overdispersion within (0, 1), so that
    the variance is n p q (1 + (n - 1) rho): alpha = p (1 - rho) / rho, beta = q (1 - rho) / rho.
    The terms are summed by their own recurrence, pmf(k+1) / pmf(k) =
    (n - k)(k + alpha) / ((k + 1)(n - k - 1 + beta)), each element alone, so its bits do not depend
    on its neighbours.
    """
    precision = (1 - rho) / rho
    alpha, beta = share * precision, (1 - share) * precision
    first = _log_pmf(found, trials, alpha, beta)
    total = _sum_ratios(found.ravel(), trials.ravel(), alpha.ravel(), beta.ravel())
    tail = -(first + np.log(total.reshape(found.shape))) / LN10
    return np.where(found <= 0, np.where(np.isnan(found), np.nan, 0.0), np.maximum(tail, 0.0))


def _log_pmf(k: FloatArray, n: FloatArray, alpha: FloatArray, beta: FloatArray) -> FloatArray:
    choose = -np.log1p(n) - special.betaln(n - k + 1, k + 1)
    return np.asarray(
        choose + special.betaln(k + alpha, n - k + beta) - special.betaln(alpha, beta)
    )


def _sum_ratios(k: FloatArray, n: FloatArray, alpha: FloatArray, beta: FloatArray) -> FloatArray:
    """Sum over j >= k of pmf(j) / pmf(k), flat arrays; a finished element leaves the loop."""
    total = np.where(np.isfinite(k), 1.0, np.nan)
    active = np.flatnonzero(np.isfinite(k) & (k < n))
    k, n, alpha, beta = k[active], n[active], alpha[active], beta[active]
    term = np.ones(active.size)
    for _ in range(MOST_TERMS):
        if active.size == 0:
            break
        ratio = (n - k) * (k + alpha) / ((k + 1) * (n - k - 1 + beta))
        term = term * ratio
        total[active] += term
        k = k + 1
        # While ratios fall, the rest is at most a geometric series.
        falls = ratio < 1
        rest = np.where(falls, term * ratio / np.where(falls, 1 - ratio, 1.0), np.inf)
        total[active[term > CERTAIN]] = np.inf
        going = (k < n) & (rest > RELATIVE_ERROR * total[active]) & (term <= CERTAIN)
        if not going.all():
            active, term = active[going], term[going]
            k, n, alpha, beta = k[going], n[going], alpha[going], beta[going]
    return total


def negative_binomial_lower(found: FloatArray, mean: FloatArray, phi: FloatArray) -> FloatArray:
    """-log10 P(X <= found) for a negative binomial X of variance mean + phi mean^2; NaN stays."""
    size = 1 / phi
    success = size / (size + mean)
    direct = special.betainc(size, found + 1, success)
    step = found / np.maximum((found + size - 1) * (1 - success), 1e-300)
    return _joined(direct, _nb_log_pmf(found, size, mean), step)


def negative_binomial_upper(found: FloatArray, mean: FloatArray, phi: FloatArray) -> FloatArray:
    """-log10 P(X >= found) for a negative binomial X of variance mean + phi mean^2; NaN stays."""
    size = 1 / phi
    success = size / (size + mean)
    direct = np.where(found > 0, special.betainc(np.maximum(found, 1e-9), size, 1 - success), 1.0)
    direct = np.where(np.isnan(found), np.nan, direct)
    step = (found + size) * (1 - success) / (found + 1)
    return _joined(direct, _nb_log_pmf(found, size, mean), step)


def _nb_log_pmf(k: FloatArray, size: FloatArray, mean: FloatArray) -> FloatArray:
    success = size / (size + mean)
    choose = -np.log(size + k) - special.betaln(size, k + 1)
    return np.asarray(choose + size * np.log(success) + special.xlog1py(k, -success))


def _joined(direct: FloatArray, log_pmf: FloatArray, step: FloatArray) -> FloatArray:
    """The tail as computed, or where that underflows its first term over a geometric series."""
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = -np.log10(np.maximum(direct, UNDERFLOW))
        far = -(log_pmf - np.log1p(-np.minimum(step, 1 - 1e-12))) / LN10
    return np.where(direct <= UNDERFLOW, np.maximum(far, plain), np.maximum(plain, 0.0))
