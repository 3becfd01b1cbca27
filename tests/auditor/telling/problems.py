"""Observations that open, get worse, are acknowledged and end, as the auditor would write them."""

from __future__ import annotations

import psycopg


def opens(
    connection: psycopg.Connection, title: str, severity: str = "warning", cache: str = "pages"
) -> str:
    row = connection.execute(
        "insert into monitoring.cache_auditor_observations"
        " (cache_name, implementation_type, severity, category, title, description, metric_name,"
        "  metric_value, baseline_value)"
        " values (%s, 'new', %s, 'performance', %s, 'd', 'hit_rate', 41.2, 88.0) returning id",
        [cache, severity, title],
    ).fetchone()
    assert row is not None
    return str(row[0])


def gets_worse(connection: psycopg.Connection, id_: str, severity: str = "critical") -> None:
    connection.execute(
        "update monitoring.cache_auditor_observations set severity = %s where id = %s",
        [severity, id_],
    )


def ends(connection: psycopg.Connection, id_: str) -> None:
    connection.execute(
        "update monitoring.cache_auditor_observations"
        " set state = 'resolved', resolved_at = first_window + interval '34 minutes' where id = %s",
        [id_],
    )


def returns(connection: psycopg.Connection, id_: str) -> None:
    connection.execute(
        "update monitoring.cache_auditor_observations"
        " set state = 'open', resolved_at = null, acknowledged = false where id = %s",
        [id_],
    )


def is_signed(connection: psycopg.Connection, id_: str) -> None:
    connection.execute("select monitoring.acknowledge_observation(%s, 'ada', 'expected')", [id_])
