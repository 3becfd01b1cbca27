"""Weights: events of one kind in one second of one series, counted before they are shipped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from collector.events import Row
from collector.histogram import Histogram

SECOND_NS = 10**9


class Weight(NamedTuple):
    """n operations of one kind; a row of cache_metric_weights without its batch.

    second: whole seconds UTC. failed: they carried an error_type. latency_sum_ns is the exact sum
    of the response times, each rounded to a nanosecond; bins and counts are their histogram, which
    holds only those that had a response time.
    """

    cache_name: str
    implementation_type: str
    node: str
    second: int
    operation_type: str
    failed: bool
    n: int
    latency_sum_ns: int
    latency_max_ms: float | None
    bins: tuple[int, ...]
    counts: tuple[int, ...]
    value_bytes: int


@dataclass(slots=True)
class _Sum:
    n: int = 0
    latency_sum_ns: int = 0
    latency_max_ms: float | None = None
    histogram: Histogram = field(default_factory=Histogram)
    value_bytes: int = 0


class Aggregator:
    """Adds rows up, exactly; `take` gives the weights and starts again at nothing."""

    def __init__(self, node: str = "") -> None:
        self._node = node
        self._sums: dict[tuple[str, str, int, str, bool], _Sum] = {}

    def add(self, row: Row, n: int = 1) -> None:
        """n operations like this row. Samples are counted elsewhere already and are passed over."""
        if row.is_sample:
            return
        key = (
            row.cache_name,
            row.implementation_type,
            row.timestamp_ns // SECOND_NS,
            row.operation_type,
            row.error_type is not None,
        )
        total = self._sums.get(key)
        if total is None:
            total = self._sums[key] = _Sum()
        total.n += n
        total.value_bytes += (row.value_bytes or 0) * n
        elapsed = row.response_time_ms
        if elapsed is not None:
            total.latency_sum_ns += round(elapsed * 1e6) * n
            if total.latency_max_ms is None or elapsed > total.latency_max_ms:
                total.latency_max_ms = elapsed
            total.histogram.add(elapsed, n)

    def take(self) -> tuple[Weight, ...]:
        """Everything added since the last call, in order of series, second and kind."""
        sums, self._sums = self._sums, {}
        return tuple(_weight(key, self._node, sums[key]) for key in sorted(sums))


def _weight(key: tuple[str, str, int, str, bool], node: str, total: _Sum) -> Weight:
    cache_name, implementation_type, second, operation_type, failed = key
    bins, counts = total.histogram.columns()
    return Weight(
        cache_name,
        implementation_type,
        node,
        second,
        operation_type,
        failed,
        total.n,
        total.latency_sum_ns,
        total.latency_max_ms,
        tuple(bins),
        tuple(counts),
        total.value_bytes,
    )


def aggregate(rows: Iterable[Row], node: str = "") -> tuple[Weight, ...]:
    """The weights of these rows. Shape: one per series, second, operation and failed or not."""
    aggregator = Aggregator(node)
    for row in rows:
        aggregator.add(row)
    return aggregator.take()
