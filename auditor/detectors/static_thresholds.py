"""The thresholds that many teams already know: shown, and no more than a say in severity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import Channel, Evidence
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from baselines.metrics import BY_NAME, Metric, denominator, numerator, quotient

MINUTES = 5
WARNING = 1.0
CRITICAL = 2.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where it warns and where it is critical: shares of the baseline, or of the whole."""

    metric: str
    warning: float
    critical: float
    relative: bool


THRESHOLDS = (
    Threshold("hit_rate", 0.10, 0.20, relative=True),
    Threshold("response_time_ms", 0.25, 0.50, relative=True),
    Threshold("error_rate", 0.01, 0.05, relative=False),
)


@dataclass(frozen=True, slots=True)
class StaticThresholds:
    """Statistic 1 at the warning threshold, 2 at the critical one, linear between and beyond.

    The hit rate is compared both ways, as the thresholds were; a baseline of 0 is not judged.
    """

    name: str = "static_thresholds"
    metrics: tuple[str, ...] = tuple(threshold.metric for threshold in THRESHOLDS)
    opens: bool = False
    least_scale: float = 0.1

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(self._one(scene, BY_NAME[each.metric], each) for each in THRESHOLDS)

    def _one(self, scene: Scene, metric: Metric, threshold: Threshold) -> Evidence:
        above, below = numerator(metric, scene.windows), denominator(metric, scene.windows)
        expected = scene.expectations[metric.name].seasonal
        known = np.isfinite(above) & np.isfinite(below)
        count = pooled(np.where(known, below, 0.0), MINUTES)
        value = quotient(metric, pooled(np.where(known, above, 0.0), MINUTES), count)
        value = np.where(known, value, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            away = (value - expected) / expected if threshold.relative else value / metric.scale
        away = np.abs(away) if metric.worse == "down" else away
        step = threshold.critical - threshold.warning
        statistic = np.where(
            away < threshold.warning,
            away / threshold.warning,
            1 + (away - threshold.warning) / step,
        )
        statistic = np.where(expected > 0, statistic, np.nan)
        low, high = -threshold.warning, threshold.warning
        return Evidence(
            Channel(self.name, metric.name, MINUTES),
            statistic,
            value,
            expected,
            expected * (1 + low) if threshold.relative else np.zeros_like(value),
            expected * (1 + high)
            if threshold.relative
            else np.full_like(value, metric.scale * high),
            count,
        )


DETECTOR = StaticThresholds()
