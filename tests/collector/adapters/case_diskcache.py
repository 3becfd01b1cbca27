"""diskcache's Cache and FanoutCache, each in a real folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

import diskcache  # type: ignore[import-untyped]  # it ships neither types nor stubs
from hypothesis import strategies as st

from collector import Collector
from collector.adapters.diskcache import watched
from collector.keys import encode_builtin
from tests.collector.adapters.case import Case, Step

KEY = st.sampled_from(["a", b"a", 1, 1.5, (1, "a"), "é"])
VALUE = st.sampled_from([b"one", "zwei", 3, None, ("of", "parts")])
OPERATIONS = st.one_of(
    st.tuples(
        st.sampled_from(
            ["get", "read", "pop", "in", "delete", "remove", "touch", "incr", "decr", "memoized",
             "get with all"]
        ), KEY,
    ),
    st.tuples(
        st.sampled_from(["get or", "pop or", "set", "write", "add", "set for long", "tagged"]),
        KEY, VALUE,
    ),
    st.tuples(st.sampled_from(["len", "clear", "expire", "cull", "evict", "stats"])),
)  # fmt: skip


def remembered(cache: Any, key: Any) -> Any:
    """A memoized function, and its key."""

    @cache.memoize(name="squares")  # type: ignore[untyped-decorator]  # it has no types
    def twice(value: Any) -> Any:
        """Two of them."""
        return [value, value]

    return twice(key), twice.__cache_key__(key), twice.__doc__, twice.__wrapped__(key)


class DiskcacheCase(Case):
    module = "collector.adapters.diskcache"
    library = "diskcache"
    operations = OPERATIONS
    examples = 15
    encoder = staticmethod(encode_builtin)
    loads = True
    actions = {  # noqa: RUF012  # read only
        "read": lambda cache, key: cache[key],
        "get with all": lambda cache, key: cache.get(key, 7, expire_time=True, tag=True),
        "pop": lambda cache, key: cache.pop(key, tag=True),
        "in": lambda cache, key: key in cache,
        "remove": lambda cache, key: cache.__delitem__(key),
        "touch": lambda cache, key: cache.touch(key, expire=100),
        "incr": lambda cache, key: cache.incr(key),
        "decr": lambda cache, key: cache.decr(key, 2, default=None),
        "memoized": remembered,
        "get or": lambda cache, key, value: cache.get(key, value),
        "pop or": lambda cache, key, value: cache.pop(key, default=value),
        "write": lambda cache, key, value: cache.__setitem__(key, value),
        "add": lambda cache, key, value: cache.add(key, value),
        "set for long": lambda cache, key, value: cache.set(key, value, expire=1000),
        "tagged": lambda cache, key, value: cache.set(key, value, tag="red"),
        "len": len,
        "clear": lambda cache: cache.clear(),
        "expire": lambda cache: cache.expire(),
        "cull": lambda cache: cache.cull(),
        "evict": lambda cache: cache.evict("red"),
        "stats": lambda cache: cache.stats(),
    }

    def __init__(self, words: str, make: Callable[[str], Any]) -> None:
        self.name = f"diskcache {words}"
        self._make = make

    @contextmanager
    def opened(self) -> Iterator[Any]:
        with TemporaryDirectory() as folder, self._make(folder) as cache:
            yield cache

    def close(self, cache: Any) -> None:
        cache.close()

    def watch(self, cache: Any, collector: Collector, **names: Any) -> Any:
        return watched(cache, collector=collector, **names)

    def get(self, cache: Any, key: str) -> Any:
        return cache.get(key)

    def set(self, cache: Any, key: str, value: Any) -> Any:
        return cache.set(key, value)

    def delete(self, cache: Any, key: str) -> Any:
        return cache.delete(key)

    def load(self, cache: Any, key: str, function: Callable[[], Any]) -> Any:
        return cache.memoize(name=key)(lambda: function())()

    def state(self, cache: Any) -> Any:
        return list(cache)

    def script(self) -> list[Step]:
        memoized = ("squares", "a", None)
        return [
            *super().script(),
            (("read", "é"), [("hit", "é")]),
            (("get with all", "é"), [("hit", "é")]),
            (("add", "é", 1), []),
            (("add", "b", 1), [("set", "b")]),
            (("incr", "b"), []),
            (("touch", "b"), []),
            (("pop or", "b", 1), [("delete", "b")]),
            (("pop or", "b", 1), []),
            (("delete", "b"), []),
            (("memoized", "a"), [("miss", memoized), ("set", memoized)]),
            (("memoized", "a"), [("hit", memoized)]),
            (("clear",), [("delete", None)] * (1 if self.name.endswith("cache Cache") else 2)),
        ]


CASES: list[Case] = [
    DiskcacheCase("Cache", lambda folder: diskcache.Cache(folder, statistics=1)),
    DiskcacheCase("FanoutCache", lambda folder: diskcache.FanoutCache(folder, 2, timeout=60)),
]
