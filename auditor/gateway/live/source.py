"""What the hub reads over its one connection: LISTEN, notices, changes and windows since."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from auditor.gateway.live.messages import OBSERVATIONS, ObservationChanged, RowChange
from auditor.listening.changes import Cursor, LoggedChange
from auditor.postgres.database import PARAMETERS
from sql import queries

PROBE_S: Final = 5.0
MOST_MINUTES: Final = 10
"""Of a statement that touched more, as a load of old windows does, the newest are told."""


class NoticesDoNotArrive(Exception):
    """LISTEN was accepted, and a notice sent to oneself did not come."""


class Source:
    """One autocommit connection. What it raises is psycopg's, and NoticesDoNotArrive."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, dsn: str) -> Source:
        """Connected and listening, with a notice of its own heard."""
        given = conninfo_to_dict(dsn)
        parameters = {name: number for name, number in PARAMETERS.items() if name not in given}
        connection = await AsyncConnection.connect(
            make_conninfo(dsn, **parameters, application_name="cache-auditor hub"),
            autocommit=True,
            prepare_threshold=None,
        )
        source = cls(connection)
        try:
            await connection.execute(queries("connection")["open_session"])
            await connection.execute(queries("auditor")["listen"])
            await source._probe()
        except BaseException:
            await connection.close()
            raise
        return source

    async def _probe(self) -> None:
        token = uuid4().hex
        await self._connection.execute(queries("gateway")["send_self_probe"], {"token": token})
        async for notice in self._connection.notifies(timeout=PROBE_S):
            if token in notice.payload:
                return
        raise NoticesDoNotArrive(
            "notices do not arrive: LISTEN leads through a pooler that does not keep sessions; "
            "set LISTEN_DATABASE_URL to the server itself"
        )

    async def notices(self, timeout_s: float) -> AsyncIterator[dict[str, Any]]:
        """Those of one wake-up; none when nothing came in time."""
        async for notice in self._connection.notifies(timeout=timeout_s, stop_after=1):
            try:
                said = json.loads(notice.payload)
            except ValueError:
                continue
            if isinstance(said, dict):
                yield said

    async def newest(self) -> datetime | None:
        """The newest minute that has a window."""
        newest: datetime | None = (await self._one("read_newest_minute", {}))[0]
        return newest

    async def clock(self) -> datetime:
        """The server's."""
        now: datetime = (await self._one("read_clock", {}))[0]
        return now

    async def minute_versions(self, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
        """The newest minutes of a span, each with its version."""
        span = {"since": since, "until": until, "most": MOST_MINUTES}
        found = await self._connection.execute(queries("gateway")["read_minute_versions"], span)
        return [(row[0], int(row[1])) for row in await found.fetchall()]

    async def broadcast(self, minute: datetime) -> str:
        """The text that is broadcast of a minute's windows."""
        row = await self._one("read_windows_broadcast", {"minute": minute})
        return str(row[0])

    async def rows(self, minute: datetime) -> list[dict[str, Any]]:
        """A minute's windows, all columns, as JSON has them."""
        row = await self._one("read_minute_rows", {"minute": minute})
        return list(row[0])

    async def floor(self) -> int:
        """As `read_floor`."""
        row = await self._one("read_floor", {}, "auditor")
        return int(row[0])

    async def changes(self, cursor: Cursor) -> list[ObservationChanged]:
        """Those of the change log that the cursor has not seen; moves it."""
        floor = await self.floor()
        found = await self._connection.execute(
            queries("gateway")["read_broadcast_changes"], {"floor": cursor.floor}
        )
        payloads: dict[int, str] = {}
        logged: list[LoggedChange] = []
        for row in await found.fetchall():
            change = LoggedChange(*row[:-1])
            payloads[change.id] = row[-1]
            logged.append(change)
        return [_told(change, payloads[change.id]) for change in cursor.take(logged, floor)]

    async def close(self) -> None:
        """Ends the connection."""
        await self._connection.close()

    async def _one(
        self, name: str, parameters: dict[str, Any], room: LiteralString = "gateway"
    ) -> tuple[Any, ...]:
        found = await self._connection.execute(queries(room)[name], parameters)
        row = await found.fetchone()
        assert row is not None  # each of these statements gives one row
        return tuple(row)


def _told(change: LoggedChange, payload: str) -> ObservationChanged:
    opened = change.kind == "opened"
    row = RowChange(
        OBSERVATIONS,
        "INSERT" if opened else "UPDATE",
        change.observation,
        None if opened else {"id": str(UUID(str(change.observation_id)))},
        change.changed_at,
    )
    return ObservationChanged(change, payload, row)


def span_of(notice: dict[str, Any]) -> tuple[datetime, datetime] | None:
    """The minutes that a notice of windows is about; None for another notice, or a broken one."""
    if notice.get("kind") != "windows":
        return None
    try:
        since, until = (datetime.fromisoformat(notice[name]) for name in ("since", "until"))
    except (KeyError, TypeError, ValueError):
        return None
    return (since, until) if since.tzinfo and until.tzinfo else None


def recent(newest: datetime) -> tuple[datetime, datetime]:
    """The span that is looked at without a notice, ending with the newest minute."""
    return newest - timedelta(minutes=MOST_MINUTES - 1), newest + timedelta(minutes=1)
