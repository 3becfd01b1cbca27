"""What every command gets from the command line: settings, the way to the database, the screen.

def register(app: typer.Typer) -> None:
    @app.command()
    def tick(context: typer.Context) -> None:
        \"\"\"One pass: roll up, score, observe, notify.\"\"\"
        invocation = invocation_of(context)
        with invocation.connect() as conn:
            ...
        invocation.screen.say("done")
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from auditor.screen import Screen

if TYPE_CHECKING:
    import psycopg

    from auditor.settings import Settings
    from auditor.settings_sources import Reading


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the command line tool.

    flags: settings that the command line gives, by name. config: the settings file it names.
    """

    screen: Screen
    flags: Mapping[str, object] = field(default_factory=dict)
    config: Path | None = None

    @property
    def json(self) -> bool:
        """Whether results are to be JSON: one document, or a line each for a stream."""
        return self.screen.json

    def with_flags(self, **flags: object) -> "Invocation":
        """The same with more settings of the command line; None for what was not given."""
        return Invocation(self.screen, {**self.flags, **flags}, self.config)

    def reading(self) -> "Reading":
        """The settings with where each came from. Raises SettingsInvalid."""
        from auditor.settings_sources import read_settings

        return read_settings(self.flags, self.config)

    def settings(self) -> "Settings":
        """The settings. Raises SettingsInvalid."""
        return self.reading().settings

    def resolve(self) -> AbstractContextManager[str]:
        """The connection string, for a command that opens several connections itself."""
        from auditor.postgres.database import resolve

        return resolve(settings=self.settings())

    def connect(self) -> AbstractContextManager["psycopg.Connection"]:
        """A connection; see database.connect for how it is set up and what it raises."""
        from auditor.postgres.database import connect

        return connect(settings=self.settings())


def invocation_of(context: typer.Context) -> Invocation:
    """The invocation that a command belongs to."""
    found = context.find_object(Invocation)
    if found is None:
        raise RuntimeError("this command was not started through auditor.cli")
    return found
