"""Learning some caches at a time, because the past of all at once may not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditor.judging.learning import Learned, learn, merge_samples, sample_forest
from auditor.statistics.forest import ForestSample
from auditor.statistics.thresholds import Thresholds
from baselines.series import BoolArray, Windows

MOST_SERIES = 16
"""Series learned at once: a month of them takes some hundred megabytes."""
MOST_SAMPLED = 8
"""Groups that the forest's sample is drawn from."""


@dataclass(frozen=True, slots=True)
class Past:
    """Windows to learn from. exclude: shape (m, n), those that are not learned."""

    windows: Windows
    time_zones: Mapping[str, str]
    exclude: BoolArray


Group = Sequence[str]
"""Names of caches that are learned together."""


def groups_of(counts: Sequence[tuple[str, int]], most: int) -> list[list[str]]:
    """Caches packed into groups of at most `most` series; a cache is never divided.

    counts: cache name and its number of series, in order; implementations of one cache are compared
    with each other and so stay together, however many they are.
    """
    groups: list[list[str]] = []
    room = 0
    for name, series in counts:
        if not groups or series > room:
            groups.append([])
            room = most
        groups[-1].append(name)
        room -= series
    return groups


def trimmed(history: Windows) -> Windows:
    """The history without the empty minutes before its first window."""
    present = history.present().any(axis=1) if history.keys else np.zeros(0, dtype=np.bool_)
    return history.rows(int(np.argmax(present)), history.shape[0]) if present.any() else history


def learn_groups(
    groups: Sequence[Group],
    read: Callable[[Group], Past],
    *,
    seed: int = 0,
    thresholds: Thresholds | None = None,
    count: Callable[[Windows], None] = lambda _windows: None,
) -> Learned:
    """Learns group by group; the forest is one for all, sampled from groups spread evenly.

    read: gives the past of a group, and is called again rather than kept. count: is told of what
    was learned from.
    """
    sample = None
    if len(groups) > 1:
        step = max(len(groups) // MOST_SAMPLED, 1)
        drawn = [_sampled(read(group), seed) for group in groups[::step]]
        sample = merge_samples([each for each in drawn if each is not None], seed)
    learned = Learned({}, {}, sample, {})
    for group in groups:
        past = read(group)
        count(past.windows)
        found = learn(
            past.windows,
            time_zones=past.time_zones,
            exclude=past.exclude,
            seed=seed,
            sample=sample,
            thresholds=thresholds,
        )
        learned = Learned(
            {**learned.baselines, **found.baselines},
            {**learned.calibrations, **found.calibrations},
            found.forest or learned.forest,
            {**learned.refused, **found.refused},
        )
    return learned


def renewed(before: Learned, found: Learned) -> Learned:
    """What is in force once `found` has been put in force over what was.

    A series that was learned again has nothing but what was found; one that was refused keeps what
    it had, and so does the forest when none was found.
    """
    if not found.baselines:
        return before
    kept = {at: each for at, each in before.calibrations.items() if at[0] not in found.baselines}
    new = {at: each for at, each in found.calibrations.items() if at[0] in found.baselines}
    return Learned(
        {**before.baselines, **found.baselines},
        {**kept, **new},
        found.forest or before.forest,
        found.refused,
    )


def _sampled(past: Past, seed: int) -> ForestSample | None:
    return sample_forest(past.windows, time_zones=past.time_zones, exclude=past.exclude, seed=seed)
