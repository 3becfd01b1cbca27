"""Functions that cachetools decorates: threads under a condition, shared caches, methods."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Condition, RLock, Thread
from time import perf_counter_ns
from typing import Any

import cachetools
import pytest
from cachetools import cached, cachedmethod

from collector.adapters.cachetools import watched
from collector.adapters.cachetools_functions import watched_function
from tests.collector.adapters.tape import Tape, tape_in

Cache = cachetools.LRUCache[Any, Any]


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    with tape_in(tmp_path) as made:
        yield made


def in_threads(number: int, work: Any) -> None:
    threads = [Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_those_who_wait_for_one_load_one_has_the_miss(tape: Tape) -> None:
    """The others found what was loaded meanwhile."""
    barrier = Barrier(4)

    @watched_function(cached(Cache(99), condition=Condition(), info=True), collector=tape.collector)
    def square(number: int) -> int:
        began = perf_counter_ns()
        while perf_counter_ns() - began < 500_000:
            pass
        return number * number

    def work() -> None:
        barrier.wait()
        for number in range(20):
            assert square(number) == number * number

    in_threads(4, work)
    kinds = Counter(tape.kinds())
    assert (kinds["hit"], kinds["miss"], kinds["set"]) == (60, 20, 20)
    counted = square.cache_info()
    assert (counted.hits, counted.misses) == (60, 20)


@pytest.mark.parametrize("lock", [None, RLock()], ids=["without a lock", "with a lock"])
def test_what_the_cache_does_is_recorded_once(tape: Tape, lock: Any) -> None:
    """Gets by the function, sets and evictions by its cache, under the same names and keys."""
    decorator = cached(Cache(2), lock=lock)

    @watched_function(decorator, cache_name="squares", collector=tape.collector)
    def square(number: int, *, plus: int = 0) -> int:
        return number * number + plus

    assert [square(3), square(3), square(4), square(5), square(5, plus=1)] == [9, 9, 16, 25, 26]
    rows = tape.rows()
    assert [row.operation_type for row in rows] == [
        "miss", "set", "hit", "miss", "set", "miss", "evict", "set", "miss", "evict", "set",
    ]  # fmt: skip
    assert {row.cache_name for row in rows} == {"squares"}
    keys = [row.cache_key for row in rows if row.operation_type in ("miss", "set")]
    assert keys[::2] == keys[1::2]
    assert "" not in keys


def test_a_cache_that_is_watched_already_keeps_its_names(tape: Tape) -> None:
    """Two functions over one cache, as cachetools shows it; each get is told by its function."""
    shared: Cache = watched(Cache(9), cache_name="shared", collector=tape.collector)

    def decorate(name: str) -> Any:
        key = lambda *arguments: (name, *arguments)  # noqa: E731
        return watched_function(cached(shared, key), cache_name=name, collector=tape.collector)

    @decorate("inner")  # type: ignore[untyped-decorator]  # any
    def inner(number: int) -> int:
        return number + 1

    @decorate("outer")  # type: ignore[untyped-decorator]  # any
    def outer(number: int) -> Any:
        return inner(number) + 1

    assert (outer(1), outer(1), inner(1)) == (3, 3, 2)
    assert shared.get("nothing") is None
    rows = tape.rows()
    assert rows[0].cache_key == rows[1].cache_key == rows[5].cache_key != rows[2].cache_key
    assert rows[2].cache_key == rows[3].cache_key == rows[4].cache_key
    assert [(row.cache_name, row.operation_type) for row in rows] == [
        ("inner", "miss"), ("shared", "set"), ("outer", "miss"), ("shared", "set"),
        ("outer", "hit"), ("inner", "hit"), ("shared", "miss"),
    ]  # fmt: skip


def test_a_method_and_the_cache_of_its_object(tape: Tape) -> None:
    """Watched where it is made, the cache tells its sets; by the class it is the same method."""

    class Shop:
        def __init__(self) -> None:
            self.prices: Cache = watched(Cache(9), cache_name="prices", collector=tape.collector)

        @watched_function(
            cachedmethod(lambda shop: shop.prices), cache_name="prices", collector=tape.collector
        )
        def price(self, name: str) -> int:
            """What it costs."""
            return len(name)

    one, two = Shop(), Shop()
    assert (one.price("tea"), one.price("tea"), two.price("tea"), Shop.price(two, "tea")) == (
        3, 3, 3, 3,
    )  # fmt: skip
    assert tape.kinds() == ["miss", "set", "hit", "miss", "set", "hit"]
    assert one.price.__doc__ == "What it costs."
    one.price.cache_clear()
    assert tape.kinds() == ["delete"]


def test_a_cache_that_loads_by_itself_tells_its_gets_itself(tape: Tape) -> None:
    """The function is not called; its call is no second get."""

    class Loading(cachetools.LRUCache[Any, Any]):
        def __missing__(self, key: Any) -> Any:
            self[key] = value = "made"
            return value

    loading = Loading(3)

    @watched_function(cached(loading), collector=tape.collector)
    def never(name: str) -> str:
        raise AssertionError(name)

    assert (never("a"), never("a")) == ("made", "made")
    assert tape.kinds() == ["set", "miss", "hit"]


def test_arguments_that_can_be_no_key_are_no_get(tape: Tape) -> None:
    """The exception is the library's; one of the function's own is a failed load."""

    @watched_function(cached(Cache(9)), collector=tape.collector)
    def length(text: Any) -> int:
        return len(text)

    with pytest.raises(TypeError, match="unhashable"):
        length([])
    assert tape.rows() == []
    with pytest.raises(TypeError, match="has no len"):
        length(3)
    (row,) = tape.rows()
    assert (row.operation_type, row.error_type) == ("miss", "TypeError")
