"""When to flush and when to beat, by table."""

from math import inf

import pytest

from collector.backoff import pause
from collector.schedule import Moment, Rhythm, Step, next_step, offset

# 12:00:00 UTC of some day, a whole minute
NOON = 1_700_049_600.0
RHYTHM = Rhythm(offset_s=1.0)


def at(
    seconds: float, waiting: int, flushed: float = -inf, contacted: float = 0.0, **rest: object
) -> Moment:
    return Moment(NOON + seconds, waiting, NOON + flushed, NOON + contacted, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moment", "flush", "why"),
    [
        (at(9, 0, 2), False, "nothing waits"),
        (at(9, 1, 2), False, "neither full, nor old, nor a quarter passed"),
        (at(9, 99, 2), False, "one short of a batch"),
        (at(9, 100, 2), True, "a batch is full"),
        (at(15, 1, 2), False, "the quarter has come, this collector's second has not"),
        (at(16, 1, 2), True, "the quarter and its offset have passed"),
        (at(16.5, 1, 16), False, "flushed at this quarter already"),
        (at(61, 1, 50), True, "the minute is a quarter as well"),
        (at(-5, 1, 2), True, "the clock was set back"),
        (at(9, 1, 2, stopping=True), True, "the end"),
        (at(9, 0, 2, stopping=True), False, "the end, with nothing waiting"),
    ],
)
def test_when_to_flush(moment: Moment, flush: bool, why: str) -> None:
    """At a full batch, at each quarter of the clock's minute, at the end; never for nothing."""
    assert next_step(RHYTHM, moment).flush is flush, why


def test_without_quarters_the_interval_holds() -> None:
    """With quarters switched off, an event waits for the flush interval and no longer."""
    rhythm = Rhythm(flush_every_s=0, flush_interval_s=5.0)
    assert not next_step(rhythm, at(6.9, 1, 2)).flush
    assert next_step(rhythm, at(7.0, 1, 2)).flush


@pytest.mark.parametrize(
    ("moment", "beat"),
    [
        (at(0.5, 0, -30, -58), False),
        (at(1.0, 0, -30, -58), True),
        (at(59, 0, -30, 1), False),
        (at(30, 0, -30, -inf), True),
        (at(61, 3, 30, 0), False),
    ],
)
def test_when_to_beat(moment: Moment, beat: bool) -> None:
    """Just after each minute's end, and at the start; a flush that is due speaks for itself."""
    assert next_step(RHYTHM, moment).beat is beat


def test_a_retry_is_due_at_its_time() -> None:
    """Not before; and the sleep ends with it."""
    step = next_step(RHYTHM, at(9, 0, 2, 1, retry_at=NOON + 11))
    assert (step.retry, step.sleep_s) == (False, 2.0)
    assert next_step(RHYTHM, at(11, 0, 2, 1, retry_at=NOON + 11)).retry


@pytest.mark.parametrize("waiting", [0, 1, 99])
def test_it_never_sleeps_over_what_is_due(waiting: int) -> None:
    """Whenever one asks: after the sleep it proposes, an event that waits is flushed."""
    for tenth in range(0, 1200, 7):
        moment = at(tenth / 10, waiting, tenth / 10 - 1, tenth / 10 - 1)
        step = next_step(RHYTHM, moment)
        if step == Step(sleep_s=step.sleep_s):
            assert 0 < step.sleep_s <= 15.0
            after = moment.now + step.sleep_s + 1e-6
            assert next_step(RHYTHM, Moment(after, 1, moment.flushed, moment.contacted)).flush


def test_collectors_spread_over_two_seconds() -> None:
    """The offset follows from the id alone, lies in [0.1 s, 2 s], and differs among ids."""
    offsets = [offset(f"collector {number}", 2.0) for number in range(1000)]
    assert offsets[0] == offset("collector 0", 2.0)
    assert 0.1 <= min(offsets) < 0.2
    assert 1.9 < max(offsets) <= 2.0
    assert 400 < sum(value < 1.05 for value in offsets) < 600


def test_pauses_grow_to_a_minute_with_jitter() -> None:
    """0.5 s, 1 s, 2 s … 60 s, of which at least a half is waited."""
    assert [pause(failures, 1.0) for failures in (1, 2, 3, 8, 9, 1000)] == [0.5, 1, 2, 60, 60, 60]
    assert [pause(failures, 0.0) for failures in (1, 2, 1000)] == [0.25, 0.5, 30]
