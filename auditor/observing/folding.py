"""One pass over a block, minute by minute over all series: what is open, and what has changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import numpy as np

from auditor.judging.judgement import Judged
from auditor.judging.materiality import FAMILIES
from auditor.observing.feedback import Feedback, silences
from auditor.observing.fold_settings import FoldSettings
from auditor.observing.joining import belongs
from auditor.observing.observation import (
    Change,
    Diagnosed,
    Escalated,
    Extended,
    Observation,
    Opened,
    Reopened,
    Resolved,
)
from auditor.observing.opening import begins, opens
from auditor.observing.ruled import fires, knows
from auditor.observing.states import advanced, diagnosed, joined, opened, reworded
from auditor.observing.worsening import grown, is_worse, unsigned
from baselines.series import SeriesKey


@dataclass(frozen=True, slots=True)
class Silenced:
    """A window in which a problem would have opened or reopened. minute: epoch minute."""

    key: SeriesKey
    minute: int
    feedback_id: int


class Folding:
    """begins: where a problem may open, shape (m, n). silenced: what feedback kept quiet so far."""

    def __init__(
        self,
        observations: Sequence[Observation],
        judged: Judged,
        how: FoldSettings,
        feedback: Sequence[Feedback],
        quietly: bool,
    ) -> None:
        self._judged, self._how, self._quietly = judged, how, quietly
        self._feedback = feedback
        self._strange = opens(judged, how)
        self._ruled = fires(judged.fired, judged.held.shape)
        self.begins = begins(judged, self._strange)
        self._column = {key: column for column, key in enumerate(judged.keys)}
        self._known: dict[UUID, Observation] = {each.id: each for each in observations}
        self.live = {each.id for each in observations if each.state == "open"}
        self._changes: list[Change] = []
        self._silent: dict[UUID, Extended] = {}
        self.silenced: list[Silenced] = []

    def ended(self) -> list[Change]:
        """All changes; silent ones last."""
        return [*self._changes, *self._silent.values()]

    def minute(self, row: int) -> None:
        """Takes in one minute of every series."""
        minute = self._judged.minute(row)
        for each in self._open():
            if each.judged_until <= minute and each.key in self._column:
                self._told(self._continued(each, row))
        beginning = np.flatnonzero(self.begins[row])
        surprise = np.nan_to_num(self._judged.surprise[row, beginning])
        for column in beginning[np.argsort(-surprise, kind="stable")].tolist():
            own = self._own(self._judged.keys[column])
            if own is None or (own.state == "resolved" and own.judged_until <= minute):
                change = self._begun(own, row, column)
                if change is not None:
                    self._told(change)

    def _open(self) -> list[Observation]:
        """What is open, the oldest first."""
        found = [self._known[id_] for id_ in self.live]
        return sorted(found, key=lambda one: (one.opened, one.id))

    def _own(self, key: SeriesKey) -> Observation | None:
        """The open problem that has reached a series, else the one that was over last."""
        found = [each for each in self._known.values() if key in each.keys]
        return max(
            found,
            key=lambda one: (one.state == "open", one.judged_until, one.opened, one.id),
            default=None,
        )

    def _told(self, change: Change) -> None:
        after = change.observation
        self._known[after.id] = after
        if after.state == "open":
            self.live.add(after.id)
        else:
            self.live.discard(after.id)
        if isinstance(change, Extended) and not self._quietly:
            self._silent[after.id] = change
        else:
            self._silent.pop(after.id, None)
            self._changes.append(change)

    def _begun(self, before: Observation | None, row: int, column: int) -> Change | None:
        """Reopens what resolved a moment ago, joins what is open elsewhere, or opens a new one.

        None where feedback keeps it quiet.
        """
        judged, minute = self._judged, self._judged.minute(row)
        alone = not self._strange[row, column]
        if before is not None and self._is_back(before, minute):
            again = replace(before, state="open", resolved=None)
            again = advanced(again, judged, row, self._columns(again), True, not alone)
            if self._is_silenced(again, again.surprise, row, column):
                return None
            return Reopened(reworded(again, judged, self._column[before.key]), minute)
        found = opened(judged, row, column, alone)
        if self._is_silenced(found, found.peak_surprise, row, column):
            return None
        key, family = judged.keys[column], FAMILIES[int(judged.voices.leader[row, column])]
        for other in self._open() if not alone else ():
            if belongs(other, key, family, minute, self._how.join_minutes):
                return Extended(joined(other, judged, row, column), minute)
        return Opened(found, minute)

    def _is_back(self, before: Observation, minute: int) -> bool:
        """Whether a problem that begins again is still the same one."""
        resolved = before.resolved
        near = resolved is not None and minute - resolved <= self._how.patience
        return near and before.key in self._column

    def _is_silenced(self, candidate: Observation, surprise: float, row: int, column: int) -> bool:
        """Whether feedback keeps what would open in a window quiet; takes note of it."""
        key, minute = self._judged.keys[column], self._judged.minute(row)
        by = silences(
            self._feedback, key, candidate.metric, float(np.nan_to_num(surprise)),
            candidate.severity, minute, self._judged.scene.baselines.get(key),
        )  # fmt: skip
        if by is None:
            return False
        self.silenced.append(Silenced(key, minute, by.id))
        return True

    def _columns(self, observation: Observation) -> list[int]:
        return [self._column[key] for key in observation.keys if key in self._column]

    def _continued(self, before: Observation, row: int) -> Change:
        """One more minute of an open observation."""
        judged, how, minute = self._judged, self._how, self._judged.minute(row)
        columns = self._columns(before)
        lead, shorts = columns[0], judged.voices.holding[row, columns]
        strange = bool(self._strange[row, columns].any())
        holds = strange or bool(self._ruled[row, columns].any())
        holds = holds or bool((shorts >= how.closing_surprise).any())
        after = grown(advanced(before, judged, row, columns, holds, strange))
        if not holds:
            unknown = not np.isfinite(shorts).any()
            unknown = unknown and not knows(judged.fired, before.by_rule, row, lead)
            return _quietened(after, judged, minute, lead, unknown, how)
        if judged.held[row, columns].all():
            return Extended(after, minute)
        worse = is_worse(after, how.worse)
        if worse or (after.severity > before.severity and not after.acknowledged):
            told = reworded(unsigned(after), judged, lead)
            return Escalated(told, minute, before.severity, after.severity)
        named = diagnosed(after, judged, lead) if not after.causes else None
        return Extended(after, minute) if named is None else Diagnosed(named, minute)


def _quietened(
    after: Observation, judged: Judged, minute: int, lead: int, unjudged: bool, how: FoldSettings
) -> Change:
    """A minute in which nothing was strange: the problem resolves after enough of them."""
    if after.quiet < (how.unjudged_minutes if unjudged else how.quiet_minutes):
        return Extended(after, minute)
    ended = replace(after, state="resolved", resolved=after.last_strange + 1)
    why: Literal["quiet", "not judged"] = "not judged" if unjudged else "quiet"
    return Resolved(reworded(ended, judged, lead), minute, why)
