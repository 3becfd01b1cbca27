"""Learning from a span of history: baselines, calibrations, and the forest's sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from auditor.detectors.detector import Evidence
from auditor.detectors.registry import detectors
from auditor.judging.calibration import Calibration, fit_calibration
from auditor.judging.cost import cost
from auditor.judging.ensemble import COMBINED, combine
from auditor.judging.materiality import material
from auditor.statistics.forest import Forest, ForestSample, draw_sample
from auditor.statistics.residuals import deviations
from auditor.statistics.scene import CONTEXT, Scene, scene
from baselines.baseline import Baseline
from baselines.errors import TooFewWindows
from baselines.fit import fit
from baselines.series import BoolArray, FloatArray, SeriesKey, Windows

FOLDS = 4
"""The past is scored in this many parts, each by a baseline that has not seen it."""
COMBINED_LEAST_SCALE = 1 / float(np.log(10.0))


@dataclass(frozen=True, slots=True)
class Learned:
    """All that judging needs, as plain numbers.

    calibrations: by series and channel name ('combined' among them). refused: series that are not
    judged yet, with the reason, which says from when they can be.
    """

    baselines: Mapping[SeriesKey, Baseline]
    calibrations: Mapping[tuple[SeriesKey, str], Calibration]
    forest: ForestSample | None
    refused: Mapping[SeriesKey, TooFewWindows]


def learn(
    history: Windows,
    *,
    time_zones: Mapping[str, str] | None = None,
    exclude: BoolArray | None = None,
    seed: int = 0,
    version: int = 1,
) -> Learned:
    """Learns every series of the history that has enough of it.

    time_zones: cache_name -> IANA name, UTC where absent. exclude: shape (m, n), windows inside
    confirmed problems. Statistics are calibrated on parts of the past that their baseline has not
    seen: score before learning.
    """
    zones = time_zones or {}
    left_out = ~history.present() if exclude is None else exclude | ~history.present()
    baselines, refused = _fit_all(history, zones, left_out, version)
    parts = [part for part in _parts(history, zones, left_out) if part[1].baselines]
    sample = _sample(parts, left_out, seed)
    if not parts:
        return Learned(baselines, {}, sample, refused)
    forest = None if sample is None else Forest(sample)
    scenes = [
        (first, Scene(each.windows, each.baselines, each.expectations, forest))
        for first, each in parts
    ]
    calibrations = _calibrate(history, scenes, left_out, refused)
    return Learned(baselines, calibrations, sample, refused)


def _fit_all(
    history: Windows, zones: Mapping[str, str], exclude: BoolArray, version: int
) -> tuple[dict[SeriesKey, Baseline], dict[SeriesKey, TooFewWindows]]:
    baselines: dict[SeriesKey, Baseline] = {}
    refused: dict[SeriesKey, TooFewWindows] = {}
    for key in history.keys:
        zone = zones.get(key.cache_name, "UTC")
        try:
            baselines[key] = fit(history, key, time_zone=zone, exclude=exclude, version=version)
        except TooFewWindows as too_few:
            refused[key] = too_few
    return baselines, refused


def _parts(
    history: Windows, zones: Mapping[str, str], exclude: BoolArray
) -> list[tuple[int, Scene]]:
    """Each fold as a scene with context, under baselines fitted without it; and its first row."""
    m = history.shape[0]
    edges = np.linspace(0, m, FOLDS + 1).astype(int)
    rows = np.arange(m)[:, None]
    out = []
    for first, last in pairwise(edges):
        unseen = exclude | ((rows >= first) & (rows < last))
        baselines, _ = _fit_all(history, zones, unseen, 0)
        start = max(int(first) - CONTEXT, 0)
        out.append((int(first) - start, scene(history.rows(start, int(last)), baselines)))
    return out


def _sample(parts: list[tuple[int, Scene]], exclude: BoolArray, seed: int) -> ForestSample | None:
    if not parts:
        return None
    away = _joined([(first, deviations(s.windows, s.expectations)) for first, s in parts])
    start = exclude.shape[0] - away.shape[0]
    return draw_sample(away, exclude[start:], seed)


def _calibrate(
    history: Windows,
    parts: list[tuple[int, Scene]],
    exclude: BoolArray,
    refused: dict[SeriesKey, TooFewWindows],
) -> dict[tuple[SeriesKey, str], Calibration]:
    """Every channel on its own past, then the combination on its own."""
    evidence = [[found for each in detectors() for found in each.score(s)] for _, s in parts]
    scales = {each.name: each.least_scale for each in detectors()}
    calibrations: dict[tuple[SeriesKey, str], Calibration] = {}
    for place, one in enumerate(evidence[0]):
        past = _joined(
            [
                (first, found[place].statistic)
                for (first, _), found in zip(parts, evidence, strict=True)
            ]
        )
        left_out = exclude[exclude.shape[0] - past.shape[0] :]
        for column, key in enumerate(history.keys):
            _keep(
                calibrations,
                refused,
                key,
                one.channel.name,
                past[:, column],
                left_out[:, column],
                scales[one.channel.detector],
            )
    opening = _joined(
        [
            (first, _opening(s, found, calibrations))
            for (first, s), found in zip(parts, evidence, strict=True)
        ]
    )
    left_out = exclude[exclude.shape[0] - opening.shape[0] :]
    for column, key in enumerate(history.keys):
        _keep(
            calibrations,
            refused,
            key,
            COMBINED,
            opening[:, column],
            left_out[:, column],
            COMBINED_LEAST_SCALE,
        )
    return calibrations


def _keep(
    calibrations: dict[tuple[SeriesKey, str], Calibration],
    refused: dict[SeriesKey, TooFewWindows],
    key: SeriesKey,
    channel: str,
    past: FloatArray,
    exclude: BoolArray,
    least_scale: float,
) -> None:
    """Stores the calibration; the combination's absence is a refusal, a channel's is silence."""
    try:
        calibrations[key, channel] = fit_calibration(past, exclude=exclude, least_scale=least_scale)
    except TooFewWindows as too_few:
        if channel == COMBINED:
            refused[key] = too_few


def _opening(
    part: Scene,
    evidence: list[Evidence],
    calibrations: Mapping[tuple[SeriesKey, str], Calibration],
) -> FloatArray:
    openers = [each.name for each in detectors() if each.opens]
    floor = material(part, cost(part))
    return combine(evidence, openers, part.windows.keys, calibrations, floor).opening


def _joined(parts: list[tuple[int, FloatArray]]) -> FloatArray:
    """Blocks put end to end without their context rows."""
    return np.concatenate([block[first:] for first, block in parts])
