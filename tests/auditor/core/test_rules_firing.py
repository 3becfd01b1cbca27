"""Where a user's rule fires: counts pooled, minutes in a row, nothing told that is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.rules.firing import Fired, fired
from auditor.rules.rule import MOST_MINUTES, Rule
from auditor.statistics.scene import Scene, scene
from baselines.baseline import Baseline
from baselines.fit import fit
from baselines.metrics import BY_NAME
from baselines.series import FloatArray, SeriesKey, Windows

LEGACY, NEW = SeriesKey("sessions", "legacy"), SeriesKey("sessions", "new")
START = 29_449_440
HITS = Rule("low hits", "hit_rate", "below", 80)


@pytest.fixture(scope="module")
def learned_baselines(fortnight: Windows) -> dict[SeriesKey, Baseline]:
    """The weeks of the fortnight alone: rules need no calibration."""
    return {key: fit(fortnight, key) for key in fortnight.keys}


def block(hits: list[float], gets: list[float], **columns: list[float]) -> Windows:
    """One series; NaN is a missing window."""
    counted, asked = np.array(hits, dtype=float)[:, None], np.array(gets, dtype=float)[:, None]
    more = {name: np.array(values, dtype=float)[:, None] for name, values in columns.items()}
    usual = {"total_operations": asked, "gets": asked, "hits": counted, "misses": asked - counted}
    return Windows(START, (NEW,), {**usual, **more})


def ordinary(windows: Windows, metric: str, week: float | FloatArray) -> Scene:
    """A scene whose week says `week` of one metric, in the metric's unit."""
    made = scene(windows, {})
    seasonal = np.broadcast_to(np.asarray(week, dtype=float), windows.shape).copy()
    known = replace(made.expectations[metric], seasonal=seasonal)
    return replace(made, expectations={**made.expectations, metric: known})


def one(rule: Rule, windows: Windows | Scene) -> Fired:
    seen = scene(windows, {}) if isinstance(windows, Windows) else windows
    (found,) = fired([rule], seen)
    return found


def column(flags: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> list[object]:
    return flags[:, 0].tolist()


# A figure ----------------------------------------------------------------------------------------


def test_a_minute_beyond_the_bound_fires_and_one_at_it_does_not() -> None:
    found = one(HITS, block([90, 80, 79], [100, 100, 100]))
    assert column(found.where) == [False, False, True]
    assert column(found.judged) == [True, True, True]
    assert column(found.value) == [90, 80, 79]
    assert column(found.bound) == [80, 80, 80]
    over = Rule("high", "hit_rate", "above", 80)
    assert column(one(over, block([90, 80, 79], [100, 100, 100])).where) == [True, False, False]


def test_counts_are_pooled_and_ratios_are_not_averaged() -> None:
    """900 of 1,000 and 0 of 100: 81.8 % of all, though the mean of the two ratios is 45 %."""
    windows = block([900, 0], [1000, 100])
    found = one(replace(HITS, over_minutes=2), windows)
    assert found.value[1, 0] == pytest.approx(100 * 900 / 1100)
    assert found.count[1, 0] == 1100
    assert column(found.where) == [False, False]
    assert column(one(HITS, windows).where) == [False, True]


def test_a_mean_is_weighed_by_its_operations() -> None:
    """100 loads of 10 ms and 1 of 1,111 ms: 20.9 ms a load, not 560."""
    slow = block([0, 0], [100, 1], miss_latency_sum_ms=[1000, 1111])
    found = one(Rule("slow", "miss_latency_ms", "above", 20, over_minutes=2), slow)
    assert found.value[1, 0] == pytest.approx(2111 / 101)
    assert column(found.where) == [False, True]


def test_a_count_is_that_of_one_minute_however_many_are_pooled() -> None:
    """30 evictions in three minutes are 10 a minute."""
    windows = block([9] * 3, [10] * 3, evictions=[0, 0, 30])
    found = one(Rule("evicting", "evictions", "above", 9, over_minutes=3), windows)
    assert column(found.value) == [pytest.approx(v, nan_ok=True) for v in (float("nan"), 0, 10)]
    assert column(found.where) == [False, False, True]


def test_no_traffic_is_a_figure() -> None:
    """A count needs nothing behind it: zero is what the rule is for."""
    found = one(Rule("silent", "traffic", "below", 1, for_minutes=2), block([9, 0, 0], [10, 0, 0]))
    assert column(found.where) == [False, False, True]


def test_a_pool_that_only_remembers_is_not_fresh() -> None:
    """Pools of three are below 80 % up to the fifth minute; the last two minutes are fine again."""
    windows = block([90, 0, 0, 90, 90, 90, 90], [100] * 7)
    found = one(replace(HITS, over_minutes=3), windows)
    assert column(found.where)[1:] == [True, True, True, True, False, False]
    assert column(found.fresh) == [False, True, True, False, False, False, False]
    alone = one(HITS, windows)
    assert column(alone.where & ~alone.fresh) == [False] * 7


# In a row ----------------------------------------------------------------------------------------


def test_it_fires_after_so_many_minutes_in_a_row() -> None:
    windows = block([70, 70, 90, 70, 70, 70, 70], [100] * 7)
    found = one(replace(HITS, for_minutes=3), windows)
    assert column(found.where) == [False] * 5 + [True, True]
    # of the first two nobody knows what was before; of the others a good minute is known
    assert column(found.judged) == [False, False, True, True, True, True, True]


def test_one_terrible_minute_is_not_many() -> None:
    """It pulls the pool of five below 80 %; that it lasted five minutes is another thing."""
    windows = block([95, 95, 95, 95, 0, 95, 95], [100] * 4 + [1000] + [100] * 2)
    assert column(one(replace(HITS, over_minutes=5), windows).where)[4]
    assert not one(replace(HITS, for_minutes=5), windows).where.any()


def test_pooled_figures_may_have_to_last_as_well() -> None:
    """Pools of two, from the second minute on, are 85, 77.5, 70, 75, 85 %: three below 80."""
    windows = block([90, 80, 75, 65, 85, 85], [100] * 6)
    found = one(replace(HITS, over_minutes=2, for_minutes=3), windows)
    assert column(found.value)[1:] == [85, 77.5, 70, 75, 85]
    assert column(found.where) == [False, False, False, False, True, False]


# Not known ---------------------------------------------------------------------------------------

GAP = float("nan")


def test_a_missing_window_does_not_fire_and_is_not_judged() -> None:
    found = one(HITS, block([70, GAP, 70], [100, GAP, 100]))
    assert column(found.where) == [True, False, True]
    assert column(found.judged) == [True, False, True]
    assert np.isnan(found.value[1, 0])
    assert np.isnan(found.bound[1, 0])


def test_a_gap_breaks_a_row_but_is_no_acquittal() -> None:
    """Two minutes are asked for: after the gap it cannot be told until there are two again."""
    found = one(
        replace(HITS, for_minutes=2), block([70, 70, GAP, 70, 70], [100, 100, GAP, 100, 100])
    )
    assert column(found.where) == [False, True, False, False, True]
    assert column(found.judged) == [False, True, False, False, True]


def test_too_little_behind_it_is_not_judged() -> None:
    windows = block([0, 0, 0], [19, 20, 5])
    assert column(one(HITS, windows).judged) == [False, True, False]
    assert column(one(replace(HITS, least_count=5), windows).where) == [True] * 3
    pooled = one(replace(HITS, over_minutes=3, least_count=30), windows)
    assert column(pooled.judged) == [False, True, True]


def test_a_pool_that_is_mostly_missing_is_not_judged() -> None:
    """Of four minutes two must be there; rows before the block are missing as well."""
    windows = block([50] * 2 + [GAP] * 3 + [50] * 2, [100] * 2 + [GAP] * 3 + [100] * 2)
    found = one(replace(HITS, over_minutes=4), windows)
    assert column(found.judged) == [False, True, False, False, False, False, True]


def test_a_column_that_was_never_measured_is_not_judged() -> None:
    found = one(Rule("evicting", "evictions", "above", 0), block([9], [10]))
    assert not found.judged.any()
    assert not found.where.any()


def test_quantiles_need_gets_behind_them() -> None:
    windows = block([90, 9], [100, 10], p95_response_time_ms=[50, 50])
    found = one(Rule("slow", "p95_response_time_ms", "above", 20), windows)
    assert column(found.where) == [True, False]
    assert column(found.judged) == [True, False]


# Against the baseline ----------------------------------------------------------------------------


def test_a_bound_against_the_baseline_is_a_share_of_it() -> None:
    """20 % below 90 % is 72 %; 50 % above 200 a minute is 300."""
    rule = Rule("worse", "hit_rate", "below", 20, against_baseline=True)
    found = one(rule, ordinary(block([73, 71], [100, 100]), "hit_rate", 90.0))
    assert column(found.bound) == [pytest.approx(72)] * 2
    assert column(found.where) == [False, True]
    more = Rule("more", "traffic", "above", 50, against_baseline=True)
    found = one(more, ordinary(block([0, 0], [300, 301]), "traffic", 200.0))
    assert column(found.where) == [False, True]
    assert column(found.expected) == [200, 200]


def test_the_baseline_is_weighed_like_the_figure() -> None:
    """Nearly all gets came in the minute for which 50 % is ordinary: 50 % is no departure."""
    week = np.array([[90.0], [50.0]])
    seen = ordinary(block([9, 500], [10, 1000]), "hit_rate", week)
    rule = Rule("worse", "hit_rate", "below", 5, against_baseline=True, over_minutes=2)
    found = one(rule, seen)
    assert found.expected[1, 0] == pytest.approx((90 * 10 + 50 * 1000) / 1010)
    assert not found.where[1, 0]


def test_without_a_baseline_or_against_nothing_it_is_not_judged() -> None:
    rule = Rule("worse", "error_rate", "above", 50, against_baseline=True)
    windows = block([50, 50], [100, 100], errors=[90, 90])
    assert not one(rule, windows).judged.any()
    assert not one(rule, ordinary(windows, "error_rate", 0.0)).judged.any()
    assert one(rule, ordinary(windows, "error_rate", 1.0)).where.all()


def test_a_small_count_against_a_small_baseline_is_not_judged() -> None:
    """Expected 2 and got 0 says nothing; expected 30 and got 0, or expected 2 and got 30, does."""
    less = Rule("less", "traffic", "below", 50, against_baseline=True)
    more = Rule("more", "traffic", "above", 50, against_baseline=True)
    nothing, plenty = block([0], [0]), block([0], [30])
    assert not one(less, ordinary(nothing, "traffic", 2.0)).judged.any()
    assert one(less, ordinary(nothing, "traffic", 30.0)).where.all()
    assert one(more, ordinary(plenty, "traffic", 2.0)).where.all()


def test_the_week_is_the_baselines_own(
    next_days: Windows, learned_baselines: dict[SeriesKey, Baseline]
) -> None:
    """Of what was really learned: the profile of the hour, and not moved by the last hour."""
    seen = scene(next_days.rows(0, 300), learned_baselines)
    rule = Rule("worse", "hit_rate", "below", 10, against_baseline=True)
    found = one(rule, seen)
    assert found.judged.any()
    want = np.where(found.judged, seen.expectations["hit_rate"].seasonal, np.nan)
    assert np.allclose(found.expected, want, equal_nan=True, rtol=1e-12)


# Scope, order, blocks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, [True, True]),
        ({"cache_name": "sessions"}, [True, True]),
        ({"implementation_type": "new"}, [False, True]),
        ({"cache_name": "sessions", "implementation_type": "legacy"}, [True, False]),
        ({"cache_name": "prices"}, [False, False]),
    ],
)
def test_outside_its_scope_it_neither_fires_nor_judges(
    scope: dict[str, str], expected: list[bool]
) -> None:
    narrow = block([10], [100])
    windows = Windows(
        START, (LEGACY, NEW), {name: np.repeat(v, 2, axis=1) for name, v in narrow.columns.items()}
    )
    found = one(replace(HITS, **scope), windows)
    assert found.where.tolist() == found.judged.tolist() == [expected]


def test_rules_answer_in_the_order_they_were_written() -> None:
    seen = scene(block([70], [100]), {})
    rules = [replace(HITS, name="b"), replace(HITS, name="a", value=60)]
    assert [(f.rule.name, bool(f.where.any())) for f in fired(rules, seen)] == [
        ("b", True), ("a", False),
    ]  # fmt: skip
    assert fired([], seen) == ()


RULES = (
    HITS,
    replace(HITS, for_minutes=20, over_minutes=41, value=85),
    replace(HITS, for_minutes=3, over_minutes=5, value=88, least_count=300),
    Rule("errors", "error_rate", "above", 2, for_minutes=2, over_minutes=10),
    Rule("slow", "hit_latency_ms", "above", 0.52, for_minutes=60),
    Rule("more", "traffic", "above", 10, against_baseline=True, over_minutes=30),
    Rule("evicting", "evictions", "above", 25, over_minutes=60),
    Rule("worse", "hit_rate", "below", 3, against_baseline=True, over_minutes=5, for_minutes=2),
)


@pytest.fixture(scope="module")
def torn(next_days: Windows) -> Windows:
    """Half a day with holes of one and of many minutes, and errors in some."""
    random = np.random.default_rng(3)
    windows = next_days.rows(300, 900)
    lost = random.random(windows.shape) < 0.05
    lost[100:145, 1] = True
    columns = {name: np.where(lost, np.nan, values) for name, values in windows.columns.items()}
    errors = random.poisson(3.0, windows.shape).astype(float)
    return Windows(
        windows.start, windows.keys, {**columns, "errors": np.where(lost, np.nan, errors)}
    )


def test_the_block_changes_no_bit(
    torn: Windows, learned_baselines: dict[SeriesKey, Baseline]
) -> None:
    """A row with an hour before it says the same in any block, and knows nothing of later."""
    whole = fired(RULES, scene(torn, learned_baselines))
    assert all(each.where.any() for each in whole[:4])
    for first, last in ((0, 431), (200, 300), (437, 501), (540, 600)):
        context = max(first - (MOST_MINUTES - 1), 0)
        part = fired(RULES, scene(torn.rows(context, last), learned_baselines))
        for all_of, some in zip(whole, part, strict=True):
            cut = some.after(first - context)
            for name in ("where", "judged", "value", "bound", "expected", "count", "fresh"):
                mine, theirs = getattr(cut, name), getattr(all_of, name)[first:last]
                assert mine.tobytes() == theirs.tobytes(), (all_of.rule.name, name)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_it_is_what_adding_up_minute_by_minute_finds(
    rule: Rule, torn: Windows, learned_baselines: dict[SeriesKey, Baseline]
) -> None:
    """The slow twin, with plain numbers and loops."""
    seen = scene(torn, learned_baselines)
    found = one(rule, seen)
    for place in range(len(torn.keys)):
        answers = [_answer(rule, seen, row, place) for row in range(torn.shape[0])]
        for row, answer in enumerate(answers):
            before = answers[max(row + 1 - rule.for_minutes, 0) : row + 1]
            fires = len(before) == rule.for_minutes and all(before)
            knows = answer is not None and (fires or False in before)
            assert bool(found.where[row, place]) == fires, (row, place)
            assert bool(found.judged[row, place]) == knows, (row, place)


def _answer(rule: Rule, seen: Scene, row: int, place: int) -> bool | None:
    """Whether one minute's figure is beyond the bound; None when nobody can tell."""
    metric, columns = BY_NAME[rule.metric], seen.windows.columns
    above = below = promised = 0.0
    there = 0
    for at in range(max(row + 1 - rule.over_minutes, 0), row + 1):
        counted = sum(float(columns[name][at, place]) for name in metric.numerator)
        asked = sum(float(columns[name][at, place]) for name in metric.denominator)
        asked = asked if metric.denominator else 1.0
        week = float(seen.expectations[metric.name].seasonal[at, place])
        if np.isnan(counted + asked) or (rule.against_baseline and np.isnan(week)):
            if at == row:
                return None
            continue
        there += 1
        above, below, promised = above + counted, below + asked, promised + week * asked
    behind = below if metric.denominator else max(above, promised)
    free = metric.kind == "count" and not rule.against_baseline
    if 2 * there < rule.over_minutes or (behind < rule.least_count and not free):
        return None
    value = metric.scale * above / below
    bound = rule.value
    if rule.against_baseline:
        share = rule.value / 100 if rule.side == "above" else -rule.value / 100
        bound = promised / below * (1 + share)
    return value > bound if rule.side == "above" else value < bound
