"""On which days a maintenance comes again: daily, on days of the week, on a day of the month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from auditor.maintaining.errors import MaintenanceInvalid

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST: Final = 0
"""Stands for the last day of a month, whichever that is."""
ALLOWED: Final = (
    "daily, days of the week such as sunday or monday,thursday, "
    "a day of the month such as day 1, or last day"
)
_MONTH_DAY = re.compile(r"day\s+(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Every:
    """weekdays: 0 (Monday) to 6; month_day: 1 to 31, or LAST. One of the two is given.

    A month that has no such day is passed over, as cron does.
    """

    weekdays: frozenset[int] = frozenset()
    month_day: int | None = None

    def __post_init__(self) -> None:
        by_week = bool(self.weekdays) and self.weekdays <= set(range(len(DAYS)))
        by_month = self.month_day is not None and LAST <= self.month_day <= 31
        if by_week == by_month or (self.weekdays and self.month_day is not None):
            raise MaintenanceInvalid(f"it must come {ALLOWED}")

    def falls_on(self, day: date) -> bool:
        """Whether it comes on this day."""
        if self.month_day is None:
            return day.weekday() in self.weekdays
        if self.month_day == LAST:
            return (day + timedelta(days=1)).day == 1
        return day.day == self.month_day

    def shortest_gap(self) -> timedelta:
        """The least time from one day that it comes on to the next."""
        if self.month_day is not None:
            return timedelta(days=28)
        ordered = sorted(self.weekdays)
        around = pairwise([*ordered, ordered[0] + len(DAYS)])
        return timedelta(days=min(second - first for first, second in around))

    def __str__(self) -> str:
        """As `every_of` reads it."""
        if self.month_day is not None:
            return "last day" if self.month_day == LAST else f"day {self.month_day}"
        if len(self.weekdays) == len(DAYS):
            return "daily"
        return ",".join(DAYS[day] for day in sorted(self.weekdays))


def every_of(text: str) -> Every:
    """What a text such as 'daily', 'sunday', 'mon,thu', 'day 1' or 'last day' says.

    Raises MaintenanceInvalid for anything else.
    """
    said = " ".join(text.lower().split())
    if said == "daily":
        return Every(frozenset(range(len(DAYS))))
    if said == "last day":
        return Every(month_day=LAST)
    by_month = _MONTH_DAY.fullmatch(said)
    if by_month is not None and 1 <= int(by_month[1]) <= 31:
        return Every(month_day=int(by_month[1]))
    names = [name.strip() for name in said.split(",")]
    days = [_weekday(name) for name in names]
    if None in days:
        raise MaintenanceInvalid(f"{text!r} is no day to come on; it may be {ALLOWED}")
    return Every(frozenset(day for day in days if day is not None))


def _weekday(name: str) -> int | None:
    """The place of a day's name or its first three letters in the week."""
    for place, day in enumerate(DAYS):
        if name in (day, day[:3]):
            return place
    return None
