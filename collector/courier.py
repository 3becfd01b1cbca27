"""A thread that carries calls to the sink, one at a time, so that the shipper never hangs in one.

A server that neither answers nor refuses holds its caller for as long as the sink's own bound. The
shipper waits beside it, and looks after what comes in meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

Answer = TypeVar("Answer")

PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of a call: its answer, or the error that it raised."""

    answer: Any = None
    error: BaseException | None = None


class Courier:
    """Carries one call at a time; not for several callers at once.

    meanwhile: called each patience_s while a call takes longer than that. What it raises is raised
    to the caller, and the call is left to itself: nothing may be carried after that. busy: a call
    is under way.
    """

    def __init__(
        self, meanwhile: Callable[[], None] = lambda: None, patience_s: float = PATIENCE_S
    ) -> None:
        self._meanwhile = meanwhile
        self._patience_s = patience_s
        self._calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._came: SimpleQueue[_Came] = SimpleQueue()
        self._started = False
        self.busy = False

    def start(self) -> None:
        """Before the first call. Where no thread can be had, calls are made in the caller's."""
        try:
            threading.Thread(target=self._run, name="cache-auditor courier", daemon=True).start()
            self._started = True
        except RuntimeError:  # no thread is left, or the interpreter ends
            pass

    def carry(self, call: Callable[[], Answer]) -> Answer:
        """What the call gives; raises what it raises."""
        self.busy = True
        if self._started:
            self._calls.put(call)
            came = self._await()
        else:
            came = _made(call)
        self.busy = False
        if came.error is not None:
            raise came.error
        answer: Answer = came.answer
        return answer

    def end(self) -> None:
        """No call follows; the thread ends after the one under way."""
        self._calls.put(None)

    def _await(self) -> _Came:
        while True:
            try:
                return self._came.get(timeout=self._patience_s)
            except Empty:
                self._meanwhile()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            self._came.put(_made(call))
            del call  # nothing of it is kept alive until the next


def _made(call: Callable[[], Any]) -> _Came:
    try:
        return _Came(call())
    except BaseException as error:
        return _Came(error=error)
