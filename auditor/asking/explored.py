"""Windows to look at: of the database that the settings name, else the demo's made-up weeks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from auditor.demo.weeks import weeks
from auditor.dsn import place
from auditor.errors import NothingFound
from auditor.postgres.database import connect
from auditor.settings_sources import read_settings
from auditor.stores.comparing import list_implementations
from auditor.windows.minutes import epoch_minute, floor_minute
from auditor.windows.state import read_state
from baselines.series import SeriesKey, Windows
from baselines.store import read_windows

DSN = "CACHE_AUDITOR_DSN"
"""Goes before DATABASE_URL, as with the collector."""
DAY = 1440


@dataclass(frozen=True, slots=True)
class Explored:
    """What was read. source: where from, without a password. time_zone: of the weeks, IANA."""

    windows: Windows
    source: str
    time_zone: str

    def busiest(self) -> SeriesKey:
        """The series with the most gets."""
        return self.windows.keys[int(np.argmax(np.nansum(self.windows.column("gets"), axis=0)))]

    def pair(self) -> tuple[SeriesKey, SeriesKey]:
        """Two implementations of one cache, of the busiest cache that has two, by name.

        Raises NothingFound where no cache has two.
        """
        gets = np.nansum(self.windows.column("gets"), axis=0)
        by_cache: dict[str, list[tuple[float, SeriesKey]]] = {}
        for each, key in zip(gets.tolist(), self.windows.keys, strict=True):
            by_cache.setdefault(key.cache_name, []).append((each, key))
        both = [found for found in by_cache.values() if len(found) > 1]
        if not both:
            raise NothingFound("no cache has two implementations in these windows")
        busy = max(both, key=lambda found: sum(each for each, _ in found))
        first, second = sorted(key for _, key in sorted(busy, reverse=True)[:2])
        return first, second


def explored(
    days: int = 21,
    *,
    cache_names: Sequence[str] | None = None,
) -> Explored:
    """The last so many days of windows; of CACHE_AUDITOR_DSN, else DATABASE_URL (or the settings
    file's `dsn`), else of the demo's weeks, which end where they end.

    cache_names: of these caches only; None for all, about 6 MB a series.
    Raises NothingFound for no window, SettingsInvalid, DatabaseUnreachable, DatabaseRefused.
    """
    settings = read_settings({"dsn": os.environ.get(DSN)}).settings
    if settings.dsn is None:
        made = weeks()
        some = [key for key in made.keys if cache_names is None or key.cache_name in cache_names]
        if not some:
            raise NothingFound(f"the demo has no cache {', '.join(cache_names or ())}")
        last = made.only(some).between(made.end - days * DAY, made.end)
        return Explored(last, "made up, by auditor.demo.weeks", "UTC")
    dsn = settings.dsn.get_secret_value()
    found = _read(dsn, days, cache_names, datetime.now(UTC))
    return Explored(found, place(dsn), settings.time_zone)


def _read(dsn: str, days: int, cache_names: Sequence[str] | None, now: datetime) -> Windows:
    with connect(dsn) as connection:
        settled = read_state(connection).get("settled_until", floor_minute(now))
        until = epoch_minute(min(settled, floor_minute(now)))
        since = until - days * DAY
        known = {each.cache_name for each in list_implementations(connection, since, until)}
        found = read_windows(connection, since, until, cache_names=cache_names)
    if not found.keys:
        there = f"; there is {', '.join(sorted(known))}" if known else ""
        raise NothingFound(f"there is no such window of the last {days} days{there}")
    first = int(np.argmax(found.present().any(axis=1)))
    return found.rows(first, found.shape[0])
