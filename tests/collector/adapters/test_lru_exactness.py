"""lru_cache watched: hits and misses are those that cache_info counts, whatever the threads do."""

import copy
import functools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from collector.adapters.functools_lru import watched, watched_lru_cache
from collector.keys import encode_builtin
from tests.collector.adapters.tape import Tape, stored, tape_in


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    with tape_in(tmp_path) as made:
        yield made


def test_threads_are_told_exactly(tape: Tape) -> None:
    """Each call by what it was: the counts are the cache's own, and each miss has its load."""
    loads: list[int] = []

    @watched_lru_cache(maxsize=16, collector=tape.collector)
    def square(number: int) -> int:
        loads.append(number)
        return number * number

    barrier, wrong = Barrier(6), []

    def work(seed: int) -> None:
        draw = random.Random(seed)
        barrier.wait()
        for _ in range(400):
            number = draw.randrange(24)
            if square(number) != number * number:
                wrong.append(number)

    threads = [Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = tape.rows()
    kinds = Counter(row.operation_type for row in rows)
    counted = square.cache_info()
    assert wrong == []
    assert (kinds["hit"], kinds["miss"]) == (counted.hits, counted.misses)
    assert kinds["miss"] == len(loads)
    missed = Counter(row.cache_key for row in rows if row.operation_type == "miss")
    assert missed == Counter(stored(number, encode_builtin) for number in loads)


class Gated:
    """A key that runs something while the cache asks for its hash."""

    def __init__(self, gate: Callable[[], object]) -> None:
        self.gate: Callable[[], object] | None = gate

    def __hash__(self) -> int:
        gate, self.gate = self.gate, None
        if gate is not None:
            gate()
        return id(self)


def test_calls_that_interleave_are_not_mixed_up(tape: Tape) -> None:
    """One thread's call begins before the other's load does, and ends after it."""

    @watched_lru_cache(maxsize=9, collector=tape.collector, key=lambda key: "key")
    def same(key: Gated) -> Gated:
        return key

    first_in, second_in, first_out = Event(), Event(), Event()

    def wait_for_the_second() -> None:
        first_in.set()
        assert second_in.wait(30)

    def wait_for_the_first() -> None:
        second_in.set()
        assert first_out.wait(30)

    def first() -> None:
        same(Gated(wait_for_the_second))
        first_out.set()

    def second() -> None:
        assert first_in.wait(30)
        same(Gated(wait_for_the_first))

    threads = [Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tape.kinds() == ["miss", "miss"]


def test_a_key_that_asks_the_cache_itself(tape: Tape) -> None:
    """While the cache asks for its hash: the inner call is a hit, the outer one a miss."""

    @watched_lru_cache(maxsize=9, collector=tape.collector, key=str)
    def same(key: Any) -> str:
        return str(type(key))

    same("a")
    same(Gated(lambda: same("a")))
    assert tape.kinds() == ["miss", "hit", "miss"]


def test_arguments_that_can_be_no_key_are_no_get(tape: Tape) -> None:
    """The exception is the library's; one of the function's own is a failed load."""

    @watched_lru_cache(maxsize=9, collector=tape.collector)
    def length(text: Any) -> int:
        return len(text)

    with pytest.raises(TypeError, match="unhashable"):
        length([])
    assert tape.rows() == []
    with pytest.raises(TypeError, match="has no len"):
        length(3)
    (row,) = tape.rows()
    assert (row.operation_type, row.error_type) == ("miss", "TypeError")


def test_a_function_that_calls_itself_is_told_call_by_call(tape: Tape) -> None:
    @watched(cache_name="numbers", collector=tape.collector)
    @functools.cache
    def fibonacci(number: int) -> int:
        return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)

    assert fibonacci(20) == 6765
    kinds = Counter(tape.kinds())
    assert kinds == {"miss": 21, "hit": 18}
    assert fibonacci.cache_info()[:2] == (18, 21)


def test_evictions_are_what_came_less_what_is_there(tape: Tape) -> None:
    @watched_lru_cache(3, collector=tape.collector)
    def same(number: int) -> int:
        return number

    for number in (0, 1, 2, 0, 3, 4, 0, 5):
        same(number)
    rows = tape.rows()
    kinds = Counter(row.operation_type for row in rows)
    assert kinds == {"miss": 6, "hit": 2, "evict": 3}
    sizes = [row.cache_size for row in rows if row.operation_type == "miss"]
    assert sizes == [1, 2, 3, 3, 3, 3]


@pytest.mark.parametrize("most", [0, None])
def test_without_a_bound_or_a_place_nothing_is_evicted(most: int | None, tape: Tape) -> None:
    @watched_lru_cache(maxsize=most, collector=tape.collector)
    def same(number: int) -> int:
        return number

    for number in (0, 1, 0):
        same(number)
    kinds = Counter(tape.kinds())
    assert kinds == ({"miss": 3} if most == 0 else {"miss": 2, "hit": 1})


def test_entries_are_never_lost_unsaid(tape: Tape) -> None:
    """A cache that holds some cannot be watched until it is cleared."""

    @lru_cache
    def same(number: int) -> int:
        return number

    same(1)
    with pytest.raises(ValueError, match="holds 1 entries already"):
        watched(collector=tape.collector)(same)
    same.cache_clear()
    assert watched(collector=tape.collector)(same)(1) == 1
    assert tape.kinds() == ["miss"]


def test_it_is_used_as_lru_cache_is(tape: Tape) -> None:
    """Bare, on methods, copied; and what is no cached function is refused."""

    @watched_lru_cache
    def bare(number: int) -> int:
        return number

    class Shop:
        @watched_lru_cache(
            8, collector=tape.collector, cache_name="prices", key=lambda shop, name: name
        )
        def price(self, name: str) -> int:
            return len(name)

    assert bare.cache_parameters() == {"maxsize": 128, "typed": False}
    assert copy.copy(bare) is copy.deepcopy(bare) is bare
    assert isinstance(bare, type(lru_cache(len)))
    shop = Shop()
    assert (shop.price("tea"), shop.price("tea"), Shop.price(shop, "tea")) == (3, 3, 3)
    rows = tape.rows()
    assert [row.operation_type for row in rows] == ["miss", "hit", "hit"]
    assert {row.cache_key for row in rows} == {stored("tea")}
    plain: Any = len
    with pytest.raises(TypeError, match="no function that lru_cache"):
        watched()(plain)
