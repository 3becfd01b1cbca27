"""What an auditor does besides the tick, each when it is due: days, refresh, retention."""

from __future__ import annotations

from datetime import datetime, timedelta

from psycopg import Connection

from auditor.daemon.keeping import keep
from auditor.daemon.learner import Refreshed, refresh, refresh_is_due
from auditor.daemon.settings import thresholds
from auditor.settings import Settings
from auditor.windows.retention import Retained, retain
from auditor.windows.state import read_state
from sql import queries

RETENTION_EVERY = timedelta(hours=24)


def make_days(connection: Connection) -> None:
    """Today's and tomorrow's partitions, so that no collector has to wait for one."""
    connection.execute(queries("auditor")["make_days"])


def refresh_when_due(connection: Connection, now: datetime, settings: Settings) -> Refreshed | None:
    """Learns if it is time; None when it is not."""
    every = timedelta(minutes=settings.baseline_refresh_minutes)
    if not refresh_is_due(connection, now, every):
        return None
    span = timedelta(days=settings.baseline_span_days)
    return refresh(
        connection,
        now,
        span=span,
        time_zone=settings.time_zone,
        thresholds=thresholds(settings),
    )


def retain_when_due(connection: Connection, now: datetime, settings: Settings) -> Retained | None:
    """Trims if a day has passed since it was last done; None when it has not."""
    last = read_state(connection).get("last_retention_at")
    if last is not None and now - last < RETENTION_EVERY:
        return None
    return retain(connection, now, keep(settings))
