"""How late the auditor may be before somebody is told: `doctor` and the dashboard say the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

TICK_LATE: Final = timedelta(minutes=3)
LAG_WARNING: Final = timedelta(minutes=5)
LAG_FAULT: Final = timedelta(minutes=15)
RUN: Final = "start `cache-auditor run`, or let cron start `cache-auditor tick` each minute"
RUN_LOG: Final = (
    "see what `cache-auditor run` says on stderr, or run `cache-auditor tick` once by hand"
)
