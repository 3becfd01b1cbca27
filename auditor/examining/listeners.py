"""The check of named listeners: none is dead, and none missed what was trimmed from the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from auditor.examining.doctor import Examination, Finding, ok, warning
from auditor.listening.named import ListenerRow, list_listeners
from auditor.spans import span

FAR_BEHIND: Final = timedelta(days=1)
FORGET: Final = "start it again, or if nobody needs it run: cache-auditor listeners forget {name}"


def listeners(examination: Examination) -> Finding:
    """Every named listener has heard what is older than a day."""
    return listeners_finding(list_listeners(examination.connection))


def listeners_finding(rows: Sequence[ListenerRow]) -> Finding:
    """rows: as `list_listeners` gives them."""
    worst = [row for row in rows if row.missed or _behind(row) > FAR_BEHIND]
    if not worst:
        named = f"{len(rows)} have names, and none" if rows else "none has a name, so none"
        return ok("listeners", f"{named} is far behind")
    told = "; ".join(
        f"{row.name} has {row.behind} changes waiting, the oldest for {span(_behind(row))}"
        + (f", and missed {row.missed} that were trimmed" if row.missed else "")
        for row in worst
    )
    return warning("listeners", told, FORGET.format(name=worst[0].name))


def _behind(row: ListenerRow) -> timedelta:
    oldest = row.oldest_unheard_at
    return timedelta() if oldest is None else max(row.now - oldest, timedelta())
