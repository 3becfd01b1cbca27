"""When to flush, when to show a sign of life, and how long to sleep: decisions without a clock."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf
from zlib import crc32

LONGEST_SLEEP_S = 60.0
SOONEST_S = 0.1


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The rules; seconds, except batch_size in events. offset_s: see `offset`."""

    batch_size: int = 100
    flush_interval_s: float = 60.0
    flush_every_s: float = 15.0
    heartbeat_s: float = 60.0
    offset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """How things stand at `now`; instants are seconds of the UTC epoch, -inf means never."""

    now: float
    waiting: int
    flushed: float = -inf
    contacted: float = -inf
    retry_at: float = inf
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now, and if nothing, after how many seconds to ask again."""

    flush: bool = False
    beat: bool = False
    retry: bool = False
    sleep_s: float = 0.0


def offset(collector_id: str, spread_s: float) -> float:
    """Where in [0.1 s, spread_s] after a boundary this collector acts: not all at once.

    Later than the boundary itself in any case: what it ships then reaches past the minute's end.
    """
    share = crc32(collector_id.encode()) / 2**32
    return SOONEST_S + share * max(spread_s - SOONEST_S, 0.0)


def next_step(rhythm: Rhythm, moment: Moment) -> Step:
    """Flush at batch_size events, flush_interval_s at the latest, and at each part of the minute.

    With nothing waiting, a sign of life once a heartbeat_s. A clock set back counts as due.
    """
    retry = moment.now >= moment.retry_at
    flush = _flush_due(rhythm, moment)
    beat = not flush and _passed(moment.contacted, moment.now, rhythm.heartbeat_s, rhythm.offset_s)
    if flush or beat or retry:
        return Step(flush=flush, beat=beat, retry=retry)
    return Step(sleep_s=_sleep(rhythm, moment))


def _flush_due(rhythm: Rhythm, moment: Moment) -> bool:
    if not moment.waiting:
        return False
    return (
        moment.stopping
        or moment.waiting >= rhythm.batch_size
        or moment.now - moment.flushed >= rhythm.flush_interval_s
        or _passed(moment.flushed, moment.now, rhythm.flush_every_s, rhythm.offset_s)
    )


def _passed(last: float, now: float, every_s: float, offset_s: float) -> bool:
    """Whether a boundary (a multiple of every_s, plus the offset) lies in (last, now]."""
    if now < last:
        return True
    return every_s > 0 and last < _boundary(now, every_s, offset_s)


def _boundary(now: float, every_s: float, offset_s: float) -> float:
    return floor((now - offset_s) / every_s) * every_s + offset_s


def _sleep(rhythm: Rhythm, moment: Moment) -> float:
    def until_next(every_s: float) -> float:
        if every_s <= 0:
            return inf
        return _boundary(moment.now, every_s, rhythm.offset_s) + every_s - moment.now

    waits = [LONGEST_SLEEP_S, until_next(rhythm.heartbeat_s), moment.retry_at - moment.now]
    # Asleep with an empty buffer, nobody wakes the shipper for the first event: it looks itself.
    waits.append(until_next(rhythm.flush_every_s))
    waits.append(rhythm.flush_interval_s)
    if moment.waiting:
        waits.append(moment.flushed + rhythm.flush_interval_s - moment.now)
    return max(min(waits), 0.001)
