"""How often the comparison errs on made-up pairs: a small form of `benchmarks.compare`."""

from __future__ import annotations

import numpy as np
import pytest
from side_by_side import CACHE, DAY, HOUR, drawn

from auditor.comparing.blocks import pair_up
from auditor.comparing.compare import compare, paired
from auditor.comparing.measures import margins
from auditor.comparing.overlap import overlap
from auditor.comparing.paired import Paired
from auditor.comparing.self_check import SelfCheck, self_check
from auditor.comparing.sequence import estimate, gather, log_evidence_against
from auditor.comparing.settings import ComparisonSettings
from auditor.comparing.verdict import FEWEST_BLOCKS
from auditor.comparing.wording import checked
from benchmarks.compare import WEEK_H, look_at
from benchmarks.pairs import BASELINE, CANDIDATE, Kind, make_pair

SETTINGS = ComparisonSettings(pairs=0)
PAIRS = 48


def ever_told_apart(seed: int, kind: Kind) -> bool:
    """Whether one measure or another of a pair is better or worse after any block of a week."""
    pair = make_pair(seed, kind)
    both = overlap(pair.windows, CACHE, BASELINE, CANDIDATE, SETTINGS)
    blocks = pair_up(both.windows, both.compared)
    found = paired(both, blocks, pair.response_times)
    measured = [each for each in found if isinstance(each, Paired)]
    weights = np.stack([each.weights for each in measured])
    evidence = gather(
        np.stack([each.differences for each in measured]),
        weights,
        blocks.hours,
        np.array([each.floor for each in measured]),
    )
    alpha = np.array([[SETTINGS.wrong_verdicts * each.measure.share] for each in measured])
    sure = log_evidence_against(0.0, evidence) > -np.log(alpha)
    sure &= np.cumsum(weights > 0, axis=1) >= FEWEST_BLOCKS
    mean, bounds = estimate(evidence), margins({})
    return any(
        (sure[row] & (np.abs(each.reported(mean[row])) >= bounds[each.measure.name])).any()
        for row, each in enumerate(measured)
    )


def test_pairs_without_a_difference_are_seldom_told_apart() -> None:
    """Looked at after each block for a week: at most 5 % of them, and its chance on 48."""
    wrong = sum(ever_told_apart(7000 + n, Kind(histograms=n % 6 > 0)) for n in range(PAIRS))
    assert wrong <= 0.05 * PAIRS + 2 * np.sqrt(0.05 * 0.95 * PAIRS)


def test_two_points_are_told_within_a_day() -> None:
    """200 gets a minute, half of the pairs up: at least 80 of 100 in this form, none wrongly."""
    right = 0
    for number in range(20):
        kind = Kind(points=2.0 if number % 2 else -2.0, gets=200.0, days=1)
        looks = look_at(7500 + number, kind, (8, 12, 16, 20, 24))
        wanted, other = ("better", "worse") if number % 2 else ("worse", "better")
        right += looks.first(wanted) <= 24  # type: ignore[arg-type]
        assert other not in looks.verdicts
        assert "mixed" not in looks.verdicts
    assert right >= 16


def test_the_looks_at_once_are_those_of_the_comparison_itself() -> None:
    """The evidence after each block is what `compare` has when it is asked then."""
    windows = drawn(4 * DAY, 3, gets=400.0, hit_share=(0.90, 0.902))
    both = overlap(windows, CACHE, "legacy", "new", SETTINGS)
    blocks = pair_up(both.windows, both.compared)
    (rate, *_) = paired(both, blocks, None)
    assert isinstance(rate, Paired)
    whole = estimate(gather(rate.differences, rate.weights, blocks.hours, rate.floor))
    for hours in (9, 30, 77):
        asked = compare(windows.rows(0, hours * HOUR), CACHE, "legacy", "new", SETTINGS)
        assert asked.difference("hit_rate").estimate == pytest.approx(whole[hours - 1], rel=1e-3)


def test_a_pair_is_the_same_again_and_holds_what_it_says() -> None:
    """Same seed, same bits; the planted points are in it; one side is silent for a while."""
    kind = Kind(points=5.0, gets=500.0, mirrored=True)
    first, second = make_pair(9, kind), make_pair(9, kind)
    for name, column in first.windows.columns.items():
        assert np.array_equal(column, second.windows.columns[name], equal_nan=True)
    hits, gets = (np.nansum(first.windows.column(name)[2000:], axis=0) for name in ("hits", "gets"))
    assert 100 * (hits / gets) @ [-1.0, 1.0] == pytest.approx(5.0, abs=1.0)
    assert np.isnan(first.windows.column("hits")[:360, 1]).all()
    windows, times = first.until(first.first + 600)
    assert windows.end == first.first + 600
    assert times is not None
    assert times.start + HOUR * len(times.counts) <= windows.end


def test_all_looks_of_a_pair_are_given() -> None:
    looks = look_at(9, Kind(days=1), (6, 12, 24))
    assert looks.hours == (6, 12, 24)
    assert looks.first("better", "worse", "equivalent", "mixed") in (12.0, 24.0, np.inf)
    assert WEEK_H == 168


# The A/A check -----------------------------------------------------------------------------------


def checked_week(seed: int, kind: Kind, pairs: int = 200) -> SelfCheck:
    pair = make_pair(seed, kind)
    settings = ComparisonSettings(pairs=pairs)
    windows, times = pair.until(pair.first + HOUR * WEEK_H)
    found = compare(windows, CACHE, BASELINE, CANDIDATE, settings, response_times=times).self_check
    assert found is not None
    return found


def test_the_check_finds_few_wrong_verdicts_in_ordinary_noise() -> None:
    """Also where the candidate differs: its mean is taken off first."""
    for points in (0.0, 3.0):
        found = checked_week(31, Kind(points=points, gets=300.0))
        assert (found.pairs, found.trusted) == (200, True)
        assert found.share <= 0.05


def test_the_check_says_when_the_noise_is_not_what_is_taken_for_granted() -> None:
    """Differences that stand for a day and a half and then turn round fool it, and it says so."""
    run = np.where(np.arange(24 * 12) // 36 % 2 == 0, 1.0, -1.0)
    random = np.random.default_rng(5)
    windows = drawn(DAY, 1)
    both = overlap(windows, CACHE, "legacy", "new", SETTINGS)
    (rate, *_) = paired(both, pair_up(both.windows, both.compared), None)
    assert isinstance(rate, Paired)
    made = Paired(
        rate.measure, 3.0 * run + random.normal(0, 0.3, len(run)), np.ones(len(run)), 0.0,
        rate.baseline, rate.candidate, rate.reported,
    )  # fmt: skip
    found = self_check([made], 1.0, ComparisonSettings(), margins({}))
    assert found is not None
    assert not found.trusted
    assert "do not trust the verdict" in checked(found)


def test_the_check_waits_for_a_day_of_blocks() -> None:
    windows = drawn(DAY, 4)
    short = compare(windows.rows(0, 23 * HOUR), CACHE, "legacy", "new")
    assert short.self_check is None
    assert checked(short.self_check) == "A/A check: needs 24 blocks"
    whole = compare(windows, CACHE, "legacy", "new", ComparisonSettings(warm_up_minutes=0))
    assert whole.self_check is not None
    assert "were called better or worse" in checked(whole.self_check)
    assert compare(windows, CACHE, "legacy", "new", ComparisonSettings(pairs=0)).self_check is None


def test_the_check_is_the_same_again() -> None:
    kind = Kind(gets=100.0, histograms=False)
    assert checked_week(8, kind, 50) == checked_week(8, kind, 50)
