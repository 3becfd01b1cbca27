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

A cache whose hit is a similarity, in front of a language model for example:

    @answers.lookup(similarity=lambda nearest: nearest.score, threshold=0.92)
    def nearest(question): ...      # a hit from 0.92 on; the similarity is kept, of misses too
"""

from __future__ import annotations

import logging
from functools import wraps
from inspect import iscoroutinefunction
from time import perf_counter_ns

from collector.arguments import key_of
from collector.outcomes import OutcomeOf, quietly
from collector.plain_metadata import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Self, SupportsFloat, TypeVar

    from collector.keys import Encoder
    from collector.session import Collector

    Function = TypeVar("Function", bound=Callable[..., Any])

logger = logging.getLogger("collector")


def watch(
    cache_name: str = "default",
    implementation_type: str = "default",
    *,
    collector: Collector | None = None,
    encode_key: Encoder | None = None,
) -> Watch:
    """A watch over one cache and implementation; the application's own collector by default.

    encode_key: for keys that are neither str nor bytes, such as tuples: `encode_builtin` of
    `collector.keys` keeps those made of plain values, and any other event without its key.
    """
    if collector is None:
        from collector.default import collector as applications_own

        collector = applications_own
    if encode_key is not None:
        collector.encode_keys(cache_name, encode_key)
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
        hit: Callable[[Any], bool] | None = None,
        similarity: Callable[[Any], SupportsFloat | None] | None = None,
        threshold: float | None = None,
        metadata: Callable[[Any], dict[str, Any] | None] | None = None,
    ) -> Callable[[Function], Function]:
        """A decorator for the function that looks a key up, plain or async, a method or not.

        key: the arguments' cache key, a method's object among them; by default the first argument,
        a method's own object left out. hit: whether what was returned is a hit. similarity: how
        like the question what was found is, kept as metadata of hits and misses. threshold: from
        which similarity on it is a hit, when `hit` does not say. By default anything but None is
        a hit. metadata: what else to keep. None of them reaches the caller with an exception.
        Raises ValueError for a threshold without a similarity.
        """
        if threshold is not None and similarity is None:
            raise ValueError("a threshold needs a similarity: give similarity= as well")
        outcome_of = OutcomeOf(hit, similarity, threshold, metadata)

        def decorate(function: Function) -> Function:
            of_arguments = key or key_of(function)

            def begin(arguments: tuple[Any, ...], named: dict[str, Any]) -> Lookup:
                return Lookup(self, quietly(of_arguments, *arguments, **named))

            if iscoroutinefunction(function):

                @wraps(function)
                async def later(*arguments: Any, **named: Any) -> Any:
                    with begin(arguments, named) as seen:
                        found = await function(*arguments, **named)
                        seen.say(*outcome_of(found))
                    return found

                return later  # type: ignore[return-value]  # same signature as the function

            @wraps(function)
            def now(*arguments: Any, **named: Any) -> Any:
                with begin(arguments, named) as seen:
                    found = function(*arguments, **named)
                    seen.say(*outcome_of(found))
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
            None if failure is None else quietly(str, failure),
            quietly(plain, metadata) if metadata else None,
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
        self.say("hit", metadata, value_bytes)

    def miss(self, **metadata: Any) -> None:
        """It was not; what follows in the block is the load."""
        self.say("miss", metadata)

    def say(self, outcome: str, metadata: dict[str, Any], value_bytes: int | None = None) -> None:
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
