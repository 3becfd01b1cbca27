"""Where the user's rules fire: in each minute from that minute and the hour before it only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditor.rules.rule import Rule, is_quantile
from auditor.statistics.pooling import lasting, pooled
from auditor.statistics.scene import Scene
from baselines.metrics import BY_NAME, Metric, denominator, numerator, quotient
from baselines.series import BoolArray, FloatArray, Windows


@dataclass(frozen=True, slots=True)
class Fired:
    """What one rule says of a block; every array has shape (m, n).

    where: it fires. judged: it could tell; False also outside its scope. value: the figure, pooled
    over the rule's over_minutes, in the metric's unit; NaN where nothing can be told. bound: what
    value is compared with, same unit. expected: what the baseline has, same unit; NaN for a rule
    against a value. count: operations behind value. fresh: the newest minute is not within the
    bound by itself, so that the figure is more than a memory of the minutes before it.
    """

    rule: Rule
    where: BoolArray
    judged: BoolArray
    value: FloatArray
    bound: FloatArray
    expected: FloatArray
    count: FloatArray
    fresh: BoolArray

    def after(self, row: int) -> Fired:
        """The same from a row on."""
        return Fired(
            self.rule, self.where[row:], self.judged[row:], self.value[row:], self.bound[row:],
            self.expected[row:], self.count[row:], self.fresh[row:],
        )  # fmt: skip


def fired(rules: Sequence[Rule], scene: Scene) -> tuple[Fired, ...]:
    """Each rule's findings over a block, in the order of the rules.

    A window that is missing, that has fewer operations behind it than the rule's least_count, or of
    whose pooled minutes more than half are missing, is not judged; nor is one against a baseline
    that there is not, or that is 0. A rule fires where each of its last for_minutes figures could
    be told and is beyond the bound. Where one of them is known to be within, it is judged and does
    not fire, whatever the others.
    A row with rule.MOST_MINUTES - 1 rows before it gets the same bits in whatever block it comes.
    """
    return tuple(_one(rule, scene) for rule in rules)


def _one(rule: Rule, scene: Scene) -> Fired:
    metric, windows = BY_NAME[rule.metric], scene.windows
    above, below = numerator(metric, windows), denominator(metric, windows)
    week = np.full(windows.shape, np.nan)
    known = np.isfinite(above) & np.isfinite(below)
    if rule.against_baseline:
        week = scene.expectations[metric.name].seasonal
        known &= np.isfinite(week)
    value, expected, count = _figures(rule, metric, windows, known, week)
    bound = _bound(rule, expected)
    scope = [rule.holds_for(key.cache_name, key.implementation_type) for key in windows.keys]
    told = known & np.array(scope, dtype=np.bool_)[None, :]
    if metric.kind != "count" or rule.against_baseline:
        told &= count >= rule.least_count
    told &= 2 * pooled(known.astype(np.float64), rule.over_minutes) >= rule.over_minutes
    told &= np.isfinite(value) & np.isfinite(bound)
    where = lasting(told & _beyond(rule, value, bound), rule.for_minutes)
    within = (told & ~_beyond(rule, value, bound)).astype(np.float64)
    judged = told & (where | (pooled(within, rule.for_minutes) > 0))
    shown = [np.where(told, each, np.nan) for each in (value, bound, expected, count)]
    newest, usual, _ = _figures(replace(rule, over_minutes=1), metric, windows, known, week)
    fresh = ~np.isfinite(newest) | _beyond(rule, newest, _bound(rule, usual))
    return Fired(rule, where, judged, shown[0], shown[1], shown[2], shown[3], fresh)


def _bound(rule: Rule, expected: FloatArray) -> FloatArray:
    """What a figure is compared with, shape kept; NaN where the baseline is unknown or 0."""
    if not rule.against_baseline:
        return np.full_like(expected, rule.value)
    share = rule.value / 100 if rule.side == "above" else -rule.value / 100
    return np.where(expected > 0, expected * (1 + share), np.nan)


def _beyond(rule: Rule, value: FloatArray, bound: FloatArray) -> BoolArray:
    """Where a figure lies strictly on the rule's side of its bound; never where one is NaN."""
    return np.asarray(value > bound if rule.side == "above" else value < bound)


def _figures(
    rule: Rule, metric: Metric, windows: Windows, known: BoolArray, week: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Value, expected and what they rest on, each pooled over over_minutes, shape (m, n).

    The expected is weighed by the counts that the value rests on, so that like meets like.
    """
    above, below = numerator(metric, windows), denominator(metric, windows)
    minutes = rule.over_minutes
    total = pooled(np.where(known, below, 0.0), minutes)
    found = pooled(np.where(known, above, 0.0), minutes)
    promised = pooled(np.where(known, week * below, 0.0), minutes)
    value = quotient(metric, found, total)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(total > 0, promised / total, np.nan)
    expected = expected if rule.against_baseline else np.full_like(value, np.nan)
    if metric.denominator:
        return value, expected, total
    if is_quantile(metric):
        return value, expected, np.where(known, windows.column("gets"), 0.0)
    return value, expected, np.maximum(found, promised) if rule.against_baseline else found
