"""Compares two implementations of one cache: the function that others call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from auditor.comparing.blocks import Blocks, by_block, pair_up
from auditor.comparing.comparison import Comparison
from auditor.comparing.hours import HourOfDay, by_hour
from auditor.comparing.measures import MEASURES, Measure, margins
from auditor.comparing.overlap import Overlap, overlap
from auditor.comparing.paired import NotMeasured, Paired, quotients
from auditor.comparing.quantiles import (
    Distributions,
    ResponseTimes,
    by_distribution,
    by_minutes,
    distributions,
)
from auditor.comparing.self_check import self_check
from auditor.comparing.sequence import gather
from auditor.comparing.settings import ComparisonSettings
from auditor.comparing.verdict import Difference, judged, overall, unmeasured
from baselines.series import Windows

DEFAULTS = ComparisonSettings()
BY_HOUR = ("hit_rate", "miss_cost_ms")


def compare(
    windows: Windows,
    cache_name: str,
    baseline: str,
    candidate: str,
    settings: ComparisonSettings = DEFAULTS,
    *,
    response_times: ResponseTimes | None = None,
) -> Comparison:
    """Compares a candidate with its baseline by their windows; may be asked again at any time.

    windows: a block that holds both series, and may hold others. response_times: hourly histograms
    of the two; without them quantiles are those of minutes, where that is fair.
    Raises UnknownCache, UnknownImplementation, SameImplementation, UnknownMeasure (a margin of
    something that is not compared), ValueError (a margin that is not positive).
    """
    bounds = margins(settings.margins)
    both = overlap(windows, cache_name, baseline, candidate, settings)
    blocks = pair_up(both.windows, both.compared)
    found = paired(both, blocks, response_times)
    measured = [each for each in found if isinstance(each, Paired)]
    differences = _differences(found, measured, blocks, settings, bounds)
    verdict, more_hours = overall(differences)
    used = blocks.counted > 0
    return Comparison(
        cache_name=cache_name,
        baseline=baseline,
        candidate=candidate,
        since=both.windows.start,
        until=both.windows.end,
        hours=float(blocks.counted.sum()) / 60.0,
        blocks=int(used.sum()),
        block_minutes=blocks.minutes,
        hours_seen=min(len(np.unique(blocks.starts[used] // 60 % 24)) * blocks.minutes // 60, 24),
        missing_minutes=int((~both.present).sum()),
        left_out=both.left_out,
        mode="mirror" if both.mirrored else "split",
        candidate_share=both.candidate_share,
        differences=differences,
        verdict=verdict,
        more_hours=more_hours,
        hours_of_day=_hours_of_day(measured, blocks, settings, bounds),
        self_check=self_check(measured, blocks.hours, settings, bounds),
    )


def paired(
    both: Overlap, blocks: Blocks, response_times: ResponseTimes | None
) -> list[Paired | NotMeasured]:
    """Every measure's differences by block."""
    known = None
    if response_times is not None:
        warm = by_block(both.warm, both.windows.start, blocks).ravel()
        known = distributions(response_times, blocks, warm)
    return [_paired(measure, both, blocks, known) for measure in MEASURES]


def _paired(
    measure: Measure, both: Overlap, blocks: Blocks, known: Distributions | None
) -> Paired | NotMeasured:
    if measure.quantile is None:
        return quotients(measure, blocks)
    if known is not None:
        found = by_distribution(measure, known)
        if isinstance(found, Paired):
            return found
    return by_minutes(measure, both.windows, both.compared, blocks)


def _differences(
    found: Sequence[Paired | NotMeasured],
    measured: Sequence[Paired],
    blocks: Blocks,
    settings: ComparisonSettings,
    bounds: Mapping[str, float],
) -> tuple[Difference, ...]:
    """All measures in their order, those that cannot be compared among them."""
    by_name = {}
    if measured:
        evidence = gather(
            np.stack([each.differences for each in measured]),
            np.stack([each.weights for each in measured]),
            blocks.hours,
            np.array([each.floor for each in measured]),
        )
        # the last look, of fields whose last axis is the looks
        for each in judged(
            measured,
            evidence.at(-1),
            wrong_verdicts=settings.wrong_verdicts,
            margins=bounds,
            block_hours=blocks.hours,
        ):
            by_name[each.name] = each
    return tuple(
        by_name[each.measure.name]
        if isinstance(each, Paired)
        else unmeasured(each, bounds[each.measure.name])
        for each in found
    )


def _hours_of_day(
    measured: Sequence[Paired],
    blocks: Blocks,
    settings: ComparisonSettings,
    bounds: Mapping[str, float],
) -> tuple[HourOfDay, ...]:
    return tuple(
        hour
        for each in measured
        if each.measure.name in BY_HOUR
        for hour in by_hour(
            each,
            blocks,
            time_zone=settings.time_zone,
            alpha=settings.wrong_verdicts * each.measure.share,
            margin=bounds[each.measure.name],
        )
    )
