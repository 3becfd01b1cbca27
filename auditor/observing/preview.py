"""What feedback would have changed, had it stood all along: shown before it is signed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from auditor.observing.feedback import Feedback
from auditor.observing.severity import Severity

Effect = Literal["silenced", "later"]


@dataclass(frozen=True, slots=True)
class PastObservation:
    """An observation of the retained history, as it was told.

    surprise, severity: at its opening; peak, highest: the most it reached; NaN = not known.
    reason: what a person said of it, None = nothing that stands.
    """

    id: UUID
    cache_name: str
    implementation_type: str | None
    metric: str | None
    title: str
    first_window: datetime
    resolved_at: datetime | None
    surprise: float
    peak: float
    severity: Severity
    highest: Severity
    reason: str | None

    @property
    def confirmed(self) -> bool:
        """Whether a person said that it was real and mended."""
        return self.reason == "fixed"


@dataclass(frozen=True, slots=True)
class Silencing:
    """One observation that would have gone otherwise.

    silenced: it would not have been told at all. later: not before it was worse than what is
    signed.
    """

    observation: PastObservation
    effect: Effect


def preview(feedback: Feedback, past: Iterable[PastObservation]) -> list[Silencing]:
    """Which of the past observations the feedback would have silenced, in their order.

    As if it had stood all along, and by what is known of each: its opening and its worst. The
    observation that it is signed on is left out.
    """
    found = []
    for one in past:
        if one.id == feedback.observation_id or not feedback.scope.covers(
            one.cache_name, one.implementation_type, one.metric
        ):
            continue
        if feedback.outweighs(one.surprise, one.severity):
            whole = feedback.outweighs(one.peak, one.highest)
            found.append(Silencing(one, "silenced" if whole else "later"))
    return found


def learning(feedback: Feedback) -> str:
    """What becomes of the windows of the observation that it is signed on, in words."""
    return {
        "fixed": "Its windows are not learned. What comes next is told as before.",
        "expected": "Its windows are not learned, nor are those that this silences.",
        "false-alarm": "Its windows are learned as ordinary.",
        "new-normal": "Only windows from its first one on are learned from now on.",
    }[feedback.reason]
