"""Who is using a folder: one locked file for each holder, and a guard for changing that.

A holder's file is flock'ed for as long as its process lives; the kernel lets go of it even after
a kill -9, so a file that can be locked belongs to nobody any more. Everything that looks at the
holders or adds one does so under the guard, so that two processes never decide at once.
"""

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditor.errors import Busy

GUARD_TIMEOUT_S = 180.0
POLL_S = 0.02


def locked(descriptor: int) -> bool:
    """Whether the file was free and is now locked by this descriptor."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def guard(path: Path, timeout_s: float = GUARD_TIMEOUT_S) -> Iterator[None]:
    """Hold the lock file `path` alone; it is made if it does not exist, and never removed.

    Raises Busy when another process holds it for longer than timeout_s.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + timeout_s
        while not locked(descriptor):
            if time.monotonic() > deadline:
                raise Busy(
                    f"another process has held {path} for more than {timeout_s:.0f} s. "
                    f"See who it is with: fuser {path}"
                )
            time.sleep(POLL_S)
        yield
    finally:
        os.close(descriptor)


class Lease:
    """One holder's stake in a folder; taken, asked and given back under the folder's guard."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._descriptor: int | None = None
        self._owner = os.getpid()

    def take(self) -> None:
        """Become a holder; until given back, or until this process ends in whatever way."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def give_back(self) -> None:
        """Stop being a holder. A forked child never owned the lease, and only closes its copy."""
        if self._descriptor is None:
            return
        if self.owned:
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None

    @property
    def owned(self) -> bool:
        """Whether this very process took the lease, and not a parent that it was forked from."""
        return os.getpid() == self._owner


def living_holders(folder: Path) -> int:
    """How many hold the folder; the files of those that died are removed."""
    living = 0
    for path in sorted(folder.glob("*")):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            if locked(descriptor):
                path.unlink()
            else:
                living += 1
        finally:
            os.close(descriptor)
    return living
