"""What `doctor` says: a finding a check, of an installation that it looks at and never changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

import psycopg
from psycopg import errors
from psycopg.rows import dict_row

from sql import queries

if TYPE_CHECKING:
    from auditor.settings import Settings

Status = Literal["ok", "warning", "fault"]
WORSE: Final[Mapping[Status, int]] = {"ok": 0, "warning": 1, "fault": 2}
LISTEN_WITHIN_S: Final = 2.0
NOT_THERE: Final = (
    errors.UndefinedTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.InvalidSchemaName,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in words, and what to do about it ("" when there is nothing to do)."""

    check: str
    status: Status
    found: str
    advice: str = ""


def ok(check: str, found: str) -> Finding:
    """Nothing is wrong."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, advice: str) -> Finding:
    """It works, and less well than it could, or not for long."""
    return Finding(check, "warning", found, advice)


def fault(check: str, found: str, advice: str) -> Finding:
    """Something that the installation is for does not work."""
    return Finding(check, "fault", found, advice)


@dataclass(frozen=True, slots=True)
class Examination:
    """One look at an installation.

    now: the server's clock when it began; ages of rows are told by it. here: this machine's clock
    at the same moment. listen: opens the connection that listeners use; the caller closes it.
    """

    connection: psycopg.Connection
    settings: Settings
    now: datetime
    here: datetime
    listen: Callable[[], psycopg.Connection]
    listen_within_s: float = LISTEN_WITHIN_S

    def rows(self, statement: str, **parameters: object) -> list[dict[str, Any]]:
        """The rows of a statement of doctor.sql."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(queries("doctor")[statement], parameters or None).fetchall()

    def row(self, statement: str, **parameters: object) -> dict[str, Any]:
        """The one row of a statement that always has one."""
        return self.rows(statement, **parameters)[0]


@dataclass(frozen=True, slots=True)
class Check:
    """A look at one thing. needs_schema: it means nothing before the first `migrate`."""

    name: str
    look: Callable[[Examination], Finding]
    needs_schema: bool = True


def looked(check: Check, examination: Examination) -> Finding:
    """What the check found; that it could not look is a finding too."""
    try:
        return check.look(examination)
    except errors.InsufficientPrivilege as exc:
        return warning(
            check.name,
            f"this login may not look: {exc.diag.message_primary}",
            "let this login be granted cache_auditor_auditor, or run doctor as the schema's owner",
        )
    except NOT_THERE as exc:
        return fault(
            check.name,
            f"a part of the schema is not there: {exc.diag.message_primary}",
            "run: cache-auditor migrate",
        )
    except psycopg.Error as exc:
        said = exc.diag.message_primary or str(exc).strip().partition("\n")[0]
        return fault(check.name, f"the server would not say: {said}", "see the server's log")


def worst(findings: Sequence[Finding]) -> Status:
    """The worst status of all; ok when there is none."""
    return max((finding.status for finding in findings), key=WORSE.__getitem__, default="ok")
