"""Judging a block of windows: the pure composition that the tick and a backtest call alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import JOINT, Evidence
from auditor.detectors.lasting import RECENT
from auditor.detectors.registry import detectors
from auditor.judging.calibration import score
from auditor.judging.contribution import Contribution, contributions
from auditor.judging.cost import Cost, cost
from auditor.judging.ensemble import Voices, combine
from auditor.judging.learning import Learned
from auditor.judging.materiality import material
from auditor.judging.told import LONGEST
from auditor.maintaining.cover import since_maintenance, under_maintenance
from auditor.maintaining.maintenance import Maintenance
from auditor.rules.firing import Fired, fired
from auditor.rules.rule import MOST_MINUTES, Rule
from auditor.statistics.forest import Forest, grown
from auditor.statistics.scene import CONTEXT, LONGEST_POOL, Scene, scene
from auditor.statistics.thresholds import Thresholds
from auditor.statistics.whole_hours import HOUR, Hours, by_hour
from baselines.expectation import LOOKBACK
from baselines.series import BoolArray, FloatArray, IntArray, SeriesKey, Windows


@dataclass(frozen=True, slots=True)
class Judged:
    """The judgement on rows first..m of a scene; its arrays have the whole block's shape (m, n).

    first: row of the first window that was asked for; rows before it are context, and not judged.
    evidence, and the channels of voices: of rows first..m alone.
    surprise: calibrated, unsaturated; score: 0..1; both NaN where not judged.
    static: the worst static threshold reached, 0 none, 1 warning, 2 critical.
    fired: what the user's rules say. held: in maintenance; age: as since_maintenance has it.
    """

    first: int
    scene: Scene
    surprise: FloatArray
    score: FloatArray
    static: FloatArray
    voices: Voices
    costs: Cost
    floor: dict[str, BoolArray]
    evidence: tuple[Evidence, ...]
    fired: tuple[Fired, ...]
    held: BoolArray
    age: IntArray

    @property
    def keys(self) -> tuple[SeriesKey, ...]:
        return self.scene.windows.keys

    def minute(self, row: int) -> int:
        """Epoch minute of a row."""
        return self.scene.windows.start + row

    def contributions(self, row: int, column: int) -> tuple[Contribution, ...]:
        """What each channel said of one window, the most surprising first."""
        return contributions(self.evidence, self.voices.channels, row - self.first, column)


def judge(
    windows: Windows,
    learned: Learned,
    *,
    since: int,
    forest: Forest | None = None,
    thresholds: Thresholds | None = None,
    rules: Sequence[Rule] = (),
    maintenances: Sequence[Maintenance] = (),
    hours: Hours | None = None,
) -> Judged:
    """Scores the windows from minute `since` on.

    windows: with CONTEXT rows before `since` where they exist; fewer are filled with missing ones.
    forest: already grown from learned.forest, or None to grow it here (a tenth of a second).
    thresholds: of the static rules; None for the reference's. rules: the user's own.
    maintenances: what may hold in the block and its hours; their windows say nothing of a level.
    hours: of the same series, from first_hour(since) to the last row's where they are known; None:
    nothing is judged over days.
    """
    block = windows.padded(since - CONTEXT)
    if forest is None and learned.forest is not None:
        forest = grown(learned.forest)
    held = under_maintenance(block.keys, block.minutes(), maintenances)
    age = since_maintenance(held, MOST_MINUTES)[LOOKBACK:]
    aside = held if held.any() else None
    before = None if hours is None else _unheld(hours, maintenances)
    whole = scene(block, learned.baselines, forest, thresholds, aside, before)
    said = tuple(each.after(LOOKBACK) for each in fired(rules, whole))
    seen = whole.after(LOOKBACK)
    first = CONTEXT - LOOKBACK
    evidence, heights = _evidence(seen, first)
    costs = cost(seen)
    floor = material(seen, costs)
    voices = combine(
        evidence, heights, seen.windows.keys, learned.tails,
        {name: flags[first:] for name, flags in floor.items()}, seen.windows.start + first,
        None if aside is None else age[first - LONGEST :],
    ).after_context(first)  # fmt: skip
    return Judged(
        first=first,
        scene=seen,
        surprise=voices.surprise,
        score=score(voices.surprise),
        static=_static(evidence, first),
        voices=voices,
        costs=costs,
        floor=floor,
        evidence=evidence,
        fired=said,
        held=held[LOOKBACK:],
        age=age,
    )


def _unheld(hours: Hours, maintenances: Sequence[Maintenance]) -> Hours:
    """Nothing is known of an hour that maintenance touches."""
    first = hours.start * HOUR
    minutes = np.arange(first, first + hours.hits.shape[0] * HOUR, dtype=np.int64)
    held = under_maintenance(hours.keys, minutes, maintenances)
    return hours.without(by_hour(first, held) > 0) if held.any() else hours


def _evidence(seen: Scene, first: int) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    """What every detector finds in the rows from `first` on, from no more rows than it needs.

    Then the short sums of those that open, with LONGEST rows before: what was loud is remembered.
    """
    far = LONGEST + RECENT
    before, near, here = (seen.after(first - rows) for rows in (far, LONGEST_POOL, 0))
    evidence: list[Evidence] = []
    heights: list[Evidence] = []
    for each in detectors():
        if each.voice == JOINT:
            evidence.extend(each.score(here))
        elif not each.opens:
            evidence.extend(found.after(LONGEST_POOL) for found in each.score(near))
        else:
            whole = each.score(before)
            evidence.extend(found.after(far) for found in whole)
            heights.extend(
                found.after(RECENT) for found in whole if found.channel.minutes <= RECENT
            )
    return tuple(evidence), tuple(heights)


def _static(evidence: Sequence[Evidence], first: int) -> FloatArray:
    """0, 1 (warning) or 2 (critical) by the static thresholds, shape (m, n); 0 before `first`."""
    reached = [
        np.nan_to_num(each.statistic, nan=0.0)
        for each in evidence
        if each.channel.detector == "static_thresholds"
    ]
    worst = np.minimum(np.floor(np.maximum(np.max(np.stack(reached), axis=0), 0.0)), 2.0)
    return np.concatenate([np.zeros((first, worst.shape[1])), worst])
