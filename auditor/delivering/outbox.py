"""The outbox as rows: from the change log to what is due, claimed, told, put off or given up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from auditor.listening.changes import Cursor, read_changes, read_floor
from auditor.notifying.news import Problem, Told
from auditor.notifying.route import Route
from sql import queries

PLACE: Final = "notifications"
"""The name under which the daemons listen, one for all of them."""
CLAIMED_FOR: Final = timedelta(minutes=3)
"""Longer than any sending takes: who has died by then had its message sent, or will not send it."""
MOST_CLAIMED: Final = 500


@dataclass(frozen=True, slots=True)
class Due:
    """A problem that a target is to be told of, and who may do it."""

    route: str
    target: str
    observation_id: UUID
    told: str | None
    told_severity: str | None
    attempts: int
    failing_since: datetime | None
    asked_at: datetime
    claim: UUID

    @property
    def known(self) -> Told | None:
        """What the target knows."""
        if self.told is None or self.told_severity is None:
            return None
        return Told(self.told, self.told_severity)  # type: ignore[arg-type]  # the table's check


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """One line of the outbox, with the problem's words; they are None when it was deleted."""

    route: str
    target: str
    observation_id: UUID
    title: str | None
    severity: str | None
    state: str | None
    told: str | None
    told_at: datetime | None
    due_at: datetime | None
    attempts: int
    failing_since: datetime | None
    because: str
    dead_at: datetime | None
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class NotificationCount:
    """By route: lines that wait, those of them that failed, dead letters; since when the oldest
    that is due has been so."""

    route: str
    waiting: int
    failing: int
    dead: int
    oldest_due_at: datetime | None
    last_told_at: datetime | None


def begin(connection: Connection) -> None:
    """From now on changes are kept for the outbox; harmless when it has begun."""
    asked = {"name": PLACE, "holder": None, "since": None}
    connection.execute(queries("telling")["begin_listening"], asked)


def is_behind(connection: Connection) -> bool:
    """Whether `fill` has something to do."""
    row = connection.execute(queries("notifying")["is_behind"], {"name": PLACE}).fetchone()
    return row is not None and bool(row[0])


def fill(connection: Connection, targets: Sequence[tuple[Route, str]], now: datetime) -> int:
    """Brings what changed since the last time into the outbox, once, however many daemons do it.

    targets: each route with a target's key. Returns how many changes were missed, because they were
    trimmed before anybody could tell them.
    """
    with connection.transaction():
        place = connection.execute(queries("notifying")["lock_place"], {"name": PLACE}).fetchone()
        if place is None:  # another daemon is at it
            return 0
        cursor, missed = Cursor.at(place[0], place[1]), int(place[2])
        floor = read_floor(connection)
        changes = cursor.take(read_changes(connection, cursor.floor), floor)
        for change in changes:
            row = change.observation
            for route, target in targets:
                if route.is_about(row["cache_name"], row["category"]):
                    asked = {
                        "route": route.name,
                        "target": target,
                        "observation_id": change.observation_id,
                        "now": now,
                        "fresh": _is_fresh(route, row),
                    }
                    connection.execute(queries("notifying")["ask_notification"], asked)
        moved = {"name": PLACE, "floor": cursor.floor, "seen": list(cursor.seen)}
        connection.execute(queries("notifying")["move_place"], moved)
    return missed


def _is_fresh(route: Route, row: dict[str, Any]) -> bool:
    """Whether a target that knows nothing of the problem is to hear of it."""
    open_ = row["state"] == "open" and not row["acknowledged"]
    return open_ and route.is_grave_enough(row["severity"])


def claim(
    connection: Connection, targets: Sequence[tuple[str, str]], token: UUID, now: datetime
) -> list[Due]:
    """What is due to these targets (route's name, key) and now ours alone, for CLAIMED_FOR."""
    asked = {
        "claim": token,
        "claimed_until": now + CLAIMED_FOR,
        "now": now,
        "routes": [route for route, _ in targets],
        "targets": [target for _, target in targets],
        "most": MOST_CLAIMED,
    }
    with connection.cursor(row_factory=class_row(Due)) as cursor:
        return cursor.execute(queries("notifying")["claim_notifications"], asked).fetchall()


def read_problems(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Problem]:
    """The problems as they are now, by id; without those that were deleted."""
    with connection.cursor(row_factory=class_row(Problem)) as cursor:
        found = cursor.execute(queries("notifying")["read_problems"], {"ids": list(set(ids))})
        return {problem.id: problem for problem in found}


def settle(
    connection: Connection, due: Due, told: Told | None, now: datetime, *, sent: bool
) -> None:
    """Nothing more waits. told: what the target knows from now on."""
    connection.execute(
        queries("notifying")["settle_notification"],
        {
            **_which(due),
            "told": told and told.state,
            "told_severity": told and told.severity,
            "sent": sent,
            "now": now,
        },
    )


def postpone(
    connection: Connection,
    due: Due,
    until: datetime | None,
    now: datetime,
    *,
    attempts: int = 0,
    failing_since: datetime | None = None,
    because: str = "",
) -> None:
    """It is looked at again then; until None: it is given up, and a dead letter."""
    connection.execute(
        queries("notifying")["postpone_notification"],
        {
            **_which(due),
            "due_at": until,
            "dead_at": now if until is None else None,
            "now": now,
            "attempts": attempts,
            "failing_since": failing_since,
            "because": because,
        },
    )


def bury(connection: Connection, targets: Sequence[tuple[str, str]], now: datetime) -> int:
    """Gives up what has waited for an hour for targets other than these; how many."""
    routes, keys = [route for route, _ in targets], [key for _, key in targets]
    asked = {"now": now, "routes": routes, "targets": keys}
    return connection.execute(queries("notifying")["bury_notifications"], asked).rowcount


def retry(connection: Connection, route: str | None, now: datetime) -> int:
    """What is dead or failing is due now, of one route or of all; how many."""
    asked = {"route": route, "now": now}
    return connection.execute(queries("notifying")["retry_notifications"], asked).rowcount


def list_notifications(
    connection: Connection, *, route: str | None = None, everything: bool = False, most: int = 100
) -> list[NotificationRow]:
    """What waits and what is dead; with `everything` also what was told."""
    asked = {"route": route, "everything": everything, "most": most}
    with connection.cursor(row_factory=class_row(NotificationRow)) as cursor:
        return cursor.execute(queries("notifying")["list_notifications"], asked).fetchall()


def count_notifications(connection: Connection) -> list[NotificationCount]:
    """By route, for `doctor` and /metrics."""
    with connection.cursor(row_factory=class_row(NotificationCount)) as cursor:
        return cursor.execute(queries("notifying")["count_notifications"]).fetchall()


def _which(due: Due) -> dict[str, object]:
    return {
        "route": due.route, "target": due.target, "observation_id": due.observation_id,
        "claim": due.claim, "asked_at": due.asked_at,
    }  # fmt: skip
