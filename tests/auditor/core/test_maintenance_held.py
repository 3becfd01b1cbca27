"""When maintenance holds: which spans it is made of, and which windows of a block lie in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.maintaining.cover import since_maintenance, under_maintenance
from auditor.maintaining.every import Every, every_of
from auditor.maintaining.maintenance import Maintenance, Once, Recurring
from auditor.maintaining.occurrences import Occurrence, occurrences, standing
from auditor.maintaining.wording import length_words, scope_words, standing_words, when_words
from baselines.series import BoolArray, SeriesKey

BERLIN = "Europe/Berlin"
LEGACY, NEW, OTHER = (
    SeriesKey("sessions", "legacy"), SeriesKey("sessions", "new"), SeriesKey("prices", "new"),
)  # fmt: skip
KEYS = (LEGACY, NEW, OTHER)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def again(
    every: str, at: str, hours: float, *, since: str = "2020-01-01", until: str = ""
) -> Maintenance:
    """Recurring, on the clock of Berlin."""
    when = Recurring(
        every_of(every), time.fromisoformat(at), timedelta(hours=hours), BERLIN, utc(since),
        utc(until) if until else None,
    )  # fmt: skip
    return Maintenance(when, time_zone=BERLIN)


def spans(maintenance: Maintenance, since: str, until: str) -> list[tuple[str, str]]:
    """Occurrences as text, UTC."""
    found = occurrences(maintenance, utc(since), utc(until))
    return [(f"{each.since:%m-%d %H:%M}", f"{each.until:%m-%d %H:%M}") for each in found]


# Spans -------------------------------------------------------------------------------------------


def test_a_night_goes_over_midnight_and_the_end_of_the_month() -> None:
    """22:00 to 04:00 in Berlin, an hour earlier in UTC; one that began yesterday is there."""
    nightly = again("daily", "22:00", 6)
    assert spans(nightly, "2026-01-31 12:00", "2026-02-02 12:00") == [
        ("01-31 21:00", "02-01 03:00"), ("02-01 21:00", "02-02 03:00"),
    ]  # fmt: skip
    assert spans(nightly, "2026-02-01 02:59", "2026-02-01 03:00") == [
        ("01-31 21:00", "02-01 03:00")
    ]
    assert spans(nightly, "2026-02-01 03:00", "2026-02-01 21:00") == []


def test_the_last_day_of_a_month_reaches_into_the_next() -> None:
    monthly = again("last day", "23:00", 3)
    assert spans(monthly, "2026-02-02", "2026-04-02") == [
        ("02-28 22:00", "03-01 01:00"), ("03-31 21:00", "04-01 00:00"),
    ]  # fmt: skip
    assert spans(again("day 31", "12:00", 1), "2026-01-01", "2026-04-30") == [
        ("01-31 11:00", "01-31 12:00"), ("03-31 10:00", "03-31 11:00"),
    ]  # fmt: skip


def test_in_the_skipped_hour_it_begins_at_the_jump_and_is_as_long_as_ever() -> None:
    """2026-03-29, 02:30 does not come in Berlin: from 03:00 on, for two hours."""
    assert spans(again("sunday", "02:30", 2), "2026-03-20", "2026-04-06") == [
        ("03-22 01:30", "03-22 03:30"), ("03-29 01:00", "03-29 03:00"),
        ("04-05 00:30", "04-05 02:30"),
    ]  # fmt: skip


def test_in_the_doubled_hour_it_begins_the_first_time_and_once() -> None:
    """2026-10-25: 02:30 comes at 00:30 and at 01:30 UTC; two hours of real time."""
    assert spans(again("daily", "02:30", 2), "2026-10-25", "2026-10-26") == [
        ("10-25 00:30", "10-25 02:30"),
    ]  # fmt: skip


def test_an_hour_that_is_doubled_or_skipped_within_it_changes_no_length() -> None:
    nightly = again("daily", "22:00", 8)
    for since, until in (("2026-03-28 12:00", "2026-03-29 12:00"),
                         ("2026-10-24 12:00", "2026-10-25 12:00")):  # fmt: skip
        (night,) = occurrences(nightly, utc(since), utc(until))
        assert night.until - night.since == timedelta(hours=8)


def test_it_begins_only_between_since_and_until_and_then_runs_to_its_end() -> None:
    """From the second Monday on; the fourth is the first that may no longer begin."""
    mondays = again("monday", "12:00", 2, since="2026-06-08 10:00", until="2026-06-22 10:00")
    assert spans(mondays, "2026-01-01", "2027-01-01") == [
        ("06-08 10:00", "06-08 12:00"), ("06-15 10:00", "06-15 12:00"),
    ]  # fmt: skip
    longer = again("monday", "12:00", 2, since="2026-06-08 10:01", until="2026-06-22 10:01")
    assert spans(longer, "2026-01-01", "2027-01-01") == [
        ("06-15 10:00", "06-15 12:00"), ("06-22 10:00", "06-22 12:00"),
    ]  # fmt: skip


def with_ends(
    maintenance: Maintenance, *, ended: str = "", cut: tuple[str, ...] = ()
) -> Maintenance:
    return Maintenance(
        maintenance.when, time_zone=BERLIN, ended=utc(ended) if ended else None,
        cut=tuple(utc(each) for each in cut),
    )  # fmt: skip


def test_ended_early_it_ends_then_and_does_not_come_again() -> None:
    nightly = with_ends(again("daily", "22:00", 6), ended="2026-06-02 22:15")
    assert spans(nightly, "2026-06-01", "2026-06-09") == [
        ("05-31 20:00", "06-01 02:00"), ("06-01 20:00", "06-02 02:00"),
        ("06-02 20:00", "06-02 22:15"),
    ]  # fmt: skip
    assert standing(nightly, utc("2026-06-02 22:14")).state == "on"
    assert standing(nightly, utc("2026-06-02 22:15")).state == "over"


def test_ended_before_it_began_it_never_held() -> None:
    once = Maintenance(Once(utc("2026-06-02 20:00"), utc("2026-06-02 22:00")))
    assert spans(once, "2026-06-01", "2026-06-09") == [("06-02 20:00", "06-02 22:00")]
    assert spans(with_ends(once, ended="2026-06-02 20:00"), "2026-06-01", "2026-06-09") == []


def test_a_cut_ends_the_occurrence_that_is_on_and_no_other() -> None:
    nightly = with_ends(again("daily", "22:00", 6), cut=("2026-06-01 21:00", "2026-06-03 12:00"))
    assert spans(nightly, "2026-06-01 12:00", "2026-06-04") == [
        ("06-01 20:00", "06-01 21:00"), ("06-02 20:00", "06-03 02:00"),
        ("06-03 20:00", "06-04 02:00"),
    ]  # fmt: skip
    found = standing(nightly, utc("2026-06-01 21:00"))
    assert (found.state, found.following) == (
        "planned", Occurrence(utc("2026-06-02 20:00"), utc("2026-06-03 02:00")),
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "UTC"]),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    minute=st.integers(0, 1439),
    length=st.integers(1, 1439),
    near=st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8),
                          date(2026, 4, 5), date(2026, 12, 31)]),
)  # fmt: skip
def test_it_is_what_looking_at_the_clock_each_minute_finds(
    zone: str, weekdays: frozenset[int], minute: int, length: int, near: date
) -> None:
    """The slow twin: each day that it comes on begins once, when the clock is first that late."""
    first = datetime.combine(near, time(0), UTC) - timedelta(days=3)
    at, every = time(minute // 60, minute % 60), Every(weekdays)
    held, begun, until = set(), set(), None
    for number in range(6 * 1440):
        now = first + timedelta(minutes=number)
        local = now.astimezone(ZoneInfo(zone))
        day = local.date()
        if every.falls_on(day) and local.time() >= at and day not in begun:
            begun.add(day)
            if number:  # what had begun before the twin looked is not its business
                until = max(until or now, now + timedelta(minutes=length))
        if until is not None and now < until:
            held.add(number)
    when = Recurring(every, at, timedelta(minutes=length), zone, first + timedelta(minutes=1))
    start = int(first.timestamp()) // 60
    found = under_maintenance(
        [NEW], np.arange(start, start + 6 * 1440), [Maintenance(when, time_zone=zone)]
    )
    assert set(np.flatnonzero(found[:, 0]).tolist()) == held


# How it stands -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "state", "following"),
    [
        ("2026-06-01 19:59", "planned", "06-01 20:00"),
        ("2026-06-01 20:00", "on", "06-02 20:00"),
        ("2026-06-02 01:59", "on", "06-02 20:00"),
        ("2026-06-02 02:00", "planned", "06-02 20:00"),
        ("2026-06-02 20:00", "on", ""),
        ("2026-06-03 02:00", "over", ""),
    ],
)
def test_it_is_on_planned_or_over(now: str, state: str, following: str) -> None:
    """Two nights, the second being the last."""
    nights = again("daily", "22:00", 6, since="2026-06-01 20:00", until="2026-06-03 20:00")
    found = standing(nights, utc(now))
    assert found.state == state
    assert (f"{found.following.since:%m-%d %H:%M}" if found.following else "") == following


def test_what_comes_seldom_or_only_in_years_has_a_next_time() -> None:
    """After the 31st of January comes that of March, after that of July the one of August."""
    monthly = again("day 31", "12:00", 1)
    for now, then in (("2026-01-31 12:00", "03-31"), ("2026-07-31 12:00", "08-31")):
        found = standing(monthly, utc(now)).following
        assert found is not None
        assert f"{found.since:%m-%d}" == then
    later = again("sunday", "12:00", 1, since="2031-01-01")
    found = standing(later, utc("2026-01-31")).following
    assert found is not None
    assert found.since == utc("2031-01-05 11:00")


def test_it_is_told_in_words() -> None:
    nightly = again("monday,thursday", "22:00", 1.5, until="2026-12-24")
    assert when_words(nightly) == (
        f"monday,thursday 22:00 for 1 h 30 min {BERLIN}, until 2026-12-24 01:00"
    )
    once = Maintenance(Once(utc("2026-06-02 20:00"), utc("2026-06-02 22:00")), time_zone=BERLIN)
    assert when_words(once) == f"2026-06-02 22:00 to 2026-06-03 00:00 {BERLIN}"
    now = utc("2026-06-02 20:30:30")
    assert standing_words(standing(once, now), now) == "on for 1 h 30 min more"
    before = utc("2026-05-30 16:00")
    assert standing_words(standing(once, before), before) == "begins in 3 d 4 h"
    assert length_words(timedelta()) == "0 min"
    scopes = ((None, None), ("a", None), ("a", "b"), (None, "b"))
    told = ["every cache", "a", "a/b", "b of every cache"]
    assert [scope_words(*scope) for scope in scopes] == told


# Windows -----------------------------------------------------------------------------------------

START = int(utc("2026-06-02 20:00").timestamp()) // 60


def held(maintenance: Maintenance, first: int, last: int) -> BoolArray:
    """Of minutes first..last after START, shape (m, 3)."""
    return under_maintenance(KEYS, np.arange(START + first, START + last), [maintenance])


def rows(found: BoolArray, column: int = 0) -> list[int]:
    return np.flatnonzero(found[:, column]).tolist()


def test_a_window_is_held_up_to_exactly_the_end() -> None:
    """[20:02, 20:05): the windows of 20:02, 20:03 and 20:04."""
    once = Maintenance(Once(utc("2026-06-02 20:02"), utc("2026-06-02 20:05")))
    assert rows(held(once, 0, 8)) == [2, 3, 4]


def test_a_window_that_is_touched_is_held() -> None:
    """Ended at 20:04:00.5, the window of 20:04 has seen maintenance; at 20:04:00 it has not."""
    within = Once(utc("2026-06-02 20:02:59"), utc("2026-06-02 20:04:00.500000"))
    assert rows(held(Maintenance(within), 0, 8)) == [2, 3, 4]
    planned = Maintenance(Once(utc("2026-06-02 20:02"), utc("2026-06-02 21:00")))
    assert rows(held(with_ends(planned, ended="2026-06-02 20:04"), 0, 8)) == [2, 3]


@pytest.mark.parametrize(
    ("cache", "implementation", "expected"),
    [
        (None, None, [True, True, True]),
        ("sessions", None, [True, True, False]),
        ("sessions", "new", [False, True, False]),
        (None, "new", [False, True, True]),
        ("session", None, [False, False, False]),
    ],
)
def test_it_holds_for_its_scope(
    cache: str | None, implementation: str | None, expected: list[bool]
) -> None:
    once = Once(utc("2026-06-02 20:00"), utc("2026-06-02 21:00"))
    found = held(Maintenance(once, cache, implementation), 0, 3)
    assert found.tolist() == [expected] * 3


def test_several_add_up_and_the_block_does_not_matter() -> None:
    """The same minutes in one block, in pieces, and in another order."""
    several = [
        Maintenance(Once(utc("2026-06-02 20:02"), utc("2026-06-02 20:05")), "sessions"),
        again("daily", "22:04", 0.1),
        again("tuesday", "23:30", 2),
    ]
    minutes = np.arange(START, START + 400)
    whole = under_maintenance(KEYS, minutes, several)
    assert rows(whole)[:8] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert rows(whole, 2)[:6] == [4, 5, 6, 7, 8, 9]
    assert rows(whole)[-1] == 90 + 119
    pieces = [under_maintenance(KEYS, minutes[i : i + 7], several) for i in range(0, 400, 7)]
    assert np.array_equal(np.concatenate(pieces), whole)
    backwards = under_maintenance(KEYS, minutes[::-1], several[::-1])
    assert np.array_equal(backwards[::-1], whole)
    assert under_maintenance(KEYS, minutes[:0], several).shape == (0, 3)
    assert not under_maintenance(KEYS, minutes, []).any()


def test_the_time_since_maintenance_is_counted_up_to_a_bound() -> None:
    found = np.zeros((10, 2), dtype=np.bool_)
    found[2:4, 0] = found[5, 0] = True
    assert since_maintenance(found, 3)[:, 0].tolist() == [3, 3, 0, 0, 1, 0, 1, 2, 3, 3]
    assert since_maintenance(found, 60)[:, 0].tolist() == [60, 60, 0, 0, 1, 0, 1, 2, 3, 4]
    assert since_maintenance(found, 1)[:, 0].tolist() == [1, 1, 0, 0, 1, 0, 1, 1, 1, 1]
    assert since_maintenance(found, 3)[:, 1].tolist() == [3] * 10
    later = since_maintenance(found, 3)[4:]
    assert np.array_equal(since_maintenance(found[1:], 3)[3:], later)
    assert since_maintenance(found[:0], 3).shape == (0, 2)
