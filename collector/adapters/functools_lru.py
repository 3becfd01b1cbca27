"""functools.lru_cache watched: each call is a hit, or a miss that lasts as long as its load.

    @watched_lru_cache(maxsize=1000, cache_name="pages", implementation_type="new")
    def page_of(key): ...

    @watched(cache_name="users", implementation_type="legacy")
    @lru_cache(maxsize=100)             # or @cache
    def user(number): ...

What is decorated behaves as a cached function does: `cache_info`, `cache_clear`, `__wrapped__`,
`cache_parameters`, methods, copies. A call is a miss when, and only when, the function itself is
called, so it is told exactly in threads and in recursion too. An eviction is recorded, without its
key, when the cache is full at the end of a load; of two threads that load the same key at once, the
second is counted as an eviction as well. `cache_clear` is one delete.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, update_wrapper, wraps
from threading import local
from time import perf_counter_ns
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from collector.adapters.calls import Teller
from collector.keys import encode_builtin

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper

    from collector.session import Collector

    Cached = TypeVar("Cached", bound=_lru_cache_wrapper[Any])

Result = TypeVar("Result")
KeyOf = Callable[..., Any]


@overload
def watched_lru_cache(
    maxsize: int | None = 128,
    typed: bool = False,
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    collector: Collector | None = None,
    key: KeyOf | None = None,
) -> Callable[[Callable[..., Result]], _lru_cache_wrapper[Result]]: ...


@overload
def watched_lru_cache(
    maxsize: Callable[..., Result], typed: bool = False
) -> _lru_cache_wrapper[Result]: ...


def watched_lru_cache(
    maxsize: Any = 128,
    typed: bool = False,
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    collector: Collector | None = None,
    key: KeyOf | None = None,
) -> Any:
    """functools.lru_cache, recorded; the same arguments, and with none of them the same bare use.

    key: makes the recorded key from the arguments; by default a single argument is the key, several
    are one together. A method's own object cannot be recorded: give a key that leaves it out.
    """
    watching = watched(
        cache_name=cache_name, implementation_type=implementation_type, collector=collector, key=key
    )
    if callable(maxsize):
        return watching(lru_cache(128, typed)(maxsize))
    return lambda function: watching(lru_cache(maxsize, typed)(function))


def watched(
    *,
    cache_name: str = "default",
    implementation_type: str = "default",
    collector: Collector | None = None,
    key: KeyOf | None = None,
) -> Callable[[Cached], Cached]:
    """A decorator for a function that lru_cache or cache has decorated already.

    It makes a cache of the same parameters anew: the old one's calls could not be told apart. So it
    raises ValueError when that holds entries already; `cache_clear` it first, or decorate the
    function where it is defined. Watching a watched function again changes its names.
    """

    def decorate(cached: Cached) -> Cached:
        teller = Teller(cache_name, implementation_type, collector, encode_builtin)
        known: Any = cached
        if type(known) is _Watching:
            known.cache_auditor_tell, known.cache_auditor_key = teller, key or _arguments
            return cached
        if not hasattr(cached, "cache_parameters"):
            raise TypeError(f"{cached!r} is no function that lru_cache or cache has decorated")
        held = cached.cache_info().currsize
        if held:
            raise ValueError(
                f"{cached.__qualname__} holds {held} entries already, which would be lost: call "
                f"its cache_clear() first, or watch it where it is defined"
            )
        return cast("Cached", _Watching(cached, teller, key or _arguments))

    return decorate


class _Inside(local):
    """The call that this thread is in, as [its begin in ns, whether it has loaded]."""

    call: Any = None


class _Watching:
    """Stands before a cached function, and looks like one."""

    def __init__(self, cached: Any, teller: Teller, key: KeyOf) -> None:
        update_wrapper(self, cached)
        self.__wrapped__ = self._function = cached.__wrapped__
        self.cache_auditor_tell, self.cache_auditor_key = teller, key
        parameters = cached.cache_parameters()
        self._most = parameters["maxsize"]
        self._inside = _Inside()
        self._cached = lru_cache(**parameters)(self._load)
        self.cache_info = self._cached.cache_info
        self.cache_parameters = cached.cache_parameters
        self.cache_clear = wraps(self._cached.cache_clear)(lambda: self._clear())

    def __call__(self, /, *arguments: Any, **named: Any) -> Any:
        inside = self._inside
        before = inside.call
        inside.call = call = [perf_counter_ns(), False]
        try:
            value = self._cached(*arguments, **named)
        except BaseException as error:
            if not call[1] and not isinstance(error, TypeError):  # what cannot be a key is no get
                self._tell("error", call[0], arguments, named, None, error)
            raise
        finally:
            inside.call = before
        if not call[1]:
            self._tell("hit", call[0], arguments, named, value)
        return value

    def _load(self, /, *arguments: Any, **named: Any) -> Any:
        """What the cache calls on a miss."""
        call = self._inside.call
        call[1] = True
        try:
            value = self._function(*arguments, **named)
        except BaseException as error:
            self._tell("miss", call[0], arguments, named, None, error)
            raise
        held = self.cache_info().currsize
        full = held == self._most
        self._tell("miss", call[0], arguments, named, None, None, held if full else held + 1)
        if full and held:
            self.cache_auditor_tell("evict", None, cache_size=held)
        return value

    def _tell(
        self,
        outcome: str,
        began: int,
        arguments: tuple[Any, ...],
        named: dict[str, Any],
        value: Any = None,
        error: BaseException | None = None,
        held: int | None = None,
    ) -> None:
        elapsed_ms = (perf_counter_ns() - began) / 1e6
        try:
            key = self.cache_auditor_key(*arguments, **named)
        except Exception:
            key = None
        self.cache_auditor_tell(outcome, key, elapsed_ms, value, error, None, held)

    def _clear(self) -> None:
        began = perf_counter_ns()
        held = self.cache_info().currsize
        self._cached.cache_clear()
        if held:
            elapsed_ms = (perf_counter_ns() - began) / 1e6
            self.cache_auditor_tell("delete", None, elapsed_ms, metadata={"cleared": held})

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        return vars(self)["__qualname__"]

    if not TYPE_CHECKING:

        @property
        def __class__(self) -> type:
            return type(self._cached)  # code that asks sees no other


def _arguments(*arguments: Any, **named: Any) -> Any:
    """A single argument as it is, several as a tuple; named ones in the order of their names."""
    if not named:
        return arguments[0] if len(arguments) == 1 else arguments
    return (*arguments, *sorted(named.items()))


_OWN = type(lru_cache(print))
for _part in ("__name__", "__qualname__", "__module__", "__doc__"):
    setattr(_Watching, _part, getattr(_OWN, _part))
