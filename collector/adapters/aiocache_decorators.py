"""aiocache's decorators watched: each call of what they decorate is one get of their cache."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache as remembered
from functools import wraps
from typing import Any

from collector.adapters.calls import Call, within
from collector.adapters.derived import ATTRIBUTE, derived, reduced

_LOADED = "_cache_auditor_loaded"


class _Decorating:
    """A decorator's: what it decorates is called as a load."""

    _cache_auditor_own: Any
    cache: Any

    def __call__(self, f: Any) -> Any:
        wrapper = self._cache_auditor_own.__call__(self, f)
        if ATTRIBUTE not in vars(self.cache):
            vars(self)[ATTRIBUTE](self.cache)  # a function that watches it
        return wrapper

    async def decorator(self, f: Any, *arguments: Any, **named: Any) -> Any:
        own, cache = self._cache_auditor_own.decorator, self.cache
        if ATTRIBUTE not in vars(cache):
            return await own(self, f, *arguments, **named)
        with Call(cache, getattr(cache, ATTRIBUTE), loads=True):
            return await own(self, _load(cache, f), *arguments, **named)

    def get_cache_key(self, f: Any, *arguments: Any, **named: Any) -> Any:
        return self._cache_auditor_own.get_cache_key(self, _plain(f), *arguments, **named)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self, protocol)


class _DecoratingMany:
    """Of multi_cached, which asks for the function elsewhere too."""

    _cache_auditor_own: Any

    def get_cache_keys(self, f: Any, *arguments: Any, **named: Any) -> Any:
        return self._cache_auditor_own.get_cache_keys(self, _plain(f), *arguments, **named)

    async def set_in_cache(self, result: Any, fn: Any, *arguments: Any, **named: Any) -> Any:
        own = self._cache_auditor_own.set_in_cache
        return await own(self, result, _plain(fn), *arguments, **named)


def _load(cache: Any, function: Callable[..., Awaitable[Any]]) -> Any:
    @wraps(function)
    async def load(*arguments: Any, **named: Any) -> Any:
        call = within(cache)
        if call is None or not call.loads:
            return await function(*arguments, **named)
        return await call.load_later(function, *arguments, **named)

    setattr(load, _LOADED, function)
    return load


def _plain(function: Any) -> Any:
    """The function that was decorated: keys are made of its name and its code."""
    return getattr(function, _LOADED, function)


@remembered
def decorating(own: type) -> type:
    """A class of the same name, derived from a decorator's own."""
    sources: list[type] = [_Decorating]
    if hasattr(own, "get_cache_keys"):
        sources.append(_DecoratingMany)
    methods = {n: m for source in sources for n, m in vars(source).items() if hasattr(own, n)}
    return derived(own, type("Methods", (), methods))
