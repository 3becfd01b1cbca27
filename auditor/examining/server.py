"""Checks of the server: version, clock, migrations, rights, publication, notices."""

from __future__ import annotations

import time
import uuid
from typing import Final

import psycopg

from auditor.errors import DatabaseError, SchemaError
from auditor.examining.doctor import Examination, Finding, fault, ok, warning
from sql import queries

OLDEST_VERSION: Final = 150_000
CLOCK_WARNING_S: Final = 2.0
CLOCK_FAULT_S: Final = 30.0
QUEUE_WARNING: Final = 0.10
QUEUE_FAULT: Final = 0.50
MIGRATE: Final = "run: cache-auditor migrate"


def server(examination: Examination) -> Finding:
    """A version that is supported, and a server that can be written to."""
    found = examination.row("read_server")
    said = f"PostgreSQL {found['said']}, as {found['login']}"
    if found["version"] < OLDEST_VERSION:
        return fault(
            "server", said, "upgrade the server: cache-auditor needs PostgreSQL 15 or newer"
        )
    if found["standby"]:
        return fault(
            "server",
            f"{said}; it is a standby, which can only be read",
            "let DATABASE_URL name the primary (target_session_attrs=read-write finds it)",
        )
    return ok("server", said)


def clock(examination: Examination) -> Finding:
    """This machine's clock decides which minutes are over, the server's when a row came."""
    ahead = (examination.here - examination.now).total_seconds()
    way = "ahead of" if ahead > 0 else "behind"
    said = f"this machine's clock is {abs(ahead):.1f} s {way} the server's"
    advice = "set both by NTP (chrony, systemd-timesyncd)"
    if abs(ahead) > CLOCK_FAULT_S:
        return fault("clock", f"{said}: minutes are scored too early or too late", advice)
    if abs(ahead) > CLOCK_WARNING_S:
        return warning("clock", said, advice)
    return ok("clock", f"within {CLOCK_WARNING_S:.0f} s of the server's")


def migrations(examination: Examination) -> Finding:
    """Every migration of this version has landed, unchanged, and no newer one."""
    from auditor.schema.ledger import status

    try:
        found = status(examination.connection)
    except SchemaError as exc:
        first, _, rest = str(exc).partition("\n")
        return fault("migrations", first, rest.replace("\n", " ").strip() or "see what it says")
    if not found.landed:
        return fault("migrations", "the schema monitoring has not been made", MIGRATE)
    if found.pending:
        names = ", ".join(f"{step.version:04d} {step.name}" for step in found.pending)
        return fault("migrations", f"not applied yet: {names}", MIGRATE)
    return ok("migrations", f"all {len(found.landed)} have landed")


def roles(examination: Examination) -> Finding:
    """The four roles are there and have their rights, so that no login needs more than one."""
    rows = examination.rows("read_roles")
    missing = [row["name"] for row in rows if not row["found"]]
    bare = [row["name"] for row in rows if row["found"] and not row["granted"]]
    if missing:
        makes = " ".join(f"create role {name} nologin;" for name in missing)
        return warning(
            "roles",
            f"missing: {', '.join(missing)}; only the schema's owner can use it",
            f"let an administrator run: {makes} then {MIGRATE}",
        )
    if bare:
        return fault("roles", f"without their rights: {', '.join(bare)}", MIGRATE)
    return ok("roles", "all four are there and have their rights")


def exposure(examination: Examination) -> Finding:
    """Nobody without a role reads the schema."""
    rows = examination.rows("read_exposed")
    if not rows:
        return ok("exposure", "nobody without a role may read the schema")
    told = "; ".join(f"{row['grantee']} may read {', '.join(row['tables'])}" for row in rows)
    revokes = " ".join(
        f"revoke select on monitoring.{table} from {row['grantee']};"
        for row in rows
        for table in row["tables"]
    )
    return fault("exposure", told, f"run as the schema's owner: {revokes}")


def publication(examination: Examination) -> Finding:
    """Supabase's Realtime hears of windows and observations; elsewhere there is nothing to join."""
    rows = examination.rows("read_publication")
    if not rows:
        return ok("publication", "this server has no publication supabase_realtime, and needs none")
    (found,) = rows
    if found["every_table"]:
        return ok("publication", "supabase_realtime is for all tables")
    alter = "alter publication supabase_realtime"
    if found["missing"]:
        tables = ", ".join(f"monitoring.{name}" for name in found["missing"])
        return fault(
            "publication",
            f"supabase_realtime lacks {tables}: Realtime clients hear nothing of them",
            f"{MIGRATE}; or let the publication's owner run: {alter} add table {tables};",
        )
    if found["others"]:
        tables = ", ".join(f"monitoring.{name}" for name in found["others"])
        return warning(
            "publication",
            f"supabase_realtime also has {tables}, which change often and are not for clients",
            f"run: {alter} drop table {tables};",
        )
    return ok("publication", "supabase_realtime has the two tables that it should have")


def listening(examination: Examination) -> Finding:
    """A notice sent on the ordinary connection is heard on the one that listeners use."""
    from auditor.dsn import place

    given = examination.settings.listen_dsn
    named = "LISTEN_DATABASE_URL" if given is not None else "DATABASE_URL"
    try:
        listener = examination.listen()
    except DatabaseError as exc:
        said = str(exc).replace("\n", " ")
        return fault("listening", f"{named}: {said}", f"correct {named}, or start that server")
    token = uuid.uuid4().hex
    with listener:
        listener.execute(queries("doctor")["listen_probe"])
        examination.connection.execute(queries("doctor")["send_probe"], {"token": token})
        if _heard(listener, token, examination.listen_within_s):
            return ok("listening", "a notice was heard by return")
    where = place(given.get_secret_value()) if given is not None else "the same server"
    return fault(
        "listening",
        f"a notice was not heard within {examination.listen_within_s:g} s on {named} ({where}): "
        "it leads through a pooler in transaction mode, or to another database",
        "let LISTEN_DATABASE_URL name the server itself, or the pooler's session mode "
        "(Supabase: port 5432, not 6543), and the same database as DATABASE_URL",
    )


def _heard(listener: psycopg.Connection, token: str, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while (left := deadline - time.monotonic()) > 0:
        for notice in listener.notifies(timeout=left, stop_after=1):
            if notice.payload == token:
                return True
    return False


def notice_queue(examination: Examination) -> Finding:
    """A full queue makes every NOTIFY fail, and with it the transaction that it is in."""
    share = float(examination.row("read_notice_queue")["share"])
    return queue_finding(share)


def queue_finding(share: float) -> Finding:
    """share: how full the server's queue of notices is, 0 to 1."""
    said = f"the server's queue of notices is {share:.0%} full"
    advice = (
        "a listener sits in an open transaction; find it: select pid, xact_start, query from "
        "pg_stat_activity where state like 'idle in transaction%' order by xact_start; and end it"
    )
    if share >= QUEUE_FAULT:
        return fault("notice queue", f"{said}; when it is full, rollups fail", advice)
    if share >= QUEUE_WARNING:
        return warning("notice queue", said, advice)
    return ok("notice queue", said)
