"""What can go wrong in the shells, and the exit code that each kind ends a command with.

code  meaning
0     done
1     done, and the answer is no: a check found something wrong
2     the command line is wrong: an unknown option, an id that does not exist, a name that is taken
3     the settings are wrong
4     the database cannot be reached, or refuses
5     the schema is not the one that this version needs
6     somebody else is at it: a lock was not free in time
7     some of the input was refused; the rest was kept
8     the installation is incomplete or mixed
9     there is not enough evidence yet: ask again later
70    a fault in cache-auditor itself; a traceback says where
130   interrupted with Ctrl-C
141   who read the output went away

CacheAuditorError
├── NothingFound            2
├── NameTaken               2
├── SettingsInvalid         3
├── DatabaseError           4
│   ├── DatabaseUnreachable
│   ├── DatabaseRefused
│   └── EmbeddedUnavailable
├── SchemaError             5   (its kinds are in migrations.py)
├── Busy                    6
├── InputRefused            7
│   ├── TableUnreadable
│   ├── UnusableColumns
│   ├── BadRow
│   └── TooLargeHole        (these four are in tables/errors.py)
└── InstallationError       8
    ├── MissingExtra
    └── MixedPackages
"""

from pathlib import Path
from typing import ClassVar


class CacheAuditorError(Exception):
    """An error that is expected and explained: its text says what is wrong and what to do next."""

    exit_code: ClassVar[int] = 1


class NothingFound(CacheAuditorError):
    """What was asked for by name or id does not exist."""

    exit_code: ClassVar[int] = 2


class NameTaken(CacheAuditorError):
    """What is to be made is there already."""

    exit_code: ClassVar[int] = 2


class SettingsInvalid(CacheAuditorError):
    """One or more settings are wrong; the text names all of them, each with where it came from."""

    exit_code: ClassVar[int] = 3

    def __init__(self, faults: tuple[str, ...]) -> None:
        count = "1 setting is wrong" if len(faults) == 1 else f"{len(faults)} settings are wrong"
        super().__init__("\n".join((f"{count}:", *(f"  {fault}" for fault in faults))))
        self.faults = faults


class DatabaseError(CacheAuditorError):
    """The database cannot be used as it is asked to be."""

    exit_code: ClassVar[int] = 4


class DatabaseUnreachable(DatabaseError):
    """No server answers where the connection string points."""


class DatabaseRefused(DatabaseError):
    """A server answers, and turns this connection away."""


class EmbeddedUnavailable(DatabaseError):
    """The embedded PostgreSQL cannot be started or stopped."""


class SchemaError(CacheAuditorError):
    """The schema `monitoring` is not the one that this version needs."""

    exit_code: ClassVar[int] = 5


class Busy(CacheAuditorError):
    """Another process holds a lock, and did not let go of it in time."""

    exit_code: ClassVar[int] = 6


class InputRefused(CacheAuditorError):
    """Some of the input was refused; what was good is kept."""

    exit_code: ClassVar[int] = 7


class InstallationError(CacheAuditorError):
    """cache-auditor is not installed as it must be."""

    exit_code: ClassVar[int] = 8


class MissingExtra(InstallationError):
    """A module that an extra would have brought is not installed."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(
            f"this needs {module}, which is not installed. "
            f"Install it with: pip install 'cache-auditor[{extra}]'"
        )
        self.module = module
        self.extra = extra


class MixedPackages(InstallationError):
    """Another package of the same name is found first, or two versions are mixed."""

    def __init__(self, name: str, found: Path, expected: Path) -> None:
        super().__init__(
            f"the package {name!r} that Python finds is not cache-auditor's.\n"
            f"  found:    {found}\n"
            f"  expected: {expected}\n"
            "Rename or move the one that is found, or start from another folder; "
            "if both belong to cache-auditor, reinstall it: "
            "pip install --force-reinstall cache-auditor"
        )
        self.found = found
        self.expected = expected
