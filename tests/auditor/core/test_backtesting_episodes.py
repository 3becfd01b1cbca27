"""What two replays have in common, by hand."""

from __future__ import annotations

from uuid import UUID

from auditor.backtesting.episodes import Both, Episode, difference
from auditor.observing.severity import Severity
from baselines.series import SeriesKey

A, B = SeriesKey("shop", "a"), SeriesKey("shop", "b")


def episode(
    started: int,
    until: int | None,
    *,
    key: SeriesKey = A,
    at: int | None = None,
    severity: Severity = Severity.WARNING,
) -> Episode:
    id_ = UUID(int=started)
    told = started + 1 if at is None else at
    return Episode(id_, key, "hit_rate", started, told, until, severity, 50.0, None, "title")


def test_overlapping_observations_of_one_series_are_the_same_problem() -> None:
    one, other = episode(100, 110), episode(105, 120)
    found = difference([one], [other])
    assert found.both == (Both(one, other),)
    assert (found.only_here, found.only_there) == ((), ())
    assert found.both[0].later == 5
    assert found.changed == found.both


def test_another_series_or_another_time_is_another_problem() -> None:
    one, elsewhere, later = episode(100, 110), episode(100, 110, key=B), episode(110, 120)
    found = difference([one], [elsewhere, later])
    assert (found.only_here, found.both) == ((one,), ())
    assert found.only_there == (elsewhere, later)


def test_each_is_used_once_the_earliest_first() -> None:
    """A long one here that is two there: one of the two has no partner."""
    long, first, second = episode(100, 200), episode(100, 120), episode(150, 160)
    found = difference([long], [first, second])
    assert found.both == (Both(long, first),)
    assert found.only_there == (second,)


def test_what_is_still_open_overlaps_all_that_comes_later() -> None:
    one, other = episode(100, None), episode(5000, 5010)
    assert difference([one], [other]).both == (Both(one, other),)
    assert difference([other], [one]).both == (Both(other, one),)


def test_the_same_time_and_severity_is_no_change() -> None:
    one = episode(100, 110)
    same, worse = episode(100, 115), episode(100, 110, severity=Severity.CRITICAL)
    later = episode(100, 110, at=104)
    assert difference([one], [same]).changed == ()
    assert difference([one], [worse]).changed == (Both(one, worse),)
    assert difference([one], [later]).both[0].later == 3
