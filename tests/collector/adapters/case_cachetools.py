"""The classes of cachetools."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cachetools
from hypothesis import strategies as st

from collector import Collector
from collector.adapters.cachetools import watched
from collector.keys import encode_builtin
from tests.collector.adapters.case import Case, Step


class Timer:
    """Time that moves only when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def first(keys: Any) -> Any:
    """Replacement without chance."""
    return min(keys)


def weight(value: Any) -> int:
    """A whole number weighs itself, anything else one."""
    return value if isinstance(value, int) else 1


Make = Callable[[Timer], "cachetools.Cache[Any, Any]"]
CLASSES: dict[str, Make] = {
    "Cache": lambda timer: cachetools.Cache(3),
    "FIFOCache": lambda timer: cachetools.FIFOCache(3),
    "LFUCache": lambda timer: cachetools.LFUCache(3),
    "LRUCache": lambda timer: cachetools.LRUCache(3),
    "RRCache": lambda timer: cachetools.RRCache(3, choice=first),
    "TTLCache": lambda timer: cachetools.TTLCache(3, 5, timer=timer),
    "TLRUCache": lambda timer: cachetools.TLRUCache(
        3, lambda k, v, now: now + weight(v), timer=timer
    ),
    "sized LRUCache": lambda timer: cachetools.LRUCache(6, getsizeof=weight),
}
KEYS = st.integers(0, 5)
SIZES = st.integers(0, 7)
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["get", "read", "delete", "pop", "in"]), KEYS),
    st.tuples(st.sampled_from(["get or", "set", "setdefault", "pop or", "update"]), KEYS, SIZES),
    st.tuples(
        st.sampled_from(
            ["popitem", "len", "currsize", "items", "repr", "clear", "expire", "unhashable"]
        )
    ),
    st.tuples(st.just("wait"), st.integers(1, 4)),
)


def wait(cache: Any, seconds: int) -> None:
    """Its timer moves on."""
    cache.its_timer.now += seconds


class CachetoolsCase(Case):
    module = "collector.adapters.cachetools"
    library = "cachetools"
    operations = OPERATIONS
    encoder = staticmethod(encode_builtin)
    shared_by_threads = False  # "access to a shared cache must be properly synchronized"
    actions = {  # noqa: RUF012  # read only
        "get or": lambda cache, key, size: cache.get(key, size),
        "read": lambda cache, key: cache[key],
        "setdefault": lambda cache, key, size: cache.setdefault(key, size),
        "pop": lambda cache, key: cache.pop(key),
        "pop or": lambda cache, key, size: cache.pop(key, size),
        "popitem": lambda cache: cache.popitem(),
        "in": lambda cache, key: key in cache,
        "len": len,
        "currsize": lambda cache: cache.currsize,
        "items": lambda cache: sorted(cache.items()),
        "repr": repr,
        "clear": lambda cache: cache.clear(),
        "expire": lambda cache: cache.expire(),
        "unhashable": lambda cache: cache[[]],
        "update": lambda cache, key, size: cache.update({key: size}),
        "wait": wait,
    }

    def __init__(self, name: str, make: Make) -> None:
        self.name = f"cachetools {name}"
        self._make = make

    @contextmanager
    def opened(self) -> Iterator[Any]:
        timer = Timer()
        cache: Any = self._make(timer)
        cache.its_timer = timer
        yield cache

    def watch(self, cache: Any, collector: Collector, **names: str) -> Any:
        return watched(cache, collector=collector, **names)

    def get(self, cache: Any, key: str) -> Any:
        return cache.get(key)

    def set(self, cache: Any, key: str, value: Any) -> Any:
        cache[key] = value

    def delete(self, cache: Any, key: str) -> Any:
        del cache[key]

    def state(self, cache: Any) -> Any:
        return list(cache), cache.currsize

    def script(self) -> list[Step]:
        return [
            *super().script(),
            (("delete", "é"), [("delete", "é")]),
            (("setdefault", "b", 1), [("set", "b"), ("miss", "b")]),
            (("pop", "b"), [("delete", "b")]),
        ]


class LoadingLRUCache(cachetools.LRUCache[str, Any]):
    """Its __missing__ calls what `its_load` is then."""

    its_load: Callable[[], Any]

    def __missing__(self, key: str) -> Any:
        self[key] = value = self.its_load()
        return value


class LoadingCase(CachetoolsCase):
    loads = True
    operations = OPERATIONS.filter(lambda operation: operation[0] not in ("read", "unhashable"))

    def load(self, cache: Any, key: str, function: Callable[[], Any]) -> Any:
        cache.its_load = function
        return cache[key]


CASES: list[Case] = [
    *(CachetoolsCase(name, make) for name, make in CLASSES.items()),
    LoadingCase("with __missing__", lambda timer: LoadingLRUCache(3)),
]
