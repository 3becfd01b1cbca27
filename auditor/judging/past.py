"""The past in parts, each under baselines that have not seen it: score before learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from auditor.detectors.detector import Evidence
from auditor.detectors.registry import detectors
from auditor.statistics.scene import CONTEXT, Scene, scene
from auditor.statistics.whole_hours import by_hour, hours_of
from baselines.baseline import Baseline
from baselines.calendar import Calendar
from baselines.errors import TooFewWindows
from baselines.fit import fit_past
from baselines.past import SeriesPast
from baselines.series import BoolArray, FloatArray, SeriesKey, Windows

FOLDS = 4
NOTHING = np.empty((0, 0))


@dataclass(frozen=True, slots=True)
class Part:
    """Rows [since, until) of a history as a scene. first: the scene's rows before them, context."""

    since: int
    until: int
    first: int
    scene: Scene


def pasts(history: Windows, zones: Mapping[str, str]) -> list[SeriesPast]:
    """The past of every series, in order; those of one zone share its calendar."""
    calendars: dict[str, Calendar] = {}
    out = []
    for key in history.keys:
        zone = zones.get(key.cache_name, "UTC")
        if zone not in calendars:
            calendars[zone] = Calendar.of(history.minutes(), zone)
        out.append(SeriesPast(history, key, zone, calendars[zone]))
    return out


def fit_all(
    series: Sequence[SeriesPast], exclude: BoolArray, version: int
) -> tuple[dict[SeriesKey, Baseline], dict[SeriesKey, TooFewWindows]]:
    """Baselines of the series that have enough windows, and why the others have none.

    A baseline's profiles are fitted when they are asked for. exclude: shape (m, n), windows that
    are not learned.
    """
    baselines: dict[SeriesKey, Baseline] = {}
    refused: dict[SeriesKey, TooFewWindows] = {}
    for column, past in enumerate(series):
        try:
            baselines[past.key] = fit_past(past, exclude[:, column], version=version)
        except TooFewWindows as too_few:
            refused[past.key] = too_few
    return baselines, refused


def parts(history: Windows, series: Sequence[SeriesPast], exclude: BoolArray) -> list[Part]:
    """FOLDS parts of the history, without those for which nothing could be fitted on the rest.

    Nothing is known of an hour of which a window is left out.
    """
    m = history.shape[0]
    left_out = by_hour(history.start, exclude & history.present()) > 0
    hours = hours_of(history).without(left_out)
    edges = np.linspace(0, m, FOLDS + 1).astype(int)
    rows = np.arange(m)[:, None]
    out = []
    for since, until in pairwise(edges.tolist()):
        unseen = exclude | ((rows >= since) & (rows < until))
        baselines, _ = fit_all(series, unseen, 0)
        start = max(since - CONTEXT, 0)
        if baselines:
            seen = scene(history.rows(start, until), baselines, hours=hours)
            out.append(Part(since, until, since - start, seen))
    return out


def joined(past: Sequence[Part], blocks: Sequence[FloatArray]) -> FloatArray:
    """One block a part, put end to end without their context rows."""
    return np.concatenate([block[part.first :] for part, block in zip(past, blocks, strict=True)])


def of_parts(past: Sequence[Part], rows: BoolArray) -> BoolArray:
    """The rows of a whole history that belong to the parts, end to end as `joined` puts them."""
    return np.concatenate([rows[part.since : part.until] for part in past])


def statistics(part: Part) -> list[Evidence]:
    """What every detector makes of a part; only the statistics are kept, the rest takes room."""
    return [
        replace(found, value=NOTHING, expected=NOTHING, lower=NOTHING, upper=NOTHING, count=NOTHING)
        for each in detectors()
        for found in each.score(part.scene)
    ]
