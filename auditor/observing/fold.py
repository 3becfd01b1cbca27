"""Folding judged windows into observations: open, extend, escalate, resolve, reopen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from auditor.judging.calibration import opening_surprise
from auditor.judging.judgement import Judged
from auditor.observing.observation import (
    Change,
    Escalated,
    Extended,
    Observation,
    Opened,
    Reopened,
    Resolved,
)
from auditor.observing.severity import INTENSITY_MINUTES
from auditor.observing.states import advanced, opened, reworded
from baselines.series import SeriesKey


@dataclass(frozen=True, slots=True)
class FoldSettings:
    """How eager and how patient the fold is.

    false_per_series_week: the alert budget. closing_surprise: below it a short channel is quiet;
    it lies under the opening one, which keeps a wavering problem open. quiet_minutes: until it
    resolves. unjudged_minutes: until a problem that can no longer be judged resolves.
    reopen_minutes: after resolving, within which the same row is reopened. worse: factor of cost
    over that at the acknowledgement from which it speaks up again.
    """

    false_per_series_week: float = 0.25
    closing_surprise: float = 2.5
    quiet_minutes: int = 5
    unjudged_minutes: int = 60
    reopen_minutes: int = 10
    worse: float = 2.0


def fold(
    observations: Sequence[Observation], judged: Judged, settings: FoldSettings | None = None
) -> list[Change]:
    """What the judged windows change.

    observations: at most one a series: the open one, else the one resolved last (older than
    reopen_minutes may be left out). Minutes that an observation has already taken in are skipped,
    so folding the same windows again changes nothing. Each change carries the whole state after
    it; the last one of a series is its final state. Extended comes at most once a series.
    """
    how = settings or FoldSettings()
    by_key = {each.key: each for each in observations}
    changes: list[Change] = []
    for column, key in enumerate(judged.keys):
        changes.extend(_fold_series(by_key.get(key), judged, column, how))
    return changes


def opens(
    judged: Judged, settings: FoldSettings
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Where a window is strange and material enough to open an observation, shape (m, n)."""
    enough = judged.surprise >= opening_surprise(settings.false_per_series_week)
    return np.asarray(enough & (judged.voices.opening > 0))


def _fold_series(
    observation: Observation | None, judged: Judged, column: int, how: FoldSettings
) -> list[Change]:
    strange = opens(judged, how)[:, column]
    first = judged.first
    if observation is not None:
        first = max(first, observation.judged_until - judged.scene.windows.start)
    changes: list[Change] = []
    touched = False
    for row in range(first, strange.size):
        if observation is None or observation.state == "resolved":
            if not strange[row]:
                continue
            change = _begin(observation, judged, row, column, how)
            touched = False
        else:
            change = _continue(observation, judged, row, column, bool(strange[row]), how)
            touched = isinstance(change, Extended)
        observation = change.observation
        if not isinstance(change, Extended):
            changes.append(change)
    if touched and observation is not None:
        changes.append(Extended(observation, observation.judged_until - 1))
    return changes


def _begin(
    before: Observation | None, judged: Judged, row: int, column: int, how: FoldSettings
) -> Change:
    """Opens a new observation, or reopens the one that resolved a moment ago."""
    minute = judged.minute(row)
    patience = how.reopen_minutes + how.quiet_minutes
    if before is not None and before.resolved is not None and minute - before.resolved <= patience:
        again = advanced(replace(before, state="open", resolved=None), judged, row, column, True)
        return Reopened(reworded(again, judged, column), minute)
    return Opened(opened(judged, row, column), minute)


def _continue(
    observation: Observation,
    judged: Judged,
    row: int,
    column: int,
    strange: bool,
    how: FoldSettings,
) -> Change:
    """One more minute of an open observation."""
    minute, short = judged.minute(row), float(judged.voices.short[row, column])
    holds = strange or short >= how.closing_surprise
    after = grown(advanced(observation, judged, row, column, holds))
    if not holds:
        patience = how.unjudged_minutes if np.isnan(short) else how.quiet_minutes
        if after.quiet >= patience:
            ended = replace(after, state="resolved", resolved=after.last_strange + 1)
            why: Literal["quiet", "not judged"] = "not judged" if np.isnan(short) else "quiet"
            return Resolved(reworded(ended, judged, column), minute, why)
        return Extended(after, minute)
    if after.severity > observation.severity or _worse(after, how):
        loud = replace(
            after, acknowledged=False, acknowledged_severity=None, acknowledged_intensity=None
        )
        if not after.acknowledged or _worse(after, how):
            told = reworded(loud, judged, column)
            return Escalated(told, minute, observation.severity, after.severity)
    return Extended(after, minute)


def grown(after: Observation) -> Observation:
    """The state, where a young problem that was acknowledged at once may still show its size.

    Intensity is a mean over INTENSITY_MINUTES: until it covers only minutes of the problem it grows
    by itself, and that is not a turn for the worse.
    """
    known = after.acknowledged_intensity
    if known is None or after.judged_until - after.opened > INTENSITY_MINUTES:
        return after
    return replace(after, acknowledged_intensity=max(known, after.damage.intensity))


def _worse(after: Observation, how: FoldSettings) -> bool:
    """Whether an acknowledged problem has turned worse than what was acknowledged."""
    if not after.acknowledged:
        return False
    severity_then = after.acknowledged_severity or after.severity
    intensity_then = after.acknowledged_intensity or 0.0
    return after.severity > severity_then or (
        after.damage.intensity > max(how.worse * intensity_then, 0.3)
    )


def open_keys(observations: Sequence[Observation]) -> frozenset[SeriesKey]:
    """Series that have an open observation."""
    return frozenset(each.key for each in observations if each.state == "open")
