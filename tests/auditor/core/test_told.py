"""A problem that is over is over: long sums do not tell its height again."""

from __future__ import annotations

import numpy as np
import pytest
from planted import DAY, NEW, healthy, lost_hits, scaled_traffic

from auditor.detectors.detector import Channel, Evidence
from auditor.judging.judgement import judge
from auditor.judging.learning import Learned, learn
from auditor.judging.told import LONGEST, LOUD, not_again, since_loud
from auditor.observing.fold import fold
from auditor.observing.observation import Change, Opened, Resolved
from auditor.statistics.forest import Forest
from auditor.statistics.whole_hours import hours_of
from baselines.series import FloatArray, Windows

QUIET = 0.15
"""Share of the usual traffic: some fifty gets a minute, whose hit rate wavers by itself."""
LASTED = 7


@pytest.fixture(scope="module")
def fortnight() -> Windows:
    return scaled_traffic(healthy(14, seed=11), 0, 14 * DAY, QUIET)


@pytest.fixture(scope="module")
def learned(fortnight: Windows) -> Learned:
    return learn(fortnight, seed=7)


def story(
    fortnight: Windows, learned: Learned, since: int, until: int, after: int, rest: float
) -> list[Change]:
    """Of two days with most hits lost in rows since..until, and a rest of them up to `after`."""
    assert learned.forest is not None
    made = scaled_traffic(healthy(2, seed=12, start=fortnight.end), 0, 2 * DAY, QUIET)
    made = lost_hits(lost_hits(made, since, until, 0.6), until, after, rest)
    judged = judge(
        made.rows(0, after + 180),
        learned,
        since=made.start,
        forest=Forest(learned.forest),
        hours=hours_of(fortnight).followed_by(hours_of(made)),
    )
    return fold([], judged)


def resolved_after(changes: list[Change], minute: int) -> list[int]:
    """Minutes from that one on to where each resolution says that it was over."""
    told = [each for each in changes if isinstance(each, Resolved)]
    return [(each.observation.resolved or 0) - minute for each in told]


@pytest.mark.parametrize("at", [623, 669, 715, 807, 1060])
def test_seven_bad_minutes_are_over_with_the_short_sums(
    fortnight: Windows, learned: Learned, at: int
) -> None:
    """Once, and within five minutes: an hour's sum that holds all of them says nothing new.

    at: minutes of the day; from each of them long sums held it open, or opened it again.
    """
    since = DAY + at
    changes = story(fortnight, learned, since, since + LASTED, since + LASTED, 0.0)
    assert [each.observation.key for each in changes if isinstance(each, Opened)] == [NEW]
    (late,) = resolved_after(changes, fortnight.end + since + LASTED)
    assert 0 <= late <= 5


def test_what_goes_on_below_the_height_holds_it_open(fortnight: Windows, learned: Learned) -> None:
    """A tenth of the hits is lost for two more hours: one problem, as long as that."""
    since = DAY + 12 * 60
    until = since + LASTED + 120
    changes = story(fortnight, learned, since, since + LASTED, until, 0.1)
    assert len([each for each in changes if isinstance(each, Opened)]) == 1
    (late,) = resolved_after(changes, fortnight.end + until)
    assert -15 <= late <= 60


# One row after the other ------------------------------------------------------------------------

ROWS = 150


def voiced(**surprises: FloatArray) -> dict[str, FloatArray]:
    """What `not_again` leaves of channels of one series: 'detector__metric__minutes' -> (m,)."""
    unknown = np.full((ROWS, 1), np.nan)
    evidence, channels = [], {}
    for name, values in surprises.items():
        detector, metric, minutes = name.split("__")
        channel = Channel(detector, metric, int(minutes))
        evidence.append(Evidence(channel, *[unknown] * 6))
        channels[channel.name] = values[:, None]
    left = not_again(evidence, channels, since_loud(evidence, channels))
    return {name: left[name.replace("__", ".")][:, 0] for name in surprises}


def at_minutes(*rows: int, value: float = LOUD) -> FloatArray:
    out = np.zeros(ROWS)
    out[list(rows)] = value
    return out


def test_a_long_sum_is_silent_until_it_holds_nothing_of_the_height() -> None:
    """Loud in rows 3 and 5: heard then, and again when the sum's last minutes begin after it."""
    left = voiced(
        ratio_tail__hit_rate__5=at_minutes(3, 5),
        ratio_tail__hit_rate__15=np.ones(ROWS),
        sibling__hit_rate__60=np.ones(ROWS),
        sibling_drift__hit_rate__60=np.ones(ROWS),
        sibling__miss_latency_ms__60=np.ones(ROWS),
    )
    silent = {name: np.flatnonzero(np.isnan(values)).tolist() for name, values in left.items()}
    assert silent == {
        "ratio_tail__hit_rate__5": [],
        "ratio_tail__hit_rate__15": [4, *range(6, 20)],
        "sibling__hit_rate__60": [4, *range(6, 65)],
        "sibling_drift__hit_rate__60": [4, *range(6, 5 + LONGEST)],
        "sibling__miss_latency_ms__60": [],
    }


def test_what_was_never_loud_silences_nothing() -> None:
    """Neither a short sum below it, nor a long one above it, nor one that opens nothing."""
    left = voiced(
        ratio_tail__hit_rate__5=at_minutes(3, value=0.99 * LOUD),
        sibling__hit_rate__30=at_minutes(3, value=3 * LOUD),
        supply__evictions__5=at_minutes(3, value=9 * LOUD),
        supply__hit_rate__1=at_minutes(3, value=9 * LOUD),
        sibling__hit_rate__60=np.ones(ROWS),
    )
    assert not any(np.isnan(values).any() for values in left.values())
