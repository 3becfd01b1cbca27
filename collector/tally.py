"""What a collector has done so far, in numbers, and the one line in the log about each trouble."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

logger = logging.getLogger("collector")

MOST_REASONS = 50


@dataclass(slots=True)
class Tally:
    """Events since the start. drained: taken from the recorder, whatever became of them then.

    turned_away: the buffer was full, so they were never drained. shed: drained, and dropped from
    where they waited: too many for the spool or for the memory behind it, too old, or unreadable.
    """

    drained: int = 0
    delivered: int = 0
    refused: int = 0
    turned_away: int = 0
    shed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def dropped(self) -> int:
        """What there was no room for, or for too long."""
        return self.turned_away + self.shed

    def refuse(self, reason: str, n: int = 1) -> None:
        """n events are not kept; the first of each reason is logged."""
        self.refused += n
        if reason not in self.reasons and len(self.reasons) >= MOST_REASONS:
            reason = "other reasons"
        if reason not in self.reasons:
            logger.warning("an event is refused (logged once): %s", reason)
        self.reasons[reason] = self.reasons.get(reason, 0) + n

    def turn_away(self, events: int) -> None:
        """So many found the buffer full, in all by now; an increase is logged."""
        if events > self.turned_away:
            logger.warning("%d events dropped: the buffer was full", events - self.turned_away)
            self.turned_away = events

    def shed_waiting(self, events: int) -> None:
        """So many more that waited to be delivered are dropped."""
        if events:
            self.shed += events
            logger.warning("%d spooled events dropped: too old, too many or unreadable", events)
