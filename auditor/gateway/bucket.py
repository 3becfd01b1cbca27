"""How often something may happen: so many at once, and so many a second after that."""

from __future__ import annotations


class Bucket:
    """Holds `burst` at most, and fills with `rate` a second. Times are seconds of one clock."""

    __slots__ = ("_at_s", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now_s: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at_s = burst, now_s

    def take(self, now_s: float) -> float:
        """0.0 when there was one, which is gone now; else how many seconds until there is."""
        self._left = min(self._burst, self._left + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
        if self._left >= 1:
            self._left -= 1
            return 0.0
        return (1 - self._left) / self._rate
