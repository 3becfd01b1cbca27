"""A judgement is kept whole, made again to the bit, and compared; what differs is said, and why."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from planted import DAY, LEGACY, NEW, lost_hits

from auditor.explaining.again import BEFORE, Again, Minute, hours_span, judge_again, span
from auditor.explaining.comparison import agreement, differences
from auditor.explaining.explanation import Gone, Replay, explained
from auditor.explaining.kept import InForceThen, Kept, ScoreRow
from auditor.explaining.moments import Moment, moments
from auditor.explaining.whole import Reached, doubts_about
from auditor.judging.judgement import judge
from auditor.judging.learning import Learned
from auditor.observing.fold import fold
from auditor.observing.observation import Change, Observation
from auditor.statistics.forest import Forest
from auditor.statistics.scene import CONTEXT, EPISODE
from auditor.statistics.thresholds import Thresholds
from auditor.statistics.whole_hours import HOUR, REACH, hours_of
from baselines.series import Windows

NOON = DAY + 720


@pytest.fixture(scope="module")
def broken(next_days: Windows) -> Windows:
    """A loss that begins mild and grows, so that its worst window is not its first."""
    return lost_hits(lost_hits(next_days, NOON, NOON + 5, 0.3), NOON + 5, NOON + 12, 0.9)


Told = tuple[list[Moment], Observation]


def told(windows: Windows, learned: Learned, forest: Forest, minutes: int) -> Told:
    """What is kept when `minutes` are judged at a time, and the observation in the end."""
    kept: dict[tuple[UUID, str], Moment] = {}
    state: dict[UUID, Observation] = {}
    for first in range(NOON - 10, NOON + 20, minutes):
        upto = windows.rows(0, first + minutes)
        judged = judge(
            upto, learned, since=windows.start + first, forest=forest, hours=hours_of(upto)
        )
        changes: list[Change] = fold(list(state.values()), judged)
        for change in changes:
            state[change.observation.id] = change.observation
        for each in moments(changes, judged):
            kept[each.observation_id, each.kind] = each
    (observation,) = state.values()
    return list(kept.values()), observation


@pytest.fixture(scope="module")
def story(broken: Windows, learned: Learned, forest: Forest) -> Told:
    return told(broken, learned, forest, 30)


def test_an_opening_and_the_worst_window_are_kept(story: Told) -> None:
    found, observation = story
    opened, worst = found
    assert (opened.kind, worst.kind) == ("opened", "worst")
    assert opened.judgement.minute == observation.opened < worst.judgement.minute
    assert worst.judgement.surprise == observation.peak_surprise > opened.judgement.surprise
    assert opened.judgement.key == NEW
    assert opened.judgement.leading_metric == "hit_rate"
    assert opened.judgement.since == observation.started
    assert opened.judgement.cost["misses"] > 0


def test_what_is_kept_does_not_depend_on_the_block(
    story: Told, broken: Windows, learned: Learned, forest: Forest
) -> None:
    """A tick a minute and a catch-up of half an hour keep the same, but for severities that were
    not known yet."""
    minutely, _ = told(broken, learned, forest, 1)
    assert [(each.kind, each.judgement.plain()) for each in minutely] == [
        (each.kind, each.judgement.plain()) for each in story[0]
    ]
    assert minutely[0].severity == story[0][0].severity


def test_nothing_opened_is_nothing_kept(
    next_days: Windows, learned: Learned, forest: Forest
) -> None:
    judged = judge(next_days, learned, since=next_days.start + NOON, forest=forest)
    assert moments(fold([], judged), judged) == []


# Judged again --------------------------------------------------------------------------------


def again(windows: Windows, learned: Learned, moment: Moment) -> Again:
    found = moment.judgement
    _, needed = span(found.since, found.minute)
    hours = hours_of(windows).between(*hours_span(found.since, found.minute), windows.keys)
    return judge_again(
        windows.between(needed, windows.end), learned, hours, key=found.key, minute=found.minute,
        since=found.since, thresholds=Thresholds(),
    )  # fmt: skip


def test_judged_again_from_its_context_it_is_the_same_to_the_bit(
    story: Told, broken: Windows, learned: Learned
) -> None:
    """The forest is grown anew from its sample, and later windows are not looked at."""
    for moment in story[0]:
        found = again(broken, learned, moment)
        assert differences(moment.judgement.plain(), found.judgement.plain()) == []
        assert found.minutes[-1].minute == moment.judgement.minute
        assert found.minutes[0].minute == moment.judgement.since - BEFORE
        assert found.first_deviating == broken.start + NOON
        assert found.calibrations["combined"] == learned.calibrations[NEW, "combined"]


def test_the_span_is_an_episode_at_most() -> None:
    assert span(1000, 1003) == (1000 - BEFORE, 1000 - BEFORE - CONTEXT)
    assert span(0, 1000) == (1001 - EPISODE, 1001 - EPISODE - CONTEXT)


def test_its_hours_are_the_whole_ones_before_the_minutes_own() -> None:
    """Three days before the first minute that is judged, up to the last one's own."""
    hour = 500_000
    assert hours_span(hour * HOUR + 30, hour * HOUR + 40) == (hour - REACH, hour)
    assert hours_span(hour * HOUR + 2, hour * HOUR + 10) == (hour - 1 - REACH, hour)


def test_the_first_deviating_window_begins_the_unbroken_run() -> None:
    """One ordinary minute in between ends it; an ordinary last minute has none."""
    inside, outside = (Minute(0, value, 5.0, 4.0, 6.0, 0.0) for value in (5.0, 7.0))
    made = (outside, inside, outside, outside)
    run = tuple(replace(each, minute=place) for place, each in enumerate(made))
    judgement: Any = None
    assert Again(judgement, run, {}).first_deviating == 2
    assert Again(judgement, run[:2], {}).first_deviating is None
    unknown = replace(inside, value=float("nan"))
    assert Again(judgement, (outside, unknown), {}).first_deviating is None


# Compared ------------------------------------------------------------------------------------


PLAIN = {
    "surprise": 7.25, "leading_metric": "hit_rate", "score": None,
    "contributions": [{"channel": "a.1", "statistic": 3.0}, {"channel": "b.1", "statistic": 4.0}],
    "causes": [{"name": "cold_start", "for_": ["x", "y"]}],
}  # fmt: skip


def test_the_same_through_json_is_equal() -> None:
    """Whole numbers may lose their point, lists of named things their order."""
    stored = json.loads(json.dumps(PLAIN).replace("3.0", "3"))
    stored["contributions"].reverse()
    assert differences(stored, PLAIN) == []
    assert agreement([]) == "equal"


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("surprise",), 7.2500001, "surprise"),
        (("score",), 0.5, "score"),
        (("leading_metric",), "traffic", "leading_metric"),
        (("contributions", 1, "statistic"), 5.0, "contributions.b.1.statistic"),
        (("causes", 0, "for_"), ["x"], "causes.cold_start.for_.1"),
    ],
)
def test_each_thing_that_was_changed_is_named(
    path: tuple[Any, ...], value: object, where: str
) -> None:
    changed: Any = json.loads(json.dumps(PLAIN))
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    (found,) = differences(PLAIN, changed)
    assert found.where == where
    assert agreement([found]) == "different"


def test_the_last_digits_are_close_and_words_never_are() -> None:
    near = {**PLAIN, "surprise": 7.25 * (1 + 1e-12)}
    found = differences(PLAIN, near)
    assert agreement(found) == "close"
    assert agreement([*found, *differences({"x": "1"}, {"x": "2"})]) == "different"
    assert agreement(differences({"x": None}, {"x": 1e-12})) == "different"


# Explained -----------------------------------------------------------------------------------


@pytest.fixture
def kept(story: Told) -> Kept:
    """The opening as the database would give it back."""
    found = story[0][0].judgement
    return Kept(
        UUID(int=1), "opened", found.key, found.minute, "warning",
        json.loads(json.dumps(found.plain())),
        {LEGACY: InForceThen(1, 1), NEW: InForceThen(2, 2)}, 3, Thresholds(), 0.25, 5.3,
        {"numpy": "2.1"}, datetime(2026, 3, 3, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture
def replay(kept: Kept, broken: Windows, learned: Learned) -> Replay:
    _, needed = span(kept.since, kept.minute)
    windows = broken.between(needed, kept.minute + 1)
    hours = hours_of(broken).between(*hours_span(kept.since, kept.minute), broken.keys)
    return Replay(
        windows, hours, learned, needed, broken.start, None, [], [], {"numpy": "2.1"}, None
    )


def test_equal_needs_no_reason(kept: Kept, replay: Replay) -> None:
    """Whatever else has changed meanwhile."""
    other = replace(replay, made_with={"numpy": "9"}, remade=[kept.minute])
    for each in (replay, other):
        found = explained(kept, each)
        assert found.agreement == "equal"
        assert found.says == "recomputed: equal to the bit"
        assert not found.in_doubt


def nudged(kept: Kept, by: float) -> Kept:
    found = {**kept.found, "surprise": kept.found["surprise"] * (1 + by)}
    return replace(kept, found=found)


def test_next_to_equal_names_the_versions(kept: Kept, replay: Replay) -> None:
    found = explained(nudged(kept, 1e-12), replace(replay, made_with={"numpy": "2.2", "x": "1"}))
    assert found.agreement == "close"
    assert not found.in_doubt
    assert found.says.startswith("recomputed: equal within 1e-9; made under other versions")
    assert "numpy 2.1 then, 2.2 now; x none then, 1 now" in found.says


def test_a_value_that_was_changed_is_found_out(kept: Kept, replay: Replay) -> None:
    found = explained(nudged(kept, 0.01), replay)
    assert found.agreement == "different"
    assert [each.where for each in found.differences] == ["surprise"]
    assert found.in_doubt
    assert "nothing that is stored explains it" in found.says


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"remade": [30_000_000]}, "late events made the window of 2027-01-15 08:00 again"),
        ({"remade": list(range(30_000_000, 30_000_007))}, " and 2 more again"),
        ({"gone": [Gone("baseline 1 of sessions/legacy", LEGACY)]}, "legacy is trimmed"),
        ({"gone": [Gone("isolation forest 3")]}, "isolation forest 3 is trimmed"),
        ({"made_with": {"numpy": "2.2"}}, "numpy 2.1 then, 2.2 now"),
    ],
)
def test_what_differs_for_a_known_reason_is_no_doubt(
    kept: Kept, replay: Replay, changes: dict[str, Any], says: str
) -> None:
    found = explained(nudged(kept, 0.01), replace(replay, **changes))
    assert found.agreement == "different"
    assert says in found.says
    assert not found.in_doubt


def test_half_a_context_is_said(kept: Kept, replay: Replay) -> None:
    oldest = replay.needed + 1
    for begun in (None, replay.needed - 1, replay.needed):
        trimmed = replace(replay, oldest=oldest, begun=begun)
        found = explained(nudged(kept, 0.01), trimmed)
        assert "are trimmed, and it takes those too" in found.says


def test_what_never_was_is_no_reason(kept: Kept, replay: Replay) -> None:
    """A cache that is younger than what a verdict takes: nothing is trimmed."""
    young = replace(replay, oldest=replay.needed + 9, begun=replay.needed + 9)
    assert explained(nudged(kept, 0.01), young).in_doubt


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gone": [Gone("baseline 2 of sessions/new", NEW)]}, "sessions/new is trimmed"),
        ({"oldest": None}, "the windows of that time are trimmed"),
        ({"oldest": 10**9}, "the windows of that time are trimmed"),
    ],
)
def test_what_cannot_be_judged_again_says_why(
    kept: Kept, replay: Replay, changes: dict[str, Any], says: str
) -> None:
    found = explained(kept, replace(replay, **changes))
    assert (found.again, found.agreement) == (None, None)
    assert found.says == f"cannot be recomputed: {found.reasons[0]}"
    assert says in found.reasons[0]


def test_a_forest_of_other_metrics_cannot_be_grown(kept: Kept, replay: Replay) -> None:
    sample = replay.learned.forest
    assert sample is not None
    strange = replace(sample, metrics=("x",))
    found = explained(kept, replace(replay, learned=replace(replay.learned, forest=strange)))
    assert found.agreement is None
    assert "sampled for ('x',)" in found.says


# Other witnesses -----------------------------------------------------------------------------


def row_of(kept: Kept, **changes: Any) -> ScoreRow:
    found = kept.found
    parts = tuple(found["contributions"])
    row = ScoreRow(found["score"], found["surprise"], found["leading_metric"], parts, None)
    return replace(row, **changes)


def test_the_windows_own_score_must_say_the_same(kept: Kept, replay: Replay) -> None:
    assert explained(kept, replace(replay, score_row=row_of(kept))).doubts == ()
    assert explained(kept, replace(replay, score_row=row_of(kept, parts=()))).doubts == ()
    (part, *rest) = kept.found["contributions"]
    for changes in ({"surprise": 1.0}, {"parts": ({**part, "value": 1.0}, *rest)}):
        found = explained(kept, replace(replay, score_row=row_of(kept, **changes)))
        assert found.in_doubt
        assert "the window's stored score has" in found.doubts[0]


def test_a_score_that_was_made_again_is_no_witness(kept: Kept, replay: Replay) -> None:
    row = row_of(kept, surprise=1.0, corrected_at=datetime(2026, 3, 4, tzinfo=UTC))
    assert not explained(kept, replace(replay, score_row=row)).in_doubt


def test_the_observation_must_tell_the_peak_of_what_is_kept(kept: Kept) -> None:
    peak = kept.found["surprise"]
    assert doubts_about([kept], Reached(peak, None)) == []
    assert doubts_about([kept], Reached(peak, peak)) == []
    unjudged = replace(kept, found={**kept.found, "surprise": None})
    assert doubts_about([unjudged], Reached(0.0, 0.0)) == []
    assert doubts_about([], Reached(peak, None)) == doubts_about([kept], Reached(None, None)) == []
    assert "own state has a peak surprise of 99.0" in doubts_about([kept], Reached(99.0, None))[0]
    assert "row tells a peak surprise of 99.0" in doubts_about([kept], Reached(peak, 99.0))[0]
