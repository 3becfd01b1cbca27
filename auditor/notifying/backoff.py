"""When a message that did not arrive is tried again, and when it is given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=15)
GIVEN_UP_AFTER: Final = timedelta(hours=24)


def pause(attempts: int, draw: float) -> timedelta:
    """How long to wait after so many failures in a row (1, 2, …): twice as long each time, to
    LONGEST_PAUSE, of that between a half and all. draw: from [0, 1), so that those who failed
    together do not come back together."""
    doubled = FIRST_PAUSE * float(2 ** min(attempts - 1, 20))
    return min(doubled, LONGEST_PAUSE) * (0.5 + 0.5 * draw)


def is_given_up(failing_since: datetime, now: datetime) -> bool:
    """Whether it has failed for so long that it becomes a dead letter."""
    return now - failing_since >= GIVEN_UP_AFTER
