"""How each series stands: what is open of it, whether it is judged, and if not, from when on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from auditor.judging.calibration import MIN_WINDOWS
from auditor.stores.observations import ObservationRow
from baselines.fit import MIN_WINDOWS as LEARNED_FROM
from baselines.series import SeriesKey

State = Literal["critical", "warning", "info", "maintenance", "no window", "not judged", "ordinary"]
ORDER: Final[Mapping[str, int]] = {
    state: place
    for place, state in enumerate(
        ("critical", "warning", "info", "no window", "maintenance", "not judged", "ordinary")
    )
}
NO_WINDOW_FOR: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Standing:
    """says: why, in words. observation: the worst open one. judged_from: when about, or None."""

    state: State
    says: str
    observation: ObservationRow | None = None
    judged_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one series.

    first_minute: when it was first heard of. last_minute: its last closed window. held: whether it
    is in maintenance. score: (surprise, why not judged) of the last scored minute. with_traffic:
    minutes to learn from, of a series without a judgement; observations: open ones that reach it.
    """

    first_minute: datetime
    last_minute: datetime | None
    held: bool
    score: tuple[float | None, str | None] | None
    with_traffic: int
    observations: Sequence[ObservationRow]


def standing(known: Known, now: datetime, settled_until: datetime) -> Standing:
    """The first of these that holds: a problem, no window, maintenance, not judged, ordinary."""
    if known.observations:
        worst = min(known.observations, key=lambda each: (ORDER[each.severity], -each.rank))
        more = len(known.observations) - 1
        says = worst.title + (f", and {more} more" if more else "")
        state: State = "critical" if worst.severity == "critical" else (
            "warning" if worst.severity == "warning" else "info")  # fmt: skip
        return Standing(state, says, worst)
    if known.last_minute is None:
        return Standing("no window", "its first minute is not closed yet")
    if settled_until - known.last_minute > NO_WINDOW_FOR:
        return Standing("no window", "nothing has been heard of it since its last window")
    if known.held:
        return Standing("maintenance", "in maintenance: nothing new opens, nothing is learned")
    if known.score is not None and known.score[0] is not None:
        return Standing("ordinary", "")
    return _not_judged(known, now)


def _not_judged(known: Known, now: datetime) -> Standing:
    why = None if known.score is None else known.score[1]
    if why == "too little traffic to judge":
        return Standing("not judged", why)
    if known.with_traffic >= MIN_WINDOWS:
        return Standing("not judged", "there is enough to learn from; the next refresh learns it")
    needed = LEARNED_FROM if known.with_traffic < LEARNED_FROM else MIN_WINDOWS
    what = "a baseline" if needed == LEARNED_FROM else "a judgement"
    says = f"{known.with_traffic:,} of the {needed:,} minutes with traffic that {what} needs"
    return Standing("not judged", says, judged_from=_judged_from(known, now))


def _judged_from(known: Known, now: datetime) -> datetime | None:
    """When as many minutes as it takes will have been, if traffic goes on as it has."""
    if not known.with_traffic:
        return None
    share = known.with_traffic / max((now - known.first_minute) / timedelta(minutes=1), 1.0)
    left = (MIN_WINDOWS - known.with_traffic) / min(max(share, 0.01), 1.0)
    return (now + timedelta(minutes=left)).replace(second=0, microsecond=0)


def by_series(rows: Sequence[ObservationRow]) -> dict[SeriesKey, list[ObservationRow]]:
    """Observations by each series that they reach; one of no implementation reaches none here."""
    found: dict[SeriesKey, list[ObservationRow]] = {}
    for row in rows:
        own = [(row.cache_name, row.implementation_type)] if row.implementation_type else []
        also = [(each["cache_name"], each["implementation_type"]) for each in row.also]
        for cache_name, implementation_type in dict.fromkeys([*own, *also]):
            found.setdefault(SeriesKey(cache_name, str(implementation_type)), []).append(row)
    return found
