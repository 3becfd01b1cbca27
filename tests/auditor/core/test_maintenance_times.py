"""What a person types about a maintenance, and what a clock shows on the days that it is changed.

Known changes: Berlin goes from 02:00 on to 03:00 on 2026-03-29 (01:00 UTC), and from 03:00 back to
02:00 on 2026-10-25 (01:00 UTC); Lord Howe changes by half an hour.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.maintaining.asked import length, moment, when_of
from auditor.maintaining.clock import first_shown, the_instant
from auditor.maintaining.errors import MaintenanceInvalid
from auditor.maintaining.every import LAST, Every, every_of
from auditor.maintaining.maintenance import Maintenance, Once, Recurring

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)  # 13:00:30 in Berlin, a Sunday


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# The clock ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("local", "zone", "instant"),
    [
        ("2026-07-01 02:30", BERLIN, "2026-07-01 00:30"),
        ("2026-03-29 02:00", BERLIN, "2026-03-29 01:00"),  # skipped: the jump
        ("2026-03-29 02:30", BERLIN, "2026-03-29 01:00"),
        ("2026-03-29 03:00", BERLIN, "2026-03-29 01:00"),  # and what it jumps to is there
        ("2026-10-25 02:30", BERLIN, "2026-10-25 00:30"),  # doubled: the first
        ("2026-10-25 03:00", BERLIN, "2026-10-25 02:00"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-03 15:30"),
        ("2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04 14:45"),
        ("2026-02-28 12:00", "Asia/Kolkata", "2026-02-28 06:30"),
    ],
)
def test_the_first_instant_at_which_a_clock_shows_a_time(
    local: str, zone: str, instant: str
) -> None:
    assert first_shown(datetime.fromisoformat(local), zone) == utc(instant)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Atlantic/Azores"]),
    day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    minute=st.integers(0, 1439),
)
def test_it_is_what_looking_at_the_clock_each_minute_finds(
    zone: str, day: date, minute: int
) -> None:
    """The slow twin: from two days before, the first minute at which it is that late."""
    local = datetime.combine(day, time(minute // 60, minute % 60))
    looked = datetime.combine(day, time(0), UTC) - timedelta(days=2)
    while looked.astimezone(ZoneInfo(zone)).replace(tzinfo=None) < local:
        looked += timedelta(minutes=1)
    assert first_shown(local, zone) == looked


def test_a_time_that_does_not_come_or_comes_twice_is_asked_about() -> None:
    with pytest.raises(MaintenanceInvalid, match=r"does not exist: .* from 02:00 on to 03:00"):
        the_instant(datetime.fromisoformat("2026-03-29 02:30"), BERLIN)
    twice = r"comes twice: .* '2026-10-25 02:30\+02:00' or '2026-10-25 02:30\+01:00'"
    with pytest.raises(MaintenanceInvalid, match=twice):
        the_instant(datetime.fromisoformat("2026-10-25 02:30"), BERLIN)
    assert moment("2026-10-25 02:30+01:00", BERLIN, NOW) == utc("2026-10-25 01:30")


# Days --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "days", "month_day", "said"),
    [
        ("daily", range(7), None, "daily"),
        ("Sunday", [6], None, "sunday"),
        ("thu, mon", [0, 3], None, "monday,thursday"),
        ("day 1", [], 1, "day 1"),
        ("DAY  31", [], 31, "day 31"),
        ("last day", [], LAST, "last day"),
    ],
)
def test_a_day_to_come_on_is_read_and_told(
    text: str, days: range | list[int], month_day: int | None, said: str
) -> None:
    every = every_of(text)
    assert every == Every(frozenset(days), month_day)
    assert str(every) == said
    assert every_of(said) == every


@pytest.mark.parametrize("text", ["", "sometimes", "day 0", "day 32", "day", "sun,day 1", "mon,"])
def test_another_day_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(MaintenanceInvalid, match=r"it may be daily, .* or last day"):
        every_of(text)


def test_days_of_the_month_are_those_of_the_calendar() -> None:
    """2026 is no leap year: seven months have a 31st, each has a last day."""
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    last = [day for day in year if Every(month_day=LAST).falls_on(day)]
    assert [(day.month, day.day) for day in last[:4]] == [(1, 31), (2, 28), (3, 31), (4, 30)]
    assert len(last) == 12
    assert [d.month for d in year if every_of("day 31").falls_on(d)] == [1, 3, 5, 7, 8, 10, 12]
    assert sum(every_of("monday,thursday").falls_on(day) for day in year) == 52 + 53


@pytest.mark.parametrize(
    ("text", "gap"), [("daily", 1), ("sunday", 7), ("mon,thu", 3), ("sun,mon", 1), ("day 1", 28)]
)
def test_the_shortest_time_between_two(text: str, gap: int) -> None:
    assert every_of(text).shortest_gap() == timedelta(days=gap)


# What can be meant -------------------------------------------------------------------------------


def test_lengths_are_lengths_of_real_time() -> None:
    """From 22:00 summer time to 06:00 winter time nine hours pass, whatever the clock shows."""
    zone = ZoneInfo(BERLIN)
    night = Once(datetime(2026, 10, 24, 22, tzinfo=zone), datetime(2026, 10, 25, 6, tzinfo=zone))
    assert night.until - night.since == timedelta(hours=9)


@pytest.mark.parametrize(
    ("since", "until", "fault"),
    [
        ("2026-11-22T22:00Z", "2026-11-22T22:00Z", "ends before it has begun"),
        ("2026-11-22T22:00Z", "2026-11-22T22:00:59Z", "it may last 1 minute to 31 days"),
        ("2026-11-22T22:00Z", "2027-01-22T22:00Z", "it lasts 61 days; it may last 1 minute to 31"),
        ("2026-11-22T22:00", "2026-11-22T23:00Z", "2026-11-22 22:00 has no time zone"),
        ("1026-11-22T22:00Z", "2026-11-22T23:00Z", "the year 1026 is not 1970 to 2199"),
    ],
)
def test_a_span_that_cannot_be_is_refused_in_words(since: str, until: str, fault: str) -> None:
    with pytest.raises(MaintenanceInvalid, match=fault):
        Once(datetime.fromisoformat(since), datetime.fromisoformat(until))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"length": timedelta(hours=24)}, "lasts 24 h and comes again after 24 h, so it would nev"),
        ({"length": timedelta(seconds=59)}, "it may last 1 minute to 31 days"),
        ({"time_zone": "Mars/Olympus"}, "'Mars/Olympus' is not a time zone"),
        ({"time_zone": "../etc"}, "is not a time zone"),
        ({"at": time(2, 30, 1)}, "a local time on the minute"),
        ({"until": utc("2026-01-01")}, "the last day that it may begin on lies before the first"),
    ],
)
def test_what_comes_again_and_cannot_be_is_refused(change: dict[str, object], fault: str) -> None:
    asked: dict[str, object] = {
        "every": every_of("daily"), "at": time(2, 30), "length": timedelta(hours=2),
        "time_zone": BERLIN, "since": utc("2026-01-01"),
    }  # fmt: skip
    with pytest.raises(MaintenanceInvalid, match=fault):
        Recurring(**(asked | change))  # type: ignore[arg-type]  # wrong on purpose


def test_names_reasons_and_signatures_have_bounds() -> None:
    when = Once(NOW, NOW + timedelta(hours=1))
    for wrong in ({"cache_name": ""}, {"reason": "x" * 2001}, {"by": "x" * 201}):
        with pytest.raises(MaintenanceInvalid):
            Maintenance(when, **wrong)  # type: ignore[arg-type]  # wrong on purpose


# What is typed -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minutes"), [("2h", 120), ("90m", 90), ("1h30m", 90), ("1d 12h", 2160), ("5 min", 5)]
)
def test_lengths_are_read(text: str, minutes: int) -> None:
    assert length(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2h foo", "1.5h", "2 weeks"])
def test_another_length_is_refused(text: str) -> None:
    with pytest.raises(MaintenanceInvalid, match="is no length of time; write it as 2h"):
        length(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22 22:00", "2026-11-22 21:00"),
        ("2026-11-23", "2026-11-22 23:00"),
        ("2026-11-22T22:00Z", "2026-11-22 22:00"),
        ("13:01", "2026-11-22 12:01"),  # in half a minute
        ("13:00", "2026-11-23 12:00"),  # half a minute ago: tomorrow's
        ("6:00", "2026-11-23 05:00"),
    ],
)
def test_moments_are_read_on_the_clock_of_the_zone(text: str, instant: str) -> None:
    assert moment(text, BERLIN, NOW) == utc(instant)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "12:60", "2026-13-01", "9999-12-31 23:59"])
def test_another_moment_is_refused(text: str) -> None:
    with pytest.raises(MaintenanceInvalid):
        moment(text, BERLIN, NOW)


def test_once_is_for_a_length_or_until_a_time_from_now_or_later() -> None:
    first = when_of(NOW, BERLIN, begins="2026-11-22 22:00", lasts="2h")
    assert first == Once(utc("2026-11-22 21:00"), utc("2026-11-22 23:00"))
    assert when_of(NOW, BERLIN, lasts="30m") == Once(NOW, NOW + timedelta(minutes=30))
    night = when_of(NOW, BERLIN, begins="22:00", ends="06:00")
    assert night == Once(utc("2026-11-22 21:00"), utc("2026-11-23 05:00"))
    for wrong in ({"lasts": "2h", "ends": "23:00"}, {}):
        with pytest.raises(MaintenanceInvalid, match="for how long, or until when"):
            when_of(NOW, BERLIN, begins="22:00", **wrong)


def test_what_comes_again_begins_on_the_day_that_is_named() -> None:
    when = when_of(NOW, BERLIN, begins="2026-11-29 02:30", lasts="2h", every="sunday")
    assert isinstance(when, Recurring)
    assert (when.at, when.since) == (time(2, 30), utc("2026-11-29 01:30"))
    offset = when_of(NOW, BERLIN, begins="2026-11-29 02:30Z", lasts="2h", every="sunday")
    assert isinstance(offset, Recurring)
    assert (offset.at, offset.since) == (time(3, 30), utc("2026-11-29 02:30"))
    skipped = when_of(NOW, BERLIN, begins="2026-03-29 02:30", lasts="2h", every="daily")
    assert isinstance(skipped, Recurring)
    assert (skipped.at, skipped.since) == (time(2, 30), utc("2026-03-29 01:00"))


def test_what_comes_again_without_a_day_counts_if_it_would_be_on_now() -> None:
    """Told at 13:00 of what began at 12:00 and lasts two hours, today is meant as well."""
    when = when_of(NOW, BERLIN, begins="12:00", lasts="2h", every="daily", ends="2026-12-24")
    assert isinstance(when, Recurring)
    assert when.since == NOW - timedelta(hours=2)
    assert when.until == utc("2026-12-23 23:00")


@pytest.mark.parametrize("missing", ["begins", "lasts"])
def test_what_comes_again_needs_a_time_of_day_and_a_length(missing: str) -> None:
    asked = {"begins": "02:30", "lasts": "2h", "every": "daily"}
    del asked[missing]
    with pytest.raises(MaintenanceInvalid, match="what comes again needs"):
        when_of(NOW, BERLIN, **asked)
