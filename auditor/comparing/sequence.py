"""A confidence sequence for a mean of dependent blocks: an interval that may be looked at any time.

The differences of blocks are taken as normal with an unknown scale, as white noise plus a drift
that wanders (an Ornstein-Uhlenbeck process): how large the drift is beside the noise and how long
it remembers are not known, and so a few shapes of both are mixed with the weights given here. For
a supposed mean, the evidence against it is the Bayes factor of "the mean is elsewhere" (normal
about it, variance SPREAD of one block's) to "the mean is this", both mixed over the shapes and over
the scale with the right Haar measure 1/s. By Ville's inequality it passes 1/alpha at any time with
a chance of at most alpha, when the shape is drawn as the weights say; the interval is all means
against which the evidence is below that.

Sources: Robbins (1970), Statistical methods related to the law of the iterated logarithm, for the
mixture; Lai (1976), and Wang and Ramdas (2025), Anytime-valid t-tests and confidence sequences for
Gaussian means with unknown variance, for the scale; Lindon and others (2022), Anytime-valid linear
models, for the form with a g-prior. With the first shape alone it is their t-test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.comparing.filtering import excess, filtered
from baselines.series import BoolArray, FloatArray

SPREAD = 6.0
"""Prior variance of the mean in units of one block's: where the sequence is narrowest."""

WHITE_WEIGHT = 0.5
DRIFTS = (
    (0.3, 1.0), (0.3, 3.0), (0.3, 9.0), (1.0, 1.0), (1.0, 3.0), (1.0, 9.0), (3.0, 1.0), (3.0, 3.0),
)  # fmt: skip
"""Variance of the drift beside that of the noise of a block, and the hours after which the drift
has forgotten all but 1/e. A drift far larger than the noise that lasts for most of a day cannot be
told from a difference in a day; it is not among them."""
BISECTIONS = 24
DOUBLINGS = 24
TINY = float(np.finfo(np.float64).tiny)


def _shapes() -> tuple[FloatArray, FloatArray, FloatArray]:
    each = (1.0 - WHITE_WEIGHT) / len(DRIFTS)
    rows = np.array([(0.0, 1.0, WHITE_WEIGHT), *((*drift, each) for drift in DRIFTS)])
    return rows[:, 0], rows[:, 1], np.log(rows[:, 2])


SHARES, MEMORIES_H, LOG_WEIGHTS = _shapes()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the blocks so far say about the mean, under each of s shapes of the noise.

    sums: shape (4, s, ...), as `filtered` gives them.
    blocks: shape (...), how many blocks there are, heavy ones counted as fewer.
    lacking: shape (...), what the squares lack to the variance that pure sampling gives a block; it
    is added to them, so that a run of equal blocks is not taken for certainty.
    """

    sums: FloatArray
    blocks: FloatArray
    lacking: FloatArray

    def at(self, place: int) -> Evidence:
        """At one look, or of one mean: an index of the last axis, which goes."""
        return Evidence(self.sums[..., place], self.blocks[..., place], self.lacking[..., place])

    def times(self, factors: FloatArray) -> Evidence:
        """What so many times as many blocks of the same kind would say.

        factors: shape (f,), a new axis before the others of `blocks`.
        """
        factor = factors.reshape((-1,) + (1,) * self.blocks.ndim)
        return Evidence(self.sums[:, :, None] * factor, self.blocks * factor, self.lacking * factor)


def gather(
    differences: FloatArray, weights: FloatArray, block_hours: float, floor: FloatArray | float
) -> Evidence:
    """The evidence at n looks, one after each block: every field gets a last axis of length n.

    differences: shape (..., n), in any unit; no NaN. weights: shape (..., n), how exact a block is;
    0 is a missing block. At least one is not 0. floor: shape (...), unit squared.
    """
    seen = weights > 0
    counted = np.maximum(np.cumsum(seen, axis=-1), 1)
    scaled = weights * (seen.sum(axis=-1) / weights.sum(axis=-1))[..., None]
    sums = filtered(differences, scaled, shares=SHARES, memories=MEMORIES_H / block_hours)
    information, moment, squares, _ = sums[:, 0]  # of noise alone
    rest = squares - moment**2 / np.maximum(information, TINY)
    lacking = np.maximum(np.asarray(floor)[..., None] * counted - rest, 0.0)
    less = 1.0 / excess(differences, scaled)
    return Evidence(sums * less, counted * less, lacking * less)


def log_evidence_against(mean: FloatArray | float, evidence: Evidence) -> FloatArray:
    """Logarithm of the Bayes factor against a mean, shape (...)."""
    information, moment, squares, log_scale = evidence.sums
    ahead = (-1,) + (1,) * (information.ndim - 1)
    spread = SPREAD * (1.0 + SHARES.reshape(ahead))
    off = moment - information * mean
    null = squares - mean * (moment + off) + evidence.lacking
    gain = 1.0 + spread * information
    other = null - spread * off**2 / gain
    prior, half = LOG_WEIGHTS.reshape(ahead) - 0.5 * log_scale, 0.5 * evidence.blocks
    against = _log_sum(prior - half * np.log(np.maximum(other, TINY)) - 0.5 * np.log(gain))
    return against - _log_sum(prior - half * np.log(np.maximum(null, TINY)))


def estimate(evidence: Evidence) -> FloatArray:
    """The mean: each shape's generalised least squares, weighted by how well the shape fits.

    0 before the first block.
    """
    information, moment, squares, log_scale = evidence.sums
    ahead = (-1,) + (1,) * (information.ndim - 1)
    known = np.maximum(information, TINY)
    mean = moment / known
    rest = np.maximum(squares - mean * moment + evidence.lacking, TINY)
    fit = LOG_WEIGHTS.reshape(ahead) - 0.5 * (log_scale + np.log(known))
    fit = fit - 0.5 * evidence.blocks * np.log(rest)
    share = np.exp(fit - fit.max(axis=0))
    found: FloatArray = (share * mean).sum(axis=0) / share.sum(axis=0)
    return found


def interval(evidence: Evidence, alpha: FloatArray | float) -> tuple[FloatArray, FloatArray]:
    """(lower, upper), shape (...): the means that stand at level alpha; infinite while all do.

    Holds at all looks at once with a chance of 1 - alpha.
    """
    centre = estimate(evidence)
    signs = np.array([-1.0, 1.0]).reshape((2,) + (1,) * centre.ndim)
    both, allowed = evidence.times(np.ones(1)), -np.log(alpha)

    def stands(distance: FloatArray) -> BoolArray:
        return np.asarray(log_evidence_against(centre + signs * distance, both) < allowed)

    unit = np.sqrt((evidence.sums[2] + evidence.lacking).min(axis=0) + TINY)
    near, far = np.zeros((2, *centre.shape)), np.broadcast_to(unit, (2, *centre.shape))
    for _ in range(DOUBLINGS):
        within = stands(far)
        if not within.any():
            break
        far = np.where(within, 2.0 * far, far)
    endless = stands(far)
    for _ in range(BISECTIONS):
        middle = 0.5 * (near + far)
        within = stands(middle)
        near, far = np.where(within, middle, near), np.where(within, far, middle)
    lower, upper = centre + signs * np.where(endless, np.inf, far)
    return lower, upper


def _log_sum(values: FloatArray) -> FloatArray:
    """log of the sum of exponentials over the first axis."""
    top = values.max(axis=0)
    total: FloatArray = np.log(np.exp(values - top).sum(axis=0)) + top
    return total
