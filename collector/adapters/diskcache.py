"""diskcache watched: Cache and FanoutCache, their memoize, what they evict and what expires.

    cache = watched(Cache("pages"), cache_name="pages", implementation_type="new")

`watched` gives the same object back, of a class of the same name derived from its own; of a
FanoutCache the shards are watched, so that a timeout that it keeps to itself is an error, and no
miss. A function decorated by `cache.memoize()` has misses that last as long as their loads. What a
set or `cull` removes is an eviction, or an expiration when it had reached its age; diskcache does
not say which keys, so these have none. `clear` and `evict(tag)` are one delete with the number of
entries. Counters (`incr`, `decr`), `touch` and the queues (`push`, `pull`, `peek`) are not
recorded. A copy or a pickle is an ordinary cache.
"""

from __future__ import annotations

from functools import cache as remembered
from typing import TYPE_CHECKING, Any, TypeVar

from collector.adapters import conclusions
from collector.adapters.calls import Call, Teller, become, quietly, within
from collector.adapters.derived import derived, reduced
from collector.adapters.memoizing import loading
from collector.adapters.methods import MARKS, Concluding, Pop, calling, getting
from collector.errors import MissingLibrary
from collector.keys import encode_builtin

try:
    import diskcache  # type: ignore[import-untyped]  # it ships neither types nor stubs
except ImportError as missing:
    raise MissingLibrary("diskcache") from missing

if TYPE_CHECKING:
    from collector.keys import Encoder
    from collector.session import Collector

Watched = TypeVar("Watched")
MOST_EVENTS = 1_000  # of one call that removes entries


def watched(
    cache: Watched,
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    collector: Collector | None = None,
    encode_key: Encoder = encode_builtin,
) -> Watched:
    """The same cache, from now on recorded. Watching it again changes its names.

    encode_key: for keys that are neither str nor bytes; by default those made of plain values are
    kept (hashed), others are recorded without a key. Raises TypeError for anything but a Cache or
    a FanoutCache.
    """
    if not isinstance(cache, diskcache.Cache | diskcache.FanoutCache):
        raise TypeError(f"a Cache or FanoutCache is watched here, not a {type(cache).__name__}")
    teller = Teller(cache_name, implementation_type, collector, encode_key)
    for part in (cache, *getattr(cache, "_shards", ())):
        become(part, _watching, teller)
    return cache


def _deleted(done: Concluding) -> None:
    if not isinstance(done.error, KeyError):
        conclusions.taken(done)


def _how_many(done: Concluding) -> int:
    """What a call removed: its result, or what a timeout says it had removed until then."""
    if isinstance(done.error, diskcache.Timeout) and done.error.args:
        return int(done.error.args[0])
    return int(done.result or 0)


def _cleared(done: Concluding) -> None:
    done.result = _how_many(done)
    conclusions.emptied(done)


def _expired(done: Concluding) -> None:
    outer = within(done.cache)
    if outer is not None:
        outer.removed += _how_many(done)
    _tell_each("expire", done.tell, _how_many(done))


def _tell_each(operation_type: str, tell: Teller, removed: int) -> None:
    """An event for each entry removed; above the bound the last one says how many had none."""
    for number in range(1, min(removed, MOST_EVENTS) + 1):
        cut = removed > number == MOST_EVENTS
        tell(operation_type, None, metadata={"untold": removed - number} if cut else None)


class _Watching:
    """What needs more than a call and its conclusion."""

    _cache_auditor_own: Any
    _cache_auditor_watch: Teller

    def cull(self, *arguments: Any, **named: Any) -> Any:
        with Call(self, self._cache_auditor_watch, loads=True) as call:  # its expire tells itself
            culled = self._cache_auditor_own.cull(self, *arguments, **named)
        quietly(_tell_each, "evict", call.tell, culled - call.removed)
        return culled

    def _cull(self, now: Any, sql: Any, cleanup: Any, limit: Any = None) -> Any:
        removed = {"expire": 0, "evict": 0}

        def counting(statement: str, *arguments: Any) -> Any:
            cursor = sql(statement, *arguments)
            if statement.startswith("DELETE"):
                removed["expire" if "expire_time <" in statement else "evict"] += cursor.rowcount
            return cursor

        done = self._cache_auditor_own._cull(self, now, counting, cleanup, limit)
        for operation_type, number in removed.items():
            quietly(_tell_each, operation_type, self._cache_auditor_watch, number)
        return done

    def memoize(self, *arguments: Any, **named: Any) -> Any:
        return loading(self, self._cache_auditor_own.memoize(self, *arguments, **named))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self, protocol)


class _WatchingShards:
    """A FanoutCache's; its shards tell all else."""

    memoize = _Watching.memoize
    __reduce_ex__ = _Watching.__reduce_ex__


class _Methods:
    get = getting("get")
    set = calling("set", conclusions.put)
    add = calling("add", conclusions.put_if)
    incr = calling("incr", None)
    pop = getting("pop", Pop)
    __delitem__ = calling("__delitem__", _deleted)
    clear = calling("clear", _cleared)
    evict = calling("evict", _cleared, "tag")
    expire = calling("expire", _expired)


@remembered
def _watching(own: type) -> type:
    """A class of the same name, derived from a cache's own."""
    marked: dict[str, Any] = {MARKS: True}
    if issubclass(own, diskcache.FanoutCache):
        return derived(own, _WatchingShards, **marked)
    return derived(own, _Watching, _Methods, **marked)
