"""Talking to a sink that may be away: an attempt, a pause that grows, one line in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from math import inf
from random import Random
from typing import TypeVar

from collector.backoff import pause
from collector.courier import Courier
from collector.errors import (
    ForeignPackage,
    NoIngest,
    SchemaMismatch,
    SinkUnavailable,
    TokenRefused,
)

logger = logging.getLogger("collector")
Answer = TypeVar("Answer")

# A server that asks for more patience than this does not get it.
LONGEST_ASKED_S = 3600.0

# What a person must mend is said once, however often it is tried.
_UNTIL_MENDED: dict[type[Exception], str] = {
    SchemaMismatch: "batches wait until `cache-auditor migrate` is run: %s",
    ForeignPackage: "batches are spooled until the next start: %s",
    TokenRefused: "batches wait until CACHE_AUDITOR_INGEST_TOKEN is one that the ingest knows: %s",
    NoIngest: "batches wait until CACHE_AUDITOR_URL is the ingest's: %s",
}


class Delivery:
    """Whether the sink answers, and when to try again.

    courier: makes the calls. now: seconds of a clock that nobody sets, since a pause must last as
    long as it was meant to. note: told of each failure, and of None when it is over.
    """

    def __init__(
        self,
        courier: Courier,
        seed: str,
        now: Callable[[], float] = time.monotonic,
        note: Callable[[BaseException | None], None] = lambda error: None,
    ) -> None:
        self._courier = courier
        self._now = now
        self._note = note
        self._random = Random(seed)
        self._failures = 0
        self._told: set[type[Exception]] = set()
        self._retry_at = inf

    @property
    def retry_in_s(self) -> float:
        """Seconds until the next try, 0 or less when it is due; inf: there is nothing to try."""
        return self._retry_at - self._now()

    @property
    def busy(self) -> bool:
        """The sink is at it, and takes nothing else."""
        return self._courier.busy

    @property
    def failing(self) -> bool:
        """The last attempt failed."""
        return self._failures > 0

    @property
    def resting(self) -> bool:
        """The last attempt failed, and the pause after it is not over."""
        return self.failing and self.retry_in_s > 0

    def soon(self) -> None:
        """There is something to be delivered: try as soon as the sink is thought to answer."""
        if not self.failing:
            self._retry_at = self._now()

    def done(self) -> None:
        """There is nothing left to try again."""
        if not self.failing:
            self._retry_at = inf

    def attempt(self, call: Callable[[], Answer]) -> Answer | None:
        """What the sink answers; None when it is away: then not before `retry_in_s` again."""
        try:
            answer = self._courier.carry(call)
        except BaseException as error:  # nothing that a sink raises ends the collector's thread
            self._failures += 1
            least = getattr(error, "retry_after_s", None) or 0.0
            wait_s = max(pause(self._failures, self._random.random()), min(least, LONGEST_ASKED_S))
            self._retry_at = self._now() + wait_s
            self._tell(error)
            self._note(error)
            return None
        if self._failures:
            logger.info("the destination of metrics answers again")
            self._failures = 0
            self._note(None)
            self._retry_at = self._now()
        return answer

    def _tell(self, error: BaseException) -> None:
        kind = next((kind for kind in _UNTIL_MENDED if isinstance(error, kind)), None)
        if kind is not None:
            if kind not in self._told:
                self._told.add(kind)
                logger.warning(_UNTIL_MENDED[kind], error)
        elif self._failures > 1:
            return
        elif isinstance(error, SinkUnavailable):
            logger.warning("the destination of metrics is away, batches are spooled: %s", error)
        else:
            logger.error(
                "delivering failed in an unforeseen way; batches are spooled", exc_info=error
            )
