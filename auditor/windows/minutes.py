"""UTC minutes: flooring an instant, and cutting a set of minutes into spans worth one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)


def floor_minute(instant: datetime) -> datetime:
    """The minute that holds an aware instant, in UTC."""
    return instant.astimezone(UTC).replace(second=0, microsecond=0)


def epoch_minute(minute: datetime) -> int:
    """Minutes since 1970 of an aware instant on the minute."""
    return int(minute.timestamp()) // 60


def from_epoch_minute(minute: int) -> datetime:
    """The aware UTC instant at which an epoch minute starts."""
    return datetime.fromtimestamp(minute * 60, UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """Some minutes that lie close together, oldest first."""

    minutes: tuple[datetime, ...]

    @property
    def since(self) -> datetime:
        """The first minute's start."""
        return self.minutes[0]

    @property
    def until(self) -> datetime:
        """The last minute's end."""
        return self.minutes[-1] + MINUTE


def spans(
    minutes: Iterable[datetime], *, gap: timedelta = timedelta(minutes=30), most: int = 360
) -> Iterator[Span]:
    """Cuts minutes into spans of at most `most`, wherever more than `gap` lies between two."""
    run: list[datetime] = []
    for minute in sorted(set(minutes)):
        if run and (minute - run[-1] > gap or len(run) == most):
            yield Span(tuple(run))
            run = []
        run.append(minute)
    if run:
        yield Span(tuple(run))
