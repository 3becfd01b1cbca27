"""Slots of the week on the clock of the cache's own zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pytest

from baselines.slots import SLOTS, hour_of_day, minutes_of_week, slots


def minute(*when: int, zone: str = "UTC") -> int:
    return int(datetime(*when, tzinfo=ZoneInfo(zone)).timestamp()) // 60  # type: ignore[misc, arg-type]


def slow_slot(epoch_minute: int, zone: str) -> int:
    local = datetime.fromtimestamp(epoch_minute * 60, tz=UTC).astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def test_monday_midnight_is_slot_0_and_sunday_night_167() -> None:
    found = slots(np.array([minute(2026, 1, 5), minute(2026, 1, 11, 23, 59)]), "UTC")
    assert found.tolist() == [0, SLOTS - 1]


@pytest.mark.parametrize(
    "zone",
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"],
)
def test_every_minute_of_a_year_agrees_with_the_calendar(zone: str) -> None:
    """The slow twin asks datetime for each; zones of a half and a quarter hour among them."""
    minutes = np.arange(minute(2026, 1, 1), minute(2027, 1, 1), 37, dtype=np.int64)
    found = slots(minutes, zone)
    assert found.tolist() == [slow_slot(int(each), zone) for each in minutes]


def test_the_doubled_hour_falls_into_its_slot_twice() -> None:
    """Berlin, 25 October 2026: 02:00-03:00 comes twice."""
    day = np.arange(
        minute(2026, 10, 25, zone="Europe/Berlin"), minute(2026, 10, 26, zone="Europe/Berlin")
    )
    counted = np.bincount(hour_of_day(slots(day, "Europe/Berlin")), minlength=24)
    assert day.size == 25 * 60
    assert counted[2] == 120
    assert set(np.delete(counted, 2)) == {60}


def test_the_skipped_hour_gets_no_minute() -> None:
    """Berlin, 29 March 2026: 02:00-03:00 does not exist."""
    day = np.arange(
        minute(2026, 3, 29, zone="Europe/Berlin"), minute(2026, 3, 30, zone="Europe/Berlin")
    )
    counted = np.bincount(hour_of_day(slots(day, "Europe/Berlin")), minlength=24)
    assert counted[2] == 0
    assert counted.sum() == 23 * 60


def test_minutes_of_week_run_within_the_week() -> None:
    found = minutes_of_week(np.arange(minute(2026, 1, 5), minute(2026, 1, 12)), "UTC")
    assert found.tolist() == list(range(SLOTS * 60))


def test_no_minutes_give_no_slots() -> None:
    assert slots(np.array([], dtype=np.int64), "UTC").size == 0


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        slots(np.array([0]), "Mars/Olympus")
