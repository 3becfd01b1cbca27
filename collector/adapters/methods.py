"""Methods that stand before those of a cache's class: they call it, and tell what came of it.

Each is made for a name; what it came to is told by a conclusion, a function of the call. A get
is told exactly, by a default of ours that stands for nothing else, where the class passes its
default through; else the caller's own default is a miss.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

from collector.adapters.calls import Call, quietly, within

if TYPE_CHECKING:
    from types import TracebackType

logger = logging.getLogger("collector")

MARKS = "_cache_auditor_marks"


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Any = _Absent()


class Concluding(Call):
    """A call with its arguments, and in the end its result or what it raised.

    subject: the first argument: a key, keys, or what is put in by key.
    """

    subject: Any
    result: Any = None
    error: BaseException | None = None

    def __init__(
        self,
        cache: Any,
        conclude: Callable[[Concluding], object] | None,
        first: str,
        arguments: tuple[Any, ...],
        named: dict[str, Any],
    ) -> None:
        super().__init__(cache, cache._cache_auditor_watch)
        self.conclude, self.arguments, self.named = conclude, arguments, named
        self.subject = arguments[0] if arguments else named.get(first)
        if hasattr(type(self.subject), "__next__"):
            self._note_what_is_read(first, self.subject)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        self.error = error or self.failure
        if self.conclude is not None:
            result = self.result
            quietly(self.conclude, self)
            self.result = result  # whatever the conclusion makes of it, the caller's stays
        self.error = self.failure = None  # they hold the frames that hold this

    @property
    def value(self) -> Any:
        """What is put in: the second argument."""
        return self.arguments[1] if len(self.arguments) > 1 else self.named.get("value")

    def _note_what_is_read(self, first: str, source: Iterator[Any]) -> None:
        self.subject = noted = []

        def reading() -> Iterator[Any]:
            for key in source:
                noted.append(key)
                yield key

        if self.arguments:
            self.arguments = (reading(), *self.arguments[1:])
        else:
            self.named = {**self.named, first: reading()}


class Get(Call):
    """A get, told when it ends: by itself, or by the loading call that it is part of."""

    result: Any = None

    def __init__(
        self, cache: Any, outer: Call | None, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        self.cache, self.tell, self._outer = cache, cache._cache_auditor_watch, outer
        self.subject = key = arguments[0] if arguments else named.get("key")
        self._default = arguments[1] if len(arguments) > 1 else named.get("default")
        self._marks = cache._cache_auditor_marks
        if self._marks and len(arguments) > 1:
            arguments = (key, ABSENT, *arguments[2:])
        elif self._marks:
            named["default"] = ABSENT  # of this call alone
        self.arguments, self.named = arguments, named

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        found = error is None and self._unmark()
        error = error or self.failure
        outcome = "hit" if found else "miss" if error is None else "error"
        try:
            self._tell_or_leave(outcome, None if found else error)
        except Exception:
            logger.debug("a get was not recorded", exc_info=True)
        if error is not None:
            self.failure = None  # it holds the frame that holds this

    def _unmark(self) -> bool:
        """Whether it was found; from now on the result is what the caller gets."""
        result = self.result
        if not self._marks:
            return result is not self._default
        if result is ABSENT:
            self.result = self._default
            return False
        if type(result) is tuple and result and result[0] is ABSENT:
            self.result = (self._default, *result[1:])  # with what else was asked for
            return False
        return True

    def _tell_or_leave(self, outcome: str, error: BaseException | None) -> None:
        outer, key = self._outer, self.stored(self.subject)
        if outer is None:
            self.tell(outcome, key, self.elapsed_ms, self.result, error)
        elif outcome == "miss" and outer.waits:
            outer.key = key  # told when its load has ended
        elif not outer.answered:
            outer.answered = True
            self.tell(outcome, key, self.elapsed_ms, self.result, error)


class Pop(Get):
    """What gets an entry and removes it: a delete, if it was there."""

    def _tell_or_leave(self, outcome: str, error: BaseException | None) -> None:
        if outcome != "miss":
            self.tell("delete", self.stored(self.subject), self.elapsed_ms, None, error)


def calling(
    name: str, conclude: Callable[[Concluding], object] | None, first: str = "key"
) -> FunctionType:
    """A method that tells what it came to; None tells nothing, and silences what it calls."""

    def method(self: Any, /, *arguments: Any, **named: Any) -> Any:
        own = getattr(self._cache_auditor_own, name)
        outer = within(self)
        if outer is not None and not outer.loads:
            return own(self, *arguments, **named)
        with Concluding(self, conclude, first, arguments, named) as call:
            call.result = own(self, *call.arguments, **call.named)
        return call.result

    return method  # type: ignore[return-value]  # it is one


def calling_later(
    name: str, conclude: Callable[[Concluding], object] | None, first: str = "key"
) -> FunctionType:
    """The same for a coroutine function."""

    async def method(self: Any, /, *arguments: Any, **named: Any) -> Any:
        own = getattr(self._cache_auditor_own, name)
        outer = within(self)
        if outer is not None and not outer.loads:
            return await own(self, *arguments, **named)
        with Concluding(self, conclude, first, arguments, named) as call:
            call.result = await own(self, *call.arguments, **call.named)
        return call.result

    return method  # type: ignore[return-value]  # it is one


def getting(name: str, kind: type[Get] = Get) -> FunctionType:
    """A get whose second argument is the default."""

    def method(self: Any, /, *arguments: Any, **named: Any) -> Any:
        own = getattr(self._cache_auditor_own, name)
        outer = within(self)
        if outer is not None and (not outer.loads or outer.answered):
            return own(self, *arguments, **named)
        with kind(self, outer, arguments, named) as get:
            get.result = own(self, *get.arguments, **get.named)
        return get.result

    return method  # type: ignore[return-value]  # it is one


def getting_later(name: str, kind: type[Get] = Get) -> FunctionType:
    """The same for a coroutine function."""

    async def method(self: Any, /, *arguments: Any, **named: Any) -> Any:
        own = getattr(self._cache_auditor_own, name)
        outer = within(self)
        if outer is not None and (not outer.loads or outer.answered):
            return await own(self, *arguments, **named)
        with kind(self, outer, arguments, named) as get:
            get.result = await own(self, *get.arguments, **get.named)
        return get.result

    return method  # type: ignore[return-value]  # it is one
