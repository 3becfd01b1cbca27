"""Clients of Redis and of Valkey watched, whatever their library: one, cluster, asyncio, pipelines.

A client is watched in place: the same object, of a class of the same name derived from its own,
which stands before execute_command, pipeline and client only. A pipeline is recorded when it is
executed, its answers matched with its commands.
"""

from __future__ import annotations

from functools import cache as remembered
from inspect import iscoroutinefunction
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from collector.adapters.derived import derived, reduced
from collector.adapters.key_names import naming
from collector.adapters.redis_commands import COMMANDS
from collector.adapters.redis_pipelines import (
    WatchingAsyncPipeline,
    WatchingErrors,
    WatchingPipeline,
)
from collector.adapters.redis_recording import NOT_RECORDED, Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from collector.adapters.redis_commands import Arguments, Command
    from collector.session import Collector


def watch_client(
    client: Any,
    *,
    cache_name: str,
    implementation_type: str,
    collector: Collector | None,
    caches: Mapping[str, str | None] | Callable[[str], str | None] | None,
) -> None:
    """From now on the client's commands are recorded. Watching it again changes its names."""
    if collector is None:
        from collector.default import collector as applications_own

        collector = applications_own
    _watch(
        client,
        Recording(cache_name, implementation_type, collector.record, naming(cache_name, caches)),
    )


def _watch(watched: Any, recording: Recording) -> None:
    """A client or pipeline is of its derived class from now on."""
    if not hasattr(watched, "_cache_auditor_own"):
        own: Any = type(watched)
        watched.__class__ = _watching(own)
    watched._cache_auditor_watch = recording


@remembered
def _watching(own: Any) -> type:
    """A class of the same name, derived from a client's or a pipeline's own."""
    if hasattr(own, "execute"):
        asynchronous = iscoroutinefunction(own.execute)
        sources: list[type] = [WatchingAsyncPipeline if asynchronous else WatchingPipeline]
        if hasattr(own, "raise_first_error"):
            sources.append(WatchingErrors)
        return derived(own, *sources)
    asynchronous = iscoroutinefunction(own.execute_command)
    sources = [_WatchingAsyncClient if asynchronous else _WatchingClient]
    if _only_forwards(own.execute_command):
        sources = [_WatchingForwardingClient]
    if hasattr(own, "client"):
        sources.append(_WatchingClientOfOne)
    return derived(
        own,
        *sources,
        _cache_auditor_watch=NOT_RECORDED,
        _cache_auditor_forward=staticmethod(own.execute_command),
    )


def _forwarding(self: Any, *args: Any, **options: Any) -> Any:
    return self._execute_command(*args, **options)


def _only_forwards(function: Any) -> bool:
    """Whether it does what _forwarding does, and nothing else."""
    ours, theirs = _forwarding.__code__, getattr(function, "__code__", None)
    return theirs is not None and (
        (ours.co_code, ours.co_names, ours.co_argcount, ours.co_kwonlyargcount)
        == (theirs.co_code, theirs.co_names, theirs.co_argcount, theirs.co_kwonlyargcount)
    )


def _command(arguments: Arguments) -> Command | None:
    """The table's command; None for what is none of a cache's, or nothing at all."""
    try:
        return COMMANDS.get(arguments[0])
    except (IndexError, TypeError):
        return None


class _Watching:
    _cache_auditor_own: Any
    _cache_auditor_watch: Recording

    def pipeline(self, *args: Any, **options: Any) -> Any:
        pipeline = self._cache_auditor_own.pipeline(self, *args, **options)
        _watch(pipeline, self._cache_auditor_watch)
        return pipeline

    def __reduce_ex__(self, protocol: Any) -> Any:
        return reduced(self, protocol)


class _WatchingClient(_Watching):
    def execute_command(self, *args: Any, **options: Any) -> Any:
        command = _command(args)
        if command is None:
            return self._cache_auditor_own.execute_command(self, *args, **options)
        began_ns = perf_counter_ns()
        try:
            answer = self._cache_auditor_own.execute_command(self, *args, **options)
        except BaseException as error:
            self._cache_auditor_watch.failed(args, began_ns, error)
            raise
        self._cache_auditor_watch.ended(command, args, began_ns, answer)
        return answer


class _WatchingForwardingClient(_WatchingClient):
    """Of a library whose execute_command only forwards to _execute_command, as redis-py's does.

    It is left out, for a call that hands arguments on costs half of what recording costs; but not
    when somebody else has put something in its place.
    """

    _cache_auditor_forward: Any
    _execute_command: Any

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            command = COMMANDS.get(args[0])
        except (IndexError, TypeError):
            command = None
        began_ns = perf_counter_ns()
        try:
            if self._cache_auditor_own.execute_command is self._cache_auditor_forward:
                answer = self._execute_command(*args, **options)
            else:
                answer = self._cache_auditor_own.execute_command(self, *args, **options)
        except BaseException as error:
            if command is not None:
                self._cache_auditor_watch.failed(args, began_ns, error)
            raise
        if command is not None:
            self._cache_auditor_watch.ended(command, args, began_ns, answer)
        return answer


class _WatchingAsyncClient(_Watching):
    async def execute_command(self, *args: Any, **options: Any) -> Any:
        command = _command(args)
        if command is None:
            return await self._cache_auditor_own.execute_command(self, *args, **options)
        began_ns = perf_counter_ns()
        try:
            answer = await self._cache_auditor_own.execute_command(self, *args, **options)
        except BaseException as error:
            self._cache_auditor_watch.failed(args, began_ns, error)
            raise
        self._cache_auditor_watch.ended(command, args, began_ns, answer)
        return answer


class _WatchingClientOfOne:
    """A client with a connection of its own is watched as the one that it came from."""

    _cache_auditor_own: Any
    _cache_auditor_watch: Recording

    def client(self) -> Any:
        client = self._cache_auditor_own.client(self)
        _watch(client, self._cache_auditor_watch)
        return client
