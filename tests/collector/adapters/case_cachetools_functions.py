"""Functions and methods that cachetools decorates."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, RLock
from typing import Any

import cachetools
from hypothesis import strategies as st

from collector import Collector
from collector.adapters.cachetools_functions import encode_call, watched_function
from tests.collector.adapters.case import Case, Step

ARGUMENT = st.sampled_from([0, 1, "a", "b", (1, 2), "too large"])
OPERATIONS = st.one_of(
    st.tuples(st.just("call"), st.lists(ARGUMENT, max_size=2)),
    st.tuples(st.just("named"), ARGUMENT, st.dictionaries(st.sampled_from("xy"), ARGUMENT)),
    st.tuples(
        st.sampled_from(["info", "clear", "unhashable", "broken", "in itself", "key", "held"])
    ),
)
VALUE = b"value of 1"


class Pages:
    """What is cached, and by what."""

    def __init__(self) -> None:
        self.cache: cachetools.LRUCache[Any, Any] = cachetools.LRUCache(3, getsizeof=self.weight)
        self.lock, self.condition = RLock(), Condition()

    @staticmethod
    def weight(value: Any) -> int:
        return 9 if value == "too large" else 1

    def load(self, key: Any) -> Any:
        return key if key == "too large" else VALUE

    def broken(self, key: Any) -> Any:
        raise ZeroDivisionError(key)


class Used:
    """A decorated function with its pages; made again when it is watched, as in a program."""

    def __init__(self, decorate: Callable[[Any, Pages], Any], collector: Any, names: Any) -> None:
        self.pages = Pages()
        self._decorate = decorate
        self.watch(collector, names)

    def watch(self, collector: Any, names: Any) -> None:
        watching = (
            (lambda decorator: decorator)
            if collector is None
            else (lambda decorator: watched_function(decorator, collector=collector, **names))
        )
        self.function = self._decorate(watching, self.pages)
        self.__doc__ = self.function.__doc__

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.function, name)


def a_function(**options: str | bool) -> Callable[[Any, Pages], Any]:
    """How a function is decorated: options name what is taken of the pages."""

    def decorate(watching: Any, pages: Pages) -> Any:
        chosen: dict[str, Any] = {
            name: getattr(pages, name) if isinstance(each, str) else each
            for name, each in options.items()
        }

        @watching(cachetools.cached(pages.cache, **chosen))  # type: ignore[untyped-decorator]  # any
        def page(key: Any = "", *more: Any, **named: Any) -> Any:
            """One page."""
            return pages.load(key)

        return page

    return decorate


def a_method(**options: str | bool) -> Callable[[Any, Pages], Any]:
    """How a method is decorated: options name attributes of its object."""

    def decorate(watching: Any, pages: Pages) -> Any:
        chosen: dict[str, Any] = {
            name: (lambda book, each=each: getattr(book.pages, each))
            if isinstance(each, str)
            else each
            for name, each in options.items()
        }

        class Book:
            """It has pages."""

            def __init__(self) -> None:
                self.pages = pages

            @watching(cachetools.cachedmethod(lambda book: book.pages.cache, **chosen))  # type: ignore[untyped-decorator]  # any
            def page(self, key: Any = "", *more: Any, **named: Any) -> Any:
                """One page."""
                return self.pages.load(key)

        return Book().page

    return decorate


def broken(used: Used) -> Any:
    """A load that fails, and then one that does not."""
    used.pages.load = used.pages.broken  # type: ignore[method-assign]  # for once
    try:
        return used("never before")
    finally:
        del used.pages.load


def in_itself(used: Used) -> Any:
    """A load that calls the function again."""

    def load(key: Any) -> Any:
        return used(key - 1) + 1 if key else 0

    used.pages.cache.clear()
    used.pages.load = load  # type: ignore[method-assign]  # for once
    try:
        return used(2)
    finally:
        del used.pages.load


class CachedFunctionCase(Case):
    module = "collector.adapters.cachetools_functions"
    library = "cachetools"
    operations = OPERATIONS
    examples = 30
    encoder = staticmethod(encode_call)
    loads = True
    actions = {  # noqa: RUF012  # read only
        "call": lambda used, arguments: used(*arguments),
        "named": lambda used, argument, named: used(argument, **named),
        "info": lambda used: used.cache_info(),
        "clear": lambda used: used.cache_clear(),
        "key": lambda used: used.cache_key("a", x=1),
        "held": lambda used: list(used.cache),
        "unhashable": lambda used: used([]),
        "broken": broken,
        "in itself": in_itself,
    }

    def __init__(
        self, words: str, decorate: Callable[[Any, Pages], Any], shared: bool = False
    ) -> None:
        self.name = f"cachetools.{words}"
        self.shared_by_threads = shared
        self._of_method = words.startswith("cachedmethod")
        self._decorate = decorate

    @contextmanager
    def opened(self) -> Iterator[Any]:
        yield Used(self._decorate, None, {})

    def watch(self, cache: Any, collector: Collector, **names: Any) -> Any:
        cache.watch(collector, names)
        return cache

    def get(self, cache: Any, key: str) -> Any:
        return cache(key)

    def load(self, cache: Any, key: str, function: Callable[[], Any]) -> Any:
        cache.pages.load = lambda key: function()
        return cache(key)

    def recorded_key(self, key: Any) -> Any:
        return key if isinstance(key, tuple) else (key,)

    def state(self, cache: Any) -> Any:
        return sorted(map(str, cache.pages.cache.items()))

    def script(self) -> list[Step]:
        """The cache of a function tells its sets; of a method it is watched where it is made."""
        stores = [] if self._of_method else ["set"]
        return [
            (("get", "a"), [("miss", "a"), *((kind, "a") for kind in stores)]),
            (("get", "a"), [("hit", "a")]),
            (("get", "é"), [("miss", "é"), *((kind, "é") for kind in stores)]),
            (("call", [1, "b"]), [("miss", (1, "b")), *((kind, (1, "b")) for kind in stores)]),
            (("clear",), [] if self._of_method else [("delete", None)]),
        ]


CASES: list[Case] = [
    CachedFunctionCase("cached", a_function()),
    CachedFunctionCase("cached with a lock", a_function(lock="lock"), True),
    CachedFunctionCase("cached with counts", a_function(info=True)),
    CachedFunctionCase("cached with all", a_function(lock="lock", info=True), True),
    CachedFunctionCase("cached under a condition", a_function(condition="condition"), True),
    CachedFunctionCase("cachedmethod", a_method()),
    CachedFunctionCase("cachedmethod with all", a_method(lock="lock", info=True), True),
    CachedFunctionCase("cachedmethod under a condition", a_method(condition="condition"), True),
]
