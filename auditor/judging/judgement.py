"""Judging a block of windows: the pure composition that the tick and a backtest call alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import Evidence
from auditor.detectors.registry import detectors
from auditor.judging.calibration import score, surprise
from auditor.judging.cost import Cost, cost
from auditor.judging.ensemble import COMBINED, Contribution, Voices, combine, contributions
from auditor.judging.learning import Learned
from auditor.judging.materiality import material
from auditor.statistics.forest import Forest
from auditor.statistics.scene import CONTEXT, Scene, scene
from auditor.statistics.thresholds import Thresholds
from baselines.expectation import LOOKBACK
from baselines.series import BoolArray, FloatArray, SeriesKey, Windows


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on rows first..m of a scene; its arrays have the whole block's shape (m, n).

    first: row of the first window that was asked for; rows before it are context.
    surprise: calibrated, unsaturated; score: 0..1; both NaN where not judged.
    short: the loudest short channel's own surprise, which holds an observation open.
    static: the worst static threshold reached, 0 none, 1 warning, 2 critical.
    """

    first: int
    scene: Scene
    surprise: FloatArray
    score: FloatArray
    short: FloatArray
    static: FloatArray
    voices: Voices
    costs: Cost
    floor: dict[str, BoolArray]
    evidence: tuple[Evidence, ...]

    @property
    def keys(self) -> tuple[SeriesKey, ...]:
        return self.scene.windows.keys

    def minute(self, row: int) -> int:
        """Epoch minute of a row."""
        return self.scene.windows.start + row

    def contributions(self, row: int, column: int) -> tuple[Contribution, ...]:
        """What each channel said of one window, the most surprising first."""
        return contributions(self.evidence, self.voices, row, column)


def judge(
    windows: Windows,
    learned: Learned,
    *,
    since: int,
    forest: Forest | None = None,
    thresholds: Thresholds | None = None,
) -> Judged:
    """Scores the windows from minute `since` on.

    windows: with CONTEXT rows before `since` where they exist; fewer are filled with missing ones.
    forest: already grown from learned.forest, or None to grow it here (a tenth of a second).
    thresholds: of the static rules; None for the reference's.
    """
    block = windows.padded(since - CONTEXT)
    grown = forest
    if grown is None and learned.forest is not None:
        grown = Forest(learned.forest)
    seen = scene(block, learned.baselines, grown, thresholds).after(LOOKBACK)
    evidence = tuple(found for each in detectors() for found in each.score(seen))
    costs = cost(seen)
    floor = material(seen, costs)
    openers = [each.name for each in detectors() if each.opens]
    voices = combine(evidence, openers, seen.windows.keys, learned.calibrations, floor)
    calibrations = [learned.calibrations.get((key, COMBINED)) for key in block.keys]
    total = surprise(voices.opening, calibrations)
    return Judged(
        first=CONTEXT - LOOKBACK,
        scene=seen,
        surprise=total,
        score=score(total),
        short=voices.short,
        static=_static(evidence),
        voices=voices,
        costs=costs,
        floor=floor,
        evidence=evidence,
    )


def _static(evidence: Sequence[Evidence]) -> FloatArray:
    """0, 1 (warning) or 2 (critical) by the static thresholds, shape (m, n)."""
    reached = [
        np.nan_to_num(each.statistic, nan=0.0)
        for each in evidence
        if each.channel.detector == "static_thresholds"
    ]
    worst = np.max(np.stack(reached), axis=0)
    return np.asarray(np.minimum(np.floor(np.maximum(worst, 0.0)), 2.0))
