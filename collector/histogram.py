"""Response times in log bins: relative error below 1 %, 1 µs to 1,000 s, mergeable.

The same specification as monitoring.histogram_bin in SQL, to the bit: edges[0] = 0.001 ms and
edges[k + 1] = edges[k] * 1.02 in IEEE doubles, up to the first edge of at least 1e6 ms. Bin 0 is
below 1 µs and worth 0; bin i is [edges[i - 1], edges[i]), worth 2 * low * high / (low + high), from
which no value of the bin is further than (1.02 - 1) / (1.02 + 1) = 0.99 %; the last bin, number
len(edges), is what lies above and is worth the last edge.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

FIRST_EDGE_MS = 0.001
GROWTH = 1.02
LAST_EDGE_AT_LEAST_MS = 1e6


def _make_edges() -> Iterator[float]:
    edge = FIRST_EDGE_MS
    while edge < LAST_EDGE_AT_LEAST_MS:
        yield edge
        edge *= GROWTH
    yield edge


EDGES_MS: tuple[float, ...] = tuple(_make_edges())
OVERFLOW = len(EDGES_MS)


def bin_of(elapsed_ms: float) -> int:
    """The number of the bin that holds a response time (ms, not negative, not NaN)."""
    return bisect_right(EDGES_MS, elapsed_ms)


def value_of(number: int) -> float:
    """What a bin is worth, in ms. Raises ValueError for a number that is no bin."""
    if not 0 <= number <= OVERFLOW:
        raise ValueError(f"bin {number} is none of 0 to {OVERFLOW}")
    if number == 0:
        return 0.0
    if number == OVERFLOW:
        return EDGES_MS[-1]
    low, high = EDGES_MS[number - 1], EDGES_MS[number]
    return 2.0 * low * high / (low + high)


@dataclass(slots=True)
class Histogram:
    """How many response times fell into each bin; only bins that hold any are kept."""

    counts: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, bins: Iterable[int], counts: Iterable[int]) -> Histogram:
        """From the two columns of the database. Raises ValueError when they differ in length."""
        return cls(dict(zip(bins, counts, strict=True)))

    def add(self, elapsed_ms: float, n: int = 1) -> None:
        """n response times of elapsed_ms more."""
        number = bisect_right(EDGES_MS, elapsed_ms)
        self.counts[number] = self.counts.get(number, 0) + n

    def add_sorted(self, elapsed_ms: Sequence[float]) -> None:
        """Many response times, ascending: the cost is by the bins they fall into."""
        began, counts = 0, self.counts
        while began < len(elapsed_ms):
            number = bisect_right(EDGES_MS, elapsed_ms[began])
            ended = len(elapsed_ms)
            if number < OVERFLOW:
                ended = bisect_left(elapsed_ms, EDGES_MS[number], began)
            counts[number] = counts.get(number, 0) + ended - began
            began = ended

    def merge(self, other: Histogram) -> None:
        """Everything that the other holds, as well."""
        for number, n in other.counts.items():
            self.counts[number] = self.counts.get(number, 0) + n

    @property
    def n(self) -> int:
        """How many response times it holds."""
        return sum(self.counts.values())

    def columns(self) -> tuple[list[int], list[int]]:
        """(bins, counts) as the database stores them: bins ascending, no empty bin."""
        kept = sorted((number, n) for number, n in self.counts.items() if n)
        return [number for number, _ in kept], [n for _, n in kept]

    def quantile(self, q: float) -> float | None:
        """The q-quantile in ms (type 7: both ranks' bins, linear between); None when empty.

        Hyndman and Fan (1996), definition 7; q in [0, 1]. Raises ValueError outside of it.
        """
        if not 0.0 <= q <= 1.0:
            raise ValueError(f"q is {q}; a quantile needs 0 to 1")
        bins, counts = self.columns()
        if not bins:
            return None
        reached = list(accumulate(counts))
        rank = (reached[-1] - 1) * q
        below = int(rank)
        above = min(below + 1, reached[-1] - 1)
        low = value_of(bins[bisect_right(reached, below)])
        high = value_of(bins[bisect_right(reached, above)])
        return low + (rank - below) * (high - low)
