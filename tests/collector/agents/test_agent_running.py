"""An agent at work: several servers, some of which misbehave, and a database now and then away."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from collector.agents.address import Address, address
from collector.agents.agent import Agent
from collector.agents.credentials import Credentials
from collector.agents.dispatch import Dispatch
from collector.agents.roster import Counted
from collector.batch import Batch, Beat
from collector.errors import SchemaMismatch
from collector.polled import Gauge
from collector.sinks.memory import MemorySink
from collector.sinks.postgres import PostgresSink
from collector.sinks.sink import Receipt
from collector.weights import Weight
from tests.collector.agents.cache_servers import (
    PATIENCE_S,
    CacheServer,
    answering,
    memcached_server,
    redis_server,
)
from tests.collector.made import settings
from tests.postgres_clusters import Database

NOBODY = Credentials()
S = 10**9
NOON = 1_795_392_000 * S


def until(what: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Waits for something to become true; fails when it does not."""
    deadline = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Heard:
    """What an agent told, poll by poll."""

    def __init__(self) -> None:
        self.all: list[Counted] = []

    def __call__(self, counted: Counted) -> None:
        self.all.append(counted)

    def polls(self, cache_name: str) -> list[Counted]:
        return [each for each in self.all if each.address.series.cache_name == cache_name]

    def changes(self, cache_name: str) -> int:
        return sum(each.change is not None for each in self.polls(cache_name))


@contextmanager
def running(
    servers: Mapping[Address, Credentials], sink: MemorySink | PostgresSink, folder: Path
) -> Iterator[tuple[Agent, Heard]]:
    """An agent in a thread of its own, polling each second; stopped at the end."""
    heard = Heard()
    agent = Agent(servers, sink, settings(folder), interval_s=1, heard=heard)
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        yield agent, heard
    finally:
        agent.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def totals(weights: list[Weight], cache_name: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for weight in weights:
        if weight.cache_name == cache_name:
            found[weight.operation_type] = found.get(weight.operation_type, 0) + weight.n
    return found


def weights_of(sink: MemorySink) -> list[Weight]:
    return [weight for batch in sink.batches for weight in batch.weights]


def gauges_of(sink: MemorySink) -> list[Gauge]:
    return [gauge for batch in sink.batches for gauge in batch.gauges]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[CacheServer]:
    with redis_server(tmp_path) as server:
        yield server


def test_what_servers_did_while_they_were_polled_is_delivered(
    redis: CacheServer, tmp_path: Path
) -> None:
    """Redis and memcached by one agent; each operation once, in the batches of one collector."""
    sink = MemorySink()
    with memcached_server(tmp_path) as memcached:
        servers = {
            address("redis", f"{redis.url}#cache=pages"): NOBODY,
            address("memcached", f"{memcached.url}#cache=users"): NOBODY,
        }
        with running(servers, sink, tmp_path) as (_, heard):
            until(lambda: heard.polls("pages") and heard.polls("users"))
            for _ in range(20):
                redis.say(b"get no\r\n")
                memcached.say(b"get no\r\n", b"END\r\n")
            redis.say(b"set a 1\r\n")
            redis.say(b"get a\r\n")
            seen = heard.changes("pages"), heard.changes("users")
            until(lambda: heard.changes("pages") > seen[0] + 1)
            until(lambda: heard.changes("users") > seen[1] + 1)
    assert totals(weights_of(sink), "pages") == {"hit": 1, "miss": 20, "set": 1}
    assert totals(weights_of(sink), "users") == {"miss": 20}
    assert {batch.collector_id for batch in sink.batches} == {sink.beats[-1].collector_id}
    assert [batch.sequence for batch in sink.batches] == list(range(1, len(sink.batches) + 1))
    last = sink.beats[-1]
    assert (last.goodbye, last.recorded, last.delivered, last.spooled) == (True, 42, 42, 0)
    assert [each.entries for each in gauges_of(sink) if each.cache_name == "pages"][-1] == 1


def test_a_server_that_hangs_holds_no_other(redis: CacheServer, tmp_path: Path) -> None:
    """It accepts and never answers; beside it one that talks rubbish, and one that is not there."""
    sink = MemorySink()
    with answering(None) as hanging, answering(b"hello\r\n") as rubbish:
        servers = {
            address("redis", f"{redis.url}#cache=pages"): NOBODY,
            address("redis", f"127.0.0.1:{hanging}#cache=hanging"): NOBODY,
            address("memcached", f"127.0.0.1:{rubbish}#cache=rubbish"): NOBODY,
            address("redis", "127.0.0.1:1#cache=absent"): NOBODY,
        }
        with running(servers, sink, tmp_path) as (_, heard):
            until(lambda: heard.changes("pages") >= 3 and heard.polls("hanging"))
            until(lambda: any(beat.servers and beat.servers[1].because for beat in sink.beats))
    states = {state.cache_name: state for state in sink.beats[-1].servers}
    assert states["pages"].away_since_ns is None
    assert states["hanging"].because == "it did not answer in time"
    assert "not memcached's protocol" in states["rubbish"].because
    assert states["absent"].because == "Connection refused"
    assert all(states[name].away_since_ns for name in ("hanging", "rubbish", "absent"))
    assert {gauge.cache_name for gauge in gauges_of(sink)} == {"pages"}
    watermarks = [beat.watermark_ns for beat in sink.beats if beat.watermark_ns]
    assert watermarks == sorted(watermarks)
    assert watermarks[-1] == states["pages"].polled_ns


def test_a_server_killed_and_started_is_away_and_back_with_nothing_made_up(
    redis: CacheServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Told once each; the misses after its return are counted from its first answer on."""
    sink, where = MemorySink(), address("redis", f"{redis.url}#cache=pages")
    caplog.set_level(logging.INFO, "collector")
    with running({where: NOBODY}, sink, tmp_path) as (_, heard):
        until(lambda: heard.changes("pages") >= 1)
        redis.kill()
        until(lambda: any(not each.standing.answers for each in heard.all))
        shipped = len(sink.batches)
        until(lambda: sum(not each.standing.answers for each in heard.all) >= 2)
        assert len(sink.batches) == shipped
        redis.start()
        for _ in range(5):
            redis.say(b"get no\r\n")
        until(lambda: "answers again" in heard.all[-1].news or heard.all[-1].change)
        seen = heard.changes("pages")
        redis.say(b"get no\r\n")
        until(lambda: heard.changes("pages") > seen + 1)
    assert totals(weights_of(sink), "pages") == {"miss": 1}
    told = [record.getMessage() for record in caplog.records if "pages" in record.getMessage()]
    assert len(told) == 3
    assert "is polled" in told[0]
    assert "is away since" in told[1]
    assert "answers again" in told[2]
    assert "another process answers" in told[2]


def test_through_to_the_windows_of_the_database(
    redis: CacheServer, database: Database, tmp_path: Path
) -> None:
    """Weights and gauges in their tables, the server in its, a goodbye at the end."""
    sink = PostgresSink(database.dsn)
    where = address("redis", f"{redis.url}#cache=pages&implementation=new&node=cache-1")
    with running({where: NOBODY}, sink, tmp_path) as (agent, heard):
        until(lambda: heard.polls("pages"))
        for _ in range(9):
            redis.say(b"get no\r\n")
        seen = heard.changes("pages")
        until(lambda: heard.changes("pages") > seen + 1)
    connection = database.connect()
    counted = connection.execute(
        "select implementation_type, node, operation_type, sum(n)::integer "
        "from monitoring.cache_metric_weights where cache_name = 'pages' group by 1, 2, 3"
    ).fetchall()
    assert counted == [("new", "cache-1", "miss", 9)]
    (servers,) = connection.execute(
        "select kind, place, collector_id::text, away_since from monitoring.cache_servers"
    ).fetchall()
    assert servers == ("redis", redis.url, agent.collector_id, None)
    (row,) = connection.execute(
        "select goodbye_at is not null, recorded, delivered, watermark is not null "
        "from monitoring.cache_collectors"
    ).fetchall()
    assert row == (True, 9, 9, True)


# Delivering --------------------------------------------------------------------------------------


def weight(n: int) -> Weight:
    return Weight("pages", "new", "a", NOON // S, "hit", False, n, 0, None, (), (), 0)


def gauge() -> Gauge:
    return Gauge("pages", "new", "a", NOON // S, 1000, 5, 6, None, 7)


class Clock:
    def __init__(self) -> None:
        self.now_ns = NOON

    def __call__(self) -> int:
        return self.now_ns


def dispatch_to(sink: MemorySink, folder: Path, clock: Clock, name: str = "a") -> Dispatch:
    identity = Beat(f"{name * 8}-0000-4000-8000-000000000000", started_ns=NOON)
    made = Dispatch(settings(folder), sink, identity, clock)
    made.open()
    return made


def test_what_the_database_does_not_take_is_spooled_and_replayed_in_order(tmp_path: Path) -> None:
    """There is no watermark while anything waits; gauges come through the disk."""
    sink, clock = MemorySink(), Clock()
    dispatch = dispatch_to(sink, tmp_path, clock)
    sink.away = True
    for n in (1, 2, 3):
        dispatch.ship([weight(n)], [gauge()], (), NOON)
    assert len(list(tmp_path.glob("*/*/*.seg"))) == 1
    sink.away = False
    dispatch.tend((), NOON, 0)
    assert sink.batches == []  # it rests after the failure
    clock.now_ns += 60 * S
    dispatch.tend((), NOON, 0)
    assert [batch.weights[0].n for batch in sink.batches] == [1, 2, 3]
    assert [batch.gauges for batch in sink.batches] == [(gauge(),)] * 3
    said = sink.beats[-1]
    assert (said.recorded, said.delivered, said.spooled, said.watermark_ns) == (6, 6, 0, NOON)
    assert dispatch.close((), NOON)
    assert list(tmp_path.glob("*/*/lock")) == []


def test_the_next_agent_delivers_what_a_dead_one_spooled(tmp_path: Path) -> None:
    """Under the dead one's id, and with its goodbye."""
    sink, clock = MemorySink(), Clock()
    dead = dispatch_to(sink, tmp_path, clock)
    sink.away = True
    dead.ship([weight(4)], [gauge()], (), NOON)
    assert not dead.close((), NOON)
    sink.away = False
    heir = dispatch_to(sink, tmp_path, clock, "b")
    heir.tend((), NOON, 0)
    heir.tend((), NOON, 0)
    assert [(batch.collector_id[0], batch.weights[0].n) for batch in sink.batches] == [("a", 4)]
    assert any(beat.buried and beat.collector_id[0] == "a" for beat in sink.beats)
    heir.close((), NOON)


def test_without_a_disk_batches_wait_in_memory_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go first, and are counted."""
    monkeypatch.setattr("collector.agents.dispatch.MOST_HELD", 2)
    (tmp_path / "file").write_text("no folder")
    sink, clock = MemorySink(), Clock()
    dispatch = dispatch_to(sink, tmp_path / "file", clock)
    sink.away = True
    for n in (1, 2, 3):
        dispatch.ship([weight(n)], [gauge()], (), NOON)
    sink.away = False
    clock.now_ns += 60 * S
    dispatch.tend((), NOON, 0)
    assert [batch.weights[0].n for batch in sink.batches] == [2, 3]
    said = sink.beats[-1]
    assert (said.recorded, said.delivered, said.dropped, said.spooled) == (6, 5, 1, 0)


def test_a_batch_with_gauges_comes_back_from_its_bytes() -> None:
    """And one that was spooled before there were gauges is read as well."""
    batch = Batch("x", 7, (), (weight(3),), "n", gauges=(gauge(),))
    assert Batch.from_bytes(batch.to_bytes()) == batch
    assert batch.minutes == [NOON // S // 60]
    older = batch.to_bytes().replace(
        b',"gauges":[["pages","new","a",', b',"other":[["pages","new","a",'
    )
    assert Batch.from_bytes(older) == replace(batch, gauges=())


def test_a_sink_that_is_away_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sink, clock = MemorySink(), Clock()
    dispatch = dispatch_to(sink, tmp_path, clock)
    sink.away = True
    for _ in range(3):
        dispatch.ship([weight(1)], [gauge()], (), NOON)
        clock.now_ns += 90 * S
        dispatch.tend((), NOON, 0)
    told = [record for record in caplog.records if "database is away" in record.getMessage()]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SchemaMismatch("no such table"), "cache-auditor migrate"),
        (RuntimeError("never thought of"), "in an unforeseen way"),
    ],
)
def test_whatever_a_sink_raises_costs_nothing_that_was_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception, words: str
) -> None:
    """It is spooled, said, and delivered at the end by who comes next."""

    class Broken(MemorySink):
        def deliver(self, batch: Batch) -> Receipt:
            raise error

    dispatch = dispatch_to(Broken(), tmp_path, Clock())
    dispatch.ship([weight(4)], [gauge()], (), NOON)
    assert not dispatch.close((), NOON)
    assert words in caplog.text
    sink = MemorySink()
    heir = dispatch_to(sink, tmp_path, Clock(), "b")
    for _ in range(2):
        heir.tend((), NOON, 0)
    assert [batch.weights[0].n for batch in sink.batches] == [4]
    heir.close((), NOON)
