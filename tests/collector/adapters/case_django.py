"""Backends of Django's cache framework, called plainly and by their async methods."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from tempfile import TemporaryDirectory
from typing import Any

from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.memcached import PyMemcacheCache
from django.core.cache.backends.redis import RedisCache
from hypothesis import strategies as st

from collector import Collector
from collector.adapters.django import watched
from tests.collector.adapters.case import Case, Step
from tests.collector.adapters.closed_port import closed_port

KEY = st.sampled_from(["a", "b", "é", "with space"])
SEVERAL = st.lists(KEY, max_size=3)
VALUE = st.sampled_from([b"one", "zwei", 3, None, ("of", "parts")])
VERSION = st.sampled_from([None, 1, 2])
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["get", "delete", "in", "touch", "has_key"]), KEY),
    st.tuples(st.sampled_from(["incr", "decr", "incr_version", "forget"]), KEY, VERSION),
    st.tuples(st.sampled_from(["set", "get or"]), KEY, VALUE),
    st.tuples(
        st.sampled_from(["put", "add", "get_or_set", "get_or_load", "get of version"]),
        KEY, VALUE, VERSION,
    ),
    st.tuples(st.sampled_from(["get_many", "delete_many"]), SEVERAL, VERSION),
    st.tuples(st.just("set_many"), st.dictionaries(KEY, VALUE, max_size=3), VERSION),
    st.tuples(st.sampled_from(["clear", "nothing"])),
)  # fmt: skip


def calls(letter: str) -> dict[str, Callable[..., Any]]:
    """Those of the plain methods, or with "a" of the async ones."""

    def named(name: str) -> Callable[..., Any]:
        return lambda cache, *arguments: getattr(cache, letter + name)(*arguments)

    return {
        **{name: named(name) for name in ("touch", "has_key", "clear", "get_or_set")},
        "in": lambda cache, key: key in cache,
        "incr": lambda cache, key, version: named("incr")(cache, key, 2, version),
        "decr": lambda cache, key, version: named("decr")(cache, key, 2, version),
        "incr_version": lambda cache, key, version: named("incr_version")(cache, key, 1, version),
        "forget": lambda cache, key, version: named("delete")(cache, key, version),
        "get or": lambda cache, key, value: named("get")(cache, key, value),
        "get of version": lambda cache, key, value, version: getattr(cache, f"{letter}get")(
            key, version=version, default=value
        ),
        "put": lambda cache, key, value, version: named("set")(cache, key, value, 100, version),
        "add": lambda cache, key, value, version: named("add")(cache, key, value, 100, version),
        "get_or_set": lambda cache, key, value, version: named("get_or_set")(
            cache, key, value, 100, version
        ),
        "get_or_load": lambda cache, key, value, version: getattr(cache, f"{letter}get_or_set")(
            key, default=lambda: value, version=version
        ),
        "get_many": lambda cache, keys, version: named("get_many")(cache, keys, version),
        "delete_many": lambda cache, keys, version: named("delete_many")(
            cache, iter(keys), version
        ),
        "set_many": lambda cache, values, version: named("set_many")(cache, values, 100, version),
        "nothing": lambda cache: named("get")(cache),
    }


Make = Callable[[int, dict[str, Any]], Any]
_numbers = count()


class DjangoCase(Case):
    module = "collector.adapters.django"
    library = "django"
    package = "Django"
    operations = OPERATIONS
    loads = True

    def __init__(
        self, words: str, make: Make, fixture: str | None = None, letter: str = ""
    ) -> None:
        self.name = f"Django {words}"
        self.fixture, self.fails = fixture, fixture is not None
        self.shared_by_threads = fixture is None  # Django makes one for each thread
        self.examples = 40 if fixture is None and not letter else 15
        self.actions = calls(letter)
        self._make, self._letter = make, letter

    @contextmanager
    def opened(self) -> Iterator[Any]:
        cache = self._make(self.server, {"KEY_PREFIX": "app"})
        cache.clear()
        try:
            yield cache
        finally:
            cache.clear()
            cache.close()
            if hasattr(cache._cache, "close_connections"):
                cache._cache.close_connections()

    def watch(self, cache: Any, collector: Collector, **names: Any) -> Any:
        return watched(cache, collector=collector, **names)

    @contextmanager
    def broken(self) -> Iterator[Any]:
        yield self._make(closed_port(), {"KEY_PREFIX": "app"})

    def get(self, cache: Any, key: str) -> Any:
        return getattr(cache, f"{self._letter}get")(key)

    def set(self, cache: Any, key: str, value: Any) -> Any:
        return getattr(cache, f"{self._letter}set")(key, value)

    def delete(self, cache: Any, key: str) -> Any:
        return getattr(cache, f"{self._letter}delete")(key)

    def load(self, cache: Any, key: str, function: Callable[[], Any]) -> Any:
        return getattr(cache, f"{self._letter}get_or_set")(key, function)

    def recorded_key(self, key: str) -> Any:
        return key if key.startswith("app:") else f"app:1:{key}"

    def state(self, cache: Any) -> Any:
        keys = ["a", "b", "é"]
        return [cache.get_many(keys, version=version) for version in (1, 2, 3)]

    def script(self) -> list[Step]:
        return [
            *super().script(),
            (("put", "b", 1, 2), [("set", "app:2:b")]),
            (("get of version", "b", 0, 2), [("hit", "app:2:b")]),
            (("get of version", "b", 0, 1), [("miss", "b")]),
            (("add", "b", 1, 2), []),
            (("add", "c", 1, 1), [("set", "c")]),
            (("incr", "c", 1), []),
            (("has_key", "c"), []),
            (("get_or_set", "d", 3, None), [("miss", "d"), ("set", "d")]),
            (("get_or_load", "d", 3, None), [("hit", "d")]),
            (("get_many", ["d", "e"], None), [("hit", "d"), ("miss", "e")]),
            (("set_many", {"e": 1, "f": 2}, None), [("set", "e"), ("set", "f")]),
            (("delete_many", ["e", "f"], None), [("delete", "e"), ("delete", "f")]),
            (("clear",), [("delete", None)]),
        ]


class FileCase(DjangoCase):
    @contextmanager
    def opened(self) -> Iterator[Any]:
        with TemporaryDirectory() as folder:
            yield FileBasedCache(folder, {"KEY_PREFIX": "app"})


def local(port: int, parameters: dict[str, Any]) -> Any:
    return LocMemCache(f"cache {next(_numbers)}", parameters)


def memcached(port: int, parameters: dict[str, Any]) -> Any:
    return PyMemcacheCache(f"127.0.0.1:{port}", parameters)


def redis(port: int, parameters: dict[str, Any]) -> Any:
    return RedisCache(f"redis://127.0.0.1:{port}", parameters)


CASES: list[Case] = [
    DjangoCase("LocMemCache", local),
    DjangoCase("LocMemCache, async", local, letter="a"),
    FileCase("FileBasedCache", local),
    DjangoCase("PyMemcacheCache", memcached, "memcached_server"),
    DjangoCase("RedisCache, async", redis, "redis_server", letter="a"),
]
