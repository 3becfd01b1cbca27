"""Acknowledging an observation: what is asked for, what it would change, and signing it.

A terminal and a page do the same; each only asks and shows in its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from psycopg import Connection

from auditor.listening.signing import Proposal, propose
from auditor.maintaining.asked import length
from auditor.maintaining.errors import MaintenanceInvalid
from auditor.observing.feedback import REASONS, SCOPES
from auditor.observing.preview import PastObservation
from auditor.stores.feedback import sign
from auditor.stores.observations import ObservationRow, find_observation

LONGEST_NOTE: Final = 2000
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=366)


class AcknowledgementInvalid(ValueError):
    """What was asked for cannot be signed. part: which of reason, note, scope, expires."""

    def __init__(self, part: str, fault: str) -> None:
        super().__init__(fault)
        self.part = part


@dataclass(frozen=True, slots=True)
class Signature:
    """What is to be signed. expires: how long it silences; None for what is usual."""

    by: str
    reason: str
    note: str
    scope: str
    expires: timedelta | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: acknowledged, already, or unknown; feedback_id: of what was signed."""

    outcome: str
    says: str
    feedback_id: int | None


def signature(by: str, reason: str, note: str, scope: str, expires: str | None) -> Signature:
    """What was typed, checked. expires: '12h', '30d'. Raises AcknowledgementInvalid."""
    for part, value, allowed in (("reason", reason, REASONS), ("scope", scope, SCOPES)):
        if value not in allowed:
            fault = f"{value!r} is not one of {', '.join(allowed)}"
            raise AcknowledgementInvalid(part, fault)
    if len(note) > LONGEST_NOTE:
        raise AcknowledgementInvalid("note", f"is longer than {LONGEST_NOTE} characters")
    if "\x00" in note:
        raise AcknowledgementInvalid("note", "has a NUL, which a database does not keep")
    return Signature(by, reason, note, scope, lasting(expires, reason))


def lasting(expires: str | None, reason: str) -> timedelta | None:
    """The time that was typed. Raises AcknowledgementInvalid when it is none, or of no use."""
    if expires is None:
        return None
    if reason == "fixed":
        raise AcknowledgementInvalid("expires", "fixed silences nothing")
    try:
        found = length(expires)
    except (MaintenanceInvalid, OverflowError) as fault:
        raise AcknowledgementInvalid("expires", str(fault)) from None
    if not SHORTEST <= found <= LONGEST:
        raise AcknowledgementInvalid("expires", "is not between a minute and 366 days")
    return found


def proposed(
    row: ObservationRow, past: Sequence[PastObservation], now: datetime, wanted: Signature
) -> Proposal:
    """What signing it now would say, and would have changed. past: all that are retained."""
    return propose(
        row, past, now, reason=wanted.reason, scope_name=wanted.scope, signed_by=wanted.by,
        lasts=wanted.expires,
    )  # fmt: skip


def signed(connection: Connection, row: ObservationRow, wanted: Signature) -> Outcome:
    """Signs it, unless somebody else has meanwhile."""
    done = sign(
        connection, row.id, by=wanted.by, reason=wanted.reason, note=wanted.note,
        scope=wanted.scope, expires=wanted.expires,
    )  # fmt: skip
    says = f"acknowledged by {wanted.by}: {row.title}"
    if done.outcome == "already":  # by somebody else, or just now under another id
        says = already(find_observation(connection, str(row.id)))
    return Outcome(done.outcome, says, done.feedback_id)


def already(row: ObservationRow) -> str:
    """Who acknowledged it, and when."""
    when = f" at {row.acknowledged_at:%Y-%m-%d %H:%M} UTC" if row.acknowledged_at else ""
    return f"was already acknowledged by {row.acknowledged_by or 'somebody'}{when}: {row.title}"
