"""Threads of those who deliver, apart from those who read: slow pages hold no delivery up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, ParamSpec, TypeVar

import anyio
from anyio.lowlevel import RunVar

THREADS: Final = 16
"""Twice as many as there are sinks: the others wait for one."""
_limiter: RunVar[anyio.CapacityLimiter] = RunVar("cache_auditor_storing")
P = ParamSpec("P")
T = TypeVar("T")


async def storing(function: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """What the function gives, called in one of these threads. Raises what it raises."""
    try:
        limiter = _limiter.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(THREADS)
        _limiter.set(limiter)
    return await anyio.to_thread.run_sync(partial(function, *given, **named), limiter=limiter)
