"""Each metric of /metrics, declared once: its name, what it means, its unit and its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """name: as Prometheus has it, the unit at its end. unit: '' for a count or a yes and no."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    unit: str = ""
    labels: tuple[str, ...] = ()


UP: Final = Measure(
    "cache_auditor_database_up", "gauge", "1 when the database answered; else nothing of it is told"
)
LAG: Final = Measure(
    "cache_auditor_lag_seconds", "gauge",
    "Since the end of the last window that was scored; ordinary below 100", "seconds",
)  # fmt: skip
LAST_TICK: Final = Measure(
    "cache_auditor_last_tick_timestamp_seconds", "gauge",
    "When the auditor last finished a tick, seconds since 1970", "seconds",
)  # fmt: skip
SERIES: Final = Measure(
    "cache_auditor_series", "gauge", "Caches and implementations that were ever heard of"
)
WINDOWS: Final = Measure(
    "cache_auditor_windows", "gauge", "1-minute windows that began in the last hour"
)
OPEN: Final = Measure(
    "cache_auditor_open_observations", "gauge", "Problems that last, by severity",
    labels=("severity",),
)  # fmt: skip
COLLECTORS: Final = Measure(
    "cache_auditor_collectors", "gauge", "Collectors heard of in the last 3 minutes"
)
UNDELIVERED: Final = Measure(
    "cache_auditor_undelivered_events", "gauge",
    "Events that collectors of the last 30 days dropped, lost in a kill, or had refused",
    labels=("fate",),
)  # fmt: skip
SPOOLED: Final = Measure(
    "cache_auditor_spooled_events", "gauge",
    "Events that wait on collectors' disks, as they last said",
)  # fmt: skip
MESSAGES: Final = Measure(
    "cache_auditor_messages", "gauge", "Messages to people that wait, or were given up",
    labels=("state",),
)  # fmt: skip
QUEUE: Final = Measure(
    "cache_auditor_notice_queue_ratio", "gauge",
    "Share of PostgreSQL's queue of notices that is in use; at 1 writes fail", "ratio",
)  # fmt: skip
LIVE: Final = Measure(
    "cache_auditor_hub_live", "gauge", "1 while the gateway hears PostgreSQL's notices"
)
LISTENERS: Final = Measure(
    "cache_auditor_listeners", "gauge", "Who listens now: sse streams and sockets",
    labels=("kind",),
)  # fmt: skip
DROPPED: Final = Measure(
    "cache_auditor_dropped_listeners_total", "counter",
    "Listeners cut off because they did not read: queue is of any kind, socket of sockets alone",
    labels=("kind",),
)  # fmt: skip
STALLED: Final = Measure(
    "cache_auditor_stalled_connections_total", "counter",
    "Connections cut because the client took nothing for 30 s",
)  # fmt: skip
CROWDED: Final = Measure(
    "cache_auditor_crowded_connections_total", "counter",
    "Connections refused because there were too many",
)  # fmt: skip
REQUESTS: Final = Measure(
    "cache_auditor_requests_total", "counter", "Answers by method, route and status",
    labels=("method", "route", "status"),
)  # fmt: skip

MEASURES: Final = (
    UP, LAG, LAST_TICK, SERIES, WINDOWS, OPEN, COLLECTORS, UNDELIVERED, SPOOLED, MESSAGES, QUEUE,
    LIVE, LISTENERS, DROPPED, STALLED, CROWDED, REQUESTS,
)  # fmt: skip
