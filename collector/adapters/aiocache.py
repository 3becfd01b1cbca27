"""aiocache watched: its caches, and its decorators cached, cached_stampede and multi_cached.

    cache = watched(Cache(Cache.MEMORY), cache_name="pages", implementation_type="new")

    @watched(cached(ttl=60), cache_name="users")
    async def user(number): ...

`watched` gives the same object back, of a class of the same name derived from its own. A call of a
decorated function is one get: a hit, or a miss that lasts as long as the function; a call with
cache_read=False is none. Keys are recorded as they are stored, with the namespace. An `add` of what
is there is no set; `increment`, `expire`, `exists` and `raw` are not recorded, and nothing is while
AIOCACHE_DISABLE is set. Of a memory cache, entries that reach their ttl are expirations.
"""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable
from functools import cache as remembered
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

from collector.adapters import conclusions
from collector.adapters.aiocache_decorators import decorating
from collector.adapters.calls import Teller, become, quietly, within
from collector.adapters.derived import derived, reduced
from collector.adapters.methods import MARKS, Concluding, Get, calling_later, getting_later
from collector.errors import MissingLibrary
from collector.keys import encode_builtin

try:
    from aiocache import cached, multi_cached  # type: ignore[import-untyped]  # it ships no types
    from aiocache.base import BaseCache  # type: ignore[import-untyped]
except ImportError as missing:
    raise MissingLibrary("aiocache") from missing

if TYPE_CHECKING:
    from collector.keys import Encoder
    from collector.session import Collector

Watched = TypeVar("Watched")
_DUE_S = 0.1  # a timer may ring a little early


def watched(
    cache: Watched,
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    collector: Collector | None = None,
    encode_key: Encoder = encode_builtin,
) -> Watched:
    """The same cache or decorator, from now on recorded. Watching it again changes its names.

    The cache that a decorator makes or takes by its alias is watched under these names, unless it
    is watched already. Raises TypeError for anything else.
    """
    if isinstance(cache, BaseCache):
        teller = Teller(cache_name, implementation_type, collector, encode_key)
        become(cache, _watching, teller)
    elif isinstance(cache, cached | multi_cached):
        its_cache = partial(
            watched,
            cache_name=cache_name,
            implementation_type=implementation_type,
            collector=collector,
            encode_key=encode_key,
        )
        become(cache, decorating, its_cache)
    else:
        raise TypeError(
            f"a cache or a decorator of aiocache is watched here, not a {type(cache).__name__}"
        )
    return cache


class _GetOne(Get):
    """A get: what the backend gave says whether it was there, which a default would not."""

    gave: Any

    def _unmark(self) -> bool:
        return self.asked and self.gave is not None and self.result is not None

    def _tell_or_leave(self, outcome: str, error: BaseException | None) -> None:
        if self.asked or error is not None:
            super()._tell_or_leave(outcome, error)


def _if_asked(conclude: Callable[[Concluding], None]) -> Callable[[Concluding], None]:
    """Nothing is told of a cache that was not asked, because it is switched off."""

    def concluding(done: Concluding) -> None:
        if done.asked or done.error is not None:
            conclude(done)

    return concluding


def _put(done: Concluding) -> None:
    if done.named.get("_cas_token") is None:
        conclusions.put(done)
    else:
        conclusions.put_if(done)


def _added(done: Concluding) -> None:
    """An add raises ValueError when the key is there."""
    if not isinstance(done.error, ValueError):
        conclusions.put_if(done)


def _put_many(done: Concluding) -> None:
    done.subject = dict(done.subject)
    done.result = None
    conclusions.put_many(done)


def _got_many(done: Concluding) -> None:
    """A multi_get: None for each that was not there."""
    values = done.result or [None] * len(done.subject)
    found = dict(zip(done.subject, values, strict=False))
    absent = [key for key, value in found.items() if value is None]
    outer = within(done.cache)
    if outer is not None and outer.waits and done.error is None:
        outer.missed = [done.stored(key) for key in absent]
        done.subject = [key for key in done.subject if found[key] is not None]
    done.result = {key: value for key, value in found.items() if value is not None}
    conclusions.got_many(done)


class _Methods:
    get = getting_later("get", _GetOne)
    multi_get = calling_later("multi_get", _if_asked(_got_many), "keys")
    set = calling_later("set", _if_asked(_put))
    multi_set = calling_later("multi_set", _if_asked(_put_many), "pairs")
    add = calling_later("add", _if_asked(_added))
    delete = calling_later("delete", _if_asked(conclusions.taken))
    clear = calling_later("clear", _if_asked(conclusions.emptied), "namespace")


def _note(cache: Any, stored: Any) -> None:
    """The call under way has asked for its key, which is stored so."""
    call = within(cache)
    if isinstance(call, Concluding | Get):
        call.stored_as(call.subject, stored)


def _note_each(cache: Any, stored: Any) -> None:
    """The same for many: keys, or pairs of keys and values."""
    call = within(cache)
    if isinstance(call, Concluding):
        quietly(_note_pairs, call, stored)


def _note_pairs(call: Concluding, stored: Any) -> None:
    call.stored_as(None, None)
    for given, kept in zip(call.subject, stored, strict=False):
        one = isinstance(given, tuple | list) and isinstance(kept, tuple)
        call.stored_as(*((given[0], kept[0]) if one else (given, kept)))


def _noting(name: str) -> FunctionType:
    async def method(self: Any, key: Any, *arguments: Any, **named: Any) -> Any:
        _note(self, key)
        return await getattr(self._cache_auditor_own, name)(self, key, *arguments, **named)

    return method  # type: ignore[return-value]  # it is one


class _Watching:
    """What lies below: the keys as they are stored, and what the backend gives."""

    _cache_auditor_own: Any
    _cache_auditor_watch: Teller
    _handlers: Any

    async def _get(self, key: Any, *arguments: Any, **named: Any) -> Any:
        _note(self, key)
        gave = await self._cache_auditor_own._get(self, key, *arguments, **named)
        call = within(self)
        if isinstance(call, _GetOne):
            call.gave = gave
        return gave

    async def _multi_get(self, keys: Any, *arguments: Any, **named: Any) -> Any:
        _note_each(self, keys)
        return await self._cache_auditor_own._multi_get(self, keys, *arguments, **named)

    async def _multi_set(self, pairs: Any, *arguments: Any, **named: Any) -> Any:
        _note_each(self, pairs)
        return await self._cache_auditor_own._multi_set(self, pairs, *arguments, **named)

    async def _clear(self, *arguments: Any, **named: Any) -> Any:
        _note(self, None)
        return await self._cache_auditor_own._clear(self, *arguments, **named)

    _set, _add, _delete = _noting("_set"), _noting("_add"), _noting("_delete")

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self, protocol)


class _WatchingMemory:
    """A memory cache's timers."""

    _cache_auditor_own: Any
    _cache_auditor_watch: Teller
    _handlers: Any

    def _SimpleMemoryBackend__delete(self, key: Any) -> Any:  # noqa: N802  # the name it calls
        due = within(self) is None and _is_due(self._handlers.get(key))
        removed = self._cache_auditor_own._SimpleMemoryBackend__delete(self, key)
        if due and removed:
            self._cache_auditor_watch("expire", key)
        return removed


def _is_due(timer: Any) -> bool:
    """Whether it is the timer itself that rings now."""
    try:
        return bool(timer.when() <= get_running_loop().time() + _DUE_S)
    except Exception:
        return False


@remembered
def _watching(own: type) -> type:
    """A class of the same name, derived from a cache's own."""
    sources: list[type] = [_Watching, _Methods]
    if hasattr(own, "_SimpleMemoryBackend__delete"):
        sources.append(_WatchingMemory)
    return derived(own, *sources, **{MARKS: False})
