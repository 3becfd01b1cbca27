"""Server-sent events from a real gateway: what is told, from where, to whom, and to what end."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from auditor.gateway import event_ids
from auditor.gateway.event_log import PAGE, Batch
from auditor.gateway.event_stream import EventStream, Frame, Wanted
from auditor.gateway.refusals import Refusal
from auditor.listening.changes import Cursor, LoggedChange
from tests.auditor.gateway.hearing import hearing, refused
from tests.auditor.shell.served import Served, serving
from tests.auditor.telling.problems import gets_worse, is_signed, opens
from tests.auditor.telling.writers import Writers
from tests.postgres_clusters import Cluster, Database

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def told(cluster: Cluster) -> Iterator[Database]:
    with cluster.migrated_database() as made:
        yield made


@pytest.fixture(scope="module")
def served(told: Database) -> Iterator[Served]:
    with serving(told.dsn) as made:
        with hearing(made.url) as stream:
            event = stream.next("liveness")
            while event is not None and not event.content["live"]:
                event = stream.next("liveness")
        yield made


@pytest.fixture
def connection(told: Database) -> psycopg.Connection:
    return told.connect()


# What is told ------------------------------------------------------------------------------------


def test_a_stream_says_how_it_hears_and_then_what_changes(
    served: Served, connection: psycopg.Connection
) -> None:
    with hearing(served.url) as stream:
        first = stream.next()
        assert first is not None
        assert (first.name, first.content["live"], stream.retry_ms) == ("liveness", True, 3000)
        assert first.id, "a client that loses the stream at once can resume"
        said = stream.response.headers
        assert said["Content-Type"].startswith("text/event-stream")
        assert said["Cache-Control"] == "no-cache, no-transform"
        assert said["X-Accel-Buffering"] == "no"
        id_ = opens(connection, "it fell")
        is_signed(connection, id_)
        opened, signed = stream.next("observation"), stream.next("observation")
    assert opened is not None
    assert signed is not None
    assert set(opened.content) == {
        "id", "kind", "changed_at", "observation_id", "by", "reason", "note", "observation",
    }  # fmt: skip
    assert (opened.content["kind"], opened.content["observation"]["title"]) == ("opened", "it fell")
    assert (signed.content["by"], signed.content["reason"]) == ("ada", "expected")
    assert signed.content["observation_id"] == id_


def test_windows_are_told_by_minute_and_on_request_with_their_rows(
    served: Served, connection: psycopg.Connection
) -> None:
    with hearing(served.url) as short, hearing(served.url, rows="true") as whole:
        short.next()
        whole.next()
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        connection.execute(
            "insert into monitoring.cache_metrics_1min (cache_name, implementation_type,"
            " minute_window, hits) select 'c' || n, 'new', %s, 5 from generate_series(1, 3) as n",
            [minute],
        )
        summed, rows = short.next("windows"), whole.next("windows")
    assert summed is not None
    assert rows is not None
    assert summed.content == {
        "minute_window": minute.isoformat().replace("+00:00", "Z"),
        "total": 3,
    }
    assert [row["hits"] for row in rows.content["rows"]] == [5, 5, 5]
    assert rows.content["total"] == 3


def test_a_filter_is_about_observations(served: Served, connection: psycopg.Connection) -> None:
    """And what it leaves out does not come again after a resumption."""
    with hearing(served.url, severity="critical", cache="users") as stream:
        stream.next()
        id_ = opens(connection, "mild", cache="users")
        opens(connection, "elsewhere", "critical")
        gets_worse(connection, id_)
        assert stream.titles(1) == ["mild"]
    with hearing(served.url, stream.last_id) as everything:
        opens(connection, "next")
        assert everything.titles(1) == ["next"]


@pytest.mark.parametrize(
    ("query", "last_id"),
    [
        ({"severity": "grave"}, ""), ({"cache": "x" * 129}, ""), ({"rows": "perhaps"}, ""),
        ({}, "17"), ({}, "1.2.9-3"), ({}, "1.2.1-99999999999999"), ({}, "9" * 19 + ".2.1"),
        ({"last_event_id": "x"}, ""), ({}, "1.2." + "1_" * 6000),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    served: Served, query: dict[str, object], last_id: str
) -> None:
    status, said = refused(served.url, last_id, **query)
    assert 400 <= status < 500
    assert said


# Going on ----------------------------------------------------------------------------------------


def test_a_client_that_comes_and_goes_is_told_every_change_once(
    told: Database, served: Served
) -> None:
    """Sixteen connections commit out of order, some roll back; the client reads a few events,
    goes away, comes back with the last id, by header or by query, until it has heard a mark that
    was written after all."""
    draw, found = random.Random(5), Counter[str]()
    with hearing(served.url) as first:
        event = first.next()
        assert event is not None
    last_id, visits = event.id, 0
    marked = False
    with Writers(told.dsn, 5) as writers:
        while "the mark" not in found:
            if not marked and not writers.at_work():
                opens(told.connect(), "the mark")
                marked = True
            by = {"last_id": last_id} if draw.random() < 0.5 else {"last_event_id": last_id}
            with hearing(served.url, **by) as stream:  # type: ignore[arg-type]
                visits += 1
                for _ in range(draw.randrange(1, 40)):
                    (title,) = stream.titles(1)
                    found[title] += 1
                    if title == "the mark" or (not marked and not writers.at_work()):
                        break
                last_id = stream.last_id
    assert set(found) - {"the mark"} == writers.kept
    assert set(found.values()) == {1}
    assert visits > 5


def test_a_long_absence_is_made_good_page_by_page(
    served: Served, connection: psycopg.Connection
) -> None:
    with hearing(served.url) as stream:
        stream.next()
    titles = [f"absent {number}" for number in range(2 * PAGE + 7)]
    with connection.transaction():
        for title in titles:
            opens(connection, title)
    with hearing(served.url, stream.last_id) as again:
        assert again.titles(PAGE + 3) == titles[: PAGE + 3]
    with hearing(served.url, again.last_id) as third:
        assert third.titles(PAGE + 4) == titles[PAGE + 3 :]


def test_a_gap_is_said(served: Served, connection: psycopg.Connection) -> None:
    """When what came after the place was trimmed, and when the place is another server's."""
    with hearing(served.url) as stream:
        stream.next()
        opens(connection, "trimmed")
        stream.next("observation")
    place = event_ids.read(stream.last_id)
    connection.execute(
        "delete from monitoring.cache_observation_changes where observation ->> 'title' = 'trimmed'"
    )
    earlier = event_ids.written(place.floor, datetime.now(UTC) - timedelta(minutes=5), [])
    later = event_ids.written(place.floor, datetime.now(UTC) + timedelta(seconds=1), place.seen)
    opens(connection, "kept")
    with hearing(served.url, earlier) as again:
        names = [again.next().name for _ in range(2)]  # type: ignore[union-attr]
        assert names == ["liveness", "gap"]
        assert "kept" in again.titles(1)
    with hearing(served.url, later) as third:
        events = [third.next() for _ in range(2)]
        assert [event and event.name for event in events] == ["liveness", "observation"]
    foreign = event_ids.written(10**12, datetime.now(UTC), [])
    with hearing(served.url, foreign) as fourth:
        assert [fourth.next().name for _ in range(2)] == ["liveness", "gap"]  # type: ignore[union-attr]


# Ends --------------------------------------------------------------------------------------------


def test_streams_end_with_the_gateway(told: Database) -> None:
    """It ends well, and says nothing of trouble."""
    with serving(told.dsn) as served:
        with hearing(served.url) as one, hearing(served.url) as other:
            one.next()
            other.next()
            assert served.stop() == 0
            for stream in (one, other):
                while event := stream.next():
                    assert event.name == "liveness"
        said = served.ended["stderr"].splitlines()
        assert [line for line in said if not line.startswith("no token may")] == []


def test_off_loopback_it_takes_a_token(told: Database) -> None:
    with serving(told.dsn, "--host", "0.0.0.0") as served:
        status, said = refused(served.url)
    assert (status, "token" in said) == (401, True)


# Ids and queues, by themselves -------------------------------------------------------------------


def test_an_id_is_the_place_it_was_written_of() -> None:
    draw = random.Random(3)
    for _ in range(200):
        seen = frozenset(draw.sample(range(1, 300), draw.randrange(0, 60)))
        id_ = event_ids.written(draw.randrange(10**12), NOW, seen)
        place = event_ids.read(id_)
        assert (place.at, place.seen) == (NOW, seen)
        assert event_ids.written(place.floor, place.at, place.seen) == id_
    assert event_ids.written(7, NOW, [3, 1, 2, 9]) == f"7.{int(NOW.timestamp())}.1-3_9"


def test_an_id_stays_short_whatever_was_seen() -> None:
    """What is left out may come again; what is in it does not."""
    id_ = event_ids.written(2**62, NOW, range(10**15, 10**15 + 50_000, 2))
    assert len(id_) < event_ids.LONGEST
    assert 10**15 + 49_998 in event_ids.read(id_).seen
    with pytest.raises(Refusal):
        event_ids.read("1.1.1-200000")


def change(id_: int, xid: int, **row: Any) -> LoggedChange:
    said = {"cache_name": "pages", "severity": "warning", "title": f"{id_}"} | row
    return LoggedChange(id_, xid, "opened", NOW, uuid4(), None, None, None, said)


def test_a_client_that_does_not_read_is_ended_and_resumes_from_what_it_read() -> None:
    """Ten events are room for it; the eleventh ends the stream, and what waited is gone. With the
    last id that it took it is told the rest by another."""

    async def play() -> None:
        stream = EventStream(Wanted(), capacity=10)
        first = Frame("liveness", "{}", "{}")
        telling = stream.told(first, Cursor(5), None, SimpleNamespace())  # type: ignore[arg-type]
        stream.offer(Batch((change(1, 6), change(2, 5)), 6))
        read = [await anext(telling) for _ in range(4)]
        last_id = read[-1].splitlines()[0].removeprefix("id: ")
        places = [event_ids.read(text.splitlines()[0].removeprefix("id: ")) for text in read[1:]]
        # with the batch's last the floor moves, not before, and what is below it is named no more
        assert [place.floor for place in places] == [5, 5, 6]
        assert [place.seen for place in places] == [frozenset(), {1}, {1}]
        for number in range(11):
            stream.offer(Batch((change(3 + number, 7 + number),), 7))
        assert stream.overflowed
        assert [text async for text in telling] == []
        place = event_ids.read(last_id)
        cursor = Cursor.at(place.floor, place.seen)
        rows = [change(1, 6), *(change(3 + number, 7 + number) for number in range(11))]
        assert [row.id for row in cursor.fresh(rows)] == list(range(3, 14))

    asyncio.run(play())


def test_a_quiet_stream_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.gateway.event_stream.BEAT_S", 0.01)

    async def play() -> list[str]:
        telling = EventStream(Wanted()).told(
            Frame("liveness", "{}", "{}"),
            Cursor(5),
            None,
            SimpleNamespace(),  # type: ignore[arg-type]
        )
        return [await anext(telling) for _ in range(4)]

    assert asyncio.run(play())[2:] == [": beat\n\n"] * 2
