"""functools.lru_cache and functools.cache."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache as cached_for_ever
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from collector import Collector
from collector.adapters.functools_lru import watched
from collector.keys import encode_builtin
from tests.collector.adapters.case import Case, Step

ARGUMENT = st.sampled_from([0, 1, 1.0, True, "a", "b", b"a", None, (1, 2)])
OPERATIONS = st.one_of(
    st.tuples(st.just("call"), st.lists(ARGUMENT, max_size=2)),
    st.tuples(st.just("named"), ARGUMENT, st.dictionaries(st.sampled_from("xy"), ARGUMENT)),
    st.tuples(
        st.sampled_from(["info", "clear", "parameters", "unhashable", "broken", "in itself"])
    ),
)
VALUE = b"value of 1"

page: Any = None  # what was made last; a pickle of it is its name


def make(decorate: Callable[[Any], Any]) -> Any:
    """A cached function whose load can be told."""

    def loading(key: Any = "", *more: Any, **named: Any) -> Any:
        """One page."""
        return loading.its_load(key)  # type: ignore[attr-defined]

    loading.its_load = lambda key: VALUE  # type: ignore[attr-defined]
    loading.__qualname__ = loading.__name__ = "page"
    return remember(decorate(loading))


def remember(made: Any) -> Any:
    global page
    page = made
    return made


def broken(cache: Any) -> Any:
    """A load that fails, and then one that does not."""
    own = cache.__wrapped__.its_load
    cache.__wrapped__.its_load = lambda key: 1 / 0
    try:
        return cache("never before")
    finally:
        cache.__wrapped__.its_load = own


def in_itself(cache: Any) -> Any:
    """A load that calls the function again."""
    own = cache.__wrapped__.its_load
    cache.__wrapped__.its_load = lambda key: cache(key - 1) + 1 if key else 0
    try:
        return cache(4)
    finally:
        cache.__wrapped__.its_load = own


class LruCase(Case):
    module = "collector.adapters.functools_lru"
    library = "functools"
    operations = OPERATIONS
    encoder = staticmethod(encode_builtin)
    loads = True
    actions = {  # noqa: RUF012  # read only
        "call": lambda cache, arguments: cache(*arguments),
        "named": lambda cache, argument, named: cache(argument, **named),
        "info": lambda cache: cache.cache_info(),
        "clear": lambda cache: cache.cache_clear(),
        "parameters": lambda cache: cache.cache_parameters(),
        "unhashable": lambda cache: cache([]),
        "broken": broken,
        "in itself": in_itself,
    }

    def __init__(self, words: str, decorate: Callable[[Any], Any]) -> None:
        self.name = words
        self._decorate = decorate

    @contextmanager
    def opened(self) -> Iterator[Any]:
        yield make(self._decorate)

    def watch(self, cache: Any, collector: Collector, **names: Any) -> Any:
        return remember(watched(collector=collector, **names)(cache))

    def get(self, cache: Any, key: str) -> Any:
        return cache(key)

    def load(self, cache: Any, key: str, function: Callable[[], Any]) -> Any:
        cache.__wrapped__.its_load = lambda key: function()
        return cache(key)

    def state(self, cache: Any) -> Any:
        return cache.cache_info()

    def script(self) -> list[Step]:
        return [
            (("get", "a"), [("miss", "a")]),
            (("get", "a"), [("hit", "a")]),
            (("get", "é"), [("miss", "é")]),
            (("call", [1, "b"]), [("miss", (1, "b"))]),
            (("named", 1, {"x": 2}), [("miss", (1, ("x", 2)))]),
            (("clear",), [("delete", None)]),
            (("clear",), []),
        ]


CASES: list[Case] = [
    LruCase("lru_cache", lru_cache(maxsize=4)),
    LruCase("lru_cache by types", lru_cache(maxsize=4, typed=True)),
    LruCase("functools.cache", cached_for_ever),
]
