"""Which column of a file is which of ours, as the command line says it with --map."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import typer

from auditor.tables.columns import ColumnMap
from auditor.tables.errors import UnusableColumns


def column_map(maps: Sequence[str]) -> ColumnMap:
    """Pairs, and files of pairs. Raises BadParameter for what is neither, or not known."""
    names: dict[str, str] = {}
    for each in maps:
        column, equals, ours = each.partition("=")
        if equals:
            names[column.strip()] = ours.strip()
            continue
        try:
            pairs = tomllib.loads(Path(each).read_text("utf-8"))
        except OSError as error:
            said = f"{each!r} is neither COLUMN=NAME nor a file: {error.strerror}"
            raise typer.BadParameter(said, param_hint="--map") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"{each}: {error}", param_hint="--map") from None
        names |= {str(column): str(ours) for column, ours in pairs.items()}
    try:
        return ColumnMap(names)
    except UnusableColumns as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--map") from None
