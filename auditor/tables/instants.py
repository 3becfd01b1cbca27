"""Minutes out of instants as tables write them: ISO 8601, seconds or milliseconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np

from baselines.series import IntArray

NONE = np.iinfo(np.int64).min
"""Stands for an instant that could not be read."""
NUMBER = re.compile(r"^\d+(\.0*)?$")
SECONDS = range(10**9, 10**11)
MILLISECONDS = range(10**12, 10**14)
"""From 2001 on, so that no length of digits means both."""
MOST_KNOWN = 10_000
"""Texts that are remembered: rows of one minute lie close together in most tables."""
FORMS = "is neither ISO 8601 (2026-03-01T12:00:00Z) nor seconds or milliseconds since 1970"
OFF_GRID = "is not the start of a minute; a window is one minute, [start, start + 60 s)"


class Instants:
    """Reads instants, each text once.

    zoneless: whether one had no zone and was taken as UTC.
    """

    def __init__(self) -> None:
        self.zoneless = False
        self._known: dict[object, int | str] = {}

    def minutes(self, values: Iterable[object]) -> tuple[IntArray, dict[int, str]]:
        """Epoch minutes, shape (k,), NONE where a value cannot be; and why, by place."""
        known = self._known
        found = [known[value] if value in known else self._read(value) for value in values]
        wrong = {place: each for place, each in enumerate(found) if isinstance(each, str)}
        return np.array([NONE if isinstance(x, str) else x for x in found], dtype=np.int64), wrong

    def _read(self, value: object) -> int | str:
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        found = self._minute(value)
        self._known[value] = found
        return found

    def _minute(self, value: object) -> int | str:
        """The epoch minute, or why there is none."""
        text = str(value).strip()
        if NUMBER.match(text):
            number = int(text.partition(".")[0])
            if number in MILLISECONDS:
                return number // 60_000 if number % 60_000 == 0 else OFF_GRID
            if number in SECONDS:
                return number // 60 if number % 60 == 0 else OFF_GRID
            return FORMS
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            return FORMS
        if instant.tzinfo is None:
            self.zoneless, instant = True, instant.replace(tzinfo=UTC)
        if instant.second or instant.microsecond:
            return OFF_GRID
        return int(instant.timestamp()) // 60
