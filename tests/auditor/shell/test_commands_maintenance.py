"""`maintenance add|list|end|remove` as a person uses them, and what the tick reads of it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest

from auditor.errors import NothingFound
from auditor.maintaining.cover import under_maintenance
from auditor.maintaining.every import every_of
from auditor.maintaining.maintenance import Maintenance, Once, Recurring
from auditor.stores.maintenance import (
    add_maintenance,
    count_in_scope,
    cut_maintenance,
    end_maintenance,
    find_maintenance,
    list_maintenance,
    read_maintenance,
    remove_maintenance,
)
from baselines.series import SeriesKey
from tests.auditor.shell.tool import document, tool
from tests.postgres_clusters import Database

BERLIN = "Europe/Berlin"
SUNDAYS = Recurring(
    every_of("sunday"), time(2, 30), timedelta(hours=2), BERLIN,
    datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC),
)  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# The store ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "when",
    [
        Once(utc("2026-06-02 20:00:30.000001"), utc("2026-06-02 22:00")),
        SUNDAYS,
        Recurring(every_of("last day"), time(23), timedelta(minutes=90), "UTC", utc("2026-01-01")),
    ],
)
def test_what_is_stored_comes_back_the_same(database: Database, when: Once | Recurring) -> None:
    """Whatever clock the connection is on."""
    connection = database.connect(options="-c timezone=America/New_York")
    asked = Maintenance(when, "sessions", "new", "deploy", "ann", BERLIN)
    id_ = add_maintenance(connection, asked)
    (found,) = read_maintenance(connection, utc("2026-01-04 00:00"), utc("2026-12-27 12:00"))
    assert found == Maintenance(when, "sessions", "new", "deploy", "ann", BERLIN, id_)
    assert find_maintenance(connection, id_).maintenance() == found


def test_what_was_ended_and_cut_comes_back(database: Database) -> None:
    connection = database.connect()
    id_ = add_maintenance(connection, Maintenance(SUNDAYS, by="ann"))
    for cut in (utc("2026-06-07 01:00"), utc("2026-06-14 01:00")):
        assert cut_maintenance(connection, id_, cut)
    assert end_maintenance(connection, id_, utc("2026-06-21 01:00"), "ben")
    assert not end_maintenance(connection, id_, utc("2026-06-28 01:00"), "eve")
    row = find_maintenance(connection, id_)
    assert (row.ended_at, row.ended_by) == (utc("2026-06-21 01:00"), "ben")
    assert row.maintenance().cut == (utc("2026-06-07 01:00"), utc("2026-06-14 01:00"))


def test_only_what_may_hold_in_a_span_is_read(database: Database) -> None:
    """A recurring one may hold for its length beyond the last time that it may begin."""
    connection = database.connect()
    june = Once(utc("2026-06-02 20:00"), utc("2026-06-02 22:00"))
    once = add_maintenance(connection, Maintenance(june, by="ann"))
    weekly = add_maintenance(connection, Maintenance(SUNDAYS, by="ann"))
    ended = add_maintenance(connection, Maintenance(SUNDAYS, by="ann"))
    end_maintenance(connection, ended, utc("2026-06-01"), "ann")

    def read(since: str, until: str) -> list[int | None]:
        return [each.id for each in read_maintenance(connection, utc(since), utc(until))]

    assert read("2026-06-02 21:59", "2026-06-02 22:30") == [once, weekly]
    assert read("2026-06-02 22:00", "2026-06-02 22:30") == [weekly]
    assert read("2026-06-02 19:00", "2026-06-02 20:00") == [weekly]
    assert read("2026-05-31 23:59", "2026-06-01 01:00") == [weekly, ended]
    assert read("2027-01-01 01:59", "2027-01-01 03:00") == [weekly]
    assert read("2027-01-01 02:00", "2027-01-01 03:00") == []


def test_a_row_that_cannot_be_read_holds_nothing_and_stops_nothing(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """A time zone is all that the database cannot check."""
    connection = database.connect()
    good = add_maintenance(connection, Maintenance(SUNDAYS, by="ann"))
    connection.execute(
        "insert into monitoring.cache_maintenance (since, until, time_zone, entered_by)"
        " values ('2026-06-02 20:00Z', '2026-06-02 22:00Z', 'Mars/Olympus', 'eve')"
    )
    with caplog.at_level(logging.WARNING):
        found = read_maintenance(connection, utc("2026-06-02 21:00"), utc("2026-06-02 21:01"))
    assert [each.id for each in found] == [good]
    assert "cannot be read, and holds nothing: 'Mars/Olympus' is not a time zone" in caplog.text
    (bad,) = (row for row in shown(database) if row["state"] == "unreadable")
    assert "Mars/Olympus" in bad["standing"]


def test_its_scope_is_counted(database: Database) -> None:
    connection = database.connect()
    connection.execute(
        "insert into monitoring.cache_series select c, i, n, now(), now()"
        " from unnest(array['sessions', 'prices']) as c, unnest(array['legacy', 'new']) as i,"
        " unnest(array['', 'host']) as n"
    )
    once = Once(utc("2026-06-02 20:00"), utc("2026-06-02 22:00"))
    scopes = ((None, None), ("sessions", None), (None, "new"), ("prices", "new"), ("price", None))
    counts = [count_in_scope(connection, Maintenance(once, *scope)) for scope in scopes]
    assert counts == [4, 2, 2, 1, 0]


def test_what_is_not_there_is_said(database: Database) -> None:
    connection = database.connect()
    with pytest.raises(NothingFound, match="there is no maintenance 7"):
        find_maintenance(connection, 7)
    assert not remove_maintenance(connection, 7)
    assert not cut_maintenance(connection, 7, utc("2026-06-02 20:00"))
    assert list_maintenance(connection) == []


# The commands ------------------------------------------------------------------------------------


def added(database: Database, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = document("maintenance", "add", "--by", "ann", *words, dsn=database.dsn)
    return found


def shown(database: Database, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document("maintenance", "list", *words, dsn=database.dsn)
    return found


def held(connection: psycopg.Connection, at: datetime) -> bool:
    """Whether the window of a minute is in maintenance for sessions/new."""
    minute = int(at.timestamp()) // 60
    span = datetime.fromtimestamp(minute * 60, UTC)
    several = read_maintenance(connection, span, span + timedelta(minutes=1))
    return bool(under_maintenance([SeriesKey("sessions", "new")], np.array([minute]), several)[0])


def test_maintenance_is_planned_on_the_clock_of_its_zone(database: Database) -> None:
    """22:00 for two hours in Berlin, in winter: 21:00 to 23:00 UTC, and not a minute more."""
    found = added(
        database, "--cache", "sessions", "--from", "2095-11-22 22:00", "--for", "2h",
        "--time-zone", BERLIN, "--reason", "resize",
    )  # fmt: skip
    assert found["when"] == f"2095-11-22 22:00 to 2095-11-23 00:00 {BERLIN}"
    assert found["following"] == {"since": "2095-11-22T21:00:00Z", "until": "2095-11-22T23:00:00Z"}
    assert (found["scope"], found["state"], found["reason"]) == ("sessions", "planned", "resize")
    connection, end = database.connect(), utc("2095-11-22 23:00")
    minute = timedelta(minutes=1)
    assert not held(connection, utc("2095-11-22 20:59"))
    assert held(connection, utc("2095-11-22 21:00"))
    assert held(connection, end - minute)
    assert not held(connection, end)


def test_the_time_zone_is_the_settings_unless_it_is_named(database: Database) -> None:
    words = ("--all-caches", "--from", "2095-11-22 22:00", "--for", "2h", "--json")
    done = tool(
        "maintenance", "add", *words, dsn=database.dsn, CACHE_AUDITOR_TIME_ZONE="Asia/Kolkata"
    )
    found = json.loads(done.stdout)
    assert found["time_zone"] == "Asia/Kolkata"
    assert found["following"]["since"] == "2095-11-22T16:30:00Z"


def test_what_comes_again_is_listed_with_its_next_time(database: Database) -> None:
    found = added(
        database, "--cache", "sessions", "--implementation", "new", "--from", "2095-11-22 02:30",
        "--for", "2h", "--every", "sunday", "--time-zone", BERLIN, "--until", "2096-01-01",
    )  # fmt: skip
    assert found["when"] == f"sunday 02:30 for 2 h {BERLIN}, until 2096-01-01 00:00"
    assert found["next"] == f"2095-11-27 02:30 to 04:30 {BERLIN}"
    assert datetime(2095, 11, 27, tzinfo=UTC).weekday() == 6
    said = tool("maintenance", "list", dsn=database.dsn, COLUMNS="250")
    assert f"2095-11-27 02:30 to 04:30 {BERLIN}" in said.stdout
    assert "begins in " in said.stdout


def test_ended_now_it_holds_no_longer(database: Database) -> None:
    connection = database.connect()
    id_ = added(database, "--cache", "sessions", "--for", "2h")["id"]
    assert held(connection, datetime.now(UTC))
    assert [row["state"] for row in shown(database)] == ["on"]
    ended = document("maintenance", "end", str(id_), "--by", "ben", dsn=database.dsn)
    assert (ended["state"], ended["ended_by"]) == ("over", "ben")
    # the minute in which it ended has seen maintenance; the next has not
    at = datetime.fromisoformat(ended["ended_at"])
    assert held(connection, at)
    assert not held(connection, at + timedelta(minutes=1))
    assert shown(database) == []
    assert [row["id"] for row in shown(database, "--all")] == [id_]
    again = tool("maintenance", "end", str(id_), dsn=database.dsn)
    assert again.returncode == 2
    assert f"maintenance {id_} was over already" in again.stderr


def test_only_the_one_that_is_on_is_ended_if_so_asked(database: Database) -> None:
    """Every night's maintenance, begun a minute ago; tonight's ends, tomorrow's comes."""
    connection = database.connect()
    began = (datetime.now(UTC) - timedelta(minutes=1)).replace(second=0, microsecond=0)
    when = Recurring(every_of("daily"), began.time(), timedelta(hours=2), "UTC", began)
    id_ = add_maintenance(connection, Maintenance(when, by="ann"))
    (before,) = shown(database)
    after = document("maintenance", "end", str(id_), "--occurrence", dsn=database.dsn)
    assert (before["state"], after["state"]) == ("on", "planned")
    assert after["following"] == before["following"]
    assert after["ended_at"] is None
    refused = tool("maintenance", "end", str(id_), "--occurrence", dsn=database.dsn)
    assert refused.returncode == 2
    assert f"maintenance {id_} is not on: begins in " in refused.stderr
    ended = document("maintenance", "end", str(id_), dsn=database.dsn)
    assert ended["state"] == "over"


def test_removed_it_was_never_there(database: Database) -> None:
    id_ = added(database, "--all-caches", "--for", "2h")["id"]
    done = tool("maintenance", "remove", str(id_), dsn=database.dsn)
    assert (done.returncode, done.stdout.split(",")[0]) == (
        0, f"removed maintenance {id_}: every cache",
    )  # fmt: skip
    assert shown(database, "--all") == []
    assert not held(database.connect(), datetime.now(UTC))
    assert tool("maintenance", "remove", str(id_), dsn=database.dsn).returncode == 2


def test_what_is_on_comes_first_and_what_is_over_last(database: Database) -> None:
    over = added(database, "--all-caches", "--from", "2020-01-01 12:00", "--for", "1h")["id"]
    late = added(database, "--all-caches", "--from", "2095-02-01 12:00", "--for", "1h")["id"]
    soon = added(database, "--all-caches", "--from", "2095-01-01 12:00", "--for", "1h")["id"]
    on = added(database, "--all-caches", "--for", "1h")["id"]
    assert [row["id"] for row in shown(database, "--all")] == [on, soon, late, over]
    assert [row["id"] for row in shown(database)] == [on, soon, late]


def test_a_name_that_nobody_has_and_a_time_that_is_over_are_noted(database: Database) -> None:
    words = ("--cache", "sesions", "--from", "2020-01-01 12:00", "--for", "1h")
    done = tool("maintenance", "add", *words, dsn=database.dsn)
    assert done.returncode == 0
    assert "no series that was ever heard of is in its scope" in done.stderr
    assert "it is over already" in done.stderr


def test_nothing_planned_is_said(database: Database) -> None:
    done = tool("maintenance", "list", dsn=database.dsn)
    assert done.stdout == "no maintenance holds or is planned; `--all` lists what is over\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--for", "2h"], "name --cache or --implementation, or say --all-caches"),
        (["--cache", "c", "--all-caches", "--for", "2h"], "name --cache or --implementation"),
        (["--cache", "c"], "say for how long, or until when it lasts"),
        (["--cache", "c", "--for", "2 weeks"], "'2 weeks' is no length of time"),
        (["--cache", "c", "--for", "40d"], "it may last 1 minute to 31 days"),
        (["--cache", "c", "--for", "2h", "--every", "sometimes"], "needs the time of day"),
        (["--cache", "c", "--for", "25h", "--every", "daily", "--from", "22:00"], "never end"),
        (["--cache", "c", "--for", "2h", "--time-zone", "Mars/Olympus"], "is not a time zone"),
        (["--cache", "c", "--for", "2h", "--from", "2026-03-29 02:30", "--time-zone", BERLIN],
         "does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_wrong_command_line(
    database: Database, words: list[str], said: str
) -> None:
    done = tool("maintenance", "add", *words, dsn=database.dsn, COLUMNS="400")
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert list_maintenance(database.connect()) == []
