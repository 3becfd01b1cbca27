"""A decorator that gets, loads and sets through a watched cache, with the load in the miss."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from collector.adapters.calls import Call, within

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def loading(cache: Any, decorator: Decorator) -> Decorator:
    """The decorator; each call of what it decorates is one get of the watched cache.

    The first get of the cache within a call is the call's own: a hit lasts as long as that get, a
    miss until its load has ended. Whatever the load does with caches is recorded for itself.
    """

    @wraps(decorator)
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def load(*arguments: Any, **named: Any) -> Any:
            call = within(cache)
            if call is None or not call.loads:
                return function(*arguments, **named)
            return call.load(function, *arguments, **named)

        through = decorator(load)

        @wraps(through)
        def called(*arguments: Any, **named: Any) -> Any:
            with Call(cache, cache._cache_auditor_watch, loads=True):
                return through(*arguments, **named)

        called.__wrapped__ = function
        return called

    return decorate
