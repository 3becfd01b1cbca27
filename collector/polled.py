"""What an agent says of a server that it polls: its levels, and whether it answers."""

from __future__ import annotations

from typing import NamedTuple


class Gauge(NamedTuple):
    """One poll's levels; a row of cache_metric_gauges without its batch.

    second: whole seconds UTC. measured_ms: how long a span, all of it in the minute of `second`,
    the counts delivered beside it were measured over; 0 where they are estimates. entries: keys.
    memory_limit_bytes: None where there is no limit. clients: connections open.
    """

    cache_name: str
    implementation_type: str
    node: str
    second: int
    measured_ms: int
    entries: int | None
    memory_bytes: int | None
    memory_limit_bytes: int | None
    clients: int | None


class ServerState(NamedTuple):
    """How one server stands. kind: redis or memcached. place: its address without credentials.

    polled_ns: the instant of its last answer (UTC). away_since_ns: when it first did not answer;
    None while it does. because: why, in words.
    """

    cache_name: str
    implementation_type: str
    node: str
    kind: str
    place: str
    polled_ns: int | None
    away_since_ns: int | None
    because: str
