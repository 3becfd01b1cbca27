"""A server's own latency buckets, as wide as a factor of two, laid out in our finer bins.

An approximation, and the finest that the server's answer allows: within a bucket the calls are
spread evenly over the logarithm of the time, so a quantile is right within that bucket, which is a
factor of two at most. Sums and means are exact, since they come from the server's total.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.histogram import Histogram, bin_of

POINTS = 8
"""Points a bucket's calls are laid out on, at most."""


def histogram(buckets: Mapping[int, int]) -> Histogram:
    """buckets: upper bound in µs -> calls that took longer than half of it, and up to it."""
    laid = Histogram()
    for upper, n in buckets.items():
        points = min(n, POINTS)
        for point in range(points):
            share = n * (point + 1) // points - n * point // points
            laid.add(upper / 1000.0 * 2.0 ** -(1.0 - (point + 0.5) / points), share)
    return laid


def at_the_mean(micros: int, calls: int) -> Histogram:
    """All calls at their mean: what can be said without buckets; empty without calls."""
    if calls <= 0:
        return Histogram()
    return Histogram({bin_of(micros / 1000.0 / calls): calls})
