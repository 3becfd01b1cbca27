"""Blocks read one after the other: what each adds to what the earlier ones foretell of it."""

from __future__ import annotations

import numpy as np

from baselines.series import FloatArray


def filtered(
    differences: FloatArray,
    weights: FloatArray,
    *,
    shares: FloatArray,
    memories: FloatArray,
) -> FloatArray:
    """Running sums of a Kalman filter, for noise whose variance is 1 / weight, with a drift.

    differences: shape (..., n). weights: shape (..., n); 0 is a missing block, during which only
    the drift goes on. shares, memories: shape (s,), the drift's variance beside that of the noise,
    and the blocks after which it has forgotten all but 1/e.
    Returns shape (4, s, ..., n): sums up to each block of x²/v, x·z/v, z²/v and log v, where z is
    the difference and x the mean's part in it, both less what the earlier blocks foretell and
    scaled by the root of the weight, and v the variance of that (Kalman 1960, in one dimension).
    """
    root, seen = np.sqrt(weights), weights > 0
    z, x = root * differences, np.broadcast_to(root, differences.shape)
    ahead = (-1,) + (1,) * (z.ndim - 1)
    share, kept = shares.reshape(ahead), np.exp(-1.0 / memories).reshape(ahead)
    out = np.zeros((4, len(shares), *z.shape))
    variance = np.broadcast_to(share, out.shape[1:-1])
    foretold_z, foretold_x = np.zeros(out.shape[1:-1]), np.zeros(out.shape[1:-1])
    for k in range(z.shape[-1]):
        total = variance + 1.0
        gain = np.where(seen[..., k], variance / total, 0.0)
        left_z, left_x = z[..., k] - foretold_z, x[..., k] - foretold_x
        out[0, ..., k], out[1, ..., k] = left_x * left_x / total, left_x * left_z / total
        out[2, ..., k], out[3, ..., k] = left_z * left_z / total, np.log(total)
        foretold_z = kept * (foretold_z + gain * left_z)
        foretold_x = kept * (foretold_x + gain * left_x)
        variance = kept**2 * (variance - gain * variance) + (1.0 - kept**2) * share
    return np.cumsum(np.where(seen, out, 0.0), axis=-1)


def excess(differences: FloatArray, weights: FloatArray) -> FloatArray:
    """How much more the weighted mean varies than noise of variance 1 / weight would make it.

    After each block, at least 1; shape (..., n). The sandwich of White (1980) by the plain
    variance: where a block's noise does not fall with its weight, heavy blocks are fewer than they
    look.
    """
    w, d = weights, differences
    first, second, third = (np.cumsum(w * d**power, axis=-1) for power in range(3))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = second / first
        heavy = (
            np.cumsum(w * w * d * d, axis=-1)
            - 2.0 * mean * np.cumsum(w * w * d, axis=-1)
            + mean**2 * np.cumsum(w * w, axis=-1)
        )
        ratio = np.cumsum(w > 0, axis=-1) * heavy / (first * (third - second * mean))
    found: FloatArray = np.maximum(np.where(np.isfinite(ratio), ratio, 1.0), 1.0)
    return found
