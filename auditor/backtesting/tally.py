"""How much of a replay was judged, and what was not, with why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from auditor.judging.ensemble import COMBINED
from auditor.judging.judgement import Judged
from auditor.judging.learning import Learned
from baselines.series import SeriesKey, Windows

NO_BASELINE = "no baseline yet"
NO_CALIBRATION = "no calibration yet"
TOO_LITTLE = "too little traffic to judge"


@dataclass(slots=True)
class Tally:
    """Counts of windows: judged by series, and not judged by reason.

    since, until: epoch minutes of the first window and after the last minute, None before any.
    """

    judged: Counter[SeriesKey] = field(default_factory=Counter)
    windows: Counter[SeriesKey] = field(default_factory=Counter)
    not_judged: Counter[str] = field(default_factory=Counter)
    since: int | None = None
    until: int | None = None

    def count_unlearned(self, windows: Windows) -> None:
        """Windows of a time in which nothing was in force."""
        present = windows.present().sum(axis=0)
        for key, found in zip(windows.keys, present.tolist(), strict=True):
            self.windows[key] += found
            self.not_judged[NO_BASELINE] += found
        self._pass(windows.start, windows.end)

    def count(self, judged: Judged, learned: Learned) -> None:
        """Windows of a judged block, its context left out."""
        seen = judged.scene.windows
        present = seen.present()[judged.first :]
        known = np.isfinite(judged.surprise[judged.first :]) & present
        for column, key in enumerate(seen.keys):
            found, scored = int(present[:, column].sum()), int(known[:, column].sum())
            self.windows[key] += found
            self.judged[key] += scored
            self.not_judged[why_not(learned, key)] += found - scored
        self._pass(seen.start + judged.first, seen.end)

    def _pass(self, since: int, until: int) -> None:
        self.since = since if self.since is None else self.since
        self.until = until


def why_not(learned: Learned, key: SeriesKey) -> str:
    """Why a window of the series that has no score has none."""
    if key not in learned.baselines:
        return NO_BASELINE
    return TOO_LITTLE if (key, COMBINED) in learned.calibrations else NO_CALIBRATION
