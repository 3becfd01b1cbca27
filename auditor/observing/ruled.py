"""What a user's rule does to an observation: it opens one alone and says so, or backs one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from auditor.observing.observation import Wording
from auditor.observing.severity import Severity
from auditor.observing.wording import amount, category, deviation_percentage
from auditor.rules.firing import Fired
from auditor.rules.rule import SEVERITIES
from baselines.metrics import BY_NAME
from baselines.series import BoolArray, SeriesKey

ALONE = "Your rule opened this by itself, outside the alert budget."


def fires(fired: Sequence[Fired], shape: tuple[int, int]) -> BoolArray:
    """Where any rule fires, shape (m, n) as given; nowhere when there are no rules."""
    where = np.zeros(shape, dtype=np.bool_)
    for each in fired:
        where |= each.where
    return where


def ruling(fired: Sequence[Fired], row: int, column: int) -> Fired | None:
    """The rule that fires in a window: the severest, and of these the one written first."""
    there = [each for each in fired if each.where[row, column]]
    return max(there, key=lambda each: SEVERITIES.index(each.rule.severity), default=None)


def floor(fired: Sequence[Fired], row: int, column: int) -> Severity:
    """The severity below which no observation lies while its rules fire; INFO where none does."""
    found = ruling(fired, row, column)
    return Severity.INFO if found is None else Severity[found.rule.severity.upper()]


def knows(fired: Sequence[Fired], name: str, row: int, column: int) -> bool:
    """Whether the rule of that name could tell of a window; False when there is none."""
    return any(each.rule.name == name and bool(each.judged[row, column]) for each in fired)


def told(found: Fired, key: SeriesKey, row: int, column: int) -> str:
    """'your rule "low hits": hit rate of sessions/new was 61.2 % over 5 minutes, below 80 %'."""
    rule, metric = found.rule, BY_NAME[found.rule.metric]
    value, expected = float(found.value[row, column]), float(found.expected[row, column])
    over = f" over {rule.over_minutes} minutes" if rule.over_minutes > 1 else ""
    lasting = f", for {rule.for_minutes} minutes in a row" if rule.for_minutes > 1 else ""
    bound = f"{rule.side} {amount(metric, rule.value)}"
    if rule.against_baseline:
        bound = f"more than {rule.value:g} % {rule.side} its baseline of {amount(metric, expected)}"
    said = f"{metric.title} of {key} was {amount(metric, value)}{over}"
    return f'your rule "{rule.name}": {said}, {bound}{lasting}'


def by_rule(said: Wording, found: Fired, key: SeriesKey, row: int, column: int) -> Wording:
    """The words for what a rule alone opened.

    said: what detection would say of the same minutes: cost and causes are taken from it.
    """
    rule = found.rule
    value, expected = float(found.value[row, column]), float(found.expected[row, column])
    ordinary = expected if isfinite(expected) else None
    title = told(found, key, row, column)
    return replace(
        said,
        title=title,
        description=_alone(title, said.description),
        recommendation=rule.message or said.recommendation,
        category=category(rule.metric, ()),
        metric_name=rule.metric,
        metric_value=value,
        baseline_value=ordinary,
        deviation_percentage=deviation_percentage(value, ordinary),
    )


def kept(before: Wording, said: Wording) -> Wording:
    """New words of an observation that a rule opened: cost and causes anew, the rule as before."""
    return replace(before, description=_alone(before.title, said.description))


def backed(said: Wording, found: Fired, key: SeriesKey, row: int, column: int) -> Wording:
    """The words of what detection opened, while a rule fires as well."""
    sentence = told(found, key, row, column)
    note = f" {found.rule.message}" if found.rule.message else ""
    return replace(said, description=f"{said.description} {_capital(sentence)}.{note}")


def _alone(title: str, description: str) -> str:
    return f"{_capital(title)}. {ALONE} {description}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
