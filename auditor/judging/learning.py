"""Learning from a span of history: baselines, calibrations, and the forest's sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from auditor.detectors.detector import Evidence
from auditor.detectors.registry import detectors
from auditor.judging.calibration import Calibration, fit_calibration
from auditor.judging.ensemble import COMBINED, family_channel, together
from auditor.judging.hours import HourLines
from auditor.judging.materiality import FAMILIES
from auditor.judging.past import Part, fit_all, joined, of_parts, parts, pasts, statistics
from auditor.judging.tails import Calibrations, TailsKept, surprise
from auditor.judging.told import not_again, since_loud
from auditor.statistics.forest import SAMPLE_ROWS, ForestSample, draw_sample, grown
from auditor.statistics.residuals import deviations
from auditor.statistics.thresholds import Thresholds
from baselines.baseline import Baseline
from baselines.errors import TooFewWindows
from baselines.series import BoolArray, FloatArray, SeriesKey, Windows

DECADE = 1 / float(np.log(10.0))
"""Least scale of what is a sum of surprises already: a tenfold rarer for each whole one."""


@dataclass(frozen=True, slots=True)
class Learned:
    """All that judging needs, as plain numbers.

    calibrations: by series and channel name ('combined' among them). refused: series that are not
    judged yet, with the reason, which says from when they can be. tails: of the calibrations.
    """

    baselines: Mapping[SeriesKey, Baseline]
    calibrations: Calibrations
    forest: ForestSample | None
    refused: Mapping[SeriesKey, TooFewWindows]
    tails: TailsKept = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tails", TailsKept(self.calibrations))


def learn(
    history: Windows,
    *,
    time_zones: Mapping[str, str] | None = None,
    exclude: BoolArray | None = None,
    seed: int = 0,
    version: int = 1,
    sample: ForestSample | None = None,
    thresholds: Thresholds | None = None,
) -> Learned:
    """Learns every series of the history that has enough of it.

    time_zones: cache_name -> IANA name, UTC where absent. exclude: shape (m, n), windows inside
    confirmed problems. sample: what the forest of all series grows from, when the history is only
    some of them; drawn from the history when not given. thresholds: of the static rules, as windows
    will be judged by. Statistics are calibrated on parts of the past that their baseline has not
    seen: score before learning.
    """
    zones, left_out = time_zones or {}, _left_out(history, exclude)
    series = pasts(history, zones)
    fitted, refused = fit_all(series, left_out, version)
    baselines = {key: replace(each, profiles=dict(each.profiles)) for key, each in fitted.items()}
    past = parts(history, series, left_out)
    if not past:
        return Learned(baselines, {}, sample, refused)
    drawn = sample or _sample(past, left_out, seed)
    forest = None if drawn is None else grown(drawn)
    rules = thresholds or Thresholds()
    past = [
        replace(each, scene=replace(each.scene, forest=forest, thresholds=rules)) for each in past
    ]
    calibrations = _calibrate(history.keys, past, of_parts(past, left_out), refused)
    return Learned(baselines, calibrations, drawn, refused)


def sample_forest(
    history: Windows,
    *,
    time_zones: Mapping[str, str] | None = None,
    exclude: BoolArray | None = None,
    seed: int = 0,
) -> ForestSample | None:
    """What a forest would grow from, drawn from this history; None when there is too little."""
    zones, left_out = time_zones or {}, _left_out(history, exclude)
    return _sample(parts(history, pasts(history, zones), left_out), left_out, seed)


def merge_samples(samples: Sequence[ForestSample], seed: int) -> ForestSample | None:
    """One sample of all, no larger than one; None when there is none."""
    if not samples:
        return None
    rows = np.concatenate([each.matrix for each in samples])
    if rows.shape[0] > SAMPLE_ROWS:
        chosen = np.random.default_rng(seed).choice(rows.shape[0], SAMPLE_ROWS, replace=False)
        rows = rows[np.sort(chosen)]
    return ForestSample(samples[0].metrics, rows, seed)


def _left_out(history: Windows, exclude: BoolArray | None) -> BoolArray:
    missing = ~history.present()
    return missing if exclude is None else exclude | missing


def _sample(past: Sequence[Part], exclude: BoolArray, seed: int) -> ForestSample | None:
    if not past:
        return None
    away = [deviations(each.scene.windows, each.scene.expectations) for each in past]
    return draw_sample(joined(past, away), of_parts(past, exclude), seed)


def _calibrate(
    keys: Sequence[SeriesKey],
    past: Sequence[Part],
    exclude: BoolArray,
    refused: dict[SeriesKey, TooFewWindows],
) -> dict[tuple[SeriesKey, str], Calibration]:
    """Every channel on its own past, then each family's combination, then the loudest."""
    evidence = [statistics(part) for part in past]
    minutes = np.concatenate([part.scene.windows.minutes()[part.first :] for part in past])
    on = HourLines.of(minutes)
    scales = {each.name: each.least_scale for each in detectors()}
    calibrations: dict[tuple[SeriesKey, str], Calibration] = {}

    def keep(channel: str, statistic: FloatArray, least_scale: float) -> None:
        """The combination's absence is a refusal, a channel's is silence."""
        for column, key in enumerate(keys):
            try:
                calibrations[key, channel] = fit_calibration(
                    statistic[:, column],
                    on,
                    exclude=exclude[:, column],
                    least_scale=least_scale,
                )
            except TooFewWindows as too_few:
                if channel == COMBINED:
                    refused[key] = too_few

    for place, one in enumerate(evidence[0]):
        statistic = joined(past, [found[place].statistic for found in evidence])
        keep(one.channel.name, statistic, scales[one.channel.detector])
    known = TailsKept(calibrations)
    families = [_families(part, found, known) for part, found in zip(past, evidence, strict=True)]
    for place, name in enumerate(FAMILIES):
        keep(family_channel(name), joined(past, [each[place] for each in families]), DECADE)
    keep(COMBINED, joined(past, [each.max(axis=0) for each in families]), DECADE)
    return calibrations


def _families(
    part: Part,
    evidence: Sequence[Evidence],
    known: TailsKept,
) -> FloatArray:
    """What each family's voices say together, shape (f, m, n), material or not."""
    windows = part.scene.windows
    channels = {
        each.channel.name: surprise(
            each.statistic, known.of(each.channel.name, windows.keys), windows.start
        )
        for each in evidence
    }
    return together(evidence, not_again(evidence, channels, since_loud(evidence, channels)))
