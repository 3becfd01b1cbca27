"""aiocache's caches, in memory and over a real Redis."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from aiocache import RedisCache, SimpleMemoryCache  # type: ignore[import-untyped]  # it has no types
from aiocache.plugins import HitMissRatioPlugin  # type: ignore[import-untyped]
from aiocache.serializers import PickleSerializer  # type: ignore[import-untyped]
from hypothesis import strategies as st

from collector import Collector
from collector.adapters.aiocache import watched
from collector.keys import encode_builtin
from tests.collector.adapters.case import Case, Step
from tests.collector.adapters.closed_port import closed_port

KEY = st.sampled_from(["a", "b", "é"])
SEVERAL = st.lists(KEY, min_size=1, max_size=3)
VALUE = st.sampled_from([b"one", "zwei", 3, 0, None])
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["get", "delete", "exists", "expire", "increment"]), KEY),
    st.tuples(st.sampled_from(["set", "get or", "add", "put", "in a namespace"]), KEY, VALUE),
    st.tuples(st.just("multi_get"), SEVERAL),
    st.tuples(st.just("multi_set"), st.lists(st.tuples(KEY, VALUE), min_size=1, max_size=3)),
    st.tuples(st.sampled_from(["clear", "nothing", "ratio"])),
)


async def in_a_namespace(cache: Any, key: str, value: Any) -> Any:
    await cache.set(key, value, namespace="other")
    return await cache.get(key, namespace="other"), await cache.get(key)


class AiocacheCase(Case):
    module = "collector.adapters.aiocache"
    library = "aiocache"
    operations = OPERATIONS
    examples = 25
    encoder = staticmethod(encode_builtin)
    actions = {  # noqa: RUF012  # read only
        "exists": lambda cache, key: cache.exists(key),
        "expire": lambda cache, key: cache.expire(key, 100),
        "increment": lambda cache, key: cache.increment(key, 2),
        "get or": lambda cache, key, value: cache.get(key, default=value),
        "add": lambda cache, key, value: cache.add(key, value),
        "put": lambda cache, key, value: cache.set(key, value, ttl=100),
        "in a namespace": in_a_namespace,
        "multi_get": lambda cache, keys: cache.multi_get(keys),
        "multi_set": lambda cache, pairs: cache.multi_set(pairs),
        "clear": lambda cache: cache.clear(),
        "nothing": lambda cache: cache.get(),
        "ratio": lambda cache: getattr(cache, "hit_miss_ratio", None),
    }

    def __init__(self, words: str, make: Callable[[int], Any], fixture: str | None = None) -> None:
        self.name = f"aiocache {words}"
        self.fixture = fixture
        self.fails = fixture is not None
        if fixture is not None:  # a number that Redis counted is no pickle
            self.operations = OPERATIONS.filter(lambda operation: operation[0] != "increment")
        self._make = make

    @contextmanager
    def opened(self) -> Iterator[Any]:
        opened = self._opened(self.server)
        cache = self.runner.run(opened.__aenter__())
        try:
            yield cache
        finally:
            self.runner.run(opened.__aexit__(None, None, None))

    @asynccontextmanager
    async def _opened(self, port: int) -> AsyncIterator[Any]:
        cache = self._make(port)
        await cache.clear()
        try:
            yield cache
        finally:
            await closed(cache)

    def close(self, cache: Any) -> None:
        self.runner.run(closed(cache))

    @contextmanager
    def broken(self) -> Iterator[Any]:
        cache = self._make(closed_port())
        try:
            yield cache
        finally:
            self.close(cache)

    def watch(self, cache: Any, collector: Collector, **names: Any) -> Any:
        return watched(cache, collector=collector, **names)

    def get(self, cache: Any, key: str) -> Any:
        return cache.get(key)

    def set(self, cache: Any, key: str, value: Any) -> Any:
        return cache.set(key, value)

    def delete(self, cache: Any, key: str) -> Any:
        return cache.delete(key)

    def recorded_key(self, key: str) -> Any:
        return self._make(0).build_key(key)

    def state(self, cache: Any) -> Any:
        return cache.multi_get(["a", "b", "é"])

    def script(self) -> list[Step]:
        return [
            *super().script(),
            (("set", "z", 0), [("set", "z")]),
            (("get or", "z", 0), [("hit", "z")]),
            (("get or", "y", 0), [("miss", "y")]),
            (("multi_get", ["z", "y"]), [("hit", "z"), ("miss", "y")]),
            (("multi_set", [("x", 1), ("y", 2)]), [("set", "x"), ("set", "y")]),
            (("add", "w", 1), [("set", "w")]),
            (("exists", "w"), []),
            (("delete", "v"), []),
            (("clear",), [("delete", None)]),
        ]


async def closed(cache: Any) -> None:
    """Without aiocache's own close, which calls what redis-py deprecated."""
    if hasattr(cache, "client"):
        await cache.client.aclose()


def in_memory(port: int) -> Any:
    return SimpleMemoryCache(namespace="app:", plugins=[HitMissRatioPlugin()])


def in_redis(port: int) -> Any:
    return RedisCache(
        endpoint="127.0.0.1", port=port, namespace="app", serializer=PickleSerializer()
    )


CASES: list[Case] = [
    AiocacheCase("SimpleMemoryCache", in_memory),
    AiocacheCase("RedisCache", in_redis, "redis_server"),
]
