"""Which windows lay in maintenance, as plain spans and back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import numpy as np

from auditor.maintaining.cover import held_spans, of_spans, under_maintenance
from auditor.maintaining.every import every_of
from auditor.maintaining.maintenance import Maintenance, Once, Recurring
from baselines.series import SeriesKey

KEYS = (SeriesKey("pages", "new"), SeriesKey("sessions", "legacy"), SeriesKey("sessions", "new"))
START = 29_449_440


def at(minute: float) -> datetime:
    return datetime.fromtimestamp((START + minute) * 60, UTC)


SEVERAL = [
    Maintenance(Once(at(-5), at(10)), "sessions"),
    Maintenance(Once(at(10), at(12.5)), "sessions", "new"),
    Maintenance(Once(at(30), at(32)), "sessions", "new", ended=at(30.2)),
    Maintenance(Recurring(every_of("daily"), time(1), timedelta(minutes=3), "UTC", at(-9))),
]


def test_spans_are_whole_minutes_within_the_block_joined_where_they_touch() -> None:
    assert held_spans(KEYS, START, START + 62, SEVERAL) == [
        (KEYS[0], START + 60, START + 62),
        (KEYS[1], START, START + 10),
        (KEYS[1], START + 60, START + 62),
        (KEYS[2], START, START + 13),
        (KEYS[2], START + 30, START + 31),
        (KEYS[2], START + 60, START + 62),
    ]


def test_spans_hold_exactly_what_they_were_made_from() -> None:
    minutes = np.arange(START, START + 62)
    again = of_spans(held_spans(KEYS, START, START + 62, SEVERAL))
    held = under_maintenance(KEYS, minutes, SEVERAL)
    assert (under_maintenance(KEYS, minutes, again) == held).all()
    assert held_spans(KEYS, START, START + 62, []) == []
