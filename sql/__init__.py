"""All SQL of cache-auditor, and the one loader of it.

`queries(room)` gives the named statements of `queries/<room>.sql`; `migrations()` the forward-only
steps of `migrations/`, in order. Every file is checked against `manifest.txt` when it is read, so
that a half-updated or hand-edited installation says so instead of running the wrong statement.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).resolve().parent
MANIFEST = "manifest.txt"
_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)
_MIGRATION = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")


class SqlError(Exception):
    """An SQL file is missing, changed, or not of the expected form."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One forward step of the schema: its number, what it does, its text and the text's SHA-256."""

    version: int
    name: str
    text: str
    sha256: str


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def _manifest() -> Mapping[str, str]:
    """Relative path -> SHA-256, as shipped. Raises SqlError when the manifest is missing."""
    path = FOLDER / MANIFEST
    if not path.is_file():
        raise SqlError(f"{path} is missing; reinstall cache-auditor")
    pairs = (line.split("  ", 1) for line in path.read_text("utf-8").splitlines() if line)
    return {name: sha256 for sha256, name in pairs}


def _read(relative: str) -> tuple[str, str]:
    """Text and SHA-256 of a shipped file. Raises SqlError when it is not what was shipped."""
    path = FOLDER / relative
    if not path.is_file():
        raise SqlError(f"{path} is missing; reinstall cache-auditor")
    found = digest(path)
    expected = _manifest().get(relative)
    if found != expected:
        raise SqlError(
            f"{path} is not the file that was shipped (sha256 {found[:12]}, expected "
            f"{(expected or 'none')[:12]}); reinstall cache-auditor, or run `make manifest` "
            "if you mean to change it"
        )
    return path.read_text("utf-8"), found


@functools.cache
def queries(room: str) -> Mapping[str, str]:
    """The statements of `queries/<room>.sql` by name, with psycopg's named parameters.

    Raises SqlError for an unknown room, a changed file, or a name given twice.
    """
    text, _ = _read(f"queries/{room}.sql")
    parts = _NAME.split(text)[1:]
    found: dict[str, str] = {}
    for name, statement in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise SqlError(f"queries/{room}.sql names {name} twice")
        found[name] = statement.strip()
    return MappingProxyType(found)


@functools.cache
def migrations() -> tuple[Migration, ...]:
    """Every migration, oldest first. Raises SqlError when a number is missing or used twice."""
    steps = []
    for path in sorted((FOLDER / "migrations").glob("*.sql")):
        match = _MIGRATION.match(path.name)
        if match is None:
            raise SqlError(f"{path} is not named like 0001_what_it_does.sql")
        text, sha256 = _read(f"migrations/{path.name}")
        steps.append(Migration(int(match[1]), match[2], text, sha256))
    if [step.version for step in steps] != list(range(1, len(steps) + 1)):
        raise SqlError(f"migrations are not numbered 1, 2, 3 …: {[s.version for s in steps]}")
    return tuple(steps)
