"""The rows of a history on the local week, worked out once for all that is learned from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines.ranks import places
from baselines.series import FloatArray, IntArray
from baselines.slots import DAYS, HOURS, SLOTS, STEP, STEPS, minutes_of_week


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where rows lie in the local week; arrays of shape (k,).

    minute, slot: of the week; hour: of the day. cell: step of the day, of each day for itself:
    day x STEPS + step, days counted from 0. days: how many there are. place: in lines of one slot
    each, that are `width` long.
    """

    minute: IntArray
    slot: IntArray
    hour: IntArray
    cell: IntArray
    place: IntArray
    days: int
    width: int

    @staticmethod
    def of(minutes: IntArray, time_zone: str) -> Calendar:
        """minutes: epoch minutes in order, shape (k,).

        Raises zoneinfo.ZoneInfoNotFoundError for an unknown zone.
        """
        local = minutes_of_week(minutes, time_zone)
        slot, midnight = local // 60, local // 1440
        day = np.cumsum(np.diff(midnight, prepend=midnight[:1]) != 0)
        place, width = places(slot, SLOTS)
        cell = day * STEPS + local // STEP % STEPS
        days = int(day[-1]) + 1 if day.size else 0
        return Calendar(local, slot, slot % HOURS, cell, place, days, width)

    def take(self, rows: IntArray) -> Calendar:
        """Some of the rows, by their places."""
        return Calendar(
            self.minute[rows],
            self.slot[rows],
            self.hour[rows],
            self.cell[rows],
            self.place[rows],
            self.days,
            self.width,
        )

    def by_slot(self, values: FloatArray) -> FloatArray:
        """Values of the rows in lines of one slot of the week each, NaN where there is none."""
        lines = np.full(SLOTS * self.width, np.nan)
        lines[self.place] = values
        return lines.reshape(SLOTS, self.width)

    def by_hour(self, values: FloatArray) -> FloatArray:
        """The same in lines of one hour of the day each."""
        return hours_of(self.by_slot(values))


def hours_of(lines: FloatArray) -> FloatArray:
    """Lines of slots made lines of hours of the day, shape (24, 7 width)."""
    week = lines.reshape(DAYS, HOURS, -1)
    return week.transpose(1, 0, 2).reshape(HOURS, -1)
