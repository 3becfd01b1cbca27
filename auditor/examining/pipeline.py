"""Checks of what becomes of deliveries: partitions, rollup, scores, baselines, retention."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Final

from auditor.examining.doctor import Examination, Finding, fault, ok, warning
from auditor.spans import span
from auditor.windows.lateness import LAG_FAULT, LAG_WARNING, RUN, RUN_LOG, TICK_LATE
from auditor.windows.retention import Keep, Pin, days_to_trim
from auditor.windows.state import read_state
from sql import queries

DAY: Final = timedelta(days=1)
WAITING_WARNING: Final = timedelta(minutes=3)
WAITING_FAULT: Final = timedelta(minutes=15)
HOURS_LATE: Final = timedelta(hours=2)
# A series younger than this has no baseline yet, and that is as it should be.
YOUNG: Final = timedelta(hours=26)


def key_secret(examination: Examination) -> Finding:
    """Without the installation's secret, collectors cannot hash keys alike."""
    found = examination.row("read_key_secret_bytes")["bytes"]
    if not found or found < 16:
        return fault(
            "key secret",
            "the installation has no secret for hashing cache keys" if not found
            else f"the secret for hashing cache keys has {found} bytes only",
            "put 32 random bytes into monitoring.cache_auditor_secrets under the name cache_key",
        )  # fmt: skip
    return ok("key secret", "there is one, so that keys compare across hosts")


def partitions(examination: Examination) -> Finding:
    """Today's and tomorrow's: a collector makes them if it must, yet a login less can fail."""
    today = examination.now.astimezone(UTC).date()
    missing = examination.rows("read_missing_days", days=[today, today + DAY])
    if not missing:
        return ok("partitions", "today's and tomorrow's are there")
    days = ", ".join(str(row["day"]) for row in missing)
    return warning(
        "partitions",
        f"none yet for {days} (UTC); the first delivery of the day makes it and waits for that",
        f"the auditor makes them ahead: {RUN}",
    )


def waiting(examination: Examination) -> Finding:
    """Deliveries are rolled up within a minute or so."""
    found = examination.row("read_waiting")
    if not found["batches"]:
        return ok("rollup", "no delivery waits to be rolled up")
    age = examination.now - found["oldest"]
    said = f"{found['batches']} deliveries wait to be rolled up, the oldest for {span(age)}"
    if age > WAITING_FAULT:
        return fault("rollup", said, RUN)
    if age > WAITING_WARNING:
        return warning("rollup", said, RUN)
    return ok("rollup", said)


def ticks(examination: Examination) -> Finding:
    """The auditor passes once a minute."""
    last = read_state(examination.connection).get("last_tick_at")
    if last is None:
        return warning("ticks", "the auditor has never run on this database", RUN)
    age = examination.now - last
    if age > TICK_LATE:
        return fault("ticks", f"the last was {span(age)} ago; it is due each minute", RUN)
    return ok("ticks", f"the last was {span(max(age, timedelta()))} ago")


def settled(examination: Examination) -> Finding:
    """Minutes are closed soon after they end."""
    return _lag(examination, "lag of windows", "settled_until", "windows are complete up to")


def scored(examination: Examination) -> Finding:
    """Closed minutes are scored at once."""
    return _lag(examination, "lag of scores", "scored_until", "windows are scored up to")


def _lag(examination: Examination, check: str, name: str, what: str) -> Finding:
    until = read_state(examination.connection).get(name)
    if until is None:
        return warning(check, "no window has come so far yet", "see what the check `ticks` says")
    lag = examination.now - until
    said = f"{what} {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {span(max(lag, timedelta()))} ago"
    if lag > LAG_FAULT:
        return fault(check, said, RUN_LOG)
    if lag > LAG_WARNING:
        return warning(check, said, RUN_LOG)
    return ok(check, said)


def hours(examination: Examination) -> Finding:
    """An hour is made soon after it is over, and again when a minute of it changed."""
    until = read_state(examination.connection).get("settled_until", examination.now)
    found = examination.row("read_hours_backlog", until=until - HOURS_LATE)
    if not found["hours"]:
        return ok("hours", "none waits to be made for longer than 2 h")
    return warning(
        "hours",
        f"{found['hours']} hours wait to be made, the oldest is "
        f"{found['oldest'].astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        RUN_LOG,
    )


def late_rows(examination: Examination) -> Finding:
    """Nothing comes after the raw rows of its day were trimmed."""
    found = examination.row("read_late", since=examination.now - DAY)
    if not found["rows"]:
        return ok("late rows", "none was refused for its age in the last 24 h")
    return warning(
        "late rows",
        f"{found['rows']} rows of the last 24 h came too late for their windows, the last at "
        f"{found['last'].astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        "a spool was replayed after days, or a clock is wrong; keep raw rows longer "
        "(retention_events_days) if collectors may be cut off for longer",
    )


def baselines(examination: Examination) -> Finding:
    """Every series that is alive has a baseline, and not an old one."""
    rows = examination.rows("read_baseline_ages", since=examination.now - DAY)
    old = max(DAY, 3 * timedelta(minutes=examination.settings.baseline_refresh_minutes))
    without, stale = [], []
    for row in rows:
        name = f"{row['cache_name']}/{row['implementation_type']}"
        if row["fitted_until"] is None:
            if examination.now - row["first_minute"] > YOUNG:
                without.append(name)
        elif examination.now - row["fitted_until"] > old:
            stale.append(f"{name} ({span(examination.now - row['fitted_until'])})")
    parts = [f"none for {_some(without)}"] * bool(without)
    parts += [f"old for {_some(stale)}"] * bool(stale)
    if parts:
        return warning("baselines", "; ".join(parts), "run: cache-auditor baselines compute")
    return ok("baselines", f"{len(rows)} series are alive, and none lacks one that it should have")


def retention(examination: Examination) -> Finding:
    """What is older than it is kept is trimmed within a day or two."""
    kept = Keep(raw=timedelta(days=examination.settings.retention_events_days))
    last = read_state(examination.connection).get("last_retention_at")
    since = f"; retention last ran {span(examination.now - last)} ago" if last else (
        "; retention has never run")  # fmt: skip
    found = examination.connection.execute(
        queries("auditor")["read_retained_days"], {"before": examination.now - kept.raw}
    ).fetchall()
    pins = [
        Pin(start, until)
        for start, until, _ in examination.connection.execute(queries("auditor")["read_pins"])
    ]
    overdue = days_to_trim((day for (day,) in found), pins, examination.now - 2 * DAY, kept)
    if overdue:
        return warning(
            "retention",
            f"{len(overdue)} days of raw rows should have been trimmed, the oldest is "
            f"{overdue[0]}{since}",
            f"run: cache-auditor retention; `run` does it daily, so {RUN}",
        )
    return ok("retention", f"no raw rows are older than the {kept.raw.days} days they are kept")


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
