"""What a collector has done so far, in numbers, and the one line in the log about each trouble."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

logger = logging.getLogger("collector")

MOST_REASONS = 50


@dataclass(slots=True)
class Tally:
    """Events since the start. drained: taken from the recorder, whatever became of them then."""

    drained: int = 0
    delivered: int = 0
    refused: int = 0
    dropped: int = 0
    lost: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def refuse(self, reason: str) -> None:
        """One event is not kept; the first of each reason is logged."""
        self.refused += 1
        if reason not in self.reasons and len(self.reasons) >= MOST_REASONS:
            reason = "other reasons"
        if reason not in self.reasons:
            logger.warning("an event is refused (logged once): %s", reason)
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def drop(self, dropped: int) -> None:
        """So many were dropped in all by now; an increase is logged."""
        if dropped > self.dropped:
            logger.warning("%d events dropped: the buffer was full", dropped - self.dropped)
            self.dropped = dropped

    def lose(self, events: int) -> None:
        """So many more that were spooled are gone."""
        if events:
            self.lost += events
            logger.warning("%d spooled events lost: too old, too many or unreadable", events)
