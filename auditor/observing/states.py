"""States of an observation, made from one more judged minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid5

import numpy as np

from auditor.causes.registry import causes, decisive
from auditor.causes.symptoms import symptoms
from auditor.judging.judgement import Judged
from auditor.judging.materiality import FAMILIES
from auditor.observing.observation import Observation, Wording
from auditor.observing.ruled import backed, by_rule, floor, kept, ruling
from auditor.observing.severity import Damage, Severity, add_damage, rank, severity
from auditor.observing.wording import word
from auditor.rules.firing import Fired
from auditor.statistics.scene import GATE
from baselines.series import SeriesKey

NAMESPACE = UUID("6f1c1a0e-2f55-5d0c-9f0e-8d1f6b1f6c1e")
"""Of ids made from series, metric and opening minute: the same tick twice makes the same id."""
ONSET_SHARE = 0.05
"""A minute that costs this share of an ordinary one more looks affected."""


def opened(judged: Judged, row: int, column: int, alone: bool = False) -> Observation:
    """A new problem, as far as it is known in the minute in which it was found.

    alone: a user's rule opens it, and detection does not.
    """
    key, minute = judged.keys[column], judged.minute(row)
    rule = ruling(judged.fired, row, column)
    alone = alone and rule is not None
    metric = FAMILIES[int(judged.voices.leader[row, column])]
    if alone and rule is not None:
        metric = rule.rule.metric
    first = _onset(judged, row, column)
    damage = Damage()
    for each in range(first, row + 1):
        damage = add_damage(damage, judged.costs, each, (column,))
    contributions = judged.contributions(row, column)
    found = causes(symptoms(judged.scene, first, row, column))
    found = found if decisive(found, row + 1 - first) else ()
    surprise = float(judged.surprise[row, column])
    said = word(key, metric, contributions, found, damage, row + 1 - first)
    return Observation(
        id=uuid5(NAMESPACE, f"{key.cache_name}\n{key.implementation_type}\n{metric}\n{minute}"),
        key=key,
        metric=metric,
        state="open",
        severity=_severity(damage, judged, row, (column,)),
        rank=rank(damage),
        started=judged.minute(first),
        opened=minute,
        last_strange=minute,
        judged_until=minute + 1,
        quiet=0,
        resolved=None,
        surprise=surprise,
        peak_surprise=float(np.nan_to_num(surprise)),
        score=float(judged.score[row, column]),
        damage=damage,
        causes=found,
        contributions=contributions,
        wording=_worded(said, rule, key, row, column, alone),
        by_rule=rule.rule.name if alone and rule is not None else "",
    )


def _severity(damage: Damage, judged: Judged, row: int, columns: Sequence[int]) -> Severity:
    """By cost; static thresholds and the user's rules that fire raise it."""
    static = max(float(judged.static[row, each]) for each in columns)
    return max(severity(damage, static), *(floor(judged.fired, row, each) for each in columns))


def _worded(
    said: Wording, rule: Fired | None, key: SeriesKey, row: int, column: int, alone: bool
) -> Wording:
    if rule is None:
        return said
    return (by_rule if alone else backed)(said, rule, key, row, column)


def joined(observation: Observation, judged: Judged, row: int, column: int) -> Observation:
    """The problem has reached one more series; what it cost there since its onset is added.

    This minute too: the others' was taken in before it was known to be part of the problem.
    """
    damage = before = observation.damage
    for each in range(_onset(judged, row, column), row + 1):
        damage = add_damage(damage, judged.costs, each, (column,))
    damage = replace(damage, intensity=max(before.intensity, damage.intensity))
    return replace(observation, damage=damage, also=(*observation.also, judged.keys[column]))


def _onset(judged: Judged, row: int, column: int) -> int:
    """First row of the run of costly rows that ends here, at most GATE + 2 rows back."""
    extra, ordinary = judged.costs.total(), judged.costs.ordinary
    first = row
    while first > max(row - GATE - 2, 0):
        before = first - 1
        if (
            judged.held[before, column]
            or extra[before, column] < ONSET_SHARE * ordinary[before, column]
            or not extra[before, column]
        ):
            break
        first = before
    return first


def advanced(
    observation: Observation,
    judged: Judged,
    row: int,
    columns: Sequence[int],
    holds: bool,
    strange: bool = True,
) -> Observation:
    """The state with one more minute taken in; severity never falls while it is open.

    columns: of its series in the block, the leading one first. holds: the problem is still there;
    strange: detection finds it so. How bad it is stands still for a series in maintenance.
    """
    minute, lead = judged.minute(row), columns[0]
    damage, found = observation.damage, observation.severity
    counted = [each for each in columns if not judged.held[row, each]]
    if holds and counted:
        damage = add_damage(damage, judged.costs, row, counted)
        found = _severity(damage, judged, row, counted)
    surprise = float(judged.surprise[row, lead])
    heard = 0.0 if judged.held[row, lead] else float(np.nan_to_num(surprise))
    peak = max(observation.peak_surprise, heard)
    worst = holds and peak > observation.peak_surprise
    return replace(
        observation,
        severity=max(observation.severity, found),
        rank=rank(damage),
        last_strange=minute if holds else observation.last_strange,
        judged_until=minute + 1,
        quiet=0 if holds else observation.quiet + 1,
        surprise=surprise,
        peak_surprise=peak,
        score=float(judged.score[row, lead]),
        damage=damage,
        contributions=judged.contributions(row, lead) if worst else observation.contributions,
        seconded=observation.seconded or bool(observation.by_rule and holds and strange),
    )


def diagnosed(observation: Observation, judged: Judged, column: int) -> Observation | None:
    """The state with its cause named, once there is something to name it by; None before."""
    start = judged.scene.windows.start
    first, last = observation.started - start, observation.last_strange - start
    if last < 0:
        return None
    found = causes(symptoms(judged.scene, max(first, 0), last, column))
    if not decisive(found, observation.last_strange + 1 - observation.started):
        return None
    return reworded(replace(observation, causes=found), judged, column)


def reworded(observation: Observation, judged: Judged, column: int) -> Observation:
    """Causes from the whole episode, and words about its worst minute and its cost so far.

    Told the same whether the block is one minute or a day: the episode lies within the context.
    """
    start = judged.scene.windows.start
    last = observation.last_strange - start
    if last < 0:
        return observation
    first = max(observation.started - start, 0)
    found = observation.causes
    if found:
        again = causes(symptoms(judged.scene, first, last, column))
        # an episode that is fading says less than its height did: a surer name stays
        found = again if again and again[0].weight >= found[0].weight else found
    minutes = observation.last_strange + 1 - observation.started
    rule = ruling(judged.fired, last, column)
    said = word(
        observation.key,
        observation.metric,
        observation.contributions,
        found,
        observation.damage,
        minutes,
    )
    if observation.by_rule:
        said = kept(observation.wording, said)
    else:
        said = _worded(said, rule, observation.key, last, column, alone=False)
    return replace(observation, causes=found, wording=said)
