"""A comparison in words: the verdict, what each difference is, and what it rests on."""

from __future__ import annotations

import math

from auditor.comparing.comparison import Comparison
from auditor.comparing.keys import KeyLosses
from auditor.comparing.measures import BY_NAME
from auditor.comparing.self_check import SelfCheck
from auditor.comparing.verdict import Difference, Status
from auditor.comparing.warm_up import LeftOut

MOST_HOURS = 24 * 60
"""Hours beyond which "about N h more" is said to be out of sight."""
MOST_LOSERS = 6


def headline(comparison: Comparison) -> str:
    """The verdict in one or two sentences."""
    new, old = comparison.candidate, comparison.baseline
    better, worse = (_listed(comparison, status) for status in ("better", "worse"))
    waiting = [e for e in comparison.differences if e.status == "undecided"]
    open_ones = f" Not decided yet: {', '.join(map(_waiting, waiting))}." if waiting else ""
    if comparison.verdict == "mixed":
        return f"{new} is better than {old} in {better}, and worse in {worse}.{open_ones}"
    if comparison.verdict in ("better", "worse"):
        return f"{new} is {comparison.verdict} than {old}: {better or worse}.{open_ones}"
    if comparison.verdict == "equivalent":
        return f"{new} and {old} are equivalent: no difference reaches its margin."
    if not comparison.blocks:
        return f"Not enough evidence: {new} and {old} have no full hour in common yet."
    return f"Not enough evidence, {_until(comparison.more_hours)}."


def figure(value: float, unit: str) -> str:
    """A figure of one implementation, such as '91.24 %' or '0.412 ms'."""
    if not math.isfinite(value):
        return ""
    return f"{value:.2f} %" if unit == "%" else f"{value:.3g} {unit}"


def difference(value: float, unit: str) -> str:
    """A difference with its sign, such as '+2.13 points' or '-4.0 %'."""
    if not math.isfinite(value):
        return "unbounded" if math.isinf(value) else ""
    digits = 2 if unit == "points" else 1
    return f"{_rounded(value, digits)} {unit}"


def between(one: Difference) -> str:
    """The interval of a difference, such as '+1.20 to +3.05'."""
    digits = 2 if one.unit == "points" else 1
    if math.isnan(one.lower):
        return ""
    both = (one.lower, one.upper)
    ends = (_rounded(end, digits) if math.isfinite(end) else "?" for end in both)
    return " to ".join(ends)


def standing(one: Difference) -> str:
    """What a difference comes to, or why there is none, or how long it may take."""
    if one.status == "not measured":
        return f"not measured: {one.why}"
    return f"undecided, {_until(one.more_hours)}" if one.status == "undecided" else one.status


def basis(comparison: Comparison) -> list[str]:
    """What the verdict rests on and what was left out, a sentence each."""
    c = comparison
    said = [
        f"{c.hours:.0f} h in {c.blocks} blocks of {c.block_minutes // 60} h; " + _split(c),
        *(_left_out(each) for each in c.left_out),
    ]
    if c.missing_minutes:
        said.append(f"{c.missing_minutes} minutes lack a window of one side or both")
    if 0 < c.hours_seen < 24:
        said.append(f"only {c.hours_seen} of the 24 hours of a day were seen")
    sources = {each.source for each in c.differences if each.source is not None}
    if "quantiles of minutes" in sources:
        said.append("percentiles are those of single minutes: there are no hourly histograms")
    return said


def losing_hours(comparison: Comparison) -> list[str]:
    """The hours of the day in which the candidate is worse, a sentence a measure."""
    said = []
    for name in dict.fromkeys(each.measure for each in comparison.hours_of_day):
        measure = BY_NAME[name]
        lost = [e for e in comparison.hours_of_day if e.measure == name and e.losing]
        if lost:
            lost.sort(key=lambda each: -abs(each.estimate))
            named = ", ".join(
                f"{e.hour:02d}:00 ({difference(e.estimate, measure.unit)})"
                for e in lost[:MOST_LOSERS]
            )
            more = f" and {len(lost) - MOST_LOSERS} more" if len(lost) > MOST_LOSERS else ""
            said.append(f"{measure.title} is worse in {named}{more}")
    return said


def losing_keys(found: KeyLosses) -> list[str]:
    """The keys whose hits the candidate loses, a sentence each."""
    return [
        f"key {each.cache_key}: hit rate {each.baseline_percent:.1f} % in the baseline, "
        f"{each.candidate_percent:.1f} % in the candidate, "
        f"{each.extra_misses:.0f} more misses, {each.share_percent:.1f} % of the gets"
        for each in found.losing
    ]


def checked(check: SelfCheck | None) -> str:
    """What the A/A check found."""
    if check is None:
        return "A/A check: needs 24 blocks"
    told = (
        f"A/A check: {check.wrong} of {check.pairs} pairs without a difference, made of this noise "
        f"and looked at {check.looks} times, were called better or worse "
        f"({100 * check.share:.1f} %; at most {100 * check.promised:g} % is promised)"
    )
    if check.trusted:
        return told
    return told + ". That is too many: do not trust the verdict, wait for more hours"


def _rounded(value: float, digits: int) -> str:
    """With a sign; what rounds to nothing is +0, never -0."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def _listed(comparison: Comparison, status: Status) -> str:
    return ", ".join(
        f"{each.title} {difference(each.estimate, each.unit)} ({between(each)})"
        for each in comparison.differences
        if each.status == status
    )


def _waiting(one: Difference) -> str:
    return f"{one.title} ({_until(one.more_hours)})"


def _until(more_hours: float | None) -> str:
    if more_hours is None or more_hours > MOST_HOURS:
        return "and no end in sight"
    if more_hours > 72:
        return f"about {math.ceil(more_hours / 24)} days more"
    return f"about {math.ceil(more_hours)} h more"


def _split(comparison: Comparison) -> str:
    if comparison.mode == "mirror":
        return "mirrored, both see the same gets"
    if math.isnan(comparison.candidate_share):
        return "no gets in common"
    share = 100 * comparison.candidate_share
    return f"split, {comparison.candidate} has {share:.0f} % of the gets"


def _left_out(span: LeftOut) -> str:
    event = {"start": "after its first window", "restart": "after it lost its content"}[span.after]
    minutes = span.until - span.since
    return f"{minutes} minutes of warm-up left out: {span.implementation} {event}"
