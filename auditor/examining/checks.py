"""Every check of `doctor`, in the order in which a fault explains those after it."""

from __future__ import annotations

from typing import Final

import psycopg

from auditor.examining import (
    budget,
    collectors,
    deliveries,
    listeners,
    names,
    notifications,
    pipeline,
    server,
    tokens,
)
from auditor.examining.doctor import Check, Examination, Finding, looked

CHECKS: Final = (
    Check("server", server.server, needs_schema=False),
    Check("clock", server.clock, needs_schema=False),
    Check("migrations", server.migrations, needs_schema=False),
    Check("roles", server.roles),
    Check("exposure", server.exposure),
    Check("publication", server.publication),
    Check("key secret", pipeline.key_secret),
    Check("partitions", pipeline.partitions),
    Check("collectors", collectors.collectors),
    Check("losses", collectors.losses),
    Check("spool", deliveries.spool, needs_schema=False),
    Check("ingest", deliveries.ingest, needs_schema=False),
    Check("keys", collectors.keys),
    Check("polled servers", collectors.polled_servers),
    Check("ticks", pipeline.ticks),
    Check("rollup", pipeline.waiting),
    Check("lag of windows", pipeline.settled),
    Check("lag of scores", pipeline.scored),
    Check("hours", pipeline.hours),
    Check("late rows", pipeline.late_rows),
    Check("baselines", pipeline.baselines),
    Check("retention", pipeline.retention),
    Check("false alarms", budget.false_alarms),
    Check("names", names.names),
    Check("tokens", tokens.tokens),
    Check("listeners", listeners.listeners),
    Check("notifications", notifications.notifications),
    Check("listening", server.listening, needs_schema=False),
    Check("notice queue", server.notice_queue, needs_schema=False),
)


def examine(examination: Examination) -> list[Finding]:
    """What each check found. Without our schema only those that mean something without it look."""
    from auditor.schema.ledger import read_landed

    try:
        ours = bool(read_landed(examination.connection))
    except psycopg.Error:
        ours = False
    return [looked(check, examination) for check in CHECKS if ours or not check.needs_schema]
