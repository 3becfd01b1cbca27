"""What a signature would have changed, and what people have said, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from rich.text import Text

from auditor.listening.screen import STYLES
from auditor.observing.feedback import LASTS, MARGIN, REASONS, Feedback, scope
from auditor.observing.preview import PastObservation, Silencing, learning, preview
from auditor.observing.severity import Severity
from auditor.screen import Screen
from auditor.spans import span
from auditor.stores.feedback import FeedbackRow
from auditor.stores.observations import SHORT, ObservationRow
from auditor.windows.minutes import epoch_minute, floor_minute, from_epoch_minute

FEEDBACK_COLUMNS = (
    "id", "state", "reason", "about", "up to", "until (UTC)", "by", "kept quiet", "observation",
)  # fmt: skip
STATE_STYLES = {"active": "cyan"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """Feedback that is not signed yet, and what it would have changed.

    title: of its observation. says: what it will do, in sentences. kept: other observations that
    are retained. would: those of them that would have gone otherwise.
    """

    title: str
    feedback: Feedback
    says: tuple[str, ...]
    kept: int
    would: tuple[Silencing, ...]

    @property
    def confirmed(self) -> int:
        """How many of them a person said were real and mended."""
        return sum(each.observation.confirmed for each in self.would)

    def document(self) -> dict[str, object]:
        """As JSON has it."""
        feedback = self.feedback
        expires = None if feedback.expires is None else from_epoch_minute(feedback.expires)
        return {
            "reason": feedback.reason,
            "scope": feedback.scope,
            "expires_at": expires,
            "severity": feedback.severity.word,
            "bar": feedback.bar,
            "says": self.says,
            "kept": self.kept,
            "confirmed": self.confirmed,
            "would": [_document(each) for each in self.would],
        }


def propose(
    row: ObservationRow,
    past: Sequence[PastObservation],
    now: datetime,
    *,
    reason: str,
    scope_name: str,
    signed_by: str,
    lasts: timedelta | None,
) -> Proposal:
    """What signing this observation now would say and would have changed."""
    own = next((each for each in past if each.id == row.id), None)
    known = next(each for each in REASONS if each == reason)
    length = lasts or LASTS[known]
    at = epoch_minute(floor_minute(now))
    feedback = Feedback(
        id=0,
        observation_id=row.id,
        reason=known,
        scope=scope(scope_name, row.cache_name, row.implementation_type, row.metric_name),
        signed_by=signed_by,
        at=at,
        expires=None if length is None else at + int(length.total_seconds()) // 60,
        revoked=None,
        since=epoch_minute(row.first_window),
        bar=float("nan") if own is None else own.peak,
        severity=Severity[row.severity.upper()],
    )
    others = [each for each in past if each.id != row.id]
    would = tuple(preview(feedback, others))
    return Proposal(row.title, feedback, tuple(_says(feedback)), len(others), would)


def _says(feedback: Feedback) -> list[str]:
    """What it will do, in sentences."""
    said = [learning(feedback)]
    if feedback.expires is None:
        return said
    until = f"{from_epoch_minute(feedback.expires):%Y-%m-%d %H:%M} UTC"
    return [f"Until {until} it keeps quiet {quieted(feedback)}.", *said]


def quieted(feedback: Feedback) -> str:
    """What it keeps quiet while it stands, and how far that goes."""
    what = f"{feedback.scope}, up to {feedback.severity.word}"
    if feedback.reason == "expected":
        return f"{what}; longer if it lasts longer"
    if feedback.reason != "false-alarm":
        return f"{what}, or until it has been learned"
    bar = feedback.bar + MARGIN
    if not isfinite(bar):
        return f"{what}, but its surprise is not known, so nothing is"
    return f"{what} and a surprise of {bar:.1f}"


def show_proposal(screen: Screen, proposal: Proposal) -> None:
    """What a signature will do, and what it would have done."""
    feedback = proposal.feedback
    short = str(feedback.observation_id)[:SHORT]
    screen.say(f"{short}  {feedback.reason}: {' '.join(proposal.says)}")
    if feedback.expires is None:
        return
    silenced = sum(each.effect == "silenced" for each in proposal.would)
    later = len(proposal.would) - silenced
    parts = [f"silenced {silenced}"] + [f"told {later} later"] * bool(later)
    marked = f", {proposal.confirmed} of them confirmed as real" if proposal.confirmed else ""
    if not proposal.kept:
        screen.say("No other observation is kept that it could have silenced.")
        return
    screen.say(
        f"Of the {proposal.kept} other observations that are kept it would have "
        f"{' and '.join(parts)}{marked}."
    )
    if proposal.would:
        screen.table(
            ("id", "severity", "since (UTC)", "lasted", "surprise", "would be", "was", "what"),
            [_cells(each) for each in proposal.would],
        )


def _cells(each: Silencing) -> tuple[object, ...]:
    one = each.observation
    lasted = None if one.resolved_at is None else span(one.resolved_at - one.first_window)
    said = "REAL, fixed" if one.confirmed else one.reason
    return (
        str(one.id)[:SHORT],
        one.highest.word,
        f"{one.first_window:%Y-%m-%d %H:%M}",
        lasted,
        f"{one.peak:.1f}" if isfinite(one.peak) else "",
        each.effect,
        Text(said or "", "bold red" if one.confirmed else ""),
        one.title,
    )


def _document(each: Silencing) -> dict[str, object]:
    one = each.observation
    words = {"severity": one.severity.word, "highest": one.highest.word}
    told = {name: getattr(one, name) for name in ("id", "title", "cache_name", "metric", "reason")}
    spans = {name: getattr(one, name) for name in ("first_window", "resolved_at")}
    figures = {"surprise": one.surprise, "peak": one.peak}
    whose = {"implementation_type": one.implementation_type}
    return {**told, **whose, **spans, **figures, **words, "effect": each.effect,
            "confirmed": one.confirmed}  # fmt: skip


def show_feedback(screen: Screen, rows: Sequence[FeedbackRow]) -> None:
    """What people said: about what, until when, and what it has kept quiet."""
    screen.table(
        FEEDBACK_COLUMNS,
        [
            (
                row.id,
                Text(row.state, STATE_STYLES.get(row.state, "dim")),
                row.reason,
                str(row.scope),
                Text(row.severity, STYLES[row.severity]),
                f"{row.expires_at:%Y-%m-%d %H:%M}" if row.expires_at else "",
                row.acknowledged_by,
                _quiet(row),
                f"{str(row.observation_id)[:SHORT]} {row.title}",
            )
            for row in rows
        ],
    )


def _quiet(row: FeedbackRow) -> str:
    if not row.silenced or row.last_silenced is None:
        return ""
    return f"{row.silenced} min, last {row.last_silenced:%m-%d %H:%M}"
