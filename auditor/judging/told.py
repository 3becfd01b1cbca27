"""What short sums have told loudly is not told again by long ones that still hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from auditor.detectors.detector import Evidence
from auditor.detectors.lasting import RECENT
from auditor.detectors.registry import detectors
from auditor.maintaining.cover import since_maintenance as since
from auditor.statistics.whole_hours import HOUR
from baselines.series import BoolArray, FloatArray, IntArray

LOUD = 8.0
"""Surprise of a short sum from which it is told: a few such minutes outweigh an hour of others."""
WHOLE_HOURS = ("drift", "sibling_drift")
"""Detectors that look at whole hours: the last one began up to two hours ago."""
LONGEST = 2 * HOUR


def not_again(
    evidence: Sequence[Evidence],
    channels: Mapping[str, FloatArray],
    since_loud: Mapping[str, IntArray],
) -> Mapping[str, FloatArray]:
    """The channels, NaN where a long sum reaches back to a height of its family that is over.

    channels: surprise of every channel, name -> (m, n). since_loud: of the same rows, by family.
    While a height lasts every sum may speak; once it is over a sum speaks again when it holds no
    minute of it. So a problem that is over ends as soon as the short sums are quiet, what goes on
    below its height is told by what came after it, and a problem that was never loud is none of
    this file's business.
    """
    return {
        each.channel.name: np.where(
            (since_loud[each.channel.metric] > 0)
            & (since_loud[each.channel.metric] < _reach(each)),
            np.nan,
            channels[each.channel.name],
        )
        if each.channel.metric in since_loud and each.channel.minutes > RECENT
        else channels[each.channel.name]
        for each in evidence
    }


def _reach(evidence: Evidence) -> int:
    """How many minutes back it looks."""
    return LONGEST if evidence.channel.detector in WHOLE_HOURS else evidence.channel.minutes


def since_loud(
    evidence: Sequence[Evidence], channels: Mapping[str, FloatArray]
) -> dict[str, IntArray]:
    """For each family with short sums, minutes since it was loud, shape (m, n); 0: it is.

    channels: surprise of the evidence's channels, name -> (m, n). Loud is a minute in which a short
    sum of the family that may open, of RECENT minutes at most, reaches LOUD; LONGEST where that is
    longer ago, or was not in these rows: row t rests on rows t-LONGEST..t only.
    """
    opening = {each.name for each in detectors() if each.opens}
    loudest: dict[str, FloatArray] = {}
    for each in evidence:
        if each.channel.minutes <= RECENT and each.channel.detector in opening:
            found = np.nan_to_num(channels[each.channel.name], nan=0.0)
            loudest[each.channel.metric] = np.maximum(loudest.get(each.channel.metric, 0.0), found)
    return {metric: _since(most >= LOUD) for metric, most in loudest.items()}


def _since(loud: BoolArray) -> IntArray:
    return since(loud, LONGEST) if loud.any() else np.full(loud.shape, LONGEST, dtype=np.int64)
