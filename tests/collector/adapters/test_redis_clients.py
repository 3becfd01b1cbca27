"""Clients of Redis and Valkey: trips of several keys, pipelines that fail, names, what is left."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pytest
import redis
import redis.asyncio
import valkey
from redis.backoff import NoBackoff
from redis.retry import Retry

from collector.adapters.redis import watched
from collector.adapters.valkey import watched as watched_valkey
from tests.collector.adapters.tape import Tape, stored, tape_in
from tests.fix_redis import free_port, server_in


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    with tape_in(tmp_path) as made:
        yield made


@pytest.fixture
def client(redis_server: int, tape: Tape) -> Iterator[redis.Redis]:
    with redis.Redis(port=redis_server) as made:
        made.flushall()
        yield watched(made, collector=tape.collector)


@pytest.fixture
def cluster(redis_cluster: int, tape: Tape) -> Iterator[redis.RedisCluster]:
    with redis.RedisCluster(host="127.0.0.1", port=redis_cluster) as made:
        made.flushall()
        yield watched(made, collector=tape.collector)


def seen(tape: Tape) -> list[tuple[str, str, str | None]]:
    return [(row.operation_type, row.cache_key, row.error_type) for row in tape.rows()]


def told(*events: tuple[str, Any] | tuple[str, Any, str]) -> list[tuple[str, str, str | None]]:
    return [(kind, stored(key), error[0] if error else None) for kind, key, *error in events]


# One trip, many keys -----------------------------------------------------------------------------


@pytest.mark.parametrize("transaction", [True, False])
def test_a_trips_time_is_divided_over_its_keys(
    client: redis.Redis, tape: Tape, transaction: bool
) -> None:
    """A command of no cache takes its part; the whole is never more than the trip was."""
    pipeline = client.pipeline(transaction=transaction)
    pipeline.mset({"a": "1", "b": "2"}).get("a").incr("n").get("c")
    began = perf_counter_ns()
    assert pipeline.execute() == [True, b"1", 1, None]
    outer_ms = (perf_counter_ns() - began) / 1e6
    rows = tape.rows()
    assert [row.operation_type for row in rows] == ["set", "set", "hit", "miss"]
    assert {row.metadata for row in rows} == {'{"keys_in_trip":5}'}
    (share_ms,) = {row.response_time_ms for row in rows}
    assert share_ms is not None
    assert 0.0 < 5 * share_ms <= outer_ms


def test_one_key_has_the_whole_trip(client: redis.Redis, tape: Tape) -> None:
    """There is nothing to say of it."""
    client.mget("a")
    client.pipeline(transaction=False).get("a").execute()
    assert [row.metadata for row in tape.rows()] == [None, None]


def test_some_of_several_deleted(client: redis.Redis, tape: Tape) -> None:
    """The server says how many, not which."""
    client.mset({"a": "1", "b": "2"})
    tape.rows()
    assert client.delete("a", "b", "c") == 2
    assert seen(tape) == told(("delete", None), ("delete", None))


# Pipelines that fail -----------------------------------------------------------------------------


@pytest.mark.parametrize("transaction", [True, False])
@pytest.mark.parametrize("raising", [True, False])
def test_one_command_of_a_pipeline_fails(
    client: redis.Redis, tape: Tape, transaction: bool, raising: bool
) -> None:
    """It is an error; its neighbours are what they were, although `execute` raises."""
    client.rpush("list", "1")
    pipeline = client.pipeline(transaction=transaction)
    pipeline.set("a", "1").get("list").get("b")
    if raising:
        with pytest.raises(redis.ResponseError, match=r"Command # 2 \(GET list\)"):
            pipeline.execute()
    else:
        answers = pipeline.execute(raise_on_error=False)
        assert [type(answer) for answer in answers] == [bool, redis.ResponseError, type(None)]
    assert seen(tape) == told(("set", "a"), ("error", "list", "ResponseError"), ("miss", "b"))


def test_one_command_of_an_asyncio_pipeline_fails(redis_server: int, tape: Tape) -> None:
    async def main() -> None:
        async with redis.asyncio.Redis(port=redis_server) as client:
            await client.flushall()
            watched(client, collector=tape.collector)
            await client.rpush("list", "1")
            pipeline = client.pipeline().set("a", "1").get("list").get("b")
            with pytest.raises(redis.ResponseError, match="Command # 2"):
                await pipeline.execute()

    asyncio.run(main())
    assert seen(tape) == told(("set", "a"), ("error", "list", "ResponseError"), ("miss", "b"))


def test_one_command_of_a_clusters_pipeline_fails(cluster: redis.RedisCluster, tape: Tape) -> None:
    cluster.rpush("list", "1")
    pipeline = cluster.pipeline()
    pipeline.set("a", "1")
    pipeline.get("list")
    pipeline.get("b")
    with pytest.raises(redis.ResponseError, match="Command # 2"):
        pipeline.execute()
    assert seen(tape) == told(("set", "a"), ("error", "list", "ResponseError"), ("miss", "b"))


def test_one_command_of_a_valkey_clusters_pipeline_fails(redis_cluster: int, tape: Tape) -> None:
    with valkey.ValkeyCluster(host="127.0.0.1", port=redis_cluster) as client:
        client.flushall()
        watched_valkey(client, collector=tape.collector)
        client.rpush("list", "1")
        pipeline = client.pipeline()
        pipeline.get("list")
        pipeline.get("b")
        with pytest.raises(valkey.ResponseError, match="Command # 1"):
            pipeline.execute()
    assert seen(tape) == told(("error", "list", "ResponseError"), ("miss", "b"))


def test_a_pipeline_whose_server_is_away(tape: Tape) -> None:
    """Every key of a cache's commands failed, each in its own way."""
    client = watched(
        redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)), collector=tape.collector
    )
    pipeline = client.pipeline(transaction=False)
    pipeline.mget("a", "b").set("c", "1").delete("d").incr("n").expire("e", 0)
    with pytest.raises(redis.ConnectionError):
        pipeline.execute()
    assert seen(tape) == told(
        *((kind, key, "ConnectionError")
          for kind, key in (("error", "a"), ("error", "b"), ("set", "c"), ("delete", "d")))
    )  # fmt: skip


def test_a_server_that_dies_between_two_gets(tmp_path: Path, tape: Tape) -> None:
    """Found, then away, under the same client."""
    with server_in(tmp_path) as (port, server):
        client = watched(
            redis.Redis(port=port, retry=Retry(NoBackoff(), 0)), collector=tape.collector
        )
        client.set("a", "1")
        assert client.get("a") == b"1"
        server.kill()
        server.wait()
        with pytest.raises(redis.ConnectionError):
            client.get("a")
        client.close()
    assert seen(tape) == told(("set", "a"), ("hit", "a"), ("error", "a", "ConnectionError"))


def test_a_cancelled_command_failed(redis_server: int, tape: Tape) -> None:
    """The cancellation passes through; the server holds writes back meanwhile."""

    async def main() -> None:
        async with (
            redis.asyncio.Redis(port=redis_server) as client,
            redis.asyncio.Redis(port=redis_server) as other,
        ):
            watched(client, collector=tape.collector)
            await client.ping()
            await other.client_pause(60_000, all=False)
            setting = asyncio.ensure_future(client.set("a", "1"))
            while not (await other.info("clients"))["blocked_clients"]:
                await asyncio.sleep(0)
            setting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await setting
            await other.client_unpause()

    asyncio.run(main())
    assert seen(tape) == told(("set", "a", "CancelledError"))


# Transactions ------------------------------------------------------------------------------------


def test_what_a_watched_key_stops_is_not_recorded(client: redis.Redis, tape: Tape) -> None:
    """Nothing was set. What is read while watching is not a cache's lookup either."""
    with client.pipeline() as pipeline:
        pipeline.watch("n")
        assert pipeline.get("n") is None
        client.incr("n")
        pipeline.multi()
        pipeline.set("n", "7")
        with pytest.raises(redis.WatchError):
            pipeline.execute()
    assert seen(tape) == []


def test_a_transaction_helped_through_is_recorded(client: redis.Redis, tape: Tape) -> None:
    """Only what it executes in the end."""

    def change(pipeline: Any) -> None:
        pipeline.get("a")
        pipeline.multi()
        pipeline.set("a", "1")

    assert client.transaction(change, "a") == [True]
    assert seen(tape) == told(("set", "a"))


def test_a_transaction_that_the_server_refuses(client: redis.Redis, tape: Tape) -> None:
    """It ran nothing: every command of it failed."""
    pipeline = client.pipeline()
    pipeline.set("a", "1")
    pipeline.execute_command("GET", "b", "too", "many")
    with pytest.raises(redis.ResponseError):
        pipeline.execute()
    assert seen(tape) == told(("set", "a", "ResponseError"), ("error", "b", "ResponseError"))
    assert client.get("a") is None


# A cluster ---------------------------------------------------------------------------------------


def test_keys_of_many_nodes(cluster: redis.RedisCluster, tape: Tape) -> None:
    """Commands that the client splits over nodes are recorded once a key."""
    keys = [f"key {number}" for number in range(20)]
    assert all(cluster.mset_nonatomic(dict.fromkeys(keys, "v")))
    assert cluster.mget_nonatomic([*keys, "none"]) == [b"v"] * 20 + [None]
    assert cluster.delete(*keys) == 20
    rows = seen(tape)
    assert sorted(rows[:20]) == sorted(told(*(("set", key) for key in keys)))
    assert sorted(rows[20:41]) == sorted(told(*(("hit", key) for key in keys), ("miss", "none")))
    assert sorted(rows[41:]) == sorted(told(*(("delete", key) for key in keys)))


# Names and keys ----------------------------------------------------------------------------------


def test_a_server_with_several_caches(redis_server: int, tape: Tape) -> None:
    """Named by prefix; what is nobody's cache is left out, a lock among it."""
    with redis.Redis(port=redis_server) as client:
        client.flushall()
        watched(
            client,
            cache_name="rest",
            caches={"page:": "pages", "lock:": None},
            collector=tape.collector,
        )
        client.get("page:1")
        client.mget("user:1", "page:2", "lock:1")
        with client.lock("lock:2"):
            client.set("user:2", "x")
    assert [(row.operation_type, row.cache_name) for row in tape.rows()] == [
        ("miss", "pages"), ("miss", "rest"), ("miss", "pages"), ("set", "rest"),
    ]  # fmt: skip


def test_one_key_in_whatever_form(client: redis.Redis, tape: Tape) -> None:
    """Text, bytes, a number or a memory view: the server's key is one, and so is the stored one."""
    for key in ("5", b"5", 5, memoryview(b"5")):
        client.get(key)
    assert {row.cache_key for row in tape.rows()} == {stored("5")}


# What is the library's own -----------------------------------------------------------------------


def test_a_client_with_a_connection_of_its_own_is_watched_too(
    client: redis.Redis, tape: Tape
) -> None:
    with client.client() as alone:
        alone.get("a")
    assert seen(tape) == told(("miss", "a"))


def test_a_client_made_by_the_class_is_not(client: redis.Redis, tape: Tape) -> None:
    """Nobody has asked for it."""
    other = type(client)(connection_pool=client.connection_pool)
    assert other.get("a") is None
    assert other.pipeline().get("a").execute() == [None]
    with pytest.raises(redis.ResponseError):
        other.execute_command("GET")
    assert seen(tape) == []


def test_scripts_and_messages_go_on(client: redis.Redis, tape: Tape) -> None:
    """They are none of a cache's operations."""
    script = client.register_script("return redis.call('SET', KEYS[1], ARGV[1])")
    assert script(keys=["a"], args=["1"]) == b"OK"
    with client.pubsub() as listening:
        listening.subscribe("news")
        client.publish("news", "x")
        assert listening.get_message(timeout=5.0)
    assert seen(tape) == []


def test_another_instrument_is_left_in_its_place(
    client: redis.Redis, tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is put into the library after the client is watched is called as before."""
    called: list[Any] = []
    own = redis.Redis.execute_command

    def instrument(self: redis.Redis, *arguments: Any, **options: Any) -> Any:
        called.append(arguments)
        return own(self, *arguments, **options)

    monkeypatch.setattr(redis.Redis, "execute_command", instrument)
    assert client.get("a") is None
    assert called == [("GET", "a")]
    assert seen(tape) == told(("miss", "a"))


def test_a_class_of_the_applications_own(redis_server: int, tape: Tape) -> None:
    """What it does before the library's is done."""

    class Prefixed(redis.Redis):
        def execute_command(self, *args: Any, **options: Any) -> Any:
            return super().execute_command(args[0], f"mine:{args[1]}", *args[2:], **options)

    with redis.Redis(port=redis_server) as bare, Prefixed(port=redis_server) as client:
        watched(client, collector=tape.collector)
        client.set("a", "1")
        assert client.get("a") == bare.get("mine:a") == b"1"
    assert seen(tape) == told(("set", "a"), ("hit", "a"))


@pytest.mark.parametrize("watch", [watched, watched_valkey])
def test_what_is_no_client_is_named(watch: Any) -> None:
    """The error says what may be watched."""
    with pytest.raises(TypeError, match=r"is watched, not a dict: give (redis\.Redis|valkey\.V)"):
        watch({})
