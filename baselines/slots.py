"""Where in the week a minute lies, on the clock of the cache's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from baselines.series import IntArray

HOURS = 24
DAYS = 7
SLOTS = DAYS * HOURS
STEP = 5
"""Minutes of a step of the day."""
STEPS = 24 * 60 // STEP
WEEK = SLOTS * 60
"""Minutes of a week."""
_QUARTER = 15
_MONDAY = 4 * 24 * 60
"""Minutes from 1 January 1970, a Thursday, to the first Monday after it."""


def slots(minutes: IntArray, time_zone: str) -> IntArray:
    """Slot of the week of each minute: 0 is Monday 00:00-01:00, 167 Sunday 23:00-24:00.

    minutes: shape (m,), epoch minutes. time_zone: an IANA name.
    When clocks go back, the doubled hour falls into its slot twice; the skipped hour gets none.
    Raises zoneinfo.ZoneInfoNotFoundError for an unknown zone.
    """
    return minutes_of_week(minutes, time_zone) // 60


def minutes_of_week(minutes: IntArray, time_zone: str) -> IntArray:
    """Local minute of the week of each epoch minute, 0 (Monday 00:00) to 10,079; shape (m,).

    Raises zoneinfo.ZoneInfoNotFoundError for an unknown zone.
    """
    if minutes.size == 0:
        return minutes
    quarter = minutes // _QUARTER
    quarters = range(int(quarter.min()), int(quarter.max()) + 1)
    if len(quarters) > minutes.size:
        local = [_offset_minutes(int(each), time_zone) for each in quarter]
        return (minutes + np.array(local, dtype=np.int64) - _MONDAY) % WEEK
    offsets = np.array([_offset_minutes(each, time_zone) for each in quarters], dtype=np.int64)
    return (minutes + offsets[quarter - quarters.start] - _MONDAY) % WEEK


def hour_of_day(slot: IntArray) -> IntArray:
    """Hour 0..23 of a slot of the week."""
    return slot % HOURS


@lru_cache(maxsize=65536)
def _offset_minutes(quarter: int, time_zone: str) -> int:
    """Local minus UTC, at the start of a quarter of an hour (no zone changes within one)."""
    instant = datetime.fromtimestamp(quarter * _QUARTER * 60, tz=UTC)
    offset = instant.astimezone(ZoneInfo(time_zone)).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)
