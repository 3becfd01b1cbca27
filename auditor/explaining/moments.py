"""The windows of an observation that are worth keeping whole: its opening and its worst."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from auditor.explaining.judgement import Judgement, judgement
from auditor.judging.judgement import Judged
from auditor.observing.observation import (
    Change,
    Diagnosed,
    Escalated,
    Extended,
    Observation,
    Opened,
    Reopened,
    Resolved,
)
from auditor.observing.severity import Severity

Kind = Literal["opened", "worst"]
STORED = (Opened, Extended, Escalated, Diagnosed, Resolved, Reopened)
"""Changes of observations that have a row."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One window of an observation. severity: of the observation, as far as it was known then."""

    observation_id: UUID
    kind: Kind
    severity: Severity
    judgement: Judgement


def moments(changes: Iterable[Change], judged: Judged) -> list[Moment]:
    """What a block of judged windows adds to what is kept: openings, and windows worse than before.

    changes: what the fold made of this block; an observation that goes on is among them each time.
    The worst window is the one whose surprise is the observation's peak; where it is the opening's
    own it is not kept twice.
    """
    stored = [change for change in changes if isinstance(change, STORED)]
    found = [
        Moment(each.id, "opened", each.severity, _at(judged, each, each.opened))
        for each in (change.observation for change in stored if isinstance(change, Opened))
        if each.key in judged.keys
    ]
    last = {change.observation.id: change.observation for change in stored}
    for each in last.values():
        worst = _worst(judged, each)
        if worst is not None and worst != each.opened:
            found.append(Moment(each.id, "worst", each.severity, _at(judged, each, worst)))
    return found


def _at(judged: Judged, observation: Observation, minute: int) -> Judgement:
    column = judged.keys.index(observation.key)
    return judgement(judged, minute - judged.scene.windows.start, column, observation.started)


def _worst(judged: Judged, observation: Observation) -> int | None:
    """The first judged minute of the block that has the observation's peak, None when none has."""
    if observation.key not in judged.keys:
        return None
    start, column = judged.scene.windows.start, judged.keys.index(observation.key)
    surprises: Sequence[float] = judged.surprise[:, column].tolist()
    first = max(judged.first, observation.opened - start)
    for row in range(first, min(len(surprises), observation.judged_until - start)):
        if surprises[row] == observation.peak_surprise:
            return start + row
    return None
