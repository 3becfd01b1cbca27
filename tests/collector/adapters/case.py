"""One way to use one cache library, as the contract suite sees it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from inspect import isawaitable
from threading import Barrier, Thread
from typing import Any

from hypothesis import strategies as st

from collector import Collector
from collector.keys import Encoder

KEYS = st.sampled_from(["a", "b", "c", "d", "é", ""])
VALUES = st.binary(max_size=8)
Step = tuple[tuple[Any, ...], list[tuple[str, Any]]]


class Case:
    """What the suite needs to know and to do. A subclass says what differs from these defaults.

    Calls of an asynchronous library may return awaitables: the suite runs them to their end.
    An operation is a tuple: its name in `actions`, and the arguments after the cache.
    """

    name = ""
    module = ""  # the adapter's
    library = ""  # the module that the adapter imports when it is asked for
    package = ""  # what pip installs it by, when it has another name
    fixture: str | None = None  # a session's fixture; its value is put into `server`
    server: Any = None
    operations: st.SearchStrategy[tuple[Any, ...]]  # what is done to the watched and the twin
    encoder: Encoder | None = None  # that of keys that are neither str nor bytes
    knows_bytes = True  # value_bytes of a hit and of a set of `value` is its length
    keeps_class = True  # what is watched is still an instance of its class
    shared_by_threads = True  # without a lock of the application's
    loads = False  # the adapter sees the load of a miss; see `load`
    fails = False  # it can be away; see `broken`
    examples = 60  # of sequences of operations
    runner: asyncio.Runner
    actions: dict[str, Callable[..., Any]]

    def opened(self) -> AbstractContextManager[Any]:
        """An empty cache, not watched. One opened later may be over the same server."""
        raise NotImplementedError

    def watch(self, cache: Any, collector: Collector, **names: str) -> Any:
        """The cache watched; names: cache_name, implementation_type."""
        raise NotImplementedError

    def broken(self) -> AbstractContextManager[Any]:
        """A cache, not watched, of which every get and set fails as it does in life."""
        raise NotImplementedError

    def get(self, cache: Any, key: str) -> Any:
        """The value, or `absent`."""
        raise NotImplementedError

    absent: Any = None

    def set(self, cache: Any, key: str, value: Any) -> Any:
        """Put it in."""
        raise NotImplementedError

    def delete(self, cache: Any, key: str) -> Any:
        """Take it out; it is there."""
        raise NotImplementedError

    def load(self, cache: Any, key: str, function: Callable[[], Any]) -> Any:
        """Get it, loading it by `function` on a miss; what that raises comes out."""
        raise NotImplementedError

    def value(self, number: int) -> Any:
        """The number-th value; all differ."""
        return b"value of %d" % number

    def recorded_key(self, key: str) -> Any:
        """The key as the adapter records it, before it is hashed."""
        return key

    def state(self, cache: Any) -> Any:
        """What the cache holds, to compare with the twin's; may be an awaitable."""
        return None

    def script(self) -> list[Step]:
        """Operations, and the (operation_type, key) that each is recorded as."""
        one, two = self.value(1), self.value(2)
        return [
            (("get", "a"), [("miss", "a")]),
            (("set", "a", one), [("set", "a")]),
            (("get", "a"), [("hit", "a")]),
            (("set", "é", two), [("set", "é")]),
            (("get", "é"), [("hit", "é")]),
            (("delete", "a"), [("delete", "a")]),
            (("get", "a"), [("miss", "a")]),
        ]

    def close(self, cache: Any) -> None:
        """Let go of a copy of the cache."""

    # What the suite calls -----------------------------------------------------------------------

    def perform(self, cache: Any, operation: tuple[Any, ...]) -> Any:
        """One operation, to its end."""
        name, *arguments = operation
        action = getattr(self, name, None) if name in ("get", "set", "delete") else None
        return self.finish((action or self.actions[name])(cache, *arguments))

    def outcome(self, cache: Any, operation: tuple[Any, ...]) -> Any:
        """What an operation gives: its value, or its exception's class and arguments."""
        try:
            return _comparable(self.perform(cache, operation))
        except Exception as error:
            return _comparable(error)

    def finish(self, result: Any) -> Any:
        """The value; of an awaitable when it has come."""
        return self.runner.run(_awaited(result)) if isawaitable(result) else result

    def together(self, scripts: Iterable[list[Callable[[], Any]]]) -> None:
        """Each list of calls in its own thread; in its own task when the calls are awaitables."""
        scripts = list(scripts)
        first = scripts[0][0]()
        if isawaitable(first):
            self.runner.run(_in_tasks(first, scripts))
        else:
            _in_threads(scripts)


def _comparable(value: Any) -> Any:
    """Exceptions, alone or in a list, as their class and arguments; all else as it is."""
    if isinstance(value, Exception):
        return type(value), repr(value.args)
    if type(value) is list:
        return [_comparable(part) for part in value]
    return value


def _in_threads(scripts: list[list[Callable[[], Any]]]) -> None:
    barrier = Barrier(len(scripts))
    failures: list[BaseException] = []

    def work(number: int) -> None:
        barrier.wait()
        try:
            for call in scripts[number][number == 0 :]:
                call()
        except BaseException as failure:
            failures.append(failure)

    threads = [Thread(target=work, args=(number,)) for number in range(len(scripts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


async def _in_tasks(first: Awaitable[Any], scripts: list[list[Callable[[], Any]]]) -> None:
    async def work(calls: list[Callable[[], Any]]) -> None:
        for call in calls:
            await call()

    await first
    scripts[0] = scripts[0][1:]
    await asyncio.gather(*(work(calls) for calls in scripts))


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result
