"""One PostgreSQL cluster in a folder: made, started, stopped. Who may do so is embedded.py's
business; nothing here looks at leases.

    cluster/     PostgreSQL's own files, and its log
    socket/      where it listens; open to its account alone, and to no network
"""

import os
import shlex
import shutil
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import quote

from auditor.errors import EmbeddedUnavailable
from auditor.postgres.account import server_account
from auditor.postgres.postmaster import PORT, SUPERUSER, Postmaster
from auditor.postgres.programs import Programs, wheel_programs

START_TIMEOUT_S: Final = 60
STOP_TIMEOUT_S: Final = 60
LONGEST_SOCKET_PATH: Final = 103  # bytes; what macOS allows, Linux allows 4 more
LARGEST_LOG_BYTES: Final = 4_000_000

SMALL: Final = """
# Written by cache-auditor: a small server for one machine. Lines added below win.
shared_buffers = 32MB
work_mem = 8MB
maintenance_work_mem = 32MB
max_connections = 50
max_parallel_workers_per_gather = 0
max_wal_size = 256MB
wal_level = minimal
max_wal_senders = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
log_line_prefix = '%m [%p] %a '
unix_socket_permissions = 0700
"""
THROWAWAY: Final = """
# For tests: what is committed outlives a killed server, but not a power cut.
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 64MB
"""


class Cluster:
    """A cluster in a folder that exists."""

    def __init__(
        self, folder: Path, version: int, durable: bool, programs: Programs | None
    ) -> None:
        self._folder = folder
        self._files = folder / "cluster"
        self._log = self._files / "server.log"
        self._version = version
        self._durable = durable
        self._programs = programs
        self.postmaster = Postmaster(self._files)

    def dsn(self, database: str) -> str:
        """The connection string of a database, while the server runs."""
        sockets = quote(self.postmaster.socket_folder(), safe="")
        return f"postgresql://{SUPERUSER}@/{database}?host={sockets}&port={PORT}"

    def start(self, database: str) -> None:
        """Make the cluster, the server and the database run, whichever does not.

        Raises EmbeddedUnavailable with the server's own words, MissingExtra without the wheel.
        """
        running = self.postmaster.pid() is not None
        if not (running and self.postmaster.wait_until_ready(START_TIMEOUT_S)):
            self._prepare()
            self._launch()
        if not self.postmaster.answers(database):
            where = ["-h", self.postmaster.socket_folder(), "-p", str(PORT), "-U", SUPERUSER]
            self._tools().run("createdb", [*where, database], timeout_s=60)

    def stop(self) -> None:
        """Stop the server, breaking off what its clients do. Harmless when it does not run."""
        if self.postmaster.pid() is None:
            return
        arguments = ["stop", "-D", str(self._files), "-m", "fast", "-w", "-t", str(STOP_TIMEOUT_S)]
        self._tools().run("pg_ctl", arguments, STOP_TIMEOUT_S + 10)

    def _tools(self) -> Programs:
        if self._programs is None:
            self._programs = wheel_programs(self._version, server_account())
        return self._programs

    def _prepare(self) -> None:
        closed = self._tools().account.first_closed(self._folder)
        if closed is not None:
            raise EmbeddedUnavailable(
                f"PostgreSQL runs under another account than root, which may not enter {closed}. "
                "Choose a data folder below /var/lib."
            )
        if not self._files.exists():
            self._make()
        found = (self._files / "PG_VERSION").read_text().strip()
        if found != str(self._version):
            raise EmbeddedUnavailable(
                f"{self._folder} was made by PostgreSQL {found}, and this one is {self._version}. "
                "Choose another folder, or move the contents with pg_dump."
            )

    def _make(self) -> None:
        """Make the files under another name first, so that a kill never leaves half of them."""
        half = self._folder / "cluster.new"
        shutil.rmtree(half, ignore_errors=True)
        self._tools().account.make_folder(half)
        arguments = ["-D", str(half), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"]
        arguments += ["--locale=C"] + ([] if self._durable else ["--no-sync"])
        self._tools().run("initdb", arguments, timeout_s=300)
        with (half / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(SMALL if self._durable else SMALL + THROWAWAY)
        half.rename(self._files)

    def _launch(self) -> None:
        if self._log.exists() and self._log.stat().st_size > LARGEST_LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        sockets = self._socket_folder()
        self._tools().account.make_folder(sockets)
        self.postmaster.forget_strangers(sockets)
        where = f"-c listen_addresses='' -p {PORT} -k {shlex.quote(str(sockets))}"
        arguments = ["start", "-D", str(self._files), "-l", str(self._log), "-o", where]
        arguments += ["-w", "-t", str(START_TIMEOUT_S)]
        try:
            self._tools().run("pg_ctl", arguments, START_TIMEOUT_S + 30)
        except EmbeddedUnavailable as exc:
            if self.postmaster.pid() is None:  # else a start that was cut off came to its end
                raise EmbeddedUnavailable(f"{exc}\n{self._last_words()}") from exc
        if not self.postmaster.wait_until_ready(START_TIMEOUT_S):
            raise EmbeddedUnavailable(
                f"PostgreSQL did not get ready in {START_TIMEOUT_S} s.\n{self._last_words()}"
            )

    def _socket_folder(self) -> Path:
        """Beside the files; in the temporary folder when that path is too long for a socket."""
        name = f"cache-auditor-{blake2b(os.fsencode(self._folder), digest_size=8).hexdigest()}"
        for folder in (self._folder / "socket", Path(tempfile.gettempdir()) / name):
            if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
                return folder
        return Path("/tmp") / name  # the one folder that is short everywhere

    def _last_words(self, lines: int = 15) -> str:
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return f"(its log {self._log} cannot be read)"
