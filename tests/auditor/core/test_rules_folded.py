"""The user's rules in the fold: they open alone, say so, and are a floor of severity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from planted import DAY, NEW, lost_hits

from auditor.judging.judgement import judge
from auditor.judging.learning import Learned
from auditor.maintaining.maintenance import Maintenance, Once
from auditor.observing.fold import fold
from auditor.observing.observation import Change, Escalated, Opened, Resolved
from auditor.observing.ruled import ALONE
from auditor.observing.severity import Severity
from auditor.rules.rule import Rule
from auditor.statistics.forest import Forest
from auditor.stores.fold_state import from_json, to_json
from baselines.series import Windows

NOON = DAY + 720
FIRST, LAST = NOON - 10, NOON + 30
RULE = Rule(
    "low hits", "hit_rate", "below", 97, for_minutes=3, severity="critical",
    implementation_type="new", message="Call Ann.",
)  # fmt: skip
Run = Callable[..., list[Change]]


@pytest.fixture
def run(learned: Learned, forest: Forest) -> Run:
    """What becomes of `new` in rows FIRST..LAST, with maintenance in the rows of each span."""

    def run(
        windows: Windows, rule: Rule, *spans: tuple[int, int], known: Learned = learned
    ) -> list[Change]:
        several = [
            Maintenance(Once(*(datetime.fromtimestamp((windows.start + row) * 60, UTC)
                               for row in span)))
            for span in spans
        ]  # fmt: skip
        judged = judge(
            windows.rows(0, LAST), known, since=windows.start + FIRST,
            forest=forest if known is learned else None, rules=[rule], maintenances=several,
        )  # fmt: skip
        return [each for each in fold([], judged) if each.observation.key == NEW]

    return run


def test_a_rule_opens_what_detection_finds_ordinary_and_says_so(
    run: Run, next_days: Windows
) -> None:
    changes = run(next_days, RULE)
    (opened,) = [each for each in changes if isinstance(each, Opened)]
    assert opened.minute == next_days.start + FIRST
    found = opened.observation
    assert (found.by_rule, found.metric) == ("low hits", "hit_rate")
    assert found.severity is Severity.CRITICAL
    assert found.wording.title.startswith('your rule "low hits": hit rate of sessions/new was')
    assert ALONE in found.wording.description
    assert found.wording.recommendation == "Call Ann."
    assert repr(from_json(to_json(found))) == repr(found)  # NaN is equal to nothing
    assert changes[-1].observation.state == "open"


def test_nothing_needs_to_be_learned_for_a_bound_of_ones_own(run: Run, next_days: Windows) -> None:
    """On the first day only the rule speaks."""
    changes = run(next_days, RULE, known=Learned({}, {}, None, {}))
    (opened,) = [each for each in changes if isinstance(each, Opened)]
    assert opened.observation.peak_surprise == 0.0
    assert from_json(to_json(opened.observation)).by_rule == "low hits"


def test_it_resolves_when_the_rule_is_quiet_and_keeps_its_words(
    run: Run, next_days: Windows
) -> None:
    """Nothing is known but the rule: 90 %, for a minute 50 %, and 90 % again."""
    low = Rule("low hits", "hit_rate", "below", 80)
    windows = lost_hits(next_days, NOON, NOON + 1, 0.4)
    opened, resolved = run(windows, low, known=Learned({}, {}, None, {}))
    assert isinstance(resolved, Resolved)
    assert (opened.minute, resolved.minute) == (windows.start + NOON, windows.start + NOON + 15)
    assert resolved.because == "quiet"
    assert resolved.observation.by_rule == "low hits"
    assert resolved.observation.wording.title == opened.observation.wording.title


def test_a_rule_raises_the_severity_of_what_detection_opened(run: Run, next_days: Windows) -> None:
    windows = lost_hits(next_days, NOON, LAST, 0.1)
    plain = run(windows, Rule("never", "traffic", "below", 1))
    ruled = run(windows, Rule("low", "hit_rate", "below", 85, for_minutes=6, severity="critical"))
    assert plain[-1].observation.severity < Severity.CRITICAL
    assert not ruled[0].observation.by_rule
    assert any(isinstance(each, Escalated) and each.now is Severity.CRITICAL for each in ruled)
    assert 'Your rule "low"' in ruled[-1].observation.wording.description


@pytest.mark.parametrize("over", [1, 10])
def test_a_rule_waits_for_the_end_of_maintenance_and_not_longer(
    run: Run, next_days: Windows, over: int
) -> None:
    """What is over by then opens nothing, though the sums over ten minutes remember it."""
    low, span = Rule("low", "hit_rate", "below", 70, over_minutes=over, for_minutes=4), (-1, 20)
    held = (NOON + span[0], NOON + span[1])
    lasting = run(lost_hits(next_days, NOON, LAST, 0.5), low, held)
    assert lasting[0].minute == next_days.start + NOON + 20
    assert run(lost_hits(next_days, NOON, NOON + 19, 0.9), low, held) == []
