"""Response times of two implementations by quantile, from histograms or from minutes' quantiles.

A quantile of a block is no fair figure: it is biased where there is little traffic, and so differs
between the two sides of an unequal split. What is compared is the share of gets that are faster
than a time, which is a plain mean. An interval for that share becomes one for the quantile by the
distribution itself (Woodruff 1952, Confidence intervals for medians and other position measures).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from auditor.comparing.blocks import Blocks, by_block, exactness
from auditor.comparing.measures import Measure
from auditor.comparing.paired import NotMeasured, Paired
from baselines.series import BoolArray, FloatArray, Windows

ALIKE = 1.5
"""Minutes' quantiles are compared while one side has at most so many times the other's gets."""
FEWEST_BEYOND = 1.0
"""Gets of a middling minute that lie beyond a quantile of minutes, at least."""


@dataclass(frozen=True, slots=True)
class ResponseTimes:
    """Histograms of the gets of baseline and candidate, by whole hours.

    start: epoch minute of the first hour. edges_ms: shape (b,), ascending; bin 0 is below the
    first, bin i between edges i - 1 and i, bin b above the last.
    counts: shape (hours, 2, b + 1); an hour that is not known is all zeros.
    Raises ValueError where the shapes do not fit.
    """

    start: int
    edges_ms: FloatArray
    counts: FloatArray

    def __post_init__(self) -> None:
        if self.counts.shape[1:] != (2, len(self.edges_ms) + 1):
            raise ValueError(
                f"counts of shape {self.counts.shape} do not fit {len(self.edges_ms)} edges"
            )


class HourCount(NamedTuple):
    """Some of the gets of one side (0 baseline, 1 candidate) in the hour that starts at an epoch
    minute, as a sparse histogram: the numbers of its bins, and how many gets are in each."""

    hour: int
    side: int
    bins: Sequence[int]
    counts: Sequence[int]


def response_times(
    found: Sequence[HourCount], edges_ms: Sequence[float], since: int, until: int
) -> ResponseTimes | None:
    """The histograms of the hours in [since, until), epoch minutes; None where none is known.

    Those of one hour and side (nodes, operations) are added up.
    """
    start = since // 60 * 60
    hours = max((until - start) // 60, 0)
    counts = np.zeros((hours, 2, len(edges_ms) + 1))
    for each in found:
        row = (each.hour - start) // 60
        if 0 <= row < hours:
            np.add.at(counts[row, each.side], np.asarray(each.bins), np.asarray(each.counts))
    return ResponseTimes(start, np.array(edges_ms), counts) if counts.any() else None


@dataclass(frozen=True, slots=True)
class Distributions:
    """How fast the gets of each block were.

    below: shape (n, 2, b), share of gets faster than each edge; NaN where there were none.
    weights: shape (n,). log_edges: shape (b,), natural logarithm of ms.
    """

    below: FloatArray
    weights: FloatArray
    log_edges: FloatArray

    def whole(self, side: int) -> FloatArray:
        """Share of gets faster than each edge, blocks weighted alike on both sides; shape (b,)."""
        seen = self.weights > 0
        found: FloatArray = self.weights[seen] @ self.below[seen, side] / self.weights.sum()
        return found


def distributions(times: ResponseTimes, blocks: Blocks, warm: BoolArray) -> Distributions:
    """The distributions of the blocks; of hours that lie wholly among the minutes that are warm.

    warm: shape (n * block length,), the minutes of the blocks.
    """
    hours, n = blocks.minutes // 60, len(blocks.counted)
    counts = np.zeros((n * hours, 2, times.counts.shape[2]))
    first = (times.start - blocks.start) // 60
    here = np.arange(len(times.counts)) + first
    inside = (here >= 0) & (here < n * hours)
    counts[here[inside]] = times.counts[inside]
    whole = warm.reshape(n * hours, 60).all(axis=1) & (counts.sum(axis=2) > 0).all(axis=1)
    whole &= np.repeat(blocks.counted > 0, hours)
    counts = np.where(whole[:, None, None], counts, 0.0)
    counts = counts.reshape(n, hours, *counts.shape[1:]).sum(axis=1)
    gets = counts.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.cumsum(counts, axis=2)[:, :, :-1] / gets[:, :, None]
    return Distributions(below, exactness(gets[:, 0], gets[:, 1]), np.log(times.edges_ms))


def by_distribution(measure: Measure, found: Distributions) -> Paired | NotMeasured:
    """A quantile by the share of gets below it."""
    if not found.weights.any() or measure.quantile is None:
        return NotMeasured(measure, "there is no hour with response times of both")
    q, edges = measure.quantile, found.log_edges
    ladder = [found.whole(side) for side in (0, 1)]
    own = np.array([np.interp(q, each, edges) for each in ladder])
    seen = found.weights > 0
    faster = np.array([_share_below(found.below[:, side], edges, own[side]) for side in (0, 1)])
    differences = np.where(seen, faster[0] - faster[1], 0.0)

    def reported(mean: FloatArray) -> FloatArray:
        share = q + np.nan_to_num(mean, posinf=1.0, neginf=-1.0)
        at = np.interp(share, ladder[1], edges, right=np.inf)
        return np.asarray(100.0 * np.expm1(at - own[0]))

    floor = q * (1.0 - q) / float(found.weights[seen].mean())
    baseline, candidate = (float(each) for each in np.exp(own))
    return Paired(
        measure,
        differences,
        found.weights,
        floor,
        baseline,
        candidate,
        reported,
        "histograms",
    )


def by_minutes(
    measure: Measure, windows: Windows, compared: BoolArray, blocks: Blocks
) -> Paired | NotMeasured:
    """A quantile by those of single minutes: the mean of their ratio's logarithm.

    Fair only where both sides have about the same traffic, and enough of it a minute.
    """
    column = windows.column(f"{measure.name.removesuffix('_ms')}_response_time_ms")
    gets = windows.column("hits") + windows.column("misses")
    used = compared & np.isfinite(column).all(axis=1) & (column > 0).all(axis=1)
    used &= np.isfinite(gets).all(axis=1)
    if not used.any() or measure.quantile is None:
        return NotMeasured(measure, "response times were not recorded")
    middle = np.median(gets[used], axis=0)
    own, other = (
        float(np.average(column[used, side], weights=gets[used, side])) for side in (0, 1)
    )
    if middle.max() > ALIKE * middle.min():
        return NotMeasured(
            measure, "without histograms it needs about the same traffic on both sides", own, other
        )
    if middle.min() * (1.0 - measure.quantile) < FEWEST_BEYOND:
        return NotMeasured(measure, "without histograms it needs more gets a minute", own, other)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(used, np.log(column[:, 1] / column[:, 0]), 0.0)
    weight = np.where(used, exactness(gets[:, 0], gets[:, 1]), 0.0)
    of_block = by_block(weight, windows.start, blocks)
    weights = np.where(blocks.counted > 0, of_block.sum(axis=1), 0.0)
    sums = (of_block * by_block(ratio, windows.start, blocks)).sum(axis=1)
    differences = np.where(weights > 0, sums / np.where(weights > 0, weights, 1.0), 0.0)
    if not weights.any():
        return NotMeasured(measure, "response times were not recorded", own, other)
    return Paired(
        measure,
        differences,
        weights,
        0.0,
        own,
        other,
        lambda mean: 100.0 * np.expm1(mean),
        "quantiles of minutes",
    )


def _share_below(below: FloatArray, log_edges: FloatArray, at: float) -> FloatArray:
    """Share of gets faster than exp(at) ms, between two edges in proportion; shape (n,)."""
    place = int(np.clip(np.searchsorted(log_edges, at) - 1, 0, len(log_edges) - 2))
    part = (at - log_edges[place]) / (log_edges[place + 1] - log_edges[place])
    part = float(np.clip(part, 0.0, 1.0))
    found: FloatArray = (1.0 - part) * below[:, place] + part * below[:, place + 1]
    return found
