"""What a caller may ask to be compared: a pair that there is, a span within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query

from auditor.comparing.settings import ComparisonSettings
from auditor.gateway.api.asking import Instant, Name, Zone
from auditor.gateway.refusals import Refusal
from auditor.windows.minutes import floor_minute
from baselines.series import SeriesKey

MOST_DAYS: Final = 62
USUAL_DAYS: Final = 14
LONGEST_WARM_UP_H: Final = 168


@dataclass(frozen=True, slots=True)
class Asked:
    """A pair of one cache over whole minutes [since, until)."""

    baseline: SeriesKey
    candidate: SeriesKey
    since: datetime
    until: datetime
    settings: ComparisonSettings
    now: datetime

    @property
    def minutes(self) -> float:
        """How long the span is."""
        return (self.until - self.since) / timedelta(minutes=1)


def _asked(
    cache_name: Name,
    baseline: Name,
    candidate: Name,
    since: Annotated[
        Instant | None, Query(description=f"{USUAL_DAYS} days before `until` by default")
    ] = None,
    until: Annotated[Instant | None, Query(description="now by default")] = None,
    warm_up_hours: Annotated[
        int | None,
        Query(ge=0, le=LONGEST_WARM_UP_H, description="by default: until it is warm"),
    ] = None,
    time_zone: Zone = "UTC",
) -> Asked:
    """Raises Refusal (400) for a span that is none, or longer than MOST_DAYS."""
    if baseline == candidate:
        raise Refusal(400, "baseline and candidate are one; name two")
    now = datetime.now(UTC)
    last = floor_minute(now if until is None else until)
    first = last - timedelta(days=USUAL_DAYS) if since is None else floor_minute(since)
    if first >= last:
        raise Refusal(400, "the span must begin before it ends")
    if last - first > timedelta(days=MOST_DAYS):
        raise Refusal(
            400,
            f"at most {MOST_DAYS} days are compared here",
            advice="`cache-auditor compare` has no such limit",
        )
    return Asked(
        SeriesKey(cache_name, baseline),
        SeriesKey(cache_name, candidate),
        first,
        last,
        ComparisonSettings(
            warm_up_minutes=None if warm_up_hours is None else 60 * warm_up_hours,
            time_zone=time_zone,
        ),
        now,
    )


AskedFor = Annotated[Asked, Depends(_asked)]
