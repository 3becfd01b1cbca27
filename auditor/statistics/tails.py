"""Logarithms of tail probabilities that neither underflow nor saturate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from baselines.series import FloatArray, IntArray

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
    direct = special.betainc(np.maximum(k, 1e-9), rest + 1, share)
    direct = np.where(k > 0, direct, np.where(np.isnan(k), np.nan, 1.0))

    def far(at: IntArray) -> FloatArray:
        few, others, p = (each.ravel()[at] for each in (k, rest, share))
        log_first = (
            few * np.log(p)
            + others * np.log1p(-p)
            - special.betaln(np.maximum(few, 1e-9), others + 1)
            - np.log(np.maximum(few, 1e-9))
        )
        step = np.clip(others * p / ((few + 1) * (1 - p)), 0.0, 1 - 1e-12)
        return np.asarray(log_first - np.log1p(-step))

    return _decades(direct, far)


def negative_binomial_lower(found: FloatArray, mean: FloatArray, phi: FloatArray) -> FloatArray:
    """-log10 P(X <= found) for a negative binomial X of variance mean + phi mean^2; NaN stays."""
    return negative_binomial_tails(found, mean, phi)[0]


def negative_binomial_upper(found: FloatArray, mean: FloatArray, phi: FloatArray) -> FloatArray:
    """-log10 P(X >= found) for a negative binomial X of variance mean + phi mean^2; NaN stays."""
    out = np.where(np.isnan(found), np.nan, 0.0)
    some = found > 0
    k, of, size = found[some], mean[some], 1 / phi[some]
    out[some] = _decades(
        special.betainc(k, size, of / (size + of)), lambda at: _far_up(k[at], size[at], of[at])
    )
    return out


def negative_binomial_tails(
    found: FloatArray, mean: FloatArray, phi: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Both tails of the same X, as negative_binomial_lower and negative_binomial_upper give them.

    The incomplete beta function is what costs: it is asked for the tail on whose side `found` lies,
    the other one is the rest and what they share, P(X = found).
    """
    shape, found, mean, phi = found.shape, found.ravel(), mean.ravel(), phi.ravel()
    size, up = 1 / phi, found > mean
    success = size / (size + mean)
    own = special.betainc(
        np.where(up, found, size),
        np.where(up, size, found + 1),
        np.where(up, mean / (size + mean), success),
    )
    other = 1 - own + np.exp(_nb_log_pmf(found, size, mean))
    lower = _decades(np.where(up, other, own), lambda at: _far_down(found[at], size[at], mean[at]))
    upper = _decades(np.where(up, own, other), lambda at: _far_up(found[at], size[at], mean[at]))
    return lower.reshape(shape), np.where(found == 0, 0.0, upper).reshape(shape)


def _far_down(k: FloatArray, size: FloatArray, mean: FloatArray) -> FloatArray:
    """Logarithm of P(X <= k) far below the mean: the first term over a geometric series."""
    step = k / np.maximum((k + size - 1) * mean / (size + mean), 1e-300)
    return np.asarray(_nb_log_pmf(k, size, mean) - np.log1p(-np.minimum(step, 1 - 1e-12)))


def _far_up(k: FloatArray, size: FloatArray, mean: FloatArray) -> FloatArray:
    """Logarithm of P(X >= k) far above the mean, likewise."""
    step = (k + size) * mean / (size + mean) / (k + 1)
    return np.asarray(_nb_log_pmf(k, size, mean) - np.log1p(-np.minimum(step, 1 - 1e-12)))


def _nb_log_pmf(k: FloatArray, size: FloatArray, mean: FloatArray) -> FloatArray:
    success = size / (size + mean)
    choose = -np.log(size + k) - special.betaln(size, k + 1)
    return np.asarray(choose + size * np.log(success) + special.xlog1py(k, -success))


def _decades(direct: FloatArray, far: Callable[[IntArray], FloatArray]) -> FloatArray:
    """-log10 of a chance, at least 0, any shape.

    far: the natural logarithm of those that underflow, asked for by their flat places.
    """
    shape, direct = direct.shape, direct.ravel()
    out = np.maximum(-np.log10(np.maximum(direct, UNDERFLOW)), 0.0)
    at = np.flatnonzero(direct <= UNDERFLOW)
    out[at] = np.maximum(-far(at) / LN10, out[at])
    return np.asarray(out.reshape(shape))
