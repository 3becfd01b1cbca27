"""Feedback in and out of the database: what stands, signing, revoking, what was silenced."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import nan
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from auditor.observing.feedback import ENOUGH_WINDOWS, Feedback, Scope
from auditor.observing.preview import PastObservation
from auditor.observing.severity import Severity
from auditor.windows.minutes import epoch_minute
from baselines.series import SeriesKey
from baselines.store import instant
from sql import queries


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """One acknowledgement as people see it.

    state: active, expired, learned (a new normal that is ordinary by now), revoked, taken back (by
    a worse turn), or said (it silences nothing).
    silenced: minutes in which it kept an observation from opening; last_silenced: the latest.
    """

    id: int
    observation_id: UUID
    title: str
    reason: str
    scope_cache_name: str
    scope_implementation_type: str | None
    scope_metric: str | None
    acknowledged_by: str
    acknowledged_at: datetime
    note: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    bar: float | None
    severity: str
    state: str
    silenced: int
    last_silenced: datetime | None

    @property
    def scope(self) -> Scope:
        """What it is about."""
        return Scope(self.scope_cache_name, self.scope_implementation_type, self.scope_metric)


@dataclass(frozen=True, slots=True)
class Signed:
    """What became of a signature: 'acknowledged' (with the feedback's id), 'already', 'unknown'."""

    outcome: str
    feedback_id: int | None


def read_feedback(connection: Connection, since: datetime) -> list[Feedback]:
    """All that may silence a window from `since` on, in the order in which it was signed."""
    rows = connection.execute(queries("auditor")["read_feedback"], {"since": since}).fetchall()
    return [_feedback(*row) for row in rows]


def _feedback(*row: Any) -> Feedback:
    id_, observation_id, reason, cache_name, implementation_type, metric, by, at = row[:8]
    expires, revoked, since, bar, severity = row[8:]
    return Feedback(
        id=id_,
        observation_id=observation_id,
        reason=reason,
        scope=Scope(cache_name, implementation_type, metric),
        signed_by=by,
        at=epoch_minute(at),
        expires=None if expires is None else epoch_minute(expires),
        revoked=None if revoked is None else epoch_minute(revoked),
        since=epoch_minute(since),
        bar=nan if bar is None else float(bar),
        severity=Severity[severity.upper()],
    )


def list_feedback(connection: Connection, now: datetime, *, every: bool) -> list[FeedbackRow]:
    """What stands, the newest first; with `every` also what is over, and what silences nothing."""
    with connection.cursor(row_factory=class_row(FeedbackRow)) as cursor:
        return cursor.execute(
            queries("auditor")["list_feedback"],
            {"now": now, "every": every, "enough": ENOUGH_WINDOWS},
        ).fetchall()


def sign(
    connection: Connection,
    observation_id: UUID,
    *,
    by: str,
    reason: str,
    note: str,
    scope: str,
    expires: timedelta | None,
) -> Signed:
    """Signs an observation; expires None: as long as is usual for the reason."""
    row = connection.execute(
        queries("auditor")["sign"],
        {"observation_id": observation_id, "by": by, "reason": reason, "note": note,
         "scope": scope, "expires": expires},
    ).fetchone()  # fmt: skip
    assert row is not None  # a function's result is one row
    return Signed(str(row[0]), row[1])


def revoke(connection: Connection, feedback_id: int, *, by: str) -> str:
    """Revokes feedback. Returns 'revoked', 'already' or 'unknown'."""
    row = connection.execute(
        queries("auditor")["revoke"], {"feedback_id": feedback_id, "by": by}
    ).fetchone()
    assert row is not None  # a function's result is one row
    return str(row[0])


def read_past(connection: Connection) -> list[PastObservation]:
    """Every observation that is retained, oldest first, with what people said of it."""
    rows = connection.execute(queries("auditor")["read_past_observations"]).fetchall()
    return [_past(*row) for row in rows]


def _past(*row: Any) -> PastObservation:
    id_, cache_name, implementation_type, metric, title, first_window, resolved_at = row[:7]
    surprise, peak, severity, highest, reason = row[7:]
    return PastObservation(
        id=id_,
        cache_name=cache_name,
        implementation_type=implementation_type,
        metric=metric,
        title=title,
        first_window=first_window,
        resolved_at=resolved_at,
        surprise=nan if surprise is None else float(surprise),
        peak=nan if peak is None else float(peak),
        severity=Severity[severity.upper()],
        highest=Severity[highest.upper()],
        reason=reason,
    )


def mark_silenced(connection: Connection, silenced: Iterable[tuple[SeriesKey, int, int]]) -> None:
    """Says in the scores of some windows which feedback kept them quiet.

    silenced: series, epoch minute and the feedback's id. A window that is missing has no score.
    """
    rows = [
        {
            "cache_name": key.cache_name,
            "implementation_type": key.implementation_type,
            "minute_window": instant(minute).isoformat(),
            "silenced_by": feedback_id,
        }
        for key, minute, feedback_id in silenced
    ]
    if rows:
        connection.execute(queries("auditor")["mark_silenced"], {"rows": json.dumps(rows)})
