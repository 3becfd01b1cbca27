"""Faults put into a recording process from outside: a kill between two steps, and a full disk.

The collector has no hook for either. Its methods are wrapped here, in the soak's process alone.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

FAULT = "CACHE_AUDITOR_FAULT"

# module, class ("" for a function of the module), what is called, and at the latest which call
STEPS = {
    "custody-open": ("collector.custody", "Custody", "open", 1),
    "custody-begin": ("collector.custody", "Custody", "begin", 40),
    "custody-settle": ("collector.custody", "Custody", "settle", 80),
    "custody-account": ("collector.custody", "Custody", "account", 40),
    "custody-close": ("collector.custody", "Custody", "close", 1),
    "backlog-append": ("collector.backlog", "Backlog", "append", 4),
    "backlog-persist": ("collector.backlog", "Backlog", "persist", 4),
    "backlog-forget": ("collector.backlog", "Backlog", "forget_oldest", 4),
    "spool-append": ("collector.spool", "Spool", "append", 4),
    "spool-forget": ("collector.spool", "Spool", "forget_oldest", 4),
    "segment-write": ("collector.segment", "", "_write_all", 4),
    "orphan-forget": ("collector.orphans", "Orphan", "forget_oldest", 2),
    "orphan-bury": ("collector.orphans", "Orphan", "bury", 1),
    "folder-remove": ("collector.spool_folder", "ClaimedFolder", "remove", 1),
    "sink-deliver": ("collector.sinks.postgres", "PostgresSink", "deliver", 40),
    "sink-ledger": ("collector.sinks.postgres", "PostgresSink", "_enter_ledger", 40),
    "sink-heartbeat": ("collector.sinks.postgres", "PostgresSink", "_heartbeat", 40),
    "sink-beat": ("collector.sinks.postgres", "PostgresSink", "beat", 2),
}


def drawn_fault(draw: Random) -> str:
    """A fault point for one process: before-STEP:NTH or after-STEP:NTH."""
    step = draw.choice(sorted(STEPS))
    return f"{draw.choice(('before', 'after'))}-{step}:{draw.randint(1, STEPS[step][3])}"


def arm(fault: str | None) -> None:
    """The process kills itself with -9 at that point. Raises ValueError for one unknown."""
    if not fault:
        return
    name, _, nth = fault.partition(":")
    when, _, step = name.partition("-")
    if when not in ("before", "after") or step not in STEPS or not nth.isdigit():
        raise ValueError(f"{FAULT}={fault} is no fault point; one is before-spool-append:2")
    module, owner, called, _ = STEPS[step]
    holder = import_module(module)
    wrap(getattr(holder, owner) if owner else holder, called, _killing(when, int(nth)))


def wrap(
    holder: Any, called: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    """Put something around a function or method, for as long as the process lives."""
    setattr(holder, called, around(getattr(holder, called)))


def _killing(when: str, nth: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    calls = count(1)

    def around(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def killing(*arguments: Any, **named: Any) -> Any:
            last = next(calls) == nth
            if last and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            found = call(*arguments, **named)
            if last:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return killing

    return around


def fill_disk_while(full: Path) -> None:
    """While that file exists, half of what is written fits, and then the disk is full."""
    write = os.write

    def bounded(descriptor: int, content: bytes | memoryview, /) -> int:
        if not full.exists():
            return write(descriptor, content)
        view = memoryview(content)
        if len(view) > 1:
            return write(descriptor, view[: len(view) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    os.write = bounded  # type: ignore[assignment]  # any buffer, as the real one
