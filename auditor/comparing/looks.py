"""A comparison as it looked from time to time: the same question, asked again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auditor.comparing.compare import DEFAULTS, compare
from auditor.comparing.comparison import Comparison
from auditor.comparing.settings import ComparisonSettings
from baselines.series import SeriesKey, Windows


def looks(
    windows: Windows,
    cache_name: str,
    baseline: str,
    candidate: str,
    settings: ComparisonSettings = DEFAULTS,
    *,
    every_minutes: int = 60,
) -> Iterator[Comparison]:
    """What `compare` says of the windows so far, after each `every_minutes` and at the end.

    Looks before the first common block are left out. The A/A check is made at the last look only.
    Raises what `compare` raises, ValueError unless every_minutes is above 0.
    """
    if every_minutes < 1:
        raise ValueError(f"a look every {every_minutes} minutes; it must be at least 1")
    whole = compare(windows, cache_name, baseline, candidate, settings)
    pair = [SeriesKey(cache_name, name) for name in (baseline, candidate)]
    begun = int(windows.only(pair).present().argmax(axis=0).max())
    quiet = replace(settings, pairs=0)
    for until in range(every_minutes, windows.shape[0], every_minutes):
        if until > begun:
            found = compare(windows.rows(0, until), cache_name, baseline, candidate, quiet)
            if found.blocks:
                yield found
    if whole.blocks:
        yield whole
