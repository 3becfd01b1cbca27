"""The thresholds that many teams already know: shown, and no more than a say in severity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import OWN, Channel, Evidence
from auditor.statistics.pooling import pooled
from auditor.statistics.scene import Scene
from auditor.statistics.thresholds import Threshold, Thresholds
from baselines.metrics import BY_NAME, denominator, numerator, quotient

MINUTES = 5
WARNING = 1.0
CRITICAL = 2.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A metric under its threshold; relative: to its baseline, else a share of the whole."""

    metric: str
    threshold: Threshold
    relative: bool


def rules(thresholds: Thresholds) -> tuple[Rule, ...]:
    """The rules of a scene, in the order of their evidence."""
    return (
        Rule("hit_rate", thresholds.hit_rate, relative=True),
        Rule("response_time_ms", thresholds.response_time, relative=True),
        Rule("error_rate", thresholds.error_rate, relative=False),
    )


@dataclass(frozen=True, slots=True)
class StaticThresholds:
    """Statistic 1 at the warning threshold, 2 at the critical one, linear between and beyond.

    The hit rate is compared both ways, as the thresholds were; a baseline of 0 is not judged.
    """

    name: str = "static_thresholds"
    metrics: tuple[str, ...] = tuple(rule.metric for rule in rules(Thresholds()))
    opens: bool = False
    backs: str = ""
    voice: str = OWN
    least_scale: float = 0.1

    def score(self, scene: Scene) -> tuple[Evidence, ...]:
        return tuple(self._one(scene, rule) for rule in rules(scene.thresholds))

    def _one(self, scene: Scene, rule: Rule) -> Evidence:
        metric, threshold = BY_NAME[rule.metric], rule.threshold
        above, below = numerator(metric, scene.windows), denominator(metric, scene.windows)
        expected = scene.expectations[metric.name].seasonal
        known = np.isfinite(above) & np.isfinite(below)
        count = pooled(np.where(known, below, 0.0), MINUTES)
        value = quotient(metric, pooled(np.where(known, above, 0.0), MINUTES), count)
        value = np.where(known, value, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            away = (value - expected) / expected if rule.relative else value / metric.scale
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
            expected * (1 + low) if rule.relative else np.zeros_like(value),
            expected * (1 + high) if rule.relative else np.full_like(value, metric.scale * high),
            count,
        )


DETECTOR = StaticThresholds()
