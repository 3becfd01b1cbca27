"""What is recorded of one watched cache, and what each thread is in the middle of meanwhile."""

from __future__ import annotations

import logging
from threading import local
from time import perf_counter_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

logger = logging.getLogger("collector")

NOTHING = object()


class _Inside(local):
    """What this thread is in the middle of, so that calls of the cache to itself are told apart."""

    operation = ""
    found = False
    absent = False
    missed: Any = NOTHING


class Recording:
    """Records one cache's operations under its names; nothing of it reaches the caller.

    size: how many entries a cache holds. inside: of each thread its own.
    """

    __slots__ = (
        "_record",
        "_size",
        "cache_name",
        "implementation_type",
        "inside",
        "membership_is_lookup",
    )

    def __init__(
        self,
        cache_name: str,
        implementation_type: str,
        record: Callable[..., None],
        size: Callable[[Any], int],
        membership_is_lookup: bool,
    ) -> None:
        self.cache_name = cache_name
        self.implementation_type = implementation_type
        self.membership_is_lookup = membership_is_lookup
        self.inside = _Inside()
        self._record = record
        self._size = size

    def __call__(
        self,
        cache: Any,
        operation_type: str,
        key: Any,
        began_ns: int = 0,
        value: Any = None,
        error: BaseException | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """One operation, just ended. began_ns: perf_counter_ns at its begin; 0: not timed."""
        elapsed_ms = (perf_counter_ns() - began_ns) / 1e6 if began_ns else None
        try:
            self._record(
                operation_type,
                key,
                elapsed_ms,
                self.cache_name,
                self.implementation_type,
                self._size(cache),
                len(value) if isinstance(value, bytes) else None,
                None if error is None else type(error).__name__,
                None if error is None else str(error),
                metadata,
            )
        except Exception:
            logger.debug("an operation was not recorded", exc_info=True)
