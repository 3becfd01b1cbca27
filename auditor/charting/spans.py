"""The spans of time that are shown, and how wide a point of each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SpanName = Literal["24h", "7d", "30d", "1y"]
Source = Literal["minutes", "hours"]
DAY = 1440


@dataclass(frozen=True, slots=True)
class ChartSpan:
    """All lengths in minutes.

    source, step: which windows counts are added up from, and how many minutes make a point.
    times_source, times_step: the same of response times, whose histograms are larger.
    heat_step: minutes of a column of the heat map.
    """

    name: SpanName
    minutes: int
    source: Source
    step: int
    times_source: Source
    times_step: int
    heat_step: int

    def since(self, until: int) -> int:
        """Where it begins when it ends at an epoch minute: all its points and columns are whole.

        The end is that of the point that holds the minute before `until`.
        """
        return self.end(until) - self.minutes

    def end(self, until: int) -> int:
        """The end of the last point, on the grid of points that starts in 1970."""
        return -(-until // self.step) * self.step


SPANS: dict[SpanName, ChartSpan] = {
    span.name: span
    for span in (
        ChartSpan("24h", DAY, "minutes", 1, "minutes", 5, 15),
        ChartSpan("7d", 7 * DAY, "minutes", 10, "hours", 60, 60),
        ChartSpan("30d", 30 * DAY, "hours", 60, "hours", 60, 360),
        ChartSpan("1y", 365 * DAY, "hours", 360, "hours", 360, 3 * DAY),
    )
}
