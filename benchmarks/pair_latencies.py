"""Response times of the made-up pairs: sums, hourly histograms, and quantiles of minutes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.special import ndtr

from auditor.comparing.quantiles import ResponseTimes
from baselines.series import FloatArray, IntArray, Windows
from collector.histogram import EDGES_MS

HIT_WIDTH, LOAD_WIDTH = 0.4, 0.7
"""Standard deviations of the logarithm of a hit's and a load's time."""
HALVINGS = 24


@dataclass(frozen=True, slots=True)
class Speeds:
    """Median times in ms of hits and of loads, minute by minute, shape (m, 2) each."""

    hit: FloatArray
    load: FloatArray

    def sums(
        self, random: Generator, hits: IntArray, misses: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Sums of log-normal times, drawn as gammas of the same mean and variance."""
        return (
            _sum(random, hits, self.hit, HIT_WIDTH),
            _sum(random, misses, self.load, LOAD_WIDTH),
        )


def hour_histograms(random: Generator, windows: Windows, speeds: Speeds) -> ResponseTimes:
    """Histograms of the gets of whole hours: Poisson counts of the hour's own mixture."""
    first = -(-windows.start // 60) * 60
    begin = first - windows.start
    hours = (windows.shape[0] - begin) // 60
    edges = np.array(EDGES_MS)
    counts = np.zeros((hours, 2, len(edges) + 1))
    for column, median, width in (
        ("hits", speeds.hit, HIT_WIDTH),
        ("misses", speeds.load, LOAD_WIDTH),
    ):
        of = np.nan_to_num(windows.column(column))
        n = of[begin : begin + hours * 60].reshape(hours, 60, 2).sum(axis=1)
        middle = np.log(median[begin : begin + hours * 60]).reshape(hours, 60, 2).mean(axis=1)
        below = ndtr((np.log(edges) - middle[..., None]) / width)
        share = np.diff(below, axis=-1, prepend=0.0, append=1.0)
        counts += random.poisson(n[..., None] * share)
    return ResponseTimes(first, edges, counts)


def minute_quantiles(
    random: Generator, hits: IntArray, misses: IntArray, speeds: Speeds
) -> dict[str, FloatArray]:
    """Quantiles of each minute's gets, drawn exactly: the rank's beta law through the mixture."""
    gets = hits + misses
    share = hits / np.maximum(gets, 1)
    found = {}
    for q in (0.50, 0.95, 0.99):
        rank = np.floor((np.maximum(gets, 1) - 1) * q) + 1
        uniform = random.beta(rank, np.maximum(gets, 1) - rank + 1)
        low = np.minimum(np.log(speeds.hit) - 6 * HIT_WIDTH, np.log(speeds.load) - 6 * LOAD_WIDTH)
        high = np.log(speeds.load) + 6 * LOAD_WIDTH
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            below = share * ndtr((middle - np.log(speeds.hit)) / HIT_WIDTH)
            below = below + (1 - share) * ndtr((middle - np.log(speeds.load)) / LOAD_WIDTH)
            low, high = (
                np.where(below < uniform, middle, low),
                np.where(below < uniform, high, middle),
            )
        found[f"p{100 * q:.0f}_response_time_ms"] = np.where(gets > 0, np.exp(high), np.nan)
    return found


def _sum(random: Generator, n: IntArray, median: FloatArray, width: float) -> FloatArray:
    mean, form = median * np.exp(width**2 / 2), 1.0 / np.expm1(width**2)
    return np.where(n > 0, random.gamma(np.maximum(n, 1) * form, mean / form), 0.0)
