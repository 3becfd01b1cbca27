"""State and traffic as samples: a pure function, which the page writes down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.gateway.metrics import measures
from auditor.gateway.metrics.measures import Measure
from auditor.gateway.metrics.state import State

Sample = tuple[Measure, tuple[str, ...], float]
"""A measure, its labels' values in their order, and the number."""


@dataclass(frozen=True, slots=True)
class Gauged:
    """What the gateway says of itself. dropped: listeners, by kind; listening: by kind."""

    live: bool
    listening: Mapping[str, int]
    dropped: Mapping[str, int]
    stalled: int
    crowded: int
    requests: Mapping[tuple[str, str, int], int]


def samples(state: State | None, gauged: Gauged) -> Iterator[Sample]:
    """state: None when the database did not answer; then only the gateway's own."""
    yield measures.UP, (), float(state is not None)
    if state is not None:
        yield from _of_state(state)
    yield measures.LIVE, (), float(gauged.live)
    for kind, count in sorted(gauged.listening.items()):
        yield measures.LISTENERS, (kind,), count
    for kind, count in sorted(gauged.dropped.items()):
        yield measures.DROPPED, (kind,), count
    yield measures.STALLED, (), gauged.stalled
    yield measures.CROWDED, (), gauged.crowded
    for (method, route, status), count in sorted(gauged.requests.items()):
        yield measures.REQUESTS, (method, route, f"{status}"), count


def _of_state(state: State) -> Iterator[Sample]:
    if state.lag_s is not None:
        yield measures.LAG, (), state.lag_s
    if state.last_tick_at is not None:
        yield measures.LAST_TICK, (), state.last_tick_at.timestamp()
    yield measures.SERIES, (), state.series
    yield measures.WINDOWS, (), state.windows
    yield measures.COLLECTORS, (), state.collectors
    yield measures.SPOOLED, (), state.spooled
    yield measures.QUEUE, (), state.notice_queue
    for measure, by in (
        (measures.OPEN, state.open_observations),
        (measures.UNDELIVERED, state.undelivered),
        (measures.MESSAGES, state.messages),
    ):
        for label, count in sorted(by.items()):
            yield measure, (label,), count
