"""Few voices, equal: the loudest leads, the next one and the forest second it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import Evidence
from auditor.judging.calibration import Calibration, score, surprise
from auditor.judging.materiality import FAMILIES
from baselines.series import BoolArray, FloatArray, IntArray, SeriesKey

VOTE = 0.25
"""What a second voice adds: a quarter of its surprise, never more than of the leader's own."""
COMBINED = "combined"
"""Name of the channel under which the combination's own calibration is stored."""
SHORT = 5
"""A problem is held open by channels of at most this many minutes; longer ones lag."""

Calibrations = Mapping[tuple[SeriesKey, str], Calibration]


@dataclass(frozen=True, slots=True)
class Contribution:
    """One channel's part in a window's score, kept so that the score can be explained.

    value, expected, lower, upper: in the metric's unit; count: what the value rests on; statistic:
    the detector's own; NaN = unknown.
    """

    detector: str
    channel: str
    metric: str
    minutes: int
    statistic: float
    surprise: float
    score: float
    value: float
    expected: float
    lower: float
    upper: float
    count: float


@dataclass(frozen=True, slots=True)
class Voices:
    """The combination over a block; arrays of shape (m, n).

    raw: the combined statistic over all families, NaN = not judged. opening: the same over the
    families whose departure is material, 0 where there is none. leader: place in FAMILIES of the
    loudest material family (else of the loudest), -1 where nothing is judged.
    short: the loudest surprise of channels of at most SHORT minutes whose family is material.
    channels: surprise of every channel, name -> (m, n).
    """

    raw: FloatArray
    opening: FloatArray
    leader: IntArray
    short: FloatArray
    channels: Mapping[str, FloatArray]


def combine(
    evidence: Sequence[Evidence],
    openers: Sequence[str],
    keys: Sequence[SeriesKey],
    calibrations: Calibrations,
    material: Mapping[str, BoolArray],
) -> Voices:
    """Combines calibrated channels.

    evidence: of all detectors. openers: names of the detectors that may open. Others add a vote
    (isolation_forest) or none (uncalibrated ones).
    """
    channels = {each.channel.name: _surprise(each, keys, calibrations) for each in evidence}
    shape = evidence[0].statistic.shape
    families = np.full((len(FAMILIES), *shape), -np.inf)
    short = np.zeros(shape)
    seconder = np.zeros(shape)
    for each in evidence:
        found = np.nan_to_num(channels[each.channel.name], nan=-np.inf)
        if each.channel.detector in openers:
            place = FAMILIES.index(each.channel.metric)
            families[place] = np.maximum(families[place], found)
            if each.channel.minutes <= SHORT:
                short = np.maximum(short, np.where(material[each.channel.metric], found, 0.0))
        elif each.channel.detector == "isolation_forest":
            seconder = np.maximum(seconder, found)
    worthy = np.stack([material[name] for name in FAMILIES])
    raw, loudest = _voted(families, seconder)
    opening, chosen = _voted(np.where(worthy, families, -np.inf), seconder)
    judged = np.isfinite(raw)
    leader = np.where(np.isfinite(opening), chosen, loudest)
    return Voices(
        raw=np.where(judged, raw, np.nan),
        opening=np.where(judged, np.maximum(opening, 0.0), np.nan),
        leader=np.where(judged, leader, -1).astype(np.int64),
        short=np.where(judged, short, np.nan),
        channels=channels,
    )


def contributions(
    evidence: Sequence[Evidence], voices: Voices, row: int, column: int
) -> tuple[Contribution, ...]:
    """Every judged channel of one window, the most surprising first."""
    found = []
    for each in evidence:
        if np.isfinite(each.statistic[row, column]):
            found.append(_contribution(each, voices.channels[each.channel.name], row, column))
    return tuple(sorted(found, key=lambda c: (-np.nan_to_num(c.surprise), c.channel)))


def _contribution(each: Evidence, surprises: FloatArray, row: int, column: int) -> Contribution:
    channel, at = each.channel, (row, column)
    return Contribution(
        detector=channel.detector,
        channel=channel.name,
        metric=channel.metric,
        minutes=channel.minutes,
        statistic=float(each.statistic[at]),
        surprise=float(surprises[at]),
        score=float(score(surprises[row : row + 1, column])[0]),
        value=float(each.value[at]),
        expected=float(each.expected[at]),
        lower=float(each.lower[at]),
        upper=float(each.upper[at]),
        count=float(each.count[at]),
    )


def _surprise(each: Evidence, keys: Sequence[SeriesKey], calibrations: Calibrations) -> FloatArray:
    return surprise(each.statistic, [calibrations.get((key, each.channel.name)) for key in keys])


def _voted(families: FloatArray, seconder: FloatArray) -> tuple[FloatArray, IntArray]:
    """Loudest family with a vote of the next loudest voice; (f, m, n) -> (m, n) and its place."""
    leader = np.argmax(families, axis=0)
    ordered = np.sort(families, axis=0)
    top = ordered[-1]
    second = np.maximum(np.maximum(ordered[-2], seconder), 0.0)
    with np.errstate(invalid="ignore"):
        voted = np.where(np.isfinite(top), top + VOTE * np.minimum(second, np.maximum(top, 0)), top)
    return voted, leader
