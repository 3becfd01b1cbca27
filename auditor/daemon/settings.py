"""From settings to what the tick, the refresh and retention take."""

from __future__ import annotations

from datetime import timedelta

from auditor.daemon.tick import Judging
from auditor.observing.fold import FoldSettings
from auditor.settings import Settings
from auditor.windows.retention import Keep
from auditor.windows.watermarks import Grace


def judging(settings: Settings) -> Judging:
    """How long a window waits, and how eager and patient observations are."""
    return Judging(
        Grace(
            timedelta(seconds=settings.grace_s),
            timedelta(seconds=settings.grace_without_watermarks_s),
        ),
        FoldSettings(
            false_per_series_week=settings.alert_budget_per_week,
            quiet_minutes=settings.resolve_after_minutes,
            reopen_minutes=settings.reopen_within_minutes,
        ),
    )


def keep(settings: Settings) -> Keep:
    """How long each kind of row is kept."""
    return Keep(
        raw=timedelta(days=settings.retention_events_days),
        minutes=timedelta(days=settings.retention_minutes_days),
        hours=timedelta(days=settings.retention_hours_days),
        changes=timedelta(days=settings.retention_changes_days),
        ledger=timedelta(days=settings.retention_ledger_days),
    )
