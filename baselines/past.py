"""One series' past: what every fit on it, of whatever part, has in common."""

from __future__ import annotations

from baselines.calendar import Calendar
from baselines.metrics import Metric
from baselines.series import BoolArray, SeriesKey, Windows
from baselines.terms import Terms


class SeriesPast:
    """The windows of one series on its local week.

    present: shape (m,), where a window exists. calendar: of all rows. start: epoch minute of row 0.
    """

    def __init__(
        self, windows: Windows, key: SeriesKey, time_zone: str, calendar: Calendar | None = None
    ) -> None:
        """calendar: of these windows' minutes in that zone, when it is known already.

        Raises ValueError when the series is not in the block, zoneinfo.ZoneInfoNotFoundError.
        """
        self.key, self.time_zone, self.start = key, time_zone, windows.start
        at = windows.keys.index(key)
        columns = {name: values[:, at : at + 1] for name, values in windows.columns.items()}
        self._windows = Windows(windows.start, (key,), columns)
        self.present: BoolArray = self._windows.present()[:, 0]
        self.calendar = calendar or Calendar.of(windows.minutes(), time_zone)
        self._terms: dict[str, Terms] = {}

    def terms(self, metric: Metric) -> Terms:
        """A metric of every window, shape (m,)."""
        found = self._terms.get(metric.name)
        if found is None:
            found = self._terms[metric.name] = Terms.of(metric, self._windows)
        return found
