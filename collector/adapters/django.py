"""Django's cache framework watched, from the settings:

    CACHES = {
        "default": {
            "BACKEND": "collector.adapters.django.WatchedCache",
            "LOCATION": "redis://localhost:6379",          # and all else as it was
            "OPTIONS": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "CACHE_NAME": "pages",                     # the alias, if it is left out
                "IMPLEMENTATION_TYPE": "new",
            },
        }
    }

The cache that Django gets is one of the real backend's class (of a class of the same name, derived
from it), made with the same location and parameters, so whatever else it can do it still does. Keys
are recorded as they are stored, with prefix and version. `get_or_set` is one get: a hit, or a miss
that lasts as long as its callable default, and a set when it stored something. Counters (`incr`,
`decr`), `touch` and `has_key` are not recorded. The async methods are recorded like the others.
"""

from __future__ import annotations

from functools import cache as remembered
from typing import TYPE_CHECKING, Any, TypeVar

from collector.adapters import conclusions
from collector.adapters.calls import NOT_ASKED, Call, Teller, become, within
from collector.adapters.derived import derived, reduced
from collector.adapters.methods import (
    MARKS,
    calling,
    calling_later,
    getting,
    getting_later,
)
from collector.errors import MissingLibrary

try:
    from django.conf import settings
    from django.core.cache.backends.base import BaseCache, InvalidCacheBackendError
    from django.utils.module_loading import import_string
except ImportError as missing:
    raise MissingLibrary("django", "Django") from missing

if TYPE_CHECKING:
    from collector.session import Collector

Watched = TypeVar("Watched", bound=BaseCache)


class WatchedCache:
    """For `BACKEND` in the settings: makes the backend that OPTIONS names, and watches it."""

    def __new__(cls, location: Any, params: dict[str, Any]) -> BaseCache:  # type: ignore[misc]  # it makes another
        """The watched backend. Raises InvalidCacheBackendError when OPTIONS names none."""
        options = dict(params.get("OPTIONS") or {})
        path = options.pop("BACKEND", None)
        if path is None:
            raise InvalidCacheBackendError(
                "WatchedCache does not know which cache to watch: name its class in "
                'OPTIONS["BACKEND"], such as "django.core.cache.backends.locmem.LocMemCache"'
            )
        names = {
            "cache_name": options.pop("CACHE_NAME", None) or _alias(params),
            "implementation_type": options.pop("IMPLEMENTATION_TYPE", "default"),
        }
        try:
            backend = import_string(path)
        except ImportError as error:
            raise InvalidCacheBackendError(
                f"Could not find the backend {path!r} that WatchedCache is to watch: {error}"
            ) from error
        made: BaseCache = backend(location, {**params, "OPTIONS": options})
        return watched(made, **names)


def _alias(params: dict[str, Any]) -> str:
    """The name in CACHES of the cache with these very options."""
    caches = getattr(settings, "CACHES", {})
    options = params.get("OPTIONS")
    aliases = [alias for alias, each in caches.items() if each.get("OPTIONS") is options]
    return str(aliases[0]) if len(aliases) == 1 else "default"


def watched(
    cache: Watched,
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    collector: Collector | None = None,
) -> Watched:
    """The same cache, from now on recorded. Watching it again changes its names.

    For caches that are not made from the settings; `caches[alias]` is one for each thread.
    """
    become(cache, _watching, Teller(cache_name, implementation_type, collector, None))
    return cache


_TOLD: dict[str, tuple[Any, str]] = {
    "add": (conclusions.put_if, "key"),
    "set": (conclusions.put, "key"),
    "delete": (conclusions.taken, "key"),
    "get_many": (conclusions.got_many, "keys"),
    "set_many": (conclusions.put_many, "data"),
    "delete_many": (conclusions.taken_many, "keys"),
    "clear": (conclusions.emptied, ""),
}
# These are no operations of a cache's; where they are made of others, these are silent.
_SILENT = ("incr", "decr", "has_key", "touch")


class _Watching:
    """What needs more than a call and its conclusion."""

    _cache_auditor_own: Any
    _cache_auditor_watch: Teller

    def make_key(self, key: Any, *arguments: Any, **named: Any) -> Any:
        made = self._cache_auditor_own.make_key(self, key, *arguments, **named)
        call = within(self)
        if call is not None:
            call.stored_as(key, made)
        return made

    def get_or_set(self, *arguments: Any, **named: Any) -> Any:
        own = self._cache_auditor_own.get_or_set
        if within(self) is not None:
            return own(self, *arguments, **named)
        with _GetOrSet(self, own is not BaseCache.get_or_set, arguments, named) as call:
            value = own(self, *call.arguments, **call.named)
            call.conclude(value)
        return value

    async def aget_or_set(self, *arguments: Any, **named: Any) -> Any:
        own = self._cache_auditor_own.aget_or_set
        if within(self) is not None:
            return await own(self, *arguments, **named)
        with _GetOrSet(self, own is not BaseCache.aget_or_set, arguments, named) as call:
            value = await own(self, *call.arguments, **call.named)
            call.conclude(value)
        return value

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self, protocol)


class _GetOrSet(Call):
    """A get with its load, which is the default when that can be called.

    native: the backend has a way of its own, which may not go through its `get`.
    """

    default: Any

    def __init__(
        self, cache: Any, native: bool, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        key = arguments[0] if arguments else named.get("key")
        super().__init__(
            cache, cache._cache_auditor_watch, loads=True, key=key if native else NOT_ASKED
        )
        self.native = native
        self.default = arguments[1] if len(arguments) > 1 else named.get("default")
        self.arguments, self.named = arguments, named
        self.waits = callable(self.default)
        if self.waits and len(arguments) > 1:
            self.arguments = (arguments[0], self._load, *arguments[2:])
        elif self.waits:
            self.named = {**named, "default": self._load}

    def __enter__(self) -> _GetOrSet:
        super().__enter__()
        return self

    def conclude(self, value: Any) -> None:
        """Of a backend's own way: without a load, it was there."""
        if self.native and not self.answered:
            absent = not self.waits and value is self.default
            self.answer("miss" if absent else "hit", self.stored(self.key), value)

    def _load(self) -> Any:
        return self.load(self.default)


@remembered
def _watching(own: type) -> type:
    """A class of the same name, derived from a backend's own."""
    methods: dict[str, Any] = {"get": getting("get")}
    if getattr(own, "aget", None) is not BaseCache.aget:
        methods["aget"] = getting_later("aget")
    for name, (conclude, first) in _TOLD.items():
        later = f"a{name}"
        # a method that BaseCache makes of others leaves the telling to these
        if getattr(own, name) is not getattr(BaseCache, name):
            methods[name] = calling(name, conclude, first)
        if getattr(own, later) is not getattr(BaseCache, later):
            methods[later] = calling_later(later, conclude, first)
    for name in _SILENT:
        methods[name] = calling(name, None)
        methods[f"a{name}"] = calling_later(f"a{name}", None)
    marked: dict[str, Any] = {MARKS: True}
    return derived(own, _Watching, type("Methods", (), methods), **marked)
