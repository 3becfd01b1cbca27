"""The demo's own database on the embedded server, filled with the shop's past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from psycopg import Connection
from psycopg.conninfo import make_conninfo

from auditor.daemon.learner import refresh
from auditor.daemon.tick import Judging, Memory, tick
from auditor.demo.past import PastCollector, live_through
from auditor.demo.shop import Shop
from auditor.demo.story import Story
from auditor.postgres.database import opened
from auditor.postgres.embedded import EmbeddedPostgres, default_folder
from auditor.screen import Screen
from auditor.stores.observations import list_observations
from auditor.windows.minutes import epoch_minute, from_epoch_minute
from auditor.windows.rollup import roll_hours, roll_up
from collector.sinks.postgres import PostgresSink
from sql import queries

DATABASE = "cache_auditor_demo"
DAYS = 14
EVENT_MINUTES = 1440
"""The last day of the past is events, what is older weights."""


@contextmanager
def stage(folder: Path | None) -> Iterator[str]:
    """The connection string of a fresh demo database; the server runs while the context lasts.

    folder: the embedded server's data folder; None for the usual one.
    """
    with EmbeddedPostgres(folder or default_folder()) as dsn:
        with opened(dsn) as connection:
            connection.execute(queries("demo")["drop_stage"])
            connection.execute(queries("demo")["make_stage"])
        yield make_conninfo(dsn, dbname=DATABASE)


def play_the_past(
    connection: Connection, shop: Shop, past: PastCollector, end: int, screen: Screen
) -> None:
    """The shop's two weeks up to epoch minute `end`, in virtual time, with progress."""
    span = DAYS * 1440
    screen.say(f"two weeks of a small shop, {DAYS} days in virtual time, up to {_clock(end)} UTC …")
    with screen.progress("two weeks of visitors", span) as step:
        live_through(shop, past, end - span, end, step)
        past.flush()
    screen.say(f"  {past.recorded:,} cache operations of legacy and new recorded by the collector")


def learn_the_past(
    connection: Connection, end: int, how: Judging, memory: Memory, story: Story, screen: Screen
) -> None:
    """Windows of the past, what is ordinary in them, and a first tick: nothing may be wrong yet."""
    now = from_epoch_minute(end) + how.grace.without
    with screen.progress("windows of a minute", DAYS * 1440) as step:
        rolled = roll_up(connection, now, how.grace, step)
    with screen.progress("windows of an hour", DAYS * 24) as step:
        hours = roll_hours(connection, now, step)
    screen.say(f"  {rolled.windows:,} windows of a minute, {hours} hours")
    story.done("history recorded")
    with screen.progress("learning what is ordinary"):
        done = refresh(connection, now, span=timedelta(days=DAYS + 1), time_zone="UTC")
    if done.learned is not None and len(done.learned.baselines) == 2:
        story.done("baselines learned")
    for key, baseline in (done.learned.baselines if done.learned else {}).items():
        rate = baseline.summary().baseline_hit_rate
        screen.say(f"  ordinary for {key}: hit rate {rate or 0:.1f} %")
    tick(connection, now, how, memory)
    if not list_observations(connection):
        story.done("nothing open before the incident")


def sink(dsn: str) -> PostgresSink:
    """Where the shop's past goes: any day, not only the collector's nine."""
    return PostgresSink(dsn, any_day=True, application_name="cache-auditor demo")


def minute_of(now: datetime) -> int:
    """The epoch minute that holds an instant."""
    return epoch_minute(now.replace(second=0, microsecond=0))


def _clock(minute: int) -> str:
    return f"{from_epoch_minute(minute):%Y-%m-%d %H:%M}"
