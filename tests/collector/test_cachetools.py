"""cachetools watched: what is of this library alone; the rest is in the adapters' contract."""

import copy
from threading import RLock
from typing import Any

import cachetools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import Collector
from collector.adapters.cachetools import watched
from collector.settings import Settings
from tests.collector.adapters.case_cachetools import (
    CLASSES,
    OPERATIONS,
    CachetoolsCase,
    Make,
    Timer,
)

CASE = CachetoolsCase("of any class", CLASSES["LRUCache"])
every_class = pytest.mark.parametrize("make", CLASSES.values(), ids=CLASSES)


class Seen:
    """A collector that never starts; what it recorded."""

    def __init__(self) -> None:
        self.collector = Collector(Settings(enabled=True))
        self.collector._stopped = True  # no thread: the events are read from the buffer

    def events(self) -> list[tuple[Any, ...]]:
        return self.collector._recorder.drain(10_000)

    def kinds(self) -> list[tuple[str, Any]]:
        """(operation, key) of what was recorded since the last call."""
        return [(event[1], event[4]) for event in self.events()]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@every_class
@given(operations=st.lists(OPERATIONS, max_size=40))
def test_entries_add_up(make: Make, operations: list[tuple[Any, ...]]) -> None:
    """What came in, minus what went out by any of three ways, is what is there."""
    seen = Seen()
    cache: Any = watched(make(timer := Timer()), collector=seen.collector)
    cache.its_timer = timer
    held: set[int] = set()
    for operation in operations:
        CASE.outcome(cache, operation)
        for event in seen.events():
            kind, key, error = event[1], event[4], event[8]
            if kind == "set" and error is None:
                held.add(key)
            elif kind in ("evict", "expire") or (kind == "delete" and key is not None):
                held.discard(key)
            elif kind == "delete":
                held.clear()
        assert set(cache) <= held


@every_class
def test_a_copy_is_an_ordinary_cache(make: Make, seen: Seen) -> None:
    """Copied, it holds the same, and nobody records what is done to it."""
    timer = Timer()
    cache = watched(make(timer), collector=seen.collector)
    cache[1] = 2
    seen.events()
    other = copy.copy(cache)
    assert type(other) is type(make(timer))
    assert other[1] == 2
    assert seen.events() == []


@every_class
def test_gets_sets_and_deletes(make: Make, seen: Seen) -> None:
    """Each call of the application is one operation."""
    cache = watched(make(Timer()), collector=seen.collector)
    assert cache.get("a") is None
    cache["a"] = 2
    assert cache["a"] == cache.get("a") == 2
    with pytest.raises(KeyError):
        cache["b"]
    del cache["a"]
    assert cache.pop("a", None) is None
    with pytest.raises(KeyError):
        del cache["a"]
    assert seen.kinds() == [
        ("miss", "a"), ("set", "a"), ("hit", "a"), ("hit", "a"), ("miss", "b"), ("delete", "a"),
    ]  # fmt: skip


@every_class
def test_an_eviction_is_not_a_delete(make: Make, seen: Seen) -> None:
    """Removed to make room: evicted. Removed by the application: deleted."""
    cache = watched(make(Timer()), collector=seen.collector)
    for key in range(4):
        cache[key] = 2
    kinds = seen.kinds()
    assert [kind for kind, _ in kinds] == ["set", "set", "set", "evict", "set"]
    assert kinds[3][1] not in cache
    key, _ = cache.popitem()
    assert seen.kinds() == [("delete", key)]
    held = len(cache)
    cache.clear()
    cache.clear()
    (cleared,) = seen.events()
    assert (cleared[1], cleared[4], cleared[10]) == ("delete", None, {"cleared": held})


@pytest.mark.parametrize("make", [CLASSES["TTLCache"], CLASSES["TLRUCache"]])
def test_expirations(make: Make, seen: Seen) -> None:
    """What reached its age is expired, once, when the cache removes it; reading it is a miss."""
    timer = Timer()
    cache = watched(make(timer), collector=seen.collector)
    cache["old"] = 5
    timer.now = 3.0
    cache["young"] = 5
    timer.now = 6.0
    assert cache.get("old") is None
    assert len(cache) == 1
    assert seen.kinds() == [("set", "old"), ("set", "young"), ("miss", "old"), ("expire", "old")]
    timer.now = 9.0
    with pytest.raises(KeyError):
        del cache["young"]
    assert seen.kinds() == [("expire", "young")]


def test_a_value_too_large_is_a_failed_set(seen: Seen) -> None:
    """The exception goes through, and is in the event."""
    cache: cachetools.LRUCache[str, int] = cachetools.LRUCache(3, getsizeof=lambda value: value)
    watched(cache, collector=seen.collector)
    with pytest.raises(ValueError, match="too large"):
        cache["a"] = 9
    (event,) = seen.events()
    assert (event[1], event[8]) == ("set", "ValueError")


def test_a_cache_that_loads_by_itself(seen: Seen) -> None:
    """__missing__ makes it a miss that contains the load, whether it stores, raises or not."""

    class Loading(cachetools.LRUCache[str, str]):
        def __missing__(self, key: str) -> str:
            if key == "broken":
                raise OSError("no backend")
            self[key] = key.upper()
            return self[key]

    cache = watched(Loading(2), collector=seen.collector)
    assert (cache["a"], cache["a"]) == ("A", "A")
    with pytest.raises(OSError, match="no backend"):
        cache["broken"]
    events = [(event[1], event[4], event[8]) for event in seen.events()]
    assert ("miss", "a", None) in events
    assert events[-2:] == [("hit", "a", None), ("miss", "broken", "OSError")]


@pytest.mark.parametrize("lock", [None, RLock()], ids=["without a lock", "with a lock"])
def test_a_cached_function_has_one_get_a_call(seen: Seen, lock: Any) -> None:
    """cachetools.cached: miss and set, then hits; its key is kept, hashed, though it is a tuple."""
    cache: cachetools.LRUCache[Any, int] = cachetools.LRUCache(3)
    watched(cache, cache_name="squares", implementation_type="new", collector=seen.collector)

    @cachetools.cached(cache, lock=lock)
    def square(number: int) -> int:
        return number * number

    assert [square(3), square(3), square(4)] == [9, 9, 16]
    events = seen.events()
    assert [event[1] for event in events] == ["miss", "set", "hit", "miss", "set"]
    assert {(event[2], event[3]) for event in events} == {("squares", "new")}
    assert all(event[5] >= 0.0 for event in events)
    encoder = seen.collector._encoders["squares"]
    assert encoder(events[0][4]) == encoder(events[2][4]) != encoder(events[3][4])


def test_membership_may_count_as_a_lookup(seen: Seen) -> None:
    """For code that asks `in` before it reads: the miss would otherwise not be seen."""
    cache: cachetools.LRUCache[str, int] = cachetools.LRUCache(3)
    watched(cache, collector=seen.collector, membership_is_lookup=True)
    assert "a" not in cache
    cache["a"] = 1
    assert "a" in cache
    assert cache["a"] == 1
    assert seen.kinds() == [("miss", "a"), ("set", "a"), ("hit", "a")]
