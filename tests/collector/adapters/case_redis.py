"""redis-py and valkey-py: one server, a cluster, asyncio, pipelines, text, RESP3, a local cache."""

import importlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import isawaitable, iscoroutine, iscoroutinefunction
from typing import Any

import pytest
from hypothesis import strategies as st
from redis.cache import CacheConfig

from collector import Collector
from tests.collector.adapters.case import Case, Step
from tests.fix_redis import free_port

KEYS = ["{slot}a", "{slot}b", "{slot}c"]  # one slot, so that a cluster takes several at once
KEY = st.sampled_from(KEYS)
VALUE = st.sampled_from([b"", b"one", "zwei", "é", 3, 1.5])
CALLS = st.one_of(
    st.tuples(
        st.sampled_from(["get", "getdel", "incr", "hgetall", "strlen", "lpop"]), st.tuples(KEY)
    ),
    st.tuples(st.sampled_from(["set", "setnx", "getset", "rpush"]), st.tuples(KEY, VALUE)),
    st.tuples(st.just("setex"), st.tuples(KEY, st.just(100), VALUE)),
    st.tuples(st.just("psetex"), st.tuples(KEY, st.integers(-1, 0) | st.just(100_000), VALUE)),
    st.tuples(st.just("expire"), st.tuples(KEY, st.integers(-1, 0) | st.just(100))),
    st.tuples(st.sampled_from(["delete", "unlink"]), st.tuples(KEY)),
    st.tuples(st.sampled_from(["hget", "hdel"]), st.tuples(KEY, VALUE)),
    st.tuples(st.sampled_from(["hset", "hsetnx"]), st.tuples(KEY, VALUE, VALUE)),
    st.tuples(st.just("hmget"), st.tuples(KEY, st.lists(VALUE, max_size=3))),
    st.tuples(st.just("set"), st.tuples(KEY, st.just(None))),  # a DataError
    st.tuples(st.just("execute_command"), st.tuples(st.sampled_from(["get", b"GET"]), KEY)),
)
SEVERAL = st.one_of(
    st.tuples(st.just("mget"), st.tuples(st.lists(KEY, max_size=4))),
    st.tuples(
        st.sampled_from(["mset", "msetnx"]), st.tuples(st.dictionaries(KEY, VALUE, max_size=3))
    ),
    st.tuples(st.sampled_from(["delete", "unlink"]), st.lists(KEY, max_size=3).map(tuple)),
    st.tuples(st.just("execute_command"), st.sampled_from([(), (["GET"],), ("GET",), (b"x", 1)])),
)
OPTIONS = st.fixed_dictionaries({}, optional={"nx": st.just(True), "get": st.just(True)})
OPERATIONS = st.one_of(
    st.tuples(st.just("call"), CALLS),
    st.tuples(st.just("call"), SEVERAL),
    st.tuples(st.just("set with"), KEY, VALUE, OPTIONS | st.just({"xx": True})),
    st.tuples(st.just("piped"), st.lists(CALLS, max_size=4), st.booleans(), st.booleans()),
)


def call(client: Any, named: tuple[str, tuple[Any, ...]]) -> Any:
    """One method of the client, also one that its library calls deprecated."""
    name, arguments = named
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(client, name)(*arguments)


def set_with(client: Any, key: str, value: Any, options: dict[str, Any]) -> Any:
    """SET and its conditions."""
    return client.set(key, value, **options)


def piped(
    client: Any, calls: list[tuple[str, tuple[Any, ...]]], transaction: bool, raising: bool
) -> Any:
    """The calls in one pipeline."""
    pipeline = client.pipeline(transaction=transaction)
    queued = [call(pipeline, each) for each in calls]
    if not iscoroutinefunction(pipeline.execute):
        return pipeline.execute(raise_on_error=raising)
    return _executed(pipeline, queued, raising)


async def _executed(pipeline: Any, queued: list[Any], raising: bool) -> Any:
    for each in queued:
        if iscoroutine(each):
            await each
    return await pipeline.execute(raise_on_error=raising)


class ClientCase(Case):
    """A client of one library. place: its module and class; changes: how it is made."""

    operations = OPERATIONS
    examples = 40
    fixture = "redis_server"
    actions = {"call": call, "set with": set_with, "piped": piped}  # noqa: RUF012  # read only

    def __init__(self, library: str, place: str, words: str = "", **changes: Any) -> None:
        self.library = library
        self.module = f"collector.adapters.{library}"
        self.name = f"{library} {place} {words}".strip()
        alone = "single_connection_client" in changes
        self.fails = not alone  # it connects when it is made
        self.shared_by_threads = not alone  # "not thread safe"
        self._place, self._changes = place, changes

    def _client(self, port: int, **changes: Any) -> Any:
        module, _, kind = self._place.rpartition(".")
        home = importlib.import_module(".".join(filter(None, (self.library, module))))
        return getattr(home, kind)(
            host="127.0.0.1", port=port, **{**self._retry(), **self._changes, **changes}
        )

    def _retry(self) -> dict[str, Any]:
        """A failing command fails at once."""
        backoff = importlib.import_module(f"{self.library}.backoff").NoBackoff()
        place = "asyncio.retry" if self._place.startswith("asyncio") else "retry"
        return {"retry": importlib.import_module(f"{self.library}.{place}").Retry(backoff, 0)}

    @contextmanager
    def _closing(self, client: Any) -> Iterator[Any]:
        try:
            yield client
        finally:
            self.close(client)

    def close(self, cache: Any) -> None:
        self.finish(cache.aclose() if hasattr(cache, "aclose") else cache.close())

    @contextmanager
    def opened(self) -> Iterator[Any]:
        with self._closing(self._client(self.server)) as client:
            self.finish(client.flushall())
            yield client

    @contextmanager
    def broken(self) -> Iterator[Any]:
        with self._closing(self._client(self._closed_port)) as client:
            yield client

    _closed_port = free_port()

    def watch(self, cache: Any, collector: Collector, **names: str) -> Any:
        return importlib.import_module(self.module).watched(cache, collector=collector, **names)

    def get(self, cache: Any, key: str) -> Any:
        return cache.get(key)

    def set(self, cache: Any, key: str, value: Any) -> Any:
        return cache.set(key, value)

    def delete(self, cache: Any, key: str) -> Any:
        return cache.delete(key)

    def value(self, number: int) -> Any:
        value = super().value(number)
        return value.decode() if self._changes.get("decode_responses") else value

    def state(self, cache: Any) -> Any:
        return cache.mget(KEYS)

    def script(self) -> list[Step]:
        a, b, c = KEYS
        return [
            *super().script(),
            (("call", ("mset", ({a: "1", b: "22"},))), [("set", a), ("set", b)]),
            (("call", ("mget", (KEYS,))), [("hit", a), ("hit", b), ("miss", c)]),
            (("call", ("getex", (a,))), [("hit", a)]),
            (("call", ("getdel", (a,))), [("hit", a)]),
            (("call", ("setnx", (b, "3"))), []),
            (("call", ("setnx", (c, "3"))), [("set", c)]),
            (("set with", c, "4", {"nx": True}), []),
            (("set with", c, "4", {"xx": True}), [("set", c)]),
            (("set with", c, "4", {"get": True}), [("set", c)]),
            (("call", ("setex", (a, 100, "5"))), [("set", a)]),
            (("call", ("psetex", (a, 100_000, "5"))), [("set", a)]),
            (("call", ("expire", (a, 100))), []),
            (("call", ("expire", (a, -1))), [("delete", a)]),
            (("call", ("delete", (a,))), []),
            (("call", ("unlink", (b, c))), [("delete", b), ("delete", c)]),
            (("call", ("hset", (a, "f", "v"))), [("set", f"{a}[f]")]),
            (("call", ("hget", (a, "f"))), [("hit", f"{a}[f]")]),
            (("call", ("hget", (a, b"g"))), [("miss", f"{a}[g]")]),
            (("call", ("hmget", (a, ["f", "g"]))), [("hit", f"{a}[f]"), ("miss", f"{a}[g]")]),
            (("call", ("hgetall", (a,))), [("hit", a)]),
            (("call", ("hgetall", (b,))), [("miss", b)]),
            (("call", ("hsetnx", (a, "f", "w"))), []),
            (("call", ("hdel", (a, "f"))), [("delete", f"{a}[f]")]),
            (("call", ("incr", (a,))), []),
            (("call", ("execute_command", ("get", a))), [("hit", a)]),
            (("call", ("flushdb", ())), [("delete", None)]),
        ]


class ClusterCase(ClientCase):
    """A cluster's client; it is away when it may do nothing."""

    fixture = "redis_cluster"
    examples = 12

    @contextmanager
    def broken(self) -> Iterator[Any]:
        with self._closing(self._client(self.server)) as ruler:
            self.finish(
                ruler.execute_command(
                    "ACL SETUSER", "nobody", "on", "nopass", "allkeys", "-@all", "+cluster",
                    "+command", "+client", "+hello", "+ping", target_nodes=ruler.ALL_NODES,
                )
            )  # fmt: skip
        with self._closing(self._client(self.server, username="nobody", password="")) as client:
            yield client


class PipedCase(ClientCase):
    """Each get, set and delete is a pipeline of its own."""

    def _piped(self, cache: Any, name: str, *arguments: Any) -> Any:
        pipeline = cache.pipeline(transaction=self._transaction)
        getattr(pipeline, name)(*arguments)
        answers = pipeline.execute()
        return _first(answers) if isawaitable(answers) else answers[0]

    _transaction = False

    def get(self, cache: Any, key: str) -> Any:
        return self._piped(cache, "get", key)

    def set(self, cache: Any, key: str, value: Any) -> Any:
        return self._piped(cache, "set", key, value)

    def delete(self, cache: Any, key: str) -> Any:
        return self._piped(cache, "delete", key)


class TransactionCase(PipedCase):
    """The same within MULTI and EXEC."""

    _transaction = True


class ClusterPipedCase(PipedCase, ClusterCase):
    """A cluster's pipelines."""


async def _first(answers: Any) -> Any:
    return (await answers)[0]


class LocalCacheCase(ClientCase):
    """With the client's own cache, which takes a server of 7.4: an older one can do it as well."""

    @contextmanager
    def opened(self) -> Iterator[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("redis.connection.CacheProxyConnection.MIN_ALLOWED_VERSION", "7.0.0")
            with super().opened() as client:
                yield client

    def _client(self, port: int, **changes: Any) -> Any:
        return super()._client(port, protocol=3, cache_config=CacheConfig(), **changes)


Make = Callable[..., Case]
KINDS: list[tuple[Make, str, str, dict[str, Any]]] = [
    (ClientCase, "{}", "", {}),
    (ClientCase, "{}", "as text", {"decode_responses": True}),
    (ClientCase, "{}", "in RESP3", {"protocol": 3}),
    (ClientCase, "{}", "on one connection", {"single_connection_client": True}),
    (ClientCase, "asyncio.{}", "", {}),
    (PipedCase, "{}", "piped", {}),
    (TransactionCase, "{}", "in a transaction", {}),
    (PipedCase, "asyncio.{}", "piped", {}),
    (TransactionCase, "asyncio.{}", "in a transaction", {}),
    (ClusterCase, "cluster.{}Cluster", "", {}),
    (ClusterPipedCase, "cluster.{}Cluster", "piped", {}),
    (ClusterCase, "asyncio.cluster.{}Cluster", "", {}),
    (ClusterPipedCase, "asyncio.cluster.{}Cluster", "piped", {}),
]
CASES: list[Case] = [
    make(library, place.format(library.capitalize()), words, **changes)
    for library in ("redis", "valkey")
    for make, place, words, changes in KINDS
]
CASES.append(LocalCacheCase("redis", "Redis", "with a local cache"))
