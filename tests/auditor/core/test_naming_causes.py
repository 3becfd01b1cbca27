"""When an observation names its cause, and when it lets go of a name; weights given by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planted import DAY, lost_hits

from auditor.causes.signature import Claim
from auditor.judging.judgement import Judged, judge
from auditor.judging.learning import Learned
from auditor.observing.fold import fold
from auditor.observing.observation import Diagnosed, Observation, Opened
from auditor.observing.states import opened, reworded
from auditor.statistics.forest import Forest
from baselines.series import Windows

NOON = DAY + 720


def claim(name: str, weight: float) -> Claim:
    return Claim(name, name, weight, ("it fits",), (), (), f"mend {name}")


@pytest.fixture
def judged(learned: Learned, forest: Forest, next_days: Windows) -> Judged:
    windows = lost_hits(next_days, NOON, NOON + 20, 0.6).rows(0, NOON + 15)
    return judge(windows, learned, since=windows.start + NOON - 5, forest=forest)


def said(monkeypatch: pytest.MonkeyPatch, *claims: Claim) -> None:
    """Whatever the symptoms are, these are their causes."""
    monkeypatch.setattr("auditor.observing.states.causes", lambda symptoms: claims)


def lived(judged: Judged) -> tuple[Observation, list[tuple[int, Observation]]]:
    """The observation as it opened, and each naming with the minutes the problem had lasted."""
    changes = fold([], judged, quietly=True)
    (first,) = [each.observation for each in changes if isinstance(each, Opened)]
    assert first.opened == first.started
    named = [
        (each.minute + 1 - first.started, each.observation)
        for each in changes
        if isinstance(each, Diagnosed)
    ]
    return first, named


def test_a_sure_cause_is_named_as_it_opens(monkeypatch: pytest.MonkeyPatch, judged: Judged) -> None:
    said(monkeypatch, claim("x", 0.9))
    first, named = lived(judged)
    assert [each.name for each in first.causes] == ["x"]
    assert first.wording.recommendation == "mend x"
    assert named == []


@pytest.mark.parametrize(("weight", "minutes"), [(0.6, 4), (0.3, 10)])
def test_a_likely_cause_is_named_once_the_problem_has_lasted(
    monkeypatch: pytest.MonkeyPatch, judged: Judged, weight: float, minutes: int
) -> None:
    """Of 0.5 after four minutes, of any weight after ten; till then it is not known."""
    said(monkeypatch, claim("x", weight))
    first, named = lived(judged)
    assert first.causes == ()
    assert "not known" in first.wording.recommendation
    ((when, after),) = named
    assert when == minutes
    assert after.wording.recommendation == "mend x"


def test_what_has_lasted_before_it_is_found_is_named_as_it_opens(
    monkeypatch: pytest.MonkeyPatch, judged: Judged
) -> None:
    """The same likely cause: found in the problem's first minute, and found in its fourth."""
    said(monkeypatch, claim("x", 0.6))
    first, _ = lived(judged)
    row, column = first.opened - judged.minute(0), judged.keys.index(first.key)
    assert opened(judged, row, column).causes == ()
    late = opened(judged, row + 3, column)
    assert late.opened - late.started == 3
    assert [each.name for each in late.causes] == ["x"]


@pytest.mark.parametrize(
    ("again", "stays"), [(0.59, "first"), (0.6, "second"), (0.9, "second"), (None, "first")]
)
def test_a_surer_name_stays(
    monkeypatch: pytest.MonkeyPatch, judged: Judged, again: float | None, stays: str
) -> None:
    """What the whole episode says later counts when it is as sure as the name that was given."""
    said(monkeypatch, claim("x", 0.9))
    first, _ = lived(judged)
    known = replace(first, causes=(claim("first", 0.6),))
    said(monkeypatch, *([] if again is None else [claim("second", again)]))
    found = reworded(known, judged, judged.keys.index(first.key))
    assert found.causes[0].name == stays
    assert found.wording.recommendation == f"mend {stays}"


def test_what_was_not_named_is_not_named_by_rewording(
    monkeypatch: pytest.MonkeyPatch, judged: Judged
) -> None:
    said(monkeypatch)
    first, _ = lived(judged)
    said(monkeypatch, claim("x", 0.9))
    assert reworded(first, judged, judged.keys.index(first.key)).causes == ()
