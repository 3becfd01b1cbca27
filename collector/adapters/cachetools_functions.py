"""What cachetools.cached and cachedmethod decorate, watched: a miss lasts as long as its load.

    @watched_function(cached(LRUCache(1000), lock=Lock(), info=True), cache_name="pages")
    def page_of(key): ...

    class Shop:
        @watched_function(cachedmethod(lambda self: self.prices), cache_name="prices")
        def price(self, article): ...

The decorator is given as cachetools takes it, with any of its arguments, and what it makes stays
what it is: cache_info, cache_clear, the lock, the type. Each call is one get: a miss when the
function itself was called, a hit otherwise, in threads and recursion too; of several threads that
wait under a condition for one load, the one that loads has the miss. The cache of a function is
watched as well, under the same names unless it has names already, and tells sets, evictions and
expirations; a method's cache tells them when it is watched where it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache as remembered
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from collector.adapters.cachetools import watched
from collector.adapters.calls import Call, Teller, become, current
from collector.adapters.derived import ATTRIBUTE, derived
from collector.errors import MissingLibrary
from collector.keys import encode_builtin

try:
    import cachetools
except ImportError as missing:
    raise MissingLibrary("cachetools") from missing

if TYPE_CHECKING:
    from collector.keys import Encoder
    from collector.session import Collector

Decorator = TypeVar("Decorator", bound=Callable[..., Any])


def encode_call(key: Any) -> bytes | None:
    """An encoder for the keys that cachetools makes of plain arguments, named ones among them."""
    if isinstance(key, tuple):
        key = tuple("named" if isinstance(part, type) else part for part in key)
    return encode_builtin(key)


def watched_function(
    decorator: Decorator,
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    collector: Collector | None = None,
    encode_key: Encoder = encode_call,
) -> Decorator:
    """The decorator, of which what it decorates is recorded from then on.

    encode_key: for the cache's keys; by default those made of plain arguments are kept (hashed),
    others are recorded without a key.
    """
    teller = Teller(cache_name, implementation_type, collector, encode_key)

    def decorate(function: Callable[..., Any]) -> Any:
        @wraps(function)
        def load(*arguments: Any, **named: Any) -> Any:
            call = current()
            if not isinstance(call, _FunctionCall) or call.tell is not teller:
                return function(*arguments, **named)
            return call.load(function, *arguments, **named)

        through = decorator(load)
        cache = getattr(through, "cache", None)
        if isinstance(cache, cachetools.Cache) and ATTRIBUTE not in vars(cache):
            watched(
                cache,
                cache_name=cache_name,
                implementation_type=implementation_type,
                collector=collector,
                encode_key=encode_key,
            )
        return _telling(through, function, teller)

    return decorate  # type: ignore[return-value]  # it makes what the decorator makes


class _FunctionCall(Call):
    """A call of a decorated function. Its get of the cache has the key that was made for it."""

    def takes(self, cache: Any, key: Any) -> bool:
        if cache._cache_auditor_own.__missing__ is not cachetools.Cache.__missing__:
            self.answered = True  # a cache that loads by itself tells its gets itself
            return False
        self.key = key
        return True


def _call(teller: Teller, through: Callable[..., Any], arguments: Any, named: Any) -> Any:
    key = arguments  # as cachetools would make it; the cache says if it is another
    if named:
        key = (*arguments, dict, *sorted(named.items()))
    with _FunctionCall(through, teller, loads=True, key=key) as call:
        try:
            value = through(*arguments, **named)
        except TypeError:
            call.answered = True  # arguments that can be no key are no get
            raise
        call.answer("hit", call.key, value)
    return value


def _telling(through: Any, function: Callable[..., Any], teller: Teller) -> Any:
    """What the decorator made, told: the same object, or a function for a function."""
    if isinstance(through, _Plain):

        @wraps(through)
        def called(*arguments: Any, **named: Any) -> Any:
            return _call(teller, through, arguments, named)

        called.__wrapped__ = function
        return called
    through.__wrapped__ = function
    of_methods = hasattr(type(through), "__set_name__")
    become(through, _describing if of_methods else _calling, teller)
    return through


_Plain = type(_call)  # what older releases make


class _Calling:
    _cache_auditor_own: Any
    _cache_auditor_watch: Teller

    def __call__(self, /, *arguments: Any, **named: Any) -> Any:
        own = self._cache_auditor_own.__call__.__get__(self)
        return _call(self._cache_auditor_watch, own, arguments, named)


class _Describing:
    """A method's descriptor, which makes something to call for each object."""

    _cache_auditor_own: Any
    _cache_auditor_watch: Teller

    def __get__(self, obj: Any, objtype: Any = None) -> Any:
        made = self._cache_auditor_own.__get__(self, obj, objtype)
        if obj is not None:
            made.__wrapped__ = self.__wrapped__  # type: ignore[attr-defined]  # it has one
            become(made, _calling, self._cache_auditor_watch)
        return made


@remembered
def _calling(own: type) -> type:
    return derived(own, _Calling)


@remembered
def _describing(own: type) -> type:
    return derived(own, _Describing)
