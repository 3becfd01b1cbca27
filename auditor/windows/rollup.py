"""Rollup: from deliveries to 1-minute and 1-hour windows, and the settling of closed minutes.

Idempotent, because a window is always made again from all its rows, and safe beside another
auditor, because one advisory lock, held for the transaction, guards the job. The watermarks are
read before the ledger: what a collector had delivered when it moved its watermark is then in the
windows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection
from psycopg.rows import class_row

from auditor.windows.minutes import MINUTE, floor_minute, spans
from auditor.windows.state import advance_state, read_state
from auditor.windows.watermarks import Grace, Passed, scorable_prefix
from sql import queries

MOST_BATCHES = 2000
MOST_HOURS = 2000
# Minutes older than this are never settled by the clock: their windows are trimmed at 30 days.
SETTLE_BACK = timedelta(days=31)
# A series that has had no event for this long is no longer filled with zeros.
KNOWN_FOR = timedelta(days=7)

NODE_KNOWN_FOR = timedelta(hours=1)
"""And a node, where its series goes on elsewhere: hosts come and go with every deploy."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Rolled:
    """What one rollup did."""

    batches: int
    windows: int
    minutes: tuple[datetime, ...]
    settled_until: datetime | None
    busy: bool = False


def _no_progress(_: int) -> None:
    """Says nothing."""


def try_lock(connection: Connection, job: str) -> bool:
    """Whether this transaction may do the job; False when another worker is at it."""
    row = connection.execute(queries("auditor")["try_lock"], {"job": job}).fetchone()
    return bool(row and row[0])


def _roll_batches(
    connection: Connection, now: datetime, scorable_until: datetime, progress: Progress
) -> tuple[int, int, list[datetime]]:
    """Makes the windows of what was delivered; returns batches, windows, and minutes changed."""
    statements = queries("auditor")
    batches = connection.execute(
        statements["read_batches_to_roll"], {"most": MOST_BATCHES}
    ).fetchall()
    if not batches:
        return 0, 0, []
    touched = {minute for _, minutes in batches for minute in minutes}
    days = {minute.date() for minute in touched}
    trimmed_days = {
        row[0] for row in connection.execute(statements["read_trimmed_days"], {"days": list(days)})
    }
    trimmed = [minute for minute in touched if minute.date() in trimmed_days]
    changed: list[datetime] = []
    windows = 0
    for span in spans(touched.difference(trimmed)):
        made = connection.execute(
            statements["make_windows"],
            {
                "since": span.since,
                "until": span.until,
                "minutes": list(span.minutes),
                "scorable_until": scorable_until,
            },
        ).fetchall()
        changed.extend(minute for minute, _ in made)
        windows += sum(count for _, count in made)
        progress(len(span.minutes))
    connection.execute(
        statements["mark_rolled"],
        {"now": now, "trimmed": trimmed, "batch_ids": [batch_id for batch_id, _ in batches]},
    )
    return len(batches), windows, changed


def _settle(connection: Connection, ends: Sequence[Passed]) -> None:
    """Closes minutes: not provisional, with their completeness, with zeros where it was silent."""
    statements = queries("auditor")
    minutes = [end.minute_end - MINUTE for end in ends]
    connection.execute(
        statements["settle_windows"],
        {"minutes": minutes, "completeness": [end.completeness for end in ends]},
    )
    complete = [end.minute_end - MINUTE for end in ends if end.completeness == 1.0]
    if complete:
        connection.execute(
            statements["fill_with_zeros"],
            {"minutes": complete, "known_for": KNOWN_FOR, "node_known_for": NODE_KNOWN_FOR},
        )


def _scorable(
    connection: Connection, now: datetime, since: datetime, grace: Grace
) -> Sequence[Passed]:
    """The minutes from `since` on that may be scored at `now`, oldest first."""
    until = floor_minute(now)
    if since >= until:
        return ()
    with connection.cursor(row_factory=class_row(Passed)) as cursor:
        ends = cursor.execute(
            queries("auditor")["read_watermarks"],
            {"since": since, "until": until, "expected_for": grace.expected_for},
        ).fetchall()
    return scorable_prefix(ends, now, grace)


def roll_up(
    connection: Connection, now: datetime, grace: Grace, progress: Progress = _no_progress
) -> Rolled:
    """Rolls up everything that was delivered and settles every minute that is scorable.

    One transaction per MOST_BATCHES deliveries, so that a kill repeats little. When another auditor
    is rolling up, does nothing and says so (`busy`).
    """
    batches = windows = 0
    minutes: set[datetime] = set()
    while True:
        with connection.transaction():
            if not try_lock(connection, "rollup"):
                return Rolled(batches, windows, tuple(sorted(minutes)), None, busy=True)
            since = _settle_since(connection, now)
            ends = _scorable(connection, now, since, grace)
            settled_until = ends[-1].minute_end if ends else since
            rolled, made, changed = _roll_batches(connection, now, settled_until, progress)
            batches, windows = batches + rolled, windows + made
            minutes.update(changed)
            _mark_to_rescore(connection, [minute for minute in changed if minute < since])
            if rolled < MOST_BATCHES:
                if ends:
                    _settle(connection, ends)
                advance_state(connection, "settled_until", settled_until)
                return Rolled(batches, windows, tuple(sorted(minutes)), settled_until)


def next_scorable(connection: Connection, now: datetime, grace: Grace) -> datetime:
    """Up to when windows could be settled now; reads only."""
    since = _settle_since(connection, now)
    ends = _scorable(connection, now, since, grace)
    return ends[-1].minute_end if ends else since


def _settle_since(connection: Connection, now: datetime) -> datetime:
    """Where settling goes on: after the last settled minute, or at the first delivery's."""
    settled = read_state(connection).get("settled_until")
    floor = floor_minute(now) - SETTLE_BACK
    if settled is None:
        row = connection.execute(queries("auditor")["read_oldest_batch_minute"]).fetchone()
        settled = row[0] if row and row[0] else floor_minute(now)
    return max(settled, floor)


def _mark_to_rescore(connection: Connection, changed: Sequence[datetime]) -> None:
    """Remembers minutes that changed after they were settled, and so perhaps after their score."""
    if changed:
        connection.execute(queries("auditor")["mark_to_rescore"], {"minutes": list(changed)})


def roll_hours(
    connection: Connection, scorable_until: datetime, progress: Progress = _no_progress
) -> int:
    """Makes every closed hour again of which a minute has changed. Returns how many hours."""
    statements = queries("auditor")
    done = 0
    while True:
        with connection.transaction():
            # the rollup's own lock: a minute that it makes and an hour that is made of it meet here
            if not try_lock(connection, "rollup"):
                return done
            hours = connection.execute(
                statements["read_hours_to_roll"], {"scorable_until": scorable_until, "most": 24}
            ).fetchall()
            for (hour,) in hours:
                connection.execute(statements["make_hour"], {"hour": hour})
        done += len(hours)
        progress(len(hours))
        if not hours:
            return done
