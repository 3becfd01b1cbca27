"""The reference deployment's functions, by their names, with or without an event loop."""

from __future__ import annotations

from collector.default import collector, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CACHE_NAME = "default"


async def start_collector() -> None:
    """Start delivering; the first record does so too. Never raises."""
    collector.start()


async def stop_collector() -> None:
    """Deliver or spool what is left and end; the event loop is not blocked meanwhile."""
    import asyncio

    await asyncio.to_thread(collector.stop)


def record_cache_hit(
    cache_key: Any,
    implementation_type: str,
    response_time_ms: float | None,
    cache_size: int | None = None,
) -> None:
    """A get that found its key. Never raises."""
    record("hit", cache_key, response_time_ms, CACHE_NAME, implementation_type, cache_size)


def record_cache_miss(
    cache_key: Any,
    implementation_type: str,
    response_time_ms: float | None,
    cache_size: int | None = None,
) -> None:
    """A get that did not. Never raises."""
    record("miss", cache_key, response_time_ms, CACHE_NAME, implementation_type, cache_size)


def record_cache_set(
    cache_key: Any,
    implementation_type: str,
    response_time_ms: float | None,
    cache_size: int | None = None,
) -> None:
    """A value put in. Never raises."""
    record("set", cache_key, response_time_ms, CACHE_NAME, implementation_type, cache_size)


def record_cache_error(
    cache_key: Any,
    implementation_type: str,
    error_type: str,
    error_message: str | None = None,
) -> None:
    """A get that failed before it could be a hit or a miss. Never raises."""
    record(
        "error",
        cache_key,
        None,
        CACHE_NAME,
        implementation_type,
        error_type=error_type,
        error_message=error_message,
    )
