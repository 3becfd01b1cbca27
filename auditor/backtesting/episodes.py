"""Observations over their whole lives, and how two replays of the same windows differ in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from auditor.backtesting.replay import Told
from auditor.observing.observation import Escalated, Reopened
from auditor.observing.severity import Severity
from baselines.series import SeriesKey

FOR_EVER = float("inf")


@dataclass(frozen=True, slots=True)
class Episode:
    """One observation over its whole life, in epoch minutes.

    started: its first window; at: when it was first told; until: when it was over, None while it
    lasts. severity, rank: the highest told. cause: the likeliest as told last, None for unknown.
    """

    id: UUID
    key: SeriesKey
    metric: str
    started: int
    at: int
    until: int | None
    severity: Severity
    rank: float
    cause: str | None
    title: str
    escalated: int = 0
    reopened: int = 0


class Episodes:
    """All observations of a replay, made from what it tells; one entry an observation."""

    def __init__(self) -> None:
        self._found: dict[UUID, Episode] = {}

    def note(self, told: Told) -> None:
        """Takes in the next change."""
        now = told.observation
        before = self._found.get(now.id)
        cause = now.causes[0].name if now.causes else None
        if before is None:
            before = Episode(now.id, now.key, now.metric, now.started, told.at, None, now.severity,
                             now.rank, cause, now.wording.title)  # fmt: skip
        self._found[now.id] = replace(
            before,
            until=now.resolved,
            severity=max(before.severity, now.severity),
            rank=max(before.rank, now.rank),
            cause=cause or before.cause,
            title=now.wording.title,
            escalated=before.escalated + isinstance(told.change, Escalated),
            reopened=before.reopened + isinstance(told.change, Reopened),
        )

    def found(self) -> list[Episode]:
        """In the order in which they were first told."""
        return sorted(self._found.values(), key=lambda each: (each.at, each.key))


@dataclass(frozen=True, slots=True)
class Both:
    """What two replays both found, and how it differs."""

    here: Episode
    there: Episode

    @property
    def later(self) -> int:
        """Minutes by which the other one told it later; negative where it was earlier."""
        return self.there.at - self.here.at

    @property
    def same(self) -> bool:
        """Whether it was told at the same time and with the same severity."""
        return self.later == 0 and self.here.severity == self.there.severity


@dataclass(frozen=True, slots=True)
class Difference:
    """Two replays of the same windows. only_here, only_there: what the other did not find."""

    only_here: tuple[Episode, ...]
    only_there: tuple[Episode, ...]
    both: tuple[Both, ...]

    @property
    def changed(self) -> tuple[Both, ...]:
        """Found by both, at another time or with another severity."""
        return tuple(each for each in self.both if not each.same)


def difference(here: Sequence[Episode], there: Sequence[Episode]) -> Difference:
    """Pairs the observations of two replays; both in the order in which they were told.

    Two belong together when they are of one series and overlap in time, each used once, the
    earliest first: an id says nothing, it changes with the opening minute and the leading metric.
    """
    left, both, alone = list(there), [], []
    for one in here:
        other = next((each for each in left if _overlap(one, each)), None)
        if other is None:
            alone.append(one)
        else:
            left.remove(other)
            both.append(Both(one, other))
    return Difference(tuple(alone), tuple(left), tuple(both))


def _overlap(one: Episode, other: Episode) -> bool:
    ends = [FOR_EVER if each.until is None else each.until for each in (one, other)]
    return one.key == other.key and one.started < ends[1] and other.started < ends[0]
