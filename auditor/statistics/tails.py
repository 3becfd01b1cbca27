"""Logarithms of tail probabilities that neither underflow nor saturate."""

from __future__ import annotations

import numpy as np
from scipy import special

from baselines.series import FloatArray

UNDERFLOW = 1e-290
LN10 = float(np.log(10.0))


def overdispersed_upper(
    found: FloatArray, trials: FloatArray, share: FloatArray, rho: FloatArray
) -> FloatArray:
    """-log10 P(X >= found) for an overdispersed binomial X, any one shape; NaN goes through.

    trials: n; share: mean of X / n, within (0, 1); rho: overdispersion within [0, 1), so that the
    variance is n p q D with D = 1 + (n - 1) rho, that of a beta-binomial. The counts are divided
    by D (the effective sample, as in a quasi-binomial model) and the tail is the binomial one,
    continued to fractions by the incomplete beta function: I_p(k / D, (n - k) / D + 1).
    """
    effective = 1 + np.maximum(trials - 1, 0.0) * rho
    k, rest = found / effective, (trials - found) / effective
    with np.errstate(divide="ignore", invalid="ignore"):
        direct = np.where(k > 0, special.betainc(np.maximum(k, 1e-9), rest + 1, share), 1.0)
        direct = np.where(np.isnan(k), np.nan, direct)
        log_first = (
            k * np.log(share)
            + rest * np.log1p(-share)
            - special.betaln(np.maximum(k, 1e-9), rest + 1)
            - np.log(np.maximum(k, 1e-9))
        )
        step = np.clip(rest * share / ((k + 1) * (1 - share)), 0.0, 1 - 1e-12)
        plain = -np.log10(np.maximum(direct, UNDERFLOW))
        far = -(log_first - np.log1p(-step)) / LN10
    return np.where(direct <= UNDERFLOW, np.maximum(far, plain), np.maximum(plain, 0.0))


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
