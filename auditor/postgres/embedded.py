"""The PostgreSQL that comes with cache-auditor: started by the first who needs it, stopped by the
last.

    guard.lock   held while somebody starts or stops the server
    holders/     one locked file for each process that uses it

A process that is killed leaves its holder's file unlocked, and the next one to come or go removes
it. So a server that outlived all its holders is taken over by the next start, and stopped with it.
"""

import os
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final

from auditor.errors import EmbeddedUnavailable
from auditor.postgres.account import make_way
from auditor.postgres.cluster import Cluster
from auditor.postgres.lease import Lease, guard, living_holders
from auditor.postgres.postmaster import Postmaster
from auditor.postgres.programs import Programs

VERSION: Final = 18
DATABASE: Final = "cache_auditor"


def default_folder() -> Path:
    """Where this user's embedded PostgreSQL lives; root's is never in a home."""
    if os.geteuid() == 0:
        return Path(f"/var/lib/cache-auditor/postgresql-{VERSION}")
    from platformdirs import user_data_path

    return user_data_path("cache-auditor", appauthor=False) / f"postgresql-{VERSION}"


class EmbeddedPostgres:
    """A PostgreSQL of our own in a folder, running while anybody is inside the context.

    folder: made when missing; one folder is one cluster, shared by all processes of one user.
    durable: false lets a power cut, not a kill, destroy it, for tests; counts when it is made.
    programs: another installation's, in place of the wheel's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        version: int = VERSION,
        durable: bool = True,
        programs: Programs | None = None,
        database: str = DATABASE,
    ) -> None:
        self._folder = folder.absolute()
        self._holders = self._folder / "holders"
        self._database = database
        self._cluster = Cluster(self._folder, version, durable, programs)
        self._lease: Lease | None = None

    def __enter__(self) -> str:
        """Start the server unless it runs, and return the connection string of its database.

        Raises EmbeddedUnavailable with the server's own words when it does not start, MissingExtra
        without the wheel, and Busy when another process is starting it and does not come to an end.
        """
        self._make_folder()
        with self._guard():
            living_holders(self._holders)
            lease = Lease(self._holders)
            lease.take()
            try:
                self._cluster.start(self._database)
            except BaseException:
                lease.give_back()
                self._stop_if_unused()
                raise
            self._lease = lease
            return self._cluster.dsn(self._database)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lease back; the last to do so stops the server."""
        lease, self._lease = self._lease, None
        if lease is None:
            return
        if not lease.owned:  # a forked child leaves its parent's lease alone
            lease.give_back()
            return
        with self._guard():
            lease.give_back()
            self._stop_if_unused()

    @property
    def postmaster(self) -> Postmaster:
        """The server's process."""
        return self._cluster.postmaster

    def stop_if_unused(self) -> bool:
        """Stop a server that outlived all its holders. Returns whether nobody holds it."""
        if not self._folder.is_dir():
            return True
        with self._guard():
            return self._stop_if_unused()

    def _stop_if_unused(self) -> bool:
        if living_holders(self._holders):
            return False
        self._cluster.stop()
        return True

    def _guard(self) -> AbstractContextManager[None]:
        return guard(self._folder / "guard.lock")

    def _make_folder(self) -> None:
        try:
            make_way(self._folder)
        except OSError as exc:
            raise EmbeddedUnavailable(
                f"the embedded PostgreSQL needs the folder {self._folder}: {exc.strerror}. "
                "Name another with CACHE_AUDITOR_DATA_FOLDER, or give a server with --dsn."
            ) from exc
