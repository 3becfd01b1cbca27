"""When to learn, in minutes of the windows' own time: a backtest learns when a daemon would."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from baselines.series import IntArray

FIRST_TRY = 10
"""Minutes after which learning is tried again while nothing is in force yet."""
NEWCOMER_TRY = 60
"""Minutes after which it is tried again while a series waits to be judged for the first time."""
NEWCOMER_FROM = 1440
"""Minutes between a series' first and last event from which it can be judged."""
NEWCOMER_UNTIL = 3 * 1440
"""Minutes after its first event from which a series that still cannot be judged waits as others."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """every: minutes from one refresh to the next; span: minutes of the past that are learned from.

    Raises ValueError unless both are at least 1.
    """

    every: int = 1440
    span: int = 28 * 1440

    def __post_init__(self) -> None:
        if self.every < 1 or self.span < 1:
            raise ValueError(
                f"every {self.every} min from {self.span} min: both must be at least 1"
            )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A series that nothing in force can judge.

    first: minute of its first event. events: ascending minutes of its events, of which the last one
    before an instant counts; one is enough, the latest.
    """

    first: int
    events: IntArray

    def is_newcomer(self, at: int) -> bool:
        """Whether at the start of minute `at` it has enough of a past, and not had it for long."""
        seen = int(np.searchsorted(self.events, at))
        ripe = seen > 0 and int(self.events[seen - 1]) - self.first >= NEWCOMER_FROM
        return ripe and at - self.first < NEWCOMER_UNTIL


def is_due(
    at: int, last: int | None, rhythm: Rhythm, *, in_force: bool, waiting: Collection[Waiting]
) -> bool:
    """Whether to learn at the start of minute `at`.

    last: when it was last tried, None for never. in_force: whether anything is.
    """
    if last is None:
        return True
    passed = at - last
    if passed >= _pause(rhythm, in_force):
        return True
    newly = passed >= min(rhythm.every, NEWCOMER_TRY)
    return newly and in_force and any(each.is_newcomer(at) for each in waiting)


def next_due(
    after: int,
    before: int,
    last: int | None,
    rhythm: Rhythm,
    *,
    in_force: bool,
    waiting: Collection[Waiting],
) -> int | None:
    """The first minute of [after, before) at which `is_due` says yes, None when there is none."""
    if last is None:
        return after if after < before else None
    found = max(after, last + _pause(rhythm, in_force))
    if in_force:
        soonest = max(after, last + min(rhythm.every, NEWCOMER_TRY))
        for each in waiting:
            ripe = int(np.searchsorted(each.events, each.first + NEWCOMER_FROM))
            if ripe < each.events.size:
                then = max(soonest, int(each.events[ripe]) + 1)
                found = min(found, then) if each.is_newcomer(then) else found
    return found if found < before else None


def _pause(rhythm: Rhythm, in_force: bool) -> int:
    return rhythm.every if in_force else min(rhythm.every, FIRST_TRY)
