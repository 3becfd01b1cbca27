"""From settings to what the tick, the refresh and a backtest take."""

from __future__ import annotations

from datetime import timedelta

from auditor.backtesting.replay import ReplaySettings
from auditor.daemon.tick import Judging
from auditor.observing.fold_settings import FoldSettings
from auditor.refreshing.due import Rhythm
from auditor.settings import Settings
from auditor.statistics.thresholds import Threshold, Thresholds
from auditor.windows.watermarks import Grace

DAY_MINUTES = 24 * 60


def judging(settings: Settings) -> Judging:
    """How long a window waits, how eager and patient observations are, and the static rules."""
    return Judging(
        Grace(
            timedelta(seconds=settings.grace_s),
            timedelta(seconds=settings.grace_without_watermarks_s),
            timedelta(seconds=settings.collector_expected_s),
        ),
        FoldSettings(
            false_per_series_week=settings.alert_budget_per_week,
            quiet_minutes=settings.resolve_after_minutes,
            reopen_minutes=settings.reopen_within_minutes,
            by_cache=settings.alert_budget_by_cache,
        ),
        thresholds(settings),
        settings.rules,
    )


def rhythm(settings: Settings) -> Rhythm:
    """How often is learned, and from how much."""
    return Rhythm(
        every=settings.baseline_refresh_minutes, span=settings.baseline_span_days * DAY_MINUTES
    )


def replay_settings(settings: Settings) -> ReplaySettings:
    """All that a backtest depends on; the settings that matter are those of `run`."""
    how = judging(settings)
    return ReplaySettings(
        rhythm(settings), how.fold, how.thresholds, settings.time_zone, rules=how.rules
    )


def thresholds(settings: Settings) -> Thresholds:
    """Where the static rules warn and are critical."""
    return Thresholds(
        hit_rate=_threshold(settings.hit_rate_warning_percent, settings.hit_rate_critical_percent),
        response_time=_threshold(
            settings.response_time_warning_percent, settings.response_time_critical_percent
        ),
        error_rate=_threshold(
            settings.error_rate_warning_percent, settings.error_rate_critical_percent
        ),
    )


def _threshold(warning_percent: float, critical_percent: float) -> Threshold:
    return Threshold(warning_percent / 100, critical_percent / 100)
