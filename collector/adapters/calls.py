"""Calls on a watched cache: what they came to, and what each is in the middle of meanwhile.

A cache may call itself within a call of the application (a decorator gets, loads and sets; a
`get_many` gets each). A call knows what it is, in its thread, task and their workers, so that each
operation is told once: the inner calls of a silent call tell nothing; the first get within a
loading call is the call's own, and when it is a miss, it lasts as long as the load.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Self

from collector.adapters.derived import ATTRIBUTE

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from collector.keys import Encoder
    from collector.session import Collector

logger = logging.getLogger("collector")

OWN = "_cache_auditor_own"
NOT_ASKED: Any = object()

_current: ContextVar[Call | None] = ContextVar("cache_auditor_call", default=None)


class NotStored(Exception):
    """The cache said that it did not store the value."""


class Teller:
    """Tells a collector what one cache did, under its names; nothing of it reaches the caller.

    prefix: what the cache puts before each key that is a text or of bytes.
    """

    __slots__ = ("_record", "cache_name", "implementation_type", "prefix")

    def __init__(
        self,
        cache_name: str,
        implementation_type: str,
        collector: Collector | None,
        encode_key: Encoder | None,
        prefix: bytes = b"",
    ) -> None:
        if collector is None:
            from collector.default import collector as applications_own

            collector = applications_own
        if encode_key is not None:
            collector.encode_keys(cache_name, encode_key)
        self.cache_name = cache_name
        self.implementation_type = implementation_type
        self.prefix = prefix
        self._record = collector.record

    def __call__(
        self,
        operation_type: str,
        key: Any,
        elapsed_ms: float | None = None,
        value: Any = None,
        error: BaseException | None = None,
        metadata: dict[str, Any] | None = None,
        cache_size: int | None = None,
    ) -> None:
        """One operation that has just ended. value: its size is told when it is of bytes."""
        try:
            self._record(
                operation_type,
                key,
                elapsed_ms,
                self.cache_name,
                self.implementation_type,
                cache_size,
                len(value) if isinstance(value, bytes) else None,
                None if error is None else type(error).__name__,
                None if error is None else str(error),
                metadata,
            )
        except Exception:
            logger.debug("an operation was not recorded", exc_info=True)


class Call:
    """One call of the application on one cache, from its begin to its end; a context.

    loads: the first get within it is its own; a load may follow a miss, which `load` or
    `load_later` runs and tells. waits: a miss is told by the load, and not before. key: what is
    got, if that is known before the cache is asked.
    """

    # a call that is nothing special sets none of these
    loads = False
    waits = False
    key: Any = NOT_ASKED
    answered = False
    failure: BaseException | None = None  # that the library kept to itself
    unanswered: set[Any] | None = None  # the keys that it concerns, when not all
    missed: Sequence[Any] = ()  # of a get of many, that one load follows
    removed = 0  # entries that went by an inner call
    open = True
    began = 0
    _ended = 0
    _stored: dict[Any, Any] | None = None
    _token: Token[Call | None]

    def __init__(
        self, cache: Any, tell: Teller, *, loads: bool = False, key: Any = NOT_ASKED
    ) -> None:
        self.cache, self.tell = cache, tell
        if loads:
            self.loads = self.waits = True
            self.key = key

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        self.began = perf_counter_ns()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        if not self.answered and self.key is not NOT_ASKED:
            self.answer("miss" if error is None else "error", self.key, error=error)
        if self.missed:
            self._tell_missed(error)

    def end(self) -> None:
        """It is over, and lasted until now."""
        self._ended = perf_counter_ns()
        self.open = False
        _restore(self._token)

    @property
    def elapsed_ms(self) -> float:
        """From the begin to the end; to now while it lasts."""
        return ((self._ended or perf_counter_ns()) - self.began) / 1e6

    def stored_as(self, key: Any, stored: Any) -> None:
        """The cache made another key of it, with a prefix or a version."""
        try:
            if self._stored is None:
                self._stored = {}
            self._stored[key] = stored
        except TypeError:
            pass  # no key can be that

    def stored(self, key: Any) -> Any:
        """The key as the cache has it."""
        if self._stored is not None:
            try:
                key = self._stored.get(key, key)
            except TypeError:
                return key
        prefix = self.tell.prefix
        if prefix and isinstance(key, str):
            return prefix + key.encode("utf-8", "surrogatepass")
        return prefix + key if prefix and isinstance(key, bytes) else key

    def answer(
        self, outcome: str, key: Any, value: Any = None, error: BaseException | None = None
    ) -> None:
        """What this call was; once."""
        if not self.answered:
            self.answered = True
            self.tell(outcome, key, self.elapsed_ms, value, error)

    def load(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """The load that follows the miss: a new start for whatever it does with caches."""
        token = _current.set(None)
        try:
            value = function(*arguments, **named)
        except BaseException as error:
            self._missed(error)
            raise
        finally:
            _restore(token)
        self._missed(None)
        return value

    async def load_later(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """The same for a coroutine function."""
        token = _current.set(None)
        try:
            value = await function(*arguments, **named)
        except BaseException as error:
            self._missed(error)
            raise
        finally:
            _restore(token)
        self._missed(None)
        return value

    def _missed(self, error: BaseException | None) -> None:
        if self.key is not NOT_ASKED:
            self.answer("miss", self.key, error=error)
        self._tell_missed(error)

    def _tell_missed(self, error: BaseException | None) -> None:
        missed, self.missed = self.missed, ()
        share_ms, many = self.divided(len(missed))
        for key in missed:
            self.tell("miss", key, share_ms, None, error, many)

    def divided(self, parts: int) -> tuple[float, dict[str, Any] | None]:
        """The time of each of so many keys, ms, and the metadata that says so."""
        return self.elapsed_ms / max(parts, 1), {"keys_in_trip": parts} if parts > 1 else None

    def takes(self, cache: Any, key: Any) -> bool:
        """Whether a get of another watched cache is a part of this call, and told by it."""
        return False

    @property
    def asked(self) -> bool:
        """Whether the cache has made a key of its own of what it was given."""
        return self._stored is not None


def current() -> Call | None:
    """The call under way in this thread or task, on whatever cache."""
    return _current.get()


def within(cache: Any) -> Call | None:
    """The call under way on this watched cache, or on what it is a part of."""
    call = _current.get()
    if call is None or not call.open or call.tell is not cache._cache_auditor_watch:
        return None
    return call


def become(cache: Any, watching: Callable[[type], type], said: Any) -> None:
    """The object is of the watching class from now on, and has what was said of it.

    An object that is of one already stays of it. Attributes are set beside the class's own ways.
    """
    cache.__dict__[ATTRIBUTE] = said
    if not any(OWN in vars(each) for each in type(cache).__mro__):
        cache.__class__ = watching(type(cache))


def quietly(function: Callable[..., object], *arguments: Any) -> None:
    """What is told never costs the caller anything."""
    try:
        function(*arguments)
    except Exception:
        logger.debug("an operation was not recorded", exc_info=True)


def _restore(token: Token[Call | None]) -> None:
    try:  # noqa: SIM105  # contextlib.suppress would be the costliest thing here
        _current.reset(token)
    except ValueError:
        pass  # the coroutine is closed by another task than the one that ran it
