"""From settings to what retention takes; apart, so that trimming loads no statistics."""

from __future__ import annotations

from datetime import timedelta

from auditor.settings import Settings
from auditor.windows.retention import Keep


def keep(settings: Settings) -> Keep:
    """How long each kind of row is kept."""
    return Keep(
        raw=timedelta(days=settings.retention_events_days),
        minutes=timedelta(days=settings.retention_minutes_days),
        hours=timedelta(days=settings.retention_hours_days),
        changes=timedelta(days=settings.retention_changes_days),
        ledger=timedelta(days=settings.retention_ledger_days),
    )
