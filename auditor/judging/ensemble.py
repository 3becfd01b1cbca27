"""Few voices, equal: what a family's own, its siblings' and its supply's evidence say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditor.detectors.detector import EACH, JOINT, Evidence
from auditor.detectors.registry import detectors
from auditor.judging.materiality import FAMILIES
from auditor.judging.tails import TailsKept, surprise
from auditor.judging.told import LONGEST, not_again, since_loud
from baselines.series import BoolArray, FloatArray, IntArray, SeriesKey

COMBINED = "combined"
"""Name under which the calibration of the loudest family is stored: who has it is judged."""
VOTE = 0.25
"""What another family or the forest adds: a quarter of its surprise, never more than a quarter of
the family's own."""


@dataclass(frozen=True, slots=True)
class Voices:
    """The combination over a block; arrays of shape (m, n) unless said.

    statistic: of each family, shape (f, m, n), NaN where nothing of the series is judged.
    surprise: the loudest calibrated family whose departure is material, 0 where none is, NaN where
    not judged. leader: place of that family in FAMILIES (of the loudest when none is material), -1
    where nothing is judged. holding: the same surprise, 0 for a series that is not calibrated:
    what holds an observation open. channels: surprise of every channel, name -> (m, n).
    """

    statistic: FloatArray
    surprise: FloatArray
    leader: IntArray
    holding: FloatArray
    channels: Mapping[str, FloatArray]

    def after_context(self, rows: int) -> Voices:
        """With so many rows before them that are not judged; the channels stay as they are."""
        before = np.full((rows, self.surprise.shape[1]), np.nan)
        none = np.full((len(FAMILIES), *before.shape), np.nan)
        return Voices(
            np.concatenate([none, self.statistic], axis=1),
            np.concatenate([before, self.surprise]),
            np.concatenate([np.full(before.shape, -1, dtype=np.int64), self.leader]),
            np.concatenate([before, self.holding]),
            self.channels,
        )


def family_channel(family: str) -> str:
    """Name under which the calibration of a family's combined statistic is stored."""
    return f"family.{family}"


def combine(
    evidence: Sequence[Evidence],
    heights: Sequence[Evidence],
    keys: Sequence[SeriesKey],
    tails: TailsKept,
    material: Mapping[str, BoolArray],
    start: int,
    age: IntArray | None = None,
) -> Voices:
    """Combines the calibrated channels of all detectors.

    evidence: arrays of shape (m, n). heights: the short sums among it, with LONGEST rows before.
    tails: of all channels. start: epoch minute of the evidence's row 0. age: of the rows of
    `heights`, how many minutes ago maintenance was, as since_maintenance has it; a channel that
    pools more minutes than that has no voice yet.
    A family's statistic is its loudest voice, plus the next one of its detectors, plus what backs
    it from either side (no more than the loudest), plus VOTE of the loudest of the other families
    and the forest. Each family is calibrated on its own past once more.
    """
    channels = _surprises(evidence, keys, tails, start)
    then = _out_of_maintenance(heights, _surprises(heights, keys, tails, start - LONGEST), age)
    loud = {metric: ago[LONGEST:] for metric, ago in since_loud(heights, then).items()}
    now = _out_of_maintenance(evidence, channels, None if age is None else age[LONGEST:])
    heard = not_again(evidence, now, loud)
    statistic = together(evidence, heard)
    judged = np.isfinite(statistic).all(axis=0)
    worthy = np.stack([material[name] for name in FAMILIES])
    calibrated = np.stack(
        [
            surprise(own, tails.of(family_channel(name), keys), start)
            for own, name in zip(statistic, FAMILIES, strict=True)
        ]
    )
    known = judged & np.isfinite(calibrated).any(axis=0)
    calibrated = np.where(worthy, np.nan_to_num(calibrated, nan=0.0), 0.0)
    total = calibrated.max(axis=0)
    loudest = np.argmax(np.nan_to_num(statistic, nan=-np.inf), axis=0)
    leader = np.where(total > 0, np.argmax(calibrated, axis=0), loudest)
    return Voices(
        statistic=statistic,
        surprise=np.where(known, total, np.nan),
        leader=np.where(judged, leader, -1).astype(np.int64),
        holding=np.where(judged, total, np.nan),
        channels=channels,
    )


def _surprises(
    evidence: Sequence[Evidence], keys: Sequence[SeriesKey], tails: TailsKept, start: int
) -> dict[str, FloatArray]:
    """Of every channel, by its name."""
    return {
        each.channel.name: surprise(each.statistic, tails.of(each.channel.name, keys), start)
        for each in evidence
    }


def _out_of_maintenance(
    evidence: Sequence[Evidence], channels: Mapping[str, FloatArray], age: IntArray | None
) -> Mapping[str, FloatArray]:
    """The channels, NaN where what they pool reaches back into maintenance that is over."""
    if age is None:
        return channels
    return {
        each.channel.name: np.where(
            (age > 0) & (age < each.channel.minutes), np.nan, channels[each.channel.name]
        )
        for each in evidence
    }


def together(evidence: Sequence[Evidence], channels: Mapping[str, FloatArray]) -> FloatArray:
    """The combined statistic of each family, shape (f, m, n); NaN where none is judged.

    channels: surprise of every channel, name -> (m, n).
    """
    voices, backing, forest = _by_voice(evidence, channels)
    shape = (len(FAMILIES), *evidence[0].statistic.shape)
    loudest, next_ = np.full(shape, -np.inf), np.full(shape, -np.inf)
    for (family, _), voice in voices.items():
        place = FAMILIES.index(family)
        next_[place] = np.maximum(next_[place], np.minimum(loudest[place], voice))
        loudest[place] = np.maximum(loudest[place], voice)
    judged = np.isfinite(loudest).any(axis=0)
    top = np.maximum(loudest, 0.0)
    out = top + np.maximum(next_, 0.0)
    for (family, _), voice in backing.items():
        place = FAMILIES.index(family)
        out[place] += np.clip(voice, 0.0, top[place])
    others = np.maximum(_loudest_other(top), np.maximum(forest, 0.0))
    out += VOTE * np.minimum(others, top)
    return np.where(judged, out, np.nan)


def _by_voice(
    evidence: Sequence[Evidence], channels: Mapping[str, FloatArray]
) -> tuple[dict[tuple[str, str], FloatArray], dict[tuple[str, str], FloatArray], FloatArray]:
    """Loudest channel by family and voice of those that open and of those that back; the joint."""
    rooms = {each.name: each for each in detectors()}
    voices: dict[tuple[str, str], FloatArray] = {}
    backing: dict[tuple[str, str], FloatArray] = {}
    forest = np.full(evidence[0].statistic.shape, -np.inf)
    for each in evidence:
        found = np.nan_to_num(channels[each.channel.name], nan=-np.inf)
        detector = rooms[each.channel.detector]
        if detector.opens:
            key = (each.channel.metric, detector.voice)
            voices[key] = np.maximum(voices.get(key, -np.inf), found)
        elif detector.voice == JOINT:
            forest = np.maximum(forest, found)
        elif detector.backs:
            family = each.channel.metric if detector.backs == EACH else detector.backs
            key = (family, detector.voice)
            backing[key] = np.maximum(backing.get(key, -np.inf), found)
    return voices, backing, forest


def _loudest_other(top: FloatArray) -> FloatArray:
    """For each family the loudest of the others, shape kept."""
    ordered = np.sort(top, axis=0)
    return np.asarray(np.where(top == ordered[-1], ordered[-2], ordered[-1]))
