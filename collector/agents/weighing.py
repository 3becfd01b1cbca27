"""A change of a polled server as weights and gauges: what is delivered of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from collector.agents.buckets import at_the_mean, histogram
from collector.agents.difference import Change
from collector.agents.minutes import Piece, pieces, shared
from collector.agents.reading import KINDS, Kind, Levels
from collector.histogram import Histogram
from collector.polled import Gauge
from collector.weights import Weight


class Series(NamedTuple):
    """Under which names a server's counts are kept."""

    cache_name: str
    implementation_type: str
    node: str


@dataclass(frozen=True, slots=True)
class Time:
    """The server's own time for some calls: its sum, and how it is spread."""

    micros: int
    histogram: Histogram


def weigh(series: Series, change: Change) -> tuple[tuple[Weight, ...], tuple[Gauge, ...]]:
    """The weights and gauges of a change: one gauge a piece of it, one weight a kind and piece.

    A change within a minute is one piece. One that crosses a minute's end is shared out by time,
    and its gauges say that nothing was measured exactly (measured_ms 0).
    """
    parts = pieces(change.since_ns, change.until_ns)
    counts, micros = shared(change.counts, parts), shared(change.micros, parts)
    buckets = {name: shared(found, parts) for name, found in change.buckets.items()}
    weights: list[Weight] = []
    for number, part in enumerate(parts):
        times = {
            name: _time(n, buckets[name][number] if name in buckets else None,
                        _calls(name, counts[number]))
            for name, n in micros[number].items()
        }  # fmt: skip
        weights += _weights(series, part, counts[number], times)
    gauges = tuple(_gauge(series, part, change.levels if part.last else Levels()) for part in parts)
    return tuple(weights), gauges


def _weights(
    series: Series, part: Piece, counts: Mapping[Kind, int], times: Mapping[str, Time]
) -> list[Weight]:
    found = []
    for kind in KINDS:
        n = counts.get(kind, 0)
        if n:
            time = _time_of(kind, counts, times)
            bins, cells = time.histogram.columns()
            found.append(
                Weight(*series, part.second, *kind, n, time.micros * 1000, None, tuple(bins),
                       tuple(cells), 0)
            )  # fmt: skip
    return found


def _time_of(kind: Kind, counts: Mapping[Kind, int], times: Mapping[str, Time]) -> Time:
    """The time that a kind is known to have taken; none for misses, whose load no server sees.

    Gets are not told apart by the server: hits have their share of the time, by their number.
    """
    nothing = Time(0, Histogram())
    if kind == ("hit", False):
        gets = times.get("get", nothing)
        return _share(gets, counts[kind], counts[kind] + counts.get(("miss", False), 0))
    operation, failed = kind
    return nothing if failed else times.get(operation, nothing)


def _share(time: Time, n: int, of: int) -> Time:
    if n == of:
        return time
    reached = shared_out = 0
    cells: dict[int, int] = {}
    for number, count in zip(*time.histogram.columns(), strict=True):
        reached += count
        cells[number] = round(reached * n / of) - shared_out
        shared_out += cells[number]
    return Time(round(time.micros * n / of), Histogram(cells))


def _time(micros: int, buckets: Mapping[int, int] | None, calls: int) -> Time:
    if buckets is not None:
        return Time(micros, histogram(buckets))
    return Time(micros, at_the_mean(micros, calls))


def _calls(name: str, counts: Mapping[Kind, int]) -> int:
    """How many calls a time is of, where no buckets say it: gets by what they found."""
    if name == "get":
        return counts.get(("hit", False), 0) + counts.get(("miss", False), 0)
    return counts.get((name, False), 0)


def _gauge(series: Series, part: Piece, levels: Levels) -> Gauge:
    return Gauge(
        *series,
        part.second,
        part.measured_ns // 10**6,
        levels.entries,
        levels.memory_bytes,
        levels.memory_limit_bytes,
        levels.clients,
    )
