"""Pipelines of Redis and of Valkey: recorded when they are executed, answers matched with commands.

What a pipeline runs at once while it watches keys is not recorded. A transaction that a watched key
stopped did nothing, and is not recorded either. When `execute` raises the first command's error,
the others are recorded by their own answers where the library shows them, else all by that error.
"""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from collector.adapters.derived import reduced

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.adapters.redis_recording import Recording


class _Trip:
    """One execution of a pipeline under way; without commands there is nothing to record."""

    __slots__ = ("_began_ns", "_commands", "_queue", "_watch")

    def __init__(self, watch: Recording, pipeline: Any) -> None:
        self._watch = watch
        self._queue = _queued(pipeline)
        self._commands = [_arguments(command) for command in self._queue]
        self._began_ns = perf_counter_ns()

    def ended(self, answers: Sequence[Any]) -> None:
        if self._commands:
            self._watch.trip(self._commands, self._began_ns, answers)

    def failed(self, error: BaseException, seen: Sequence[Any] | None) -> None:
        if not self._commands or _is_watch_error(error):
            return
        answers = seen if seen is not None else _results(self._queue, error)
        if answers is None:
            answers = [error] * len(self._queue)
        self._watch.trip(self._commands, self._began_ns, answers)


def _is_watch_error(error: BaseException) -> bool:
    return any(kind.__name__ == "WatchError" for kind in type(error).__mro__)


def _queued(pipeline: Any) -> list[Any]:
    """The commands that wait: pairs of arguments and options, or objects with `args`.

    The libraries and their versions keep them under three names; none of them: nothing is recorded.
    """
    place = getattr(pipeline, "_execution_strategy", pipeline)
    for name in ("command_stack", "_command_queue", "_command_stack"):
        queue = getattr(place, name, None)
        if isinstance(queue, list):
            return list(queue)
    return []


def _arguments(command: Any) -> tuple[Any, ...]:
    """A queued command's arguments, its name first; of what is not understood only that it is."""
    arguments = command[0] if type(command) is tuple else getattr(command, "args", None)
    return tuple(arguments) if arguments else ("",)


def _results(queue: list[Any], error: BaseException) -> list[Any] | None:
    """What a cluster's commands have been answered, when the error is one of these answers."""
    results = [getattr(command, "result", None) for command in queue]
    return results if any(result is error for result in results) else None


class WatchingErrors:
    """Stands before `raise_first_error`, where a library has one: it is shown all answers."""

    _cache_auditor_own: Any
    _cache_auditor_answers: Sequence[Any] | None

    def raise_first_error(self, *args: Any, **options: Any) -> Any:
        # (commands, answers) for one server; a cluster's (commands) have their answers in them
        self._cache_auditor_answers = args[1] if len(args) == 2 else None
        return self._cache_auditor_own.raise_first_error(self, *args, **options)


class _Watching:
    _cache_auditor_own: Any
    _cache_auditor_watch: Recording
    _cache_auditor_answers: Sequence[Any] | None

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self, protocol)


class WatchingPipeline(_Watching):
    """Stands before `execute` of a pipeline."""

    def execute(self, *args: Any, **options: Any) -> Any:
        self._cache_auditor_answers = None
        trip = _Trip(self._cache_auditor_watch, self)
        try:
            answers = self._cache_auditor_own.execute(self, *args, **options)
        except BaseException as error:
            trip.failed(error, self._cache_auditor_answers)
            raise
        trip.ended(answers)
        return answers


class WatchingAsyncPipeline(_Watching):
    """The same for asyncio."""

    async def execute(self, *args: Any, **options: Any) -> Any:
        self._cache_auditor_answers = None
        trip = _Trip(self._cache_auditor_watch, self)
        try:
            answers = await self._cache_auditor_own.execute(self, *args, **options)
        except BaseException as error:
            trip.failed(error, self._cache_auditor_answers)
            raise
        trip.ended(answers)
        return answers
