"""cachetools watched: hits, misses, sets, deletes, evictions, expirations; nothing else changes.

    cache = watched(TTLCache(1000, 60), cache_name="pages", implementation_type="new")

`watched` gives the same object back, of a class of the same name derived from its own: what it
returns, raises and keeps is what it did before, and so is every call it makes (the timer,
__missing__, getsizeof). It may be used with cachetools.cached. A copy or a pickle of it is an
ordinary cache.

An eviction is what __setitem__ removes through popitem; a popitem, pop or del of the application's
own is a delete, and counts when it removed something. What the cache itself removes for its age is
an expiration. `clear` is one delete, with the number of entries in its metadata. A `setdefault`
right after a miss of the same key in the same thread is its fill, and no second get.
"""

from __future__ import annotations

from functools import cache as remembered
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, TypeVar

from collector.adapters.calls import current
from collector.adapters.derived import ATTRIBUTE, derived, reduced
from collector.errors import MissingLibrary
from collector.keys import encode_builtin
from collector.recording import NOTHING, Recording

try:
    import cachetools
except ImportError as missing:
    raise MissingLibrary("cachetools") from missing

if TYPE_CHECKING:
    from collector.keys import Encoder
    from collector.session import Collector

    _Cache = cachetools.Cache[Any, Any]
else:
    _Cache = object

Watched = TypeVar("Watched", bound="cachetools.Cache[Any, Any]")


def watched(
    cache: Watched,
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    collector: Collector | None = None,
    encode_key: Encoder = encode_builtin,
    membership_is_lookup: bool = False,
) -> Watched:
    """The same cache, from now on recorded. Watching it again changes its names.

    encode_key: for keys that are neither str nor bytes; by default those made of plain values are
    kept (hashed), others are recorded without a key. membership_is_lookup: `key in cache` that
    finds nothing counts as a miss, for code that asks so before it reads.
    """
    if collector is None:
        from collector.default import collector as applications_own

        collector = applications_own
    collector.encode_keys(cache_name, encode_key)
    recording = Recording(
        cache_name,
        implementation_type,
        collector.record,
        cachetools.Cache.__len__,
        membership_is_lookup,
    )
    object.__setattr__(cache, ATTRIBUTE, recording)
    if not hasattr(cache, "_cache_auditor_own"):
        cache.__class__ = _watching(type(cache))
    return cache


class _Watching(_Cache):
    """The methods that a derived class puts before those of the cache's own class.

    They are copied into it: with this class among its bases, no object could change to it.
    """

    _cache_auditor_own: Any
    _cache_auditor_watch: Recording

    def __getitem__(self, key: Any) -> Any:
        watch = self._cache_auditor_watch
        inside = watch.inside
        if inside.operation or _is_part(self, key):
            inside.found = True
            return self._cache_auditor_own.__getitem__(self, key)
        began = perf_counter_ns()
        inside.absent = False
        try:
            value = self._cache_auditor_own.__getitem__(self, key)
        except BaseException as error:
            if inside.absent:
                inside.missed = key
                load_error = None if isinstance(error, KeyError) else error
                watch(self, "miss", key, began, error=load_error)
            elif not isinstance(error, TypeError):  # an unhashable key is no get
                watch(self, "error", key, began, error=error)
            raise
        if inside.absent:  # __missing__ made it
            watch(self, "miss", key, began)
        else:
            watch(self, "hit", key, began, value)
        return value

    def __missing__(self, key: Any) -> Any:
        inside = self._cache_auditor_watch.inside
        inside.absent = True
        before, inside.operation = inside.operation, ""
        try:
            return self._cache_auditor_own.__missing__(self, key)
        finally:
            inside.operation = before
            inside.absent = True

    def get(self, key: Any, *arguments: Any, **named: Any) -> Any:
        watch = self._cache_auditor_watch
        inside = watch.inside
        if inside.operation:
            return self._cache_auditor_own.get(self, key, *arguments, **named)
        began = perf_counter_ns()
        inside.operation, inside.found, inside.absent = "get", False, False
        try:
            value = self._cache_auditor_own.get(self, key, *arguments, **named)
        finally:
            inside.operation = ""
        if inside.found and not inside.absent:
            watch(self, "hit", key, began, value)
        else:
            inside.missed = key
            watch(self, "miss", key, began)
        return value

    def __contains__(self, key: Any) -> bool:
        found: bool = self._cache_auditor_own.__contains__(self, key)
        watch = self._cache_auditor_watch
        if watch.membership_is_lookup and not found and not watch.inside.operation:
            watch.inside.missed = key
            watch(self, "miss", key)
        return found

    def __setitem__(self, key: Any, value: Any) -> None:
        watch = self._cache_auditor_watch
        inside = watch.inside
        before = inside.operation
        held = _holds(self, key)
        inside.operation = "set"
        began = perf_counter_ns()
        try:
            self._cache_auditor_own.__setitem__(self, key, value)
        except BaseException as error:
            watch(self, "set", key, began, value, error)
            raise
        finally:
            inside.operation = before
        inside.missed = NOTHING
        watch(self, "set", key, began, value)
        if held and not _holds(self, key):
            watch(self, "expire", key)  # replaced by a value that was too old already

    def setdefault(self, key: Any, *arguments: Any, **named: Any) -> Any:
        watch = self._cache_auditor_watch
        inside = watch.inside
        fill = inside.missed is key or _is_part(self, key)
        before, inside.operation = inside.operation, "setdefault"
        inside.found = False
        began = perf_counter_ns()
        try:
            return self._cache_auditor_own.setdefault(self, key, *arguments, **named)
        finally:
            inside.operation = before
            inside.missed = NOTHING
            if not fill:
                watch(self, "hit" if inside.found else "miss", key, began)

    def __delitem__(self, key: Any) -> None:
        watch = self._cache_auditor_watch
        inside = watch.inside
        began = perf_counter_ns()
        held = _holds(self, key)
        try:
            self._cache_auditor_own.__delitem__(self, key)
        except KeyError:
            if held and not _holds(self, key):
                watch(self, "expire", key)  # it was there, and had reached its age
            raise
        if not inside.operation:
            watch(self, "delete", key, began)

    def pop(self, key: Any, *arguments: Any, **named: Any) -> Any:
        watch = self._cache_auditor_watch
        inside = watch.inside
        before, inside.operation = inside.operation, "pop"
        inside.found = False
        began = perf_counter_ns()
        try:
            value = self._cache_auditor_own.pop(self, key, *arguments, **named)
        finally:
            inside.operation = before
        if inside.found and not before:
            watch(self, "delete", key, began)
        return value

    def popitem(self) -> Any:
        watch = self._cache_auditor_watch
        inside = watch.inside
        before, inside.operation = inside.operation, "popitem"
        began = perf_counter_ns()
        try:
            item = self._cache_auditor_own.popitem(
                self,
            )
        finally:
            inside.operation = before
        if before == "set":
            watch(self, "evict", item[0], value=item[1])
        elif not before:
            watch(self, "delete", item[0], began)
        return item

    def clear(self) -> None:
        watch = self._cache_auditor_watch
        inside = watch.inside
        held = cachetools.Cache.__len__(self)
        before, inside.operation = inside.operation, "clear"
        began = perf_counter_ns()
        try:
            self._cache_auditor_own.clear(
                self,
            )
        finally:
            inside.operation = before
        if held:
            watch(self, "delete", None, began, metadata={"cleared": held})

    def __copy__(self) -> Any:
        own = self._cache_auditor_own
        maker = getattr(self._cache_auditor_own, "__copy__", None)
        if maker is not None:
            copy = maker(self)
            copy.__class__ = own
            del copy.__dict__[ATTRIBUTE]
            return copy
        parts: Any = self.__reduce_ex__(4)
        function, arguments, state, *_ = parts
        copy = function(*arguments)
        copy.__dict__.update(state)
        return copy

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self, protocol)


class _WatchingAge(_Watching):
    """The same, for caches that remove what has reached its age."""

    def expire(self, *arguments: Any, **named: Any) -> Any:
        expired = self._cache_auditor_own.expire(self, *arguments, **named)
        watch = self._cache_auditor_watch
        for key, value in expired or ():
            watch(self, "expire", key, value=value)
        return expired


@remembered
def _watching(own: type) -> type:
    """A class of the same name, derived from a cache's own."""
    return derived(own, _WatchingAge if hasattr(own, "expire") else _Watching)


def _is_part(cache: Any, key: Any) -> bool:
    """Whether a get is told by the decorated function that does it."""
    call = current()
    return call is not None and call.takes(cache, key)


def _holds(cache: Any, key: Any) -> bool:
    """Whether the entry is there, however old; asks no timer and moves nothing."""
    try:
        return cachetools.Cache.__contains__(cache, key)
    except Exception:
        return False
