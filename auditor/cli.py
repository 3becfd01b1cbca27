"""The command line tool: options that all commands share, and the commands, which are discovered.

Each module of auditor/commands has `register(app)` and adds its commands there. What is slow to
import is imported inside the functions that need it, so that `--help` stays quick.
"""

import importlib
import logging
import pkgutil
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from auditor import commands
from auditor.invocation import Invocation
from auditor.screen import Screen

WITH_VALUE: Final = ("--dsn", "--config")
WITHOUT_VALUE: Final = ("--json",)


def shared_first(arguments: list[str]) -> list[str]:
    """The arguments with the shared options moved to the front, so that they may stand anywhere.

    What follows `--` stays where it is.
    """
    shared: list[str] = []
    others: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            others += [argument, *rest]
        elif argument in WITHOUT_VALUE or argument.startswith(tuple(f"{n}=" for n in WITH_VALUE)):
            shared.append(argument)
        elif argument in WITH_VALUE:
            shared += [argument, *([value] if (value := next(rest, None)) is not None else [])]
        else:
            others.append(argument)
    return shared + others


class SharedOptionsGroup(TyperGroup):
    """The top of the tool: takes its own options wherever they stand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, shared_first(args))


def _print_version(wanted: bool) -> None:
    if wanted:
        Screen().say(f"cache-auditor {distribution_version('cache-auditor')}")
        raise typer.Exit


def _is_news(record: logging.LogRecord) -> bool:
    """Not the driver's note that a connection broken off by Ctrl-C could not be rolled back."""
    return not record.getMessage().startswith("error ignored")


def start(
    context: typer.Context,
    dsn: Annotated[
        str | None, typer.Option(help="The database; else DATABASE_URL, else an embedded one.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="The settings file; else cache-auditor.toml here.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Results as JSON, on stdout.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Say the version.", callback=_print_version,
                           is_eager=True)
    ] = False,
) -> None:  # fmt: skip
    """Watches caches, learns what is ordinary, and says what is wrong and since when.

    --dsn, --config and --json may stand before or after the command.
    """
    for name in ("psycopg", "psycopg.transaction"):
        logging.getLogger(name).addFilter(_is_news)
    context.obj = Invocation(Screen(json=json), {"dsn": dsn}, config)


def build() -> typer.Typer:
    """The tool with every command of auditor/commands, in the order of their modules' names."""
    app = typer.Typer(
        name="cache-auditor",
        cls=SharedOptionsGroup,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(start)
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda module: module.name):
        importlib.import_module(f"{commands.__name__}.{found.name}").register(app)
    return app
