"""Writes sql/schema.sql: the final schema as pg_dump tells it, to be read and to be compared.

What pg_dump adds for restoring is left out (settings, its version, \\restrict, owners), and so are
the rights: apply_grants decides them, and tests/sql/test_rights.py lists them. Its three-line
headings become one line. The histogram's edges are shortened to the first two, the last, and how
many there are; tests/sql/test_histogram.py compares them bit for bit.
"""

import re
import subprocess
import tempfile
from pathlib import Path

import psycopg

from auditor.postgres.account import server_account
from auditor.postgres.embedded import VERSION, EmbeddedPostgres
from auditor.postgres.programs import wheel_programs
from auditor.schema.migrations import migrate

FILE = Path(__file__).resolve().parents[1] / "sql" / "schema.sql"
INTRODUCTION = f"""\
-- The schema that the migrations make, as PostgreSQL {VERSION} dumps it. Never run: that is what
-- `cache-auditor migrate` is for. Written by .ci/schema.py, which says what is left out; a test
-- compares the two.
"""
LEFT_OUT = re.compile(
    r"SET \w+ = |SELECT pg_catalog\.set_config|\\(un)?restrict|-- (Dumped|PostgreSQL database dump)"
)
HEADING = re.compile(r"--\n-- Name: (.+?); Type: (.+?); Schema: .*\n--\n")
LIST = re.compile(r"'\{([^'}]{400,})\}'")


def dumped(dsn: str) -> str:
    """The schema `monitoring` of a database, as sql/schema.sql has it."""
    programs = wheel_programs(VERSION, server_account())
    command = [
        str(programs.folder / "pg_dump"),
        "--schema-only",
        "--schema=monitoring",
        "--no-owner",
    ]
    done = subprocess.run(
        [*command, "--no-privileges", f"--dbname={dsn}"],
        check=True, capture_output=True, text=True, cwd="/", timeout=120,
        **programs.account.process_options(),
    )  # fmt: skip
    return INTRODUCTION + normal(done.stdout)


def normal(dump: str) -> str:
    """A dump without what differs from one dump to the next, or helps no reader."""
    headed = HEADING.sub(titled, dump)
    lines = [line.rstrip() for line in headed.splitlines() if not LEFT_OUT.match(line)]
    text = LIST.sub(shortened, "\n".join(line for line in lines if line != "--"))
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def titled(match: re.Match[str]) -> str:
    """One line; none above a comment, which follows what it is of."""
    return "" if match[2] == "COMMENT" else f"-- {match[2].lower()} {match[1]}\n"


def shortened(match: re.Match[str]) -> str:
    items = match[1].split(",")
    return f"'{{{items[0]},{items[1]},…,{items[-1]}}}' /* {len(items)} */"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs under another account when this runs as root
        with EmbeddedPostgres(folder / "server", durable=False) as dsn:
            with psycopg.connect(dsn, autocommit=True) as connection:
                migrate(connection)
            FILE.write_text(dumped(dsn), "utf-8")


if __name__ == "__main__":
    main()
