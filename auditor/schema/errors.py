"""What can be wrong with the schema `monitoring`.

SchemaError
├── ForeignTables       tables of the same names that cache-auditor did not make
├── EditedMigration     a migration that landed is not the one that this version has
├── NewerDatabase       a newer version of cache-auditor has been here
├── MigrationsPending   migrations are still to be applied
└── MigrationFailed     one could not be applied, and was rolled back
"""

from collections.abc import Sequence

from auditor.errors import SchemaError


class ForeignTables(SchemaError):
    """The schema holds tables of the contract's names that cache-auditor did not make."""

    def __init__(self, tables: Sequence[str]) -> None:
        super().__init__(
            f"the schema monitoring already holds {', '.join(tables)}, and cache-auditor did not "
            "make them. Nothing was changed.\n"
            "Move them out of the way first, for example:\n"
            "  alter schema monitoring rename to monitoring_before;\n"
            "then run `cache-auditor migrate` again. "
            "`cache-auditor load` brings recorded events over."
        )
        self.tables = tuple(tables)


class EditedMigration(SchemaError):
    """A migration that landed has another text than the one of this version."""

    def __init__(self, version: int, landed: tuple[str, str], shipped: tuple[str, str]) -> None:
        super().__init__(
            f"migration {version} has landed in this database as {landed[0]} "
            f"(sha256 {landed[1][:12]}); this version of cache-auditor has {shipped[0]} "
            f"(sha256 {shipped[1][:12]}). Nothing was changed. Migrations are never edited once "
            "landed: install the version that made this database, or one newer than it."
        )
        self.version = version


class NewerDatabase(SchemaError):
    """The database holds migrations that this version does not know."""

    def __init__(self, newest: int, known: int, app_version: str) -> None:
        super().__init__(
            f"this database is at migration {newest}, made by cache-auditor {app_version}; this "
            f"version knows {known}. Nothing was changed. "
            "Upgrade it: pip install --upgrade cache-auditor"
        )
        self.newest = newest
        self.known = known


class MigrationsPending(SchemaError):
    """The database is not yet at this version's schema."""

    def __init__(self, versions: Sequence[int]) -> None:
        super().__init__(
            f"{len(versions)} of this version's migrations have not been applied "
            f"(the next is {versions[0]}). Run: cache-auditor migrate"
        )
        self.versions = tuple(versions)


class MigrationFailed(SchemaError):
    """A migration could not be applied; it and its ledger row were rolled back."""

    def __init__(self, step: str, said: str, advice: str = "") -> None:
        super().__init__(f"{step} failed and was rolled back: {said}{advice}")
