"""When a server is polled: at even parts of the clock's minute, so that no span crosses its end."""

from __future__ import annotations

from zlib import crc32

SECOND_NS = 10**9
INTERVALS_S = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)
"""Those that divide a minute."""
SPREAD_NS = SECOND_NS // 4
"""Servers of one agent are not all asked in the same millisecond."""


def offset_ns(place: str, interval_s: int) -> int:
    """How long after each boundary this server is asked: up to a quarter of a second, by its name.

    After the boundary in any case, so that what is counted reaches past a minute's end.
    """
    least = SECOND_NS // 100
    spread = min(SPREAD_NS, interval_s * SECOND_NS // 8)
    return least + (crc32(place.encode()) * spread >> 32)


def next_poll_ns(now_ns: int, interval_s: int, offset: int) -> int:
    """The first instant after now_ns that is a multiple of the interval, plus the offset."""
    interval_ns = interval_s * SECOND_NS
    return ((now_ns - offset) // interval_ns + 1) * interval_ns + offset


def snapped_ns(at_ns: int, interval_s: int) -> int:
    """The boundary that a poll answered at at_ns stands for; itself where it came too late.

    Up to a second after the boundary (a quarter of a short interval) it stands for the boundary:
    what was counted meanwhile belongs to the span before.
    """
    interval_ns = interval_s * SECOND_NS
    boundary = at_ns // interval_ns * interval_ns
    return boundary if at_ns - boundary <= min(SECOND_NS, interval_ns // 4) else at_ns
