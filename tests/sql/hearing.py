"""What a listener of channel cache_auditor hears, without waiting for what does not come."""

import itertools
import json
from typing import Any

import psycopg

MARKS = (f"mark {number}" for number in itertools.count())
MOST_BYTES = 7_999


def listening(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute("listen cache_auditor")
    return connection


def heard(listener: psycopg.Connection, speaker: psycopg.Connection) -> list[dict[str, Any]]:
    """The payloads that came since the last call.

    A mark is sent after them: notices of one channel come in the order of their commits, so what is
    not there before the mark was never sent.
    """
    mark = next(MARKS)
    speaker.execute("select pg_notify('cache_auditor', %s)", [mark])
    found: list[dict[str, Any]] = []
    for notice in listener.notifies(timeout=30):
        if notice.payload == mark:
            return found
        assert len(notice.payload.encode()) < MOST_BYTES
        found.append(json.loads(notice.payload))
    raise AssertionError("the mark was not heard within 30 s")
