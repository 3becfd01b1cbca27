"""States of an observation, made from one more judged minute."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid5

import numpy as np

from auditor.causes.registry import causes
from auditor.causes.symptoms import symptoms
from auditor.judging.judgement import Judged
from auditor.judging.materiality import FAMILIES
from auditor.observing.observation import Observation
from auditor.observing.severity import Damage, add_damage, rank, severity
from auditor.observing.wording import word
from auditor.statistics.scene import GATE

NAMESPACE = UUID("6f1c1a0e-2f55-5d0c-9f0e-8d1f6b1f6c1e")
"""Of ids made from series, metric and opening minute: the same tick twice makes the same id."""
ONSET_SHARE = 0.05
"""A minute that costs this share of an ordinary one more looks affected."""


def opened(judged: Judged, row: int, column: int) -> Observation:
    key, minute = judged.keys[column], judged.minute(row)
    metric = FAMILIES[int(judged.voices.leader[row, column])]
    first = _onset(judged, row, column)
    damage = Damage()
    for each in range(first, row + 1):
        damage = add_damage(damage, judged.costs, each, column)
    contributions = judged.contributions(row, column)
    found = causes(symptoms(judged.scene, first, row, column))
    surprise = float(judged.surprise[row, column])
    return Observation(
        id=uuid5(NAMESPACE, f"{key.cache_name}\n{key.implementation_type}\n{metric}\n{minute}"),
        key=key,
        metric=metric,
        state="open",
        severity=severity(damage, float(judged.static[row, column])),
        rank=rank(damage),
        started=judged.minute(first),
        opened=minute,
        last_strange=minute,
        judged_until=minute + 1,
        quiet=0,
        resolved=None,
        surprise=surprise,
        peak_surprise=surprise,
        score=float(judged.score[row, column]),
        damage=damage,
        causes=found,
        contributions=contributions,
        wording=word(key, metric, contributions, found, damage, row + 1 - first),
    )


def _onset(judged: Judged, row: int, column: int) -> int:
    """First row of the run of costly rows that ends here, at most GATE + 2 rows back."""
    extra, ordinary = judged.costs.total(), judged.costs.ordinary
    first = row
    while first > max(row - GATE - 2, 0):
        before = first - 1
        if (
            extra[before, column] < ONSET_SHARE * ordinary[before, column]
            or not extra[before, column]
        ):
            break
        first = before
    return first


def advanced(
    observation: Observation, judged: Judged, row: int, column: int, holds: bool
) -> Observation:
    """The state with one more minute taken in; severity never falls while it is open."""
    minute = judged.minute(row)
    damage = observation.damage
    if holds:
        damage = add_damage(damage, judged.costs, row, column)
    surprise = float(judged.surprise[row, column])
    peak = max(observation.peak_surprise, float(np.nan_to_num(surprise)))
    worst = holds and peak > observation.peak_surprise
    found = severity(damage, float(judged.static[row, column])) if holds else observation.severity
    return replace(
        observation,
        severity=max(observation.severity, found),
        rank=rank(damage),
        last_strange=minute if holds else observation.last_strange,
        judged_until=minute + 1,
        quiet=0 if holds else observation.quiet + 1,
        surprise=surprise,
        peak_surprise=peak,
        score=float(judged.score[row, column]),
        damage=damage,
        contributions=judged.contributions(row, column) if worst else observation.contributions,
    )


def reworded(observation: Observation, judged: Judged, column: int) -> Observation:
    """Causes from the whole episode, and words about its worst minute and its cost so far.

    Told the same whether the block is one minute or a day: the episode lies within the context.
    """
    start = judged.scene.windows.start
    last = observation.last_strange - start
    if last < 0:
        return observation
    first = max(observation.started - start, 0)
    found = causes(symptoms(judged.scene, first, last, column)) or observation.causes
    minutes = observation.last_strange + 1 - observation.started
    said = word(
        observation.key,
        observation.metric,
        observation.contributions,
        found,
        observation.damage,
        minutes,
    )
    return replace(observation, causes=found, wording=said)
