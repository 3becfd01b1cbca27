"""A fork of the host process: what is held still during it, and who is told in the child."""

from __future__ import annotations

import logging  # noqa: F401  # its own hook of a fork must come after ours: see _before
import os
import sys
from _thread import allocate_lock
from weakref import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Protocol

    class Forked(Protocol):
        """Whoever must know that it is in a child now."""

        def after_fork(self) -> None:
            """In the child, before anything else runs."""


living: WeakSet[Forked] = WeakSet()
# What a forked child inherits and must not touch: closing it would end the parent's connection.
inherited: list[object] = []

LONGEST_HOLD_UP_S = 30.0  # a busy machine takes several to import a driver
_importing = allocate_lock()
_held: list[bool] = []


def importing() -> AbstractContextManager[object]:
    """Held while a thread imports: a child forked in the middle of that could never finish it."""
    return _importing


def at_workers_end(end: Callable[[], object]) -> None:
    """Call it when a child of multiprocessing ends, which skips the interpreter's own exit."""
    running = sys.modules.get("multiprocessing.util")
    if running is not None:
        # below zero: after the finalizers of others, which may record
        running.Finalize(None, end, exitpriority=-100)


def _before() -> None:
    # Hooks run in the reverse order of their modules' import. Were logging's lock held already, an
    # import that names a logger could not end while this waits for it.
    _held.append(_importing.acquire(timeout=LONGEST_HOLD_UP_S))


def _after_in_parent() -> None:
    if _held.pop():
        _importing.release()


def _after_in_child() -> None:
    global _importing
    _importing = allocate_lock()
    _held.clear()
    for each in list(living):
        each.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before,
        after_in_parent=_after_in_parent,
        after_in_child=_after_in_child,
    )
