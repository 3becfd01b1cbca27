"""Which minutes' windows are new to the listeners, and which of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from auditor.gateway.live.messages import WINDOWS, RowChange

KEPT: Final = timedelta(minutes=15)
"""How far back what was told is remembered; a minute that is older is told again when touched."""
KEY: Final = ("cache_name", "implementation_type", "node", "minute_window")


@dataclass(slots=True)
class ToldMinutes:
    """What the listeners know of the last minutes.

    A minute's version is a number that changes with any of its rows.
    """

    _versions: dict[datetime, int] = field(default_factory=dict)

    def changed(self, found: Iterable[tuple[datetime, int]]) -> list[datetime]:
        """Of (minute, version) those that are new, oldest first; from now on they are told."""
        fresh = sorted(minute for minute, version in found if self._is_new(minute, version))
        newest = max(self._versions, default=None)
        if newest is not None:
            self._versions = {
                minute: version
                for minute, version in self._versions.items()
                if minute > newest - KEPT
            }
        return fresh

    def _is_new(self, minute: datetime, version: int) -> bool:
        if self._versions.get(minute) == version:
            return False
        self._versions[minute] = version
        return True


@dataclass(slots=True)
class ToldRows:
    """Which rows the listeners know of; begins when rows are first asked for.

    since: a little before the last look at the tables. What is older is known to nobody, and told
    to nobody; a row made since then is an INSERT, even when it was changed before it was read.
    """

    since: datetime
    _versions: dict[tuple[str, ...], str] = field(default_factory=dict)

    def changes(self, records: Iterable[Mapping[str, Any]]) -> tuple[RowChange, ...]:
        """Of a minute's rows as JSON has them, those that changed, in their order."""
        return tuple(change for record in records if (change := self._change(record)))

    def forget_before(self, minute: datetime) -> None:
        """Rows of minutes that are older than KEPT before this one."""
        oldest = (minute - KEPT).isoformat()
        self._versions = {k: v for k, v in self._versions.items() if k[-1] >= oldest}

    def _change(self, record: Mapping[str, Any]) -> RowChange | None:
        key = tuple(str(record[name]) for name in KEY)
        version = str(record["updated_at"])
        known = self._versions.get(key)
        if known == version:
            return None
        self._versions[key] = version
        changed, made = (
            datetime.fromisoformat(record[name]) for name in ("updated_at", "created_at")
        )
        if known is None and changed < self.since:
            return None
        inserted = known is None and (made >= self.since or made == changed)
        return RowChange(
            WINDOWS,
            "INSERT" if inserted else "UPDATE",
            dict(record),
            None if inserted else {name: record[name] for name in KEY},
            changed,
        )
