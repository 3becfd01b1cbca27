"""What is known of a candidate beside its baseline, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from auditor.comparing.hours import HourOfDay
from auditor.comparing.self_check import SelfCheck
from auditor.comparing.verdict import Difference, Verdict
from auditor.comparing.warm_up import LeftOut

Mode = Literal["mirror", "split"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two implementations of one cache, compared.

    since, until: half-open span of epoch minutes from the first window that both have to the last.
    hours: so much of it is compared, in `blocks` blocks of `block_minutes`, which lie in
    `hours_seen` of the day's 24 hours. missing_minutes: of the span, without a window of both.
    left_out: warm-ups, which are not compared.
    mode: 'mirror', both see the same gets, or 'split', each has its part. candidate_share: of the
    gets, 0 to 1; NaN without any.
    verdict: on the candidate. more_hours: about how long until there is one; None where there is,
    or no end is in sight. hours_of_day: differences by hour of the day. self_check: None where
    there are too few blocks for it.
    """

    cache_name: str
    baseline: str
    candidate: str
    since: int
    until: int
    hours: float
    blocks: int
    block_minutes: int
    hours_seen: int
    missing_minutes: int
    left_out: tuple[LeftOut, ...]
    mode: Mode
    candidate_share: float
    differences: tuple[Difference, ...]
    verdict: Verdict
    more_hours: float | None
    hours_of_day: tuple[HourOfDay, ...]
    self_check: SelfCheck | None

    def difference(self, name: str) -> Difference:
        """One measure's difference. Raises KeyError for a name that is not compared."""
        return {each.name: each for each in self.differences}[name]
