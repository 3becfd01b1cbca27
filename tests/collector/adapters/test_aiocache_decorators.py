"""aiocache's decorators, its timers, its timeouts and its switch."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import pytest
from aiocache import (  # type: ignore[import-untyped]  # it ships no types
    SimpleMemoryCache,
    cached,
    cached_stampede,
    caches,
    multi_cached,
)

from collector.adapters.aiocache import watched
from tests.collector.adapters.tape import Tape, stored, tape_in


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    with tape_in(tmp_path) as made:
        yield made


class Loads:
    """What a decorated function was called with."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def __call__(self, key: Any) -> Any:
        self.seen.append(key)
        await asyncio.sleep(0)
        if key == "broken":
            raise OSError("no backend")
        return [key]


def decorated(decorator: Any, loads: Loads) -> Any:
    @decorator
    async def load(key: Any) -> Any:
        """One."""
        return await loads(key)

    return load


@pytest.mark.parametrize("kind", [cached, cached_stampede])
def test_a_call_is_one_get(tape: Tape, kind: Any) -> None:
    """A miss that contains the function's run, then hits; a failed run is a failed load."""
    loads = Loads()
    plain, ours = kind(namespace="app:"), kind(namespace="app:")
    twin = decorated(plain, Loads())
    load = decorated(watched(ours, cache_name="pages", collector=tape.collector), loads)

    async def main() -> None:
        assert (await load("a"), await load("a")) == (await twin("a"), await twin("a"))
        with pytest.raises(OSError, match="no backend"):
            await load("broken")

    asyncio.run(main())
    assert isinstance(ours, kind)
    assert (load.__name__, load.__doc__) == (twin.__name__, twin.__doc__)
    assert loads.seen == ["a", "broken"]
    rows = tape.rows()
    assert [row.operation_type for row in rows] == ["miss", "set", "hit", "miss"]
    assert rows[3].error_type == "OSError"
    assert {row.cache_name for row in rows} == {"pages"}
    twins = set(plain.cache._cache)
    assert {row.cache_key for row in rows[:3]} == {stored(key) for key in twins}


def test_of_those_who_wait_for_one_load_one_has_the_miss(tape: Tape) -> None:
    """cached_stampede: the others get what was loaded meanwhile."""
    loads = Loads()
    load = decorated(watched(cached_stampede(lease=5), collector=tape.collector), loads)

    async def main() -> None:
        assert await asyncio.gather(*(load("a") for _ in range(4))) == [["a"]] * 4

    asyncio.run(main())
    assert loads.seen == ["a"]
    assert sorted(tape.kinds()) == ["hit", "hit", "hit", "miss", "set"]


def test_a_call_that_does_not_read_is_no_get(tape: Tape) -> None:
    loads = Loads()
    load = decorated(watched(cached(), collector=tape.collector), loads)

    async def main() -> None:
        assert await load("a", cache_read=False) == ["a"]
        assert await load("b", cache_write=False) == ["b"]
        assert await load("c", aiocache_wait_for_write=False) == ["c"]
        for _ in range(5):
            await asyncio.sleep(0)
        assert await load("c") == ["c"]

    asyncio.run(main())
    assert tape.kinds() == ["set", "miss", "miss", "set", "hit"]


def test_a_get_of_many_has_one_load_for_its_misses(tape: Tape) -> None:
    """multi_cached: the hits are told alone, the misses share the load."""
    seen = []

    @watched(multi_cached("keys"), cache_name="many", collector=tape.collector)
    async def doubled(keys: Any = None) -> Any:
        seen.append(list(keys))
        await asyncio.sleep(0)
        return {key: 2 * key for key in keys}

    async def main() -> None:
        assert await doubled(keys=[1, 2]) == {1: 2, 2: 4}
        assert await doubled([2, 3]) == {2: 4, 3: 6}

    asyncio.run(main())
    assert seen == [[1, 2], [3]]
    assert tape.kinds() == ["miss", "miss", "set", "set", "hit", "miss", "set", "set"]


def test_a_load_that_uses_the_cache_is_recorded_for_itself(tape: Tape) -> None:
    """And a cache that is shared by its alias is watched once, under its first names."""
    caches.add("shared", {"cache": SimpleMemoryCache})

    def watching(name: str) -> Any:
        decorator = cached(alias="shared", key_builder=lambda f, key: f"{f.__name__} {key}")
        return watched(decorator, cache_name=name, collector=tape.collector)

    @watching("one")
    async def inner(key: str) -> str:
        return key

    @watching("two")
    async def outer(key: str) -> Any:
        return await inner(key)

    async def main() -> None:
        assert (await outer("a"), await outer("a")) == ("a", "a")

    asyncio.run(main())
    rows = tape.rows()
    assert [row.operation_type for row in rows] == ["miss", "set", "miss", "set", "hit"]
    assert rows[2].cache_key == rows[4].cache_key == stored("outer a")
    assert {row.cache_name for row in rows} == {"one"}


def test_an_entry_that_reaches_its_ttl_is_expired(tape: Tape) -> None:
    """By its timer; what is deleted or cleared before is not."""

    async def main() -> None:
        cache = watched(SimpleMemoryCache(namespace="app:"), collector=tape.collector)
        await cache.set("b", 1, ttl=1000)
        await cache.delete("b")
        await cache.set("a", 1, ttl=0.001)
        while await cache.exists("a"):
            await asyncio.sleep(0.001)

    asyncio.run(main())
    assert [(row.operation_type, row.cache_key) for row in tape.rows()] == [
        ("set", stored("app:b")), ("delete", stored("app:b")), ("set", stored("app:a")),
        ("expire", stored("app:a")),
    ]  # fmt: skip


def test_what_is_deleted_before_its_timer_rings_is_not_expired(tape: Tape) -> None:
    """Though it is due."""

    async def main() -> None:
        cache = watched(SimpleMemoryCache(timeout=None), collector=tape.collector)
        await cache.set("a", 1, ttl=0.0005)
        began = perf_counter_ns()
        while perf_counter_ns() - began < 1_000_000:
            pass
        assert await cache.delete("a") == 1

    asyncio.run(main())
    assert tape.kinds() == ["set", "delete"]


class Slow(SimpleMemoryCache):  # type: ignore[misc]  # it has no types
    """Its backend does not answer."""

    async def _get(self, key: Any, encoding: Any = None, _conn: Any = None) -> Any:
        await asyncio.Event().wait()


def test_a_timeout_is_an_error(tape: Tape) -> None:
    async def main() -> None:
        cache = watched(Slow(timeout=0.01), collector=tape.collector)
        with pytest.raises(asyncio.TimeoutError):
            await cache.get("a")

    asyncio.run(main())
    (row,) = tape.rows()
    assert (row.operation_type, row.error_type) == ("error", "TimeoutError")


def test_nothing_is_recorded_while_it_is_switched_off(
    tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOCACHE_DISABLE", "1")

    async def main() -> None:
        cache = watched(SimpleMemoryCache(), collector=tape.collector)
        assert await cache.set("a", 1) is True
        assert await cache.get("a", default=3) is None
        assert await cache.multi_get(["a"]) == []
        assert await cache.multi_set([("a", 1)]) is True
        assert (await cache.delete("a"), await cache.clear()) == (0, True)

    asyncio.run(main())
    assert tape.rows() == []


def test_an_iterator_of_keys_is_read_once(tape: Tape) -> None:
    async def keys() -> AsyncIterator[str]:
        yield "a"

    async def main() -> None:
        cache = watched(SimpleMemoryCache(), collector=tape.collector)
        await cache.set("a", 1)
        assert await cache.multi_get(key for key in ("a", "b")) == [1, None]
        with pytest.raises(TypeError, match="not iterable"):
            await cache.multi_get(keys())

    asyncio.run(main())
    assert tape.kinds()[:3] == ["set", "hit", "miss"]


def test_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="not a dict"):
        watched({})
