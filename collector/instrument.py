"""Any cache watched by hand: the code says what was a hit, the clock and the rest is done here.

    pages = watch("pages", "new")

    with pages.get(key) as lookup:          # or: @pages.lookup around the function that looks up
        page = cache.get(key)
        if page is not None:
            lookup.hit(similarity=0.93)
        else:
            lookup.miss()
            page = load(key)                # the miss lasts until the end of the block

    with pages.set(key, value_bytes=len(page)):
        cache[key] = page

The wrapped code's exceptions pass through unchanged: before an outcome they make the get an error,
after `miss` a miss whose load failed, after `hit` nothing. Everything works in async code as well.
"""

from __future__ import annotations

import logging
from functools import wraps
from inspect import iscoroutinefunction
from time import perf_counter_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Self, TypeVar

    from collector.session import Collector

    Function = TypeVar("Function", bound=Callable[..., Any])

logger = logging.getLogger("collector")


def watch(
    cache_name: str = "default",
    implementation_type: str = "default",
    *,
    collector: Collector | None = None,
) -> Watch:
    """A watch over one cache and implementation; the application's own collector by default."""
    if collector is None:
        from collector.default import collector as applications_own

        collector = applications_own
    return Watch(cache_name, implementation_type, collector)


class Watch:
    """Records the operations of one cache and implementation."""

    def __init__(self, cache_name: str, implementation_type: str, collector: Collector) -> None:
        self.cache_name = cache_name
        self.implementation_type = implementation_type
        self.collector = collector

    def get(self, key: Any) -> Lookup:
        """A context: the lookup of one key, which the code inside calls a hit or a miss."""
        return Lookup(self, key)

    def set(self, key: Any, value_bytes: int | None = None, **metadata: Any) -> Operation:
        """A context: a value is put in."""
        return Operation(self, "set", key, value_bytes, metadata)

    def delete(self, key: Any, **metadata: Any) -> Operation:
        """A context: a key is removed by the application."""
        return Operation(self, "delete", key, None, metadata)

    def evicted(self, key: Any, value_bytes: int | None = None) -> None:
        """The cache removed a key to make room."""
        self._record("evict", key, None, value_bytes, None, None)

    def expired(self, key: Any, value_bytes: int | None = None) -> None:
        """The cache removed a key that had reached its age."""
        self._record("expire", key, None, value_bytes, None, None)

    def lookup(
        self,
        *,
        key: Callable[..., Any] | None = None,
        hit: Callable[[Any], bool] = lambda found: found is not None,
        metadata: Callable[[Any], dict[str, Any] | None] | None = None,
    ) -> Callable[[Function], Function]:
        """A decorator for the function that looks a key up, plain or async.

        key: the arguments' cache key; the first argument by default. hit: whether what was returned
        is a hit; anything but None by default. metadata: what to keep of it, such as a similarity.
        None of the three reaches the caller with an exception.
        """

        def decorate(function: Function) -> Function:
            def begin(arguments: tuple[Any, ...], named: dict[str, Any]) -> Lookup:
                return Lookup(self, _quietly(key or _first, *arguments, **named))

            def judge(found: Any, seen: Lookup) -> None:
                said = _quietly(metadata, found) if metadata is not None else None
                found_it = _quietly(lambda: bool(hit(found)))
                seen.say(
                    "hit" if found_it else "miss", None, said if isinstance(said, dict) else {}
                )

            if iscoroutinefunction(function):

                @wraps(function)
                async def later(*arguments: Any, **named: Any) -> Any:
                    with begin(arguments, named) as seen:
                        found = await function(*arguments, **named)
                        judge(found, seen)
                    return found

                return later  # type: ignore[return-value]  # same signature as the function

            @wraps(function)
            def now(*arguments: Any, **named: Any) -> Any:
                with begin(arguments, named) as seen:
                    found = function(*arguments, **named)
                    judge(found, seen)
                return found

            return now  # type: ignore[return-value]  # same signature as the function

        return decorate

    def _record(
        self,
        operation_type: str,
        key: Any,
        elapsed_ms: float | None,
        value_bytes: int | None,
        failure: BaseException | None,
        metadata: dict[str, Any] | None,
    ) -> None:
        self.collector.record(
            operation_type,
            key,
            elapsed_ms,
            self.cache_name,
            self.implementation_type,
            None,
            value_bytes,
            None if failure is None else type(failure).__name__,
            None if failure is None else _quietly(str, failure),
            metadata or None,
        )


class Lookup:
    """One get under way. `hit` or `miss` is its outcome; the last one counts."""

    __slots__ = ("_began", "_key", "_metadata", "_outcome", "_said", "_value_bytes", "_watch")

    def __init__(self, watch: Watch, key: Any) -> None:
        self._watch, self._key = watch, key
        self._outcome = ""
        self._said = self._began = 0
        self._value_bytes: int | None = None
        self._metadata: dict[str, Any] = {}

    def hit(self, value_bytes: int | None = None, **metadata: Any) -> None:
        """The key was there; its latency ends now."""
        self.say("hit", value_bytes, metadata)

    def miss(self, **metadata: Any) -> None:
        """It was not; what follows in the block is the load."""
        self.say("miss", None, metadata)

    def say(self, outcome: str, value_bytes: int | None, metadata: dict[str, Any]) -> None:
        """What it was, "hit" or "miss", with metadata under any names."""
        self._said = perf_counter_ns()
        self._outcome = outcome
        self._value_bytes = value_bytes
        self._metadata.update(metadata)

    def __enter__(self) -> Self:
        self._began = perf_counter_ns()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ended = perf_counter_ns()
        outcome = self._outcome
        if not outcome:
            if failure is None:
                logger.debug("a lookup of %s ended without an outcome", self._watch.cache_name)
                return
            outcome = "error"
        elif outcome == "hit":
            ended, failure = self._said, None
        else:
            self._metadata.setdefault("lookup_ms", (self._said - self._began) / 1e6)
        elapsed_ms = (ended - self._began) / 1e6
        self._watch._record(
            outcome, self._key, elapsed_ms, self._value_bytes, failure, self._metadata
        )


class Operation:
    """A set or a delete under way; it failed when the block raises."""

    __slots__ = ("_began", "_key", "_kind", "_metadata", "_value_bytes", "_watch")

    def __init__(
        self,
        watch: Watch,
        kind: str,
        key: Any,
        value_bytes: int | None,
        metadata: dict[str, Any],
    ) -> None:
        self._watch, self._kind, self._key = watch, kind, key
        self._value_bytes, self._metadata = value_bytes, metadata
        self._began = 0

    def __enter__(self) -> Self:
        self._began = perf_counter_ns()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        elapsed_ms = (perf_counter_ns() - self._began) / 1e6
        self._watch._record(
            self._kind, self._key, elapsed_ms, self._value_bytes, failure, self._metadata
        )


def _first(*arguments: Any, **named: Any) -> Any:
    return arguments[0] if arguments else next(iter(named.values()), None)


def _quietly(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The function's answer, or None when it fails: the user's callbacks are ours to bear."""
    try:
        return function(*arguments, **named)
    except Exception:
        logger.debug("a callback of the watch failed", exc_info=True)
        return None
