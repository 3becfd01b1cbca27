"""What a replay does not learn from: its own observations, and what people said of the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from auditor.observing.feedback import Feedback
from auditor.observing.folding import Silenced
from auditor.observing.observation import Observation
from auditor.refreshing.problems import LEARNED_ANYWAY, Problem
from baselines.series import SeriesKey


class Problems:
    """Observations and silenced windows of a replay so far, as the daemon's tables would have them.

    feedback: all that was ever said; what was said later than the asked minute is not known yet.
    """

    def __init__(self, feedback: Sequence[Feedback]) -> None:
        self._feedback = {each.id: each for each in feedback}
        self._found: dict[UUID, Observation] = {}
        self._silenced: list[Silenced] = []

    def note(self, observations: Iterable[Observation], silenced: Iterable[Silenced]) -> None:
        """Takes in what became of a block."""
        self._found |= {each.id: each for each in observations}
        self._silenced += silenced

    def known(self, keys: Iterable[SeriesKey], at: int) -> list[Problem]:
        """All problems as they stand at minute `at`. keys: series that are to be learned."""
        said = [each for each in self._feedback.values() if _counts(each, at)]
        reasons = {each.observation_id: each.reason for each in said}
        found = [
            Problem(key, each.started, each.resolved, reasons.get(each.id))
            for each in self._found.values()
            if not each.by_rule or each.seconded or each.id in reasons
            for key in each.keys
        ]
        found += [
            Problem(key, each.since, None, each.reason)
            for key in keys
            for each in said
            if each.reason == "new-normal"
            and each.scope.covers(key.cache_name, key.implementation_type, each.scope.metric)
        ]
        return found + [
            Problem(each.key, each.minute, each.minute + 1, "expected")
            for each in self._silenced
            if not self._is_ordinary(each, at)
        ]

    def forget(self, before: int) -> None:
        """Lets go of what was over before anything that can still be learned from."""
        self._found = {
            id_: each
            for id_, each in self._found.items()
            if each.resolved is None or each.resolved >= before
        }
        self._silenced = [each for each in self._silenced if each.minute >= before]

    def _is_ordinary(self, silenced: Silenced, at: int) -> bool:
        """Whether it stands that what was silenced was no problem."""
        by = self._feedback[silenced.feedback_id]
        return by.reason in LEARNED_ANYWAY and _counts(by, at)


def _counts(feedback: Feedback, at: int) -> bool:
    """Whether it had been said by then, and not been taken back."""
    return feedback.at <= at and (feedback.revoked is None or feedback.revoked > at)
