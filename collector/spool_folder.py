"""Where a collector keeps its spool: one folder a process, held by a lock that dies with it.

ROOT/DESTINATION/              one for each database, so that no batch enters the wrong one
    destination                which one, without user and password
    key_secret                 the installation's secret, remembered
    dead_letters.jsonl         rows that the database refused
    COLLECTOR_ID/lock          held (flock) while the process lives
    COLLECTOR_ID/counts        its counters
    COLLECTOR_ID/00000001.seg  its spooled batches, in order
    COLLECTOR_ID/trouble       why they wait: what the last attempt said
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

LOCK = "lock"
COUNTS = "counts"
DEAD_LETTERS = "dead_letters.jsonl"
NAME = "destination"


class ClaimedFolder:
    """A collector's folder that this process holds; nobody else touches it meanwhile."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @property
    def counts(self) -> Path:
        """Where its counters are."""
        return self.path / COUNTS

    def release(self) -> None:
        """Let go of it; whoever comes next may claim it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def remove(self) -> None:
        """It is empty or no longer wanted: away with it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()


def claim(path: Path) -> ClaimedFolder | None:
    """Take a folder, made when absent; None when a living process holds it. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _lock(path, os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600))


def _lock(path: Path, descriptor: int) -> ClaimedFolder | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its last holder may have removed it between the opening and the locking.
        if os.stat(path / LOCK).st_ino == os.fstat(descriptor).st_ino:
            return ClaimedFolder(path, descriptor)
    except OSError:
        pass
    os.close(descriptor)
    return None


def held(path: Path) -> bool:
    """Whether a living process holds a folder; nothing is changed or kept."""
    try:
        folder = _lock(path, os.open(path / LOCK, os.O_RDWR))
    except FileNotFoundError:
        return False
    if folder is None:
        return True
    folder.release()
    return False


def claim_dead(destination: Path, own: str) -> Iterator[ClaimedFolder]:
    """The folders of collectors whose process is gone, each claimed, oldest first."""
    folders = [path for path in destination.iterdir() if path.name != own and path.is_dir()]
    for path in sorted(folders, key=_changed):
        try:
            folder = _lock(path, os.open(path / LOCK, os.O_RDWR))
        except FileNotFoundError:
            continue  # not a collector's, or removed by another process just now
        if folder is not None:
            yield folder


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def destination_folder(root: str | None, destination: str) -> Path:
    """The folder for one database, made and writable by this user alone. Raises OSError.

    root: as set; otherwise the user's state folder, or a private one in the temporary folder.
    """
    name = folder_name(destination)
    candidates = roots(root)
    for candidate in candidates:
        try:
            path = candidate / name
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.stat().st_uid == os.getuid() and os.access(path, os.W_OK | os.X_OK):
                return path
        except OSError:
            continue
    raise OSError(f"no spool folder can be made in {' or '.join(map(str, candidates))}")


def folder_name(destination: str) -> str:
    """The name of its folder; the same for the same destination."""
    return blake2b(destination.encode(), digest_size=6).hexdigest()


def roots(root: str | None) -> list[Path]:
    """Where spools may be: as set, or the user's state folder and one in the temporary folder."""
    return [Path(root)] if root else [_state_folder(), _temporary_folder()]


def name_destination(folder: Path, destination: str) -> None:
    """Write down whose folder it is, for a person who looks. Raises OSError."""
    path = folder / NAME
    if not path.exists():
        path.write_text(f"{destination}\n", "utf-8")


def _state_folder() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "cache-auditor" / "spool"
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "cache-auditor" / "spool"


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"cache-auditor-{os.getuid()}" / "spool"
