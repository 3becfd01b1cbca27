"""Folding judged windows into observations: open, join, extend, escalate, resolve, reopen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditor.judging.judgement import Judged
from auditor.observing.feedback import Feedback
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.folding import Folding, Silenced
from auditor.observing.observation import Change, Observation
from baselines.series import BoolArray


@dataclass(frozen=True, slots=True)
class Folded:
    """changes: in the order of time, silent ones last. silenced: windows in which something would
    have opened or reopened, had feedback not kept it quiet; in the order of time."""

    changes: list[Change]
    silenced: list[Silenced]


def fold(
    observations: Sequence[Observation],
    judged: Judged,
    settings: FoldSettings | None = None,
    *,
    quietly: bool = False,
    feedback: Sequence[Feedback] = (),
) -> list[Change]:
    """The changes of `folded`, when nobody asks what was silenced."""
    return folded(observations, judged, settings, quietly=quietly, feedback=feedback).changes


def folded(
    observations: Sequence[Observation],
    judged: Judged,
    settings: FoldSettings | None = None,
    *,
    quietly: bool = False,
    feedback: Sequence[Feedback] = (),
) -> Folded:
    """What the judged windows change, in the order of time.

    observations: those that are open, and those that resolved last (older than reopen_minutes may
    be left out). Minutes that an observation has already taken in are skipped, so folding the same
    windows again changes nothing. Each change carries the whole state after it; the last one of an
    observation is its final state. Extended comes at most once an observation, at the end; with
    `quietly` it comes for each minute. feedback: what may keep an opening quiet.
    """
    folding = Folding(observations, judged, settings or FoldSettings(), feedback, quietly)
    begins: BoolArray = np.asarray(folding.begins.any(axis=1))
    for row in range(judged.first, begins.size):
        if folding.live or begins[row]:
            folding.minute(row)
    return Folded(folding.ended(), folding.silenced)
