"""The check of what is told elsewhere: routes that can be sent to, and letters that arrive."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from auditor.delivering.outbox import PLACE, NotificationCount, count_notifications
from auditor.delivering.targets import targets_of
from auditor.errors import MissingExtra, SettingsInvalid
from auditor.examining.doctor import Examination, Finding, ok, warning
from auditor.listening.named import list_listeners
from auditor.spans import span

LATE: Final = timedelta(minutes=10)
RUN: Final = "start `cache-auditor run`, or let cron start `cache-auditor notify send`"


def notifications(examination: Examination) -> Finding:
    """Addresses are usable, somebody sends, and nothing was given up."""
    routes = examination.settings.notify
    try:
        targets_of(routes)
    except (MissingExtra, SettingsInvalid) as exc:
        said = "; ".join(exc.faults) if isinstance(exc, SettingsInvalid) else str(exc)
        return warning("notifications", said, "correct that where `run` runs: it would not start")
    begun = any(row.name == PLACE for row in list_listeners(examination.connection))
    if routes and not begun:
        return warning("notifications", "routes are set, and nobody has sent yet", RUN)
    counts = count_notifications(examination.connection)
    return notifications_finding(len(routes), counts, examination.now)


def notifications_finding(
    routes: int, counts: Sequence[NotificationCount], now: datetime
) -> Finding:
    """counts: as `count_notifications` gives them."""
    dead = [f"{one.route} {one.dead}" for one in counts if one.dead]
    late = [
        f"{one.route} for {span(now - one.oldest_due_at)}"
        for one in counts
        if one.oldest_due_at is not None and now - one.oldest_due_at > LATE
    ]
    if dead:
        return warning(
            "notifications",
            f"messages were given up: {', '.join(dead)}",
            "see why: cache-auditor notify list; then: cache-auditor notify retry",
        )
    if late:
        return warning("notifications", f"messages are due and not sent: {', '.join(late)}", RUN)
    failing = sum(one.failing for one in counts)
    told = f"{failing} wait for another attempt" if failing else "none fails"
    return ok("notifications", f"{routes} route{'s' * (routes != 1)}; {told}")
