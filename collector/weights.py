"""Weights: events of one kind in one second of one series, counted before they are shipped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import NamedTuple

from collector.events import Row
from collector.histogram import Histogram

SECOND_NS = 10**9


class Weight(NamedTuple):
    """n operations of one kind; a row of cache_metric_weights without its batch.

    second: whole seconds UTC. failed: they carried an error_type. latency_sum_ns is the exact sum
    of the response times, each rounded to a nanosecond (where many are added at once, their sum is
    rounded); bins and counts are their histogram, which holds only those that had a response time.
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


class Kind(NamedTuple):
    """What operations are added up by: one series, one second, one operation, failed or not."""

    cache_name: str
    implementation_type: str
    second: int
    operation_type: str
    failed: bool


@dataclass(slots=True)
class Sum:
    """The operations of one kind, added up."""

    n: int = 0
    latency_sum_ns: int = 0
    latency_max_ms: float | None = None
    histogram: Histogram = field(default_factory=Histogram)
    value_bytes: int = 0

    def add(self, elapsed_ms: float | None, value_bytes: int | None, n: int = 1) -> None:
        """n operations that took so long each (None: not known) and moved so many bytes."""
        self.n += n
        self.value_bytes += (value_bytes or 0) * n
        if elapsed_ms is not None:
            self.latency_sum_ns += round(elapsed_ms * 1e6) * n
            self._reach(elapsed_ms)
            self.histogram.add(elapsed_ms, n)

    def add_sorted(self, n: int, elapsed_ms: Sequence[float], value_bytes: int) -> None:
        """n operations at once: the response times of those that had one, ascending."""
        self.n += n
        self.value_bytes += value_bytes
        if elapsed_ms:
            # fsum rounds once, so that whole nanoseconds are added exactly (Shewchuk 1997)
            self.latency_sum_ns += round(fsum(elapsed_ms) * 1e6)
            self._reach(elapsed_ms[-1])
            self.histogram.add_sorted(elapsed_ms)

    def merge(self, other: Sum) -> None:
        """Everything that the other holds, as well."""
        self.n += other.n
        self.value_bytes += other.value_bytes
        self.latency_sum_ns += other.latency_sum_ns
        if other.latency_max_ms is not None:
            self._reach(other.latency_max_ms)
        self.histogram.merge(other.histogram)

    def weight(self, kind: Kind, node: str) -> Weight:
        """What is shipped of it."""
        cache_name, implementation_type, second, operation_type, failed = kind
        bins, counts = self.histogram.columns()
        return Weight(
            cache_name,
            implementation_type,
            node,
            second,
            operation_type,
            failed,
            self.n,
            self.latency_sum_ns,
            self.latency_max_ms,
            tuple(bins),
            tuple(counts),
            self.value_bytes,
        )

    def _reach(self, elapsed_ms: float) -> None:
        if self.latency_max_ms is None or elapsed_ms > self.latency_max_ms:
            self.latency_max_ms = elapsed_ms


class Aggregator:
    """Adds rows up, exactly; `take` gives the weights and starts again at nothing."""

    def __init__(self, node: str = "") -> None:
        self._node = node
        self._sums: dict[Kind, Sum] = {}

    def add(self, row: Row, n: int = 1) -> None:
        """n operations like this row. Samples are counted elsewhere already and are passed over."""
        if row.is_sample:
            return
        kind = Kind(
            row.cache_name,
            row.implementation_type,
            row.timestamp_ns // SECOND_NS,
            row.operation_type,
            row.error_type is not None,
        )
        total = self._sums.get(kind)
        if total is None:
            total = self._sums[kind] = Sum()
        total.add(row.response_time_ms, row.value_bytes, n)

    def take(self) -> tuple[Weight, ...]:
        """Everything added since the last call, in order of series, second and kind."""
        sums, self._sums = self._sums, {}
        return tuple(sums[kind].weight(kind, self._node) for kind in sorted(sums))


def aggregate(rows: Iterable[Row], node: str = "") -> tuple[Weight, ...]:
    """The weights of these rows. Shape: one per series, second, operation and failed or not."""
    aggregator = Aggregator(node)
    for row in rows:
        aggregator.add(row)
    return aggregator.take()
