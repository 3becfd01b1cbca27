"""Checks of those who deliver: whether they speak, and what they could not keep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from auditor.examining.doctor import Examination, Finding, fault, ok, warning
from auditor.spans import span

# Whoever has been silent for longer than this is history.
REMEMBERED: Final = timedelta(days=1)
MOST_NAMED: Final = 3


def collectors(examination: Examination) -> Finding:
    """Those that did not say goodbye are heard of each minute."""
    rows = _recent(examination)
    if not rows:
        return warning(
            "collectors",
            "none has been heard of in the last 24 h",
            "start one in the application: `from collector import start_collector`, with the same "
            "DATABASE_URL and a login that is granted cache_auditor_writer; "
            "`cache-auditor demo` shows one",
        )
    expected = timedelta(seconds=examination.settings.collector_expected_s)
    here = [row for row in rows if row["goodbye_at"] is None]
    silent = [
        row
        for row in here
        if examination.now - row["last_seen_at"] > expected and not row["replaced"]
    ]
    speaking = [row for row in here if examination.now - row["last_seen_at"] <= expected]
    if not silent:
        return ok("collectors", f"{len(speaking)} are heard of, none is missing")
    told = [f"{_named(row)} for {span(examination.now - row['last_seen_at'])}" for row in silent]
    said = f"{len(speaking)} are heard of, {len(silent)} fell silent: {_some(told)}"
    advice = (
        "see whether its process lives and reaches the database; its log has the logger "
        "'collector'. One that was killed stays in this list for a day"
    )
    return fault("collectors", said, advice) if not speaking else (
        warning("collectors", said, advice))  # fmt: skip


def losses(examination: Examination) -> Finding:
    """What collectors of the last day could not keep, by what became of it."""
    rows = _recent(examination)
    totals = {
        name: sum(row[name] for row in rows) for name in ("dropped", "lost", "refused", "spooled")
    }
    told = [f"{n} {name}" for name, n in totals.items() if n]
    if not told:
        return ok("losses", "no event was dropped, lost or refused, and none waits on a disk")
    worst = max(rows, key=lambda row: sum(row[name] for name in totals))
    meanings = {
        "dropped": "dropped: the buffer or the spool was full; raise its bound, or the server was "
        "away for long",
        "lost": "lost: a process was killed before it could ship",
        "refused": "refused: the log of the collector says which rule an event broke",
        "spooled": "spooled: waiting on a disk until the server takes them",
    }
    advice = "; ".join(meanings[name] for name, n in totals.items() if n)
    return warning("losses", f"events {', '.join(told)}; most at {_named(worst)}", advice)


def keys(examination: Examination) -> Finding:
    """All hash keys with the installation's secret, so that keys compare across hosts."""
    local = [row for row in _recent(examination) if row["keys_local"] and not row["goodbye_at"]]
    if not local:
        return ok("keys", "no collector hashes keys with a secret of its own")
    return warning(
        "keys",
        f"hashed with a secret of their host alone: {_some([_named(row) for row in local])}; "
        "distinct keys are counted too high",
        "they started while the database was away: restart them, or set the same "
        "CACHE_AUDITOR_KEY_SECRET on every host",
    )


def polled_servers(examination: Examination) -> Finding:
    """Each server that an agent of the last day polls answers it."""
    expected = timedelta(seconds=examination.settings.collector_expected_s)
    rows = examination.rows(
        "read_servers",
        since=examination.now - REMEMBERED,
        heard_since=examination.now - expected,
    )
    here = [row for row in rows if row["agent_here"]]
    away = [row for row in here if row["away_since"] is not None]
    if not away:
        left = len(rows) - len(here)
        more = f"; the agents of {left} more have ended" if left else ""
        return ok("polled servers", f"{len(here)} are polled, and answer{more}")
    told = [
        f"{row['cache_name']}/{row['implementation_type']} ({row['kind']} {row['place']}) is away "
        f"since {span(examination.now - row['away_since'])}: {row['because']}"
        for row in away
    ]
    return warning(
        "polled servers",
        f"{len(here)} are polled, {len(away)} do not answer: {_some(told)}",
        "see whether the server lives, and whether the agent's host may reach it and log in; "
        "`cache-auditor collect redis --once` or `cache-auditor collect memcached --once` asks it "
        "once. Its windows are missing meanwhile",
    )


def _recent(examination: Examination) -> list[dict[str, Any]]:
    return examination.rows("read_collectors", since=examination.now - REMEMBERED)


def _named(row: dict[str, Any]) -> str:
    process = f" (process {row['pid']})" if row["pid"] is not None else ""
    return f"{row['node'] or str(row['collector_id'])[:8]}{process}"


def _some(told: Sequence[str]) -> str:
    more = f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    return ", ".join(told[:MOST_NAMED]) + more
