"""What feedback keeps quiet, for how long, and what it would have changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan
from types import MappingProxyType
from uuid import UUID

import pytest

from auditor.observing.feedback import (
    ENOUGH_WINDOWS,
    LASTS,
    MARGIN,
    REASONS,
    SCOPES,
    Feedback,
    Reason,
    Scope,
    scope,
    silences,
)
from auditor.observing.preview import PastObservation, learning, preview
from auditor.observing.severity import Severity
from baselines.baseline import Baseline
from baselines.series import SeriesKey

NEW, LEGACY = SeriesKey("sessions", "new"), SeriesKey("sessions", "legacy")
OTHER = SeriesKey("pages", "new")
AT = 1000
SIGNED = UUID(int=7)


def said(reason: Reason, **changes: object) -> Feedback:
    """Signed in minute AT, for a hundred minutes, at surprise 8 and a warning."""
    known = Feedback(
        id=1, observation_id=SIGNED, reason=reason, scope=Scope("sessions", "new", "hit_rate"),
        signed_by="ada", at=AT, expires=AT + 100, revoked=None, since=AT - 20, bar=8.0,
        severity=Severity.WARNING,
    )  # fmt: skip
    return replace(known, **changes)  # type: ignore[arg-type]


def is_quiet(
    feedback: Feedback,
    key: SeriesKey = NEW,
    metric: str = "hit_rate",
    surprise: float = 7.0,
    severity: Severity = Severity.WARNING,
    minute: int = AT + 10,
    baseline: Baseline | None = None,
) -> bool:
    return silences([feedback], key, metric, surprise, severity, minute, baseline) is feedback


# When ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["false-alarm", "expected", "new-normal"])
def test_it_counts_from_its_signing_to_its_expiry(reason: Reason) -> None:
    """Half-open; what was judged before it was signed is told as ever."""
    known = said(reason)
    assert [minute for minute in range(AT - 2, AT + 103) if is_quiet(known, minute=minute)] == (
        list(range(AT, AT + 100))
    )


def test_it_counts_no_longer_once_it_is_revoked() -> None:
    known = said("false-alarm", revoked=AT + 5)
    assert is_quiet(known, minute=AT + 4)
    assert not is_quiet(known, minute=AT + 5)
    assert is_quiet(said("false-alarm", revoked=AT + 500), minute=AT + 99)
    assert not is_quiet(said("false-alarm", revoked=AT + 500), minute=AT + 100)


def test_what_has_no_end_yet_goes_on() -> None:
    """An expected problem that lasts longer than was said."""
    assert is_quiet(said("expected", expires=None), minute=AT + 10**6)


def test_what_is_mended_changes_nothing() -> None:
    assert not is_quiet(said("fixed", expires=None), surprise=0.0, severity=Severity.INFO)
    assert LASTS["fixed"] is None


# What ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("metric", {(NEW, "hit_rate")}),
        ("series", {(NEW, "hit_rate"), (NEW, "traffic")}),
        ("cache-metric", {(NEW, "hit_rate"), (LEGACY, "hit_rate")}),
        ("cache", {(NEW, "hit_rate"), (NEW, "traffic"), (LEGACY, "hit_rate"),
                   (LEGACY, "traffic")}),
    ],
)  # fmt: skip
def test_a_scope_is_what_its_name_says(name: str, covered: set[tuple[SeriesKey, str]]) -> None:
    """Never another cache."""
    known = said("expected", scope=scope(name, "sessions", "new", "hit_rate"))
    asked = [(key, metric) for key in (NEW, LEGACY, OTHER) for metric in ("hit_rate", "traffic")]
    assert {each for each in asked if is_quiet(known, *each)} == covered


def test_every_scope_has_a_test_and_no_other_is_taken() -> None:
    assert SCOPES == ("metric", "series", "cache-metric", "cache")
    with pytest.raises(ValueError, match="no scope 'world'; it is one of metric, series"):
        scope("world", "sessions", "new", "hit_rate")


def test_a_false_alarms_like_is_quiet_up_to_its_surprise_and_a_margin() -> None:
    known = said("false-alarm")
    assert is_quiet(known, surprise=8.0 + MARGIN)
    assert not is_quiet(known, surprise=8.0 + MARGIN + 1e-9)
    assert not is_quiet(known, surprise=nan)
    assert not is_quiet(said("false-alarm", bar=nan), surprise=0.0)


@pytest.mark.parametrize("reason", ["expected", "new-normal"])
def test_what_was_expected_is_quiet_at_any_surprise(reason: Reason) -> None:
    assert is_quiet(said(reason), surprise=inf)


@pytest.mark.parametrize("reason", ["false-alarm", "expected", "new-normal"])
def test_what_is_more_severe_always_speaks(reason: Reason) -> None:
    assert is_quiet(said(reason), severity=Severity.INFO)
    assert not is_quiet(said(reason), severity=Severity.CRITICAL, surprise=5.0)


def test_the_first_of_several_that_keep_quiet_is_named() -> None:
    narrow, wide = said("false-alarm", bar=1.0), said("expected", id=2)
    both = (narrow, wide, said("expected", id=3))
    assert silences(both, NEW, "hit_rate", 7.0, Severity.WARNING, AT) is wide
    assert silences((), NEW, "hit_rate", 7.0, Severity.WARNING, AT) is None


# A new normal --------------------------------------------------------------------------------


def baseline(start: int, windows: int) -> Baseline:
    return Baseline(NEW, 1, "UTC", start, start + windows, windows, MappingProxyType({}))


def test_a_new_normal_is_quiet_until_enough_of_it_is_learned() -> None:
    """Enough windows, and none of before: then what departs from it is news again."""
    known = said("new-normal", expires=AT + 10**6)
    old = baseline(known.since - 5000, 5000 + ENOUGH_WINDOWS)
    young = baseline(known.since, ENOUGH_WINDOWS - 1)
    enough = baseline(known.since, ENOUGH_WINDOWS)
    assert [is_quiet(known, baseline=each) for each in (None, old, young, enough)] == [
        True, True, True, False,
    ]  # fmt: skip


def test_other_reasons_do_not_end_with_learning() -> None:
    learned = baseline(AT, 10 * ENOUGH_WINDOWS)
    assert is_quiet(said("expected"), baseline=learned)
    assert is_quiet(said("false-alarm"), baseline=learned)


# The preview ---------------------------------------------------------------------------------


def past(number: int, **changes: object) -> PastObservation:
    known = PastObservation(
        id=UUID(int=number), cache_name="sessions", implementation_type="new", metric="hit_rate",
        title="t", first_window=datetime(2026, 3, 1, tzinfo=UTC), resolved_at=None, surprise=6.0,
        peak=7.0, severity=Severity.INFO, highest=Severity.WARNING, reason=None,
    )  # fmt: skip
    return replace(known, **changes)  # type: ignore[arg-type]


def test_the_preview_says_what_would_have_been_silent_and_what_late() -> None:
    """By how each opened and the worst that it became; real ones are marked, whatever else."""
    history = [
        past(1),
        past(2, peak=20.0),
        past(3, highest=Severity.CRITICAL),
        past(4, surprise=9.0, peak=9.0),
        past(5, severity=Severity.CRITICAL, highest=Severity.CRITICAL),
        past(6, metric="traffic"),
        past(7),
        past(8, reason="fixed"),
        past(9, implementation_type=None),
        past(10, surprise=nan, peak=nan),
        past(11, cache_name="pages"),
    ]
    found = preview(said("false-alarm"), history)
    assert [(each.observation.id.int, each.effect) for each in found] == [
        (1, "silenced"), (2, "later"), (3, "later"), (8, "silenced"),
    ]  # fmt: skip
    assert [each.observation.id.int for each in found if each.observation.confirmed] == [8]


def test_the_preview_of_what_is_expected_asks_for_severity_alone() -> None:
    history = [past(1, surprise=99.0, peak=99.0), past(2, highest=Severity.CRITICAL)]
    found = preview(said("expected"), history)
    assert [each.effect for each in found] == ["silenced", "later"]


def test_the_preview_of_what_is_mended_is_empty() -> None:
    assert preview(said("fixed", expires=None), [past(1)]) == []


def test_every_reason_says_what_becomes_of_its_windows() -> None:
    words = {reason: learning(said(reason)) for reason in REASONS}
    assert len(set(words.values())) == len(REASONS)
    assert "not learned" in words["fixed"]
    assert "are learned" in words["false-alarm"]


def test_the_usual_lengths_are_those_of_the_page() -> None:
    days = {
        reason: None if each is None else each / timedelta(days=1) for reason, each in LASTS.items()
    }
    assert days == {"fixed": None, "expected": 1, "false-alarm": 30, "new-normal": 14}
