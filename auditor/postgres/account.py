"""Under which account the embedded PostgreSQL runs: the caller's own, unless that is root.

PostgreSQL refuses to run as root. For root there is one account of our own that cannot log in,
with folders of its own; no permission bit of any folder that is not ours is ever changed.
"""

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import EmbeddedUnavailable

ROOT_ACCOUNT = "cache-auditor"
WAYS_TO_ADD = (
    ("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
     "--shell", "/usr/sbin/nologin", ROOT_ACCOUNT),
    ("adduser", "-S", "-D", "-H", "-s", "/sbin/nologin", ROOT_ACCOUNT),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the server's processes and files belong to."""

    uid: int
    gid: int
    foreign: bool
    """Whether it is not the caller's own."""

    def process_options(self) -> dict[str, Any]:
        """The options of subprocess.run that make a process run under this account."""
        if not self.foreign:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def make_folder(self, path: Path) -> None:
        """Make the folder if it is missing, and let it belong to this account alone.

        Raises EmbeddedUnavailable when it is somebody else's, or a link.
        """
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (self.uid, os.geteuid()):
            raise EmbeddedUnavailable(f"{path} is not a folder of this user; remove it, and retry.")
        if found.st_uid != self.uid:
            os.chown(path, self.uid, self.gid)
        path.chmod(0o700)

    def first_closed(self, path: Path) -> Path | None:
        """The first folder on the way to `path` (itself included) that is closed to it, or None."""
        if not self.foreign:
            return None
        for folder in (*reversed(path.parents), path):
            if not self._may_pass(folder.stat()):
                return folder
        return None

    def _may_pass(self, found: os.stat_result) -> bool:
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


def make_way(path: Path) -> None:
    """Make the folder and those above it that are missing.

    Root's are open to pass, whatever root's umask is, since the server's account must; what existed
    keeps its permission bits.
    """
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=0o755, exist_ok=True)
            if os.geteuid() == 0:
                folder.chmod(0o755)


def server_account() -> Account:
    """The caller's account; for root the account cache-auditor, which is made when missing.

    Raises EmbeddedUnavailable when root has no such account and it cannot be made.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), foreign=False)
    for way in WAYS_TO_ADD:
        if found := _existing():
            return found
        try:
            subprocess.run(way, check=False, capture_output=True, timeout=60)
        except (FileNotFoundError, subprocess.TimeoutExpired):
            continue
    if found := _existing():
        return found
    raise EmbeddedUnavailable(
        f"PostgreSQL does not run as root, and the account {ROOT_ACCOUNT!r} could not be made. "
        "Run cache-auditor as an ordinary user, or give a server with --dsn or DATABASE_URL."
    )


def _existing() -> Account | None:
    try:
        entry = pwd.getpwnam(ROOT_ACCOUNT)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid, foreign=True)
