"""The hub over a real database: what its listeners hear, once, whatever the connection does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from auditor.gateway.live import hub as hub_module
from auditor.gateway.live.hub import Hub
from auditor.gateway.live.listener import Listener
from auditor.gateway.live.messages import (
    Liveness,
    Message,
    ObservationChanged,
    WindowsChanged,
)
from auditor.windows.minutes import floor_minute
from sql import queries
from tests.postgres_clusters import Database

MINUTE = timedelta(minutes=1)
NOW = floor_minute(datetime.now(UTC))
PATIENCE_S = 20

Scene = Callable[[Hub, psycopg.AsyncConnection], Awaitable[Any]]


def played(database: Database, scene: Scene) -> Any:
    """What a scene gives, with a hub that hears notices and a connection to make them with."""

    async def play() -> Any:
        hub = Hub(database.dsn)
        running = asyncio.create_task(hub.run())
        try:
            async with asyncio.timeout(3 * PATIENCE_S):
                assert await hub.until_live(PATIENCE_S)
                async with await psycopg.AsyncConnection.connect(
                    database.dsn, autocommit=True
                ) as writing:
                    return await scene(hub, writing)
        finally:
            running.cancel()

    return asyncio.run(play())


async def write_windows(
    writing: psycopg.AsyncConnection, minute: datetime, hits: int = 5, caches: str = "{pages}"
) -> None:
    """One statement, as a rollup makes it; what stays as it is, is not touched."""
    await writing.execute(
        "insert into monitoring.cache_metrics_1min as w"
        " (cache_name, implementation_type, minute_window, hits, total_operations)"
        " select cache, 'new', %s, %s, %s from unnest(%s::text[]) as cache"
        " on conflict (cache_name, implementation_type, node, minute_window)"
        " do update set hits = excluded.hits, updated_at = clock_timestamp()"
        " where w.hits <> excluded.hits",
        [minute, hits, hits, caches],
    )


async def open_observation(writing: psycopg.AsyncConnection, title: str) -> None:
    await writing.execute(
        "insert into monitoring.cache_auditor_observations"
        " (cache_name, severity, category, title, description)"
        " values ('pages', 'warning', 'performance', %s, 'as said')",
        [title],
    )


async def taken(listener: Listener, count: int) -> list[Message]:
    """The next messages, as many as that; a minute is told at its own time, not by polling."""
    async with asyncio.timeout(PATIENCE_S):
        return [await anext(listener) for _ in range(count)]


async def nothing_more(listener: Listener) -> None:
    """What was told is told: a notice that comes later would be heard after it."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await anext(listener)


def test_a_minute_is_told_in_the_databases_own_words(database: Database) -> None:
    async def scene(hub: Hub, writing: psycopg.AsyncConnection) -> tuple[Message, str]:
        with hub.listen() as listener:
            await write_windows(writing, NOW, caches="{pages,users}")
            (told,) = await taken(listener, 1)
            found = await writing.execute("select monitoring.windows_broadcast(%s)::text", [NOW])
            row = await found.fetchone()
            assert row is not None
            await write_windows(writing, NOW, caches="{pages,users}")
            await nothing_more(listener)
            return told, row[0]

    told, words = played(database, scene)
    assert isinstance(told, WindowsChanged)
    assert (told.minute, told.payload, told.rows) == (NOW, words, ())
    payload = json.loads(words)
    assert (payload["total"], payload["truncated"]) == (2, False)
    assert [row["cache_name"] for row in payload["rows"]] == ["pages", "users"]


def test_rows_come_to_who_asked_for_rows(database: Database) -> None:
    """A row that was told is updated; what did not change is not told."""

    async def scene(hub: Hub, writing: psycopg.AsyncConnection) -> list[tuple[str, str, int]]:
        found: list[tuple[str, str, int]] = []
        with hub.listen(rows=True) as listener:
            for hits, caches in ((5, "{pages,users}"), (7, "{pages}")):
                await write_windows(writing, NOW, hits, caches)
                (told,) = await taken(listener, 1)
                assert isinstance(told, WindowsChanged)
                found += [(r.type, r.record["cache_name"], r.record["hits"]) for r in told.rows]
        return found

    assert played(database, scene) == [
        ("INSERT", "pages", 5),
        ("INSERT", "users", 5),
        ("UPDATE", "pages", 7),
    ]


def test_of_many_minutes_at_once_the_newest_ten_are_told(database: Database) -> None:
    async def scene(hub: Hub, writing: psycopg.AsyncConnection) -> list[Message]:
        with hub.listen() as listener:
            await writing.execute(
                "insert into monitoring.cache_metrics_1min"
                " (cache_name, implementation_type, minute_window)"
                " select 'pages', 'new', %s - n * interval '1 minute'"
                " from generate_series(0, 999) as n",
                [NOW],
            )
            told = await taken(listener, 10)
            await nothing_more(listener)
            return told

    minutes = [told.minute for told in played(database, scene)]
    assert minutes == [NOW - n * MINUTE for n in reversed(range(10))]


def test_an_observations_changes_are_told_with_their_payload(database: Database) -> None:
    async def scene(hub: Hub, writing: psycopg.AsyncConnection) -> list[Message]:
        with hub.listen() as listener:
            await open_observation(writing, "Half of the hits are lost")
            await writing.execute(
                "update monitoring.cache_auditor_observations set severity = 'critical'"
            )
            return await taken(listener, 2)

    opened, escalated = played(database, scene)
    assert isinstance(opened, ObservationChanged)
    assert (opened.change.kind, opened.row.type, opened.row.old_record) == (
        "opened",
        "INSERT",
        None,
    )
    assert json.loads(opened.payload)["title"] == "Half of the hits are lost"
    identity = {"id": str(opened.change.observation_id)}
    assert (escalated.change.kind, escalated.row.type) == ("escalated", "UPDATE")
    assert escalated.row.old_record == identity
    assert escalated.row.record["severity"] == "critical"


def test_a_lost_connection_is_said_and_nothing_is_missed(database: Database) -> None:
    async def scene(hub: Hub, writing: psycopg.AsyncConnection) -> list[Message]:
        with hub.listen() as listener:
            async with writing.transaction():
                # the hub cannot hear of it: it commits while the hub is away
                await open_observation(writing, "Written while nobody heard")
                await write_windows(writing, NOW)
                await writing.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'cache-auditor hub'"
                )
                (gone,) = await taken(listener, 1)
            return [gone, *await taken(listener, 3)]

    gone, *told = played(database, scene)
    assert isinstance(gone, Liveness)
    assert not gone.live
    assert gone.why
    assert {type(each) for each in told} == {WindowsChanged, ObservationChanged, Liveness}
    assert [each.live for each in told if isinstance(each, Liveness)] == [True]


def test_a_notice_that_is_lost_costs_a_poll_and_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "POLL_S", 0.1)

    async def scene(hub: Hub, writing: psycopg.AsyncConnection) -> set[type[Message]]:
        with hub.listen() as listener:
            await writing.execute("set session_replication_role = replica")
            await write_windows(writing, NOW)
            await writing.execute("set session_replication_role = default")
            await writing.execute(
                "alter table monitoring.cache_observation_changes disable trigger user"
            )
            await open_observation(writing, "Without a notice")
            return {type(told) for told in await taken(listener, 2)}

    assert played(database, scene) == {WindowsChanged, ObservationChanged}


def test_one_that_does_not_read_is_dropped_and_counted_and_the_others_go_on(
    database: Database,
) -> None:
    async def scene(hub: Hub, writing: psycopg.AsyncConnection) -> tuple[Any, ...]:
        slow, quick = hub.listen(capacity=1), hub.listen()
        for number in range(3):
            await write_windows(writing, NOW - number * MINUTE)
            await taken(quick, 1)
        state = slow.overflowed, quick.overflowed, hub.dropped_listeners, hub.listeners
        quick.close()
        return *state, hub.listeners

    assert played(database, scene) == (True, False, 1, 1, 0)


def test_without_notices_it_is_not_live_and_says_why(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As through a pooler: LISTEN is accepted, and what was sent to oneself does not come."""
    monkeypatch.setattr("auditor.gateway.live.source.PROBE_S", 0.2)

    async def scene() -> Liveness:
        hub = Hub(database.dsn)
        running = asyncio.create_task(hub.run())
        listener = hub.listen()
        (told,) = await taken(listener, 1)
        assert not await hub.until_live(0.1)
        running.cancel()
        assert isinstance(told, Liveness)
        return told

    def muted(room: str) -> dict[str, str]:
        statements = dict(queries(room))
        if "listen" in statements:
            statements["listen"] = "listen another_channel"
        return statements

    monkeypatch.setattr("auditor.gateway.live.source.queries", muted)
    told = asyncio.run(scene())
    assert not told.live
    assert "LISTEN_DATABASE_URL" in told.why
