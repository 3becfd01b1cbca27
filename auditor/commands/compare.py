"""`cache-auditor compare`: is the candidate better than the baseline, and how sure is that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import Invocation, invocation_of
from auditor.screen import Screen

if TYPE_CHECKING:
    from auditor.asking.compared import Compared
    from auditor.asking.pairs import Pair
    from auditor.comparing.comparison import Comparison
    from auditor.comparing.settings import ComparisonSettings
    from auditor.tables.table import Table

BACK = "14d"
"""How far back when nobody says."""
NOT_YET = 9
"""The exit code that says to ask again later."""


def register(app: typer.Typer) -> None:
    app.command()(compare)


def compare(
    context: typer.Context,
    baseline: Annotated[str, typer.Option(help="The implementation that is there.")],
    candidate: Annotated[str, typer.Option(help="The one that is to replace it.")],
    cache: Annotated[
        str | None, typer.Option(help="Of this cache; else of all that have both.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="14d, 36h, or an instant; else 14d, or all of a file.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="An instant; else now, or the end of a file.")
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option(metavar="MEASURE=NUMBER", help="A smaller difference is none; repeatable."),
    ] = None,
    warm_up: Annotated[
        str,
        typer.Option(help="Left out after a first window: 2h, 0; auto: until it is warm."),
    ] = "auto",
    risk: Annotated[
        float, typer.Option(min=0.01, max=50, help="% of equals that may ever be told apart.")
    ] = 5.0,
    pairs: Annotated[
        int, typer.Option(min=0, max=10_000, help="Pairs of the A/A check; 0: none.")
    ] = 200,
    no_keys: Annotated[bool, typer.Option("--no-keys", help="Do not look at single keys.")] = False,
    file: Annotated[
        Path | None,
        typer.Option(help="Windows as CSV, gzip or not, or Parquet, instead of the database's."),
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="COLUMN=NAME: the file's column is our NAME; or a TOML file "
                     "of such pairs; may be repeated."),
    ] = None,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave bad rows out, and count them.")
    ] = False,
) -> None:  # fmt: skip
    """Compare two implementations: hit rate, miss cost, response times, errors.

    It may be asked again at any time: looking often does not make it wrong more often.
    Exit code 0: better or equivalent; 1: worse in something; 9: not enough evidence yet; 7: bad
    rows of a file were left out.
    """
    from auditor.asking.source import refuse_skipped
    from auditor.listening.compared import document, show

    if file is None and (map_ or skip_bad_rows):
        raise typer.BadParameter("--map and --skip-bad-rows go with --file", param_hint="--file")
    invocation = invocation_of(context)
    zone = invocation.settings().time_zone
    asked = _Asked(
        (baseline, candidate, cache), since, until, zone,
        _settings(margin or [], warm_up, risk / 100.0, pairs, zone),
    )  # fmt: skip
    table: Table | None = None
    if file is None:
        found = _of_database(invocation, asked, keys=not no_keys)
    else:
        found, table = _of_file(invocation, asked, file, map_ or [], skip_bad_rows)
    if invocation.json:
        invocation.screen.document([document(each.comparison, each.keys) for each in found])
    else:
        for each in found:
            show(invocation.screen, each.comparison, each.keys)
    refuse_skipped(table)
    if code := _exit_code([each.comparison for each in found]):
        raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """names: baseline, candidate, and the cache or None for all. since, until: as they were typed.

    zone: IANA, whose clock they are on.
    """

    names: tuple[str, str, str | None]
    since: str | None
    until: str | None
    zone: str
    settings: ComparisonSettings


def _of_database(invocation: Invocation, asked: _Asked, *, keys: bool) -> list[Compared]:
    from auditor.asking.compared import pairs_of, read_and_compare
    from auditor.schema.ready import ready

    baseline, candidate, cache = asked.names
    since, until = _span(asked.since or BACK, asked.until, asked.zone, datetime.now(UTC))
    with ready(invocation) as connection:
        wanted = pairs_of(
            connection, baseline, candidate, since=since, until=until, cache_name=cache
        )
        minutes = (until - since).total_seconds() / 60
        with invocation.screen.progress("comparing", minutes * len(wanted)) as progress:
            return _each(
                invocation.screen,
                wanted,
                lambda pair: read_and_compare(
                    connection, pair, asked.settings,
                    since=since, until=until, keys=keys, progress=progress,
                ),
            )  # fmt: skip


def _of_file(
    invocation: Invocation, asked: _Asked, file: Path, maps: list[str], skip: bool
) -> tuple[list[Compared], Table]:
    """A file says nothing of single keys and has no histograms."""
    from auditor.asking.compared import Compared, compare_pair
    from auditor.asking.mapped import column_map
    from auditor.asking.pairs import pairs_among, windows_of_pairs
    from auditor.asking.source import of_table
    from auditor.windows.minutes import epoch_minute
    from baselines.store import instant

    screen = invocation.screen
    columns = column_map(maps)
    with screen.progress(f"looking through {file.name}"):
        source, table = of_table(file, columns, skip_bad_rows=skip)
    for note in source.notes:
        screen.note(note)
    ends = instant(source.until)
    since = instant(source.since) if asked.since is None else asked.since
    span = _span(since, asked.until, asked.zone, ends)
    wanted = pairs_among(table.survey().series, *asked.names, f"in {file}")
    with screen.progress("comparing", source.until - source.since) as progress:
        first, last = (epoch_minute(each) for each in span)
        read = windows_of_pairs(source, wanted, first, last, progress)
    windows = dict(zip(wanted, read, strict=True))
    found = _each(
        screen, wanted,
        lambda pair: Compared(compare_pair(windows[pair], pair, asked.settings), None),
    )  # fmt: skip
    return found, table


def _each(
    screen: Screen, pairs: Sequence[Pair], compare_one: Callable[[Pair], Compared]
) -> list[Compared]:
    """Every cache that has both. One without windows of both is noted; NothingFound if all are."""
    from auditor.errors import NothingFound

    found: list[Compared] = []
    for pair in pairs:
        try:
            found.append(compare_one(pair))
        except NothingFound as nothing:
            if pair is pairs[-1] and not found:
                raise
            screen.note(str(nothing))
    return found


def _exit_code(found: Sequence[Comparison]) -> int:
    """0 where every candidate may take over, 1 where one is worse in something, else NOT_YET."""
    verdicts = {each.verdict for each in found}
    if verdicts & {"worse", "mixed"}:
        return 1
    return NOT_YET if "not enough evidence" in verdicts else 0


def _span(
    since: str | datetime, until: str | None, zone: str, now: datetime
) -> tuple[datetime, datetime]:
    """Whole minutes [since, until). Raises BadParameter for what is no length and no instant.

    now: where it ends when nobody says; times without a day are the next ones after it.
    """
    from auditor.maintaining.asked import length, moment
    from auditor.maintaining.errors import MaintenanceInvalid
    from auditor.windows.minutes import floor_minute

    try:
        last = now if until is None else moment(until, zone, now)
    except MaintenanceInvalid as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--until") from None
    if isinstance(since, datetime):
        first = since
    else:
        try:
            first = last - length(since)
        except MaintenanceInvalid:
            try:
                first = moment(since, zone, now)
            except MaintenanceInvalid as wrong:
                raise typer.BadParameter(f"{wrong}; or 14d, 36h", param_hint="--since") from None
    if first >= last:
        raise typer.BadParameter("it must begin before it ends", param_hint="--since")
    return floor_minute(first), floor_minute(last)


def _settings(
    margins: Sequence[str], warm_up: str, risk: float, pairs: int, zone: str
) -> ComparisonSettings:
    from auditor.comparing.errors import UnknownMeasure
    from auditor.comparing.measures import margins as checked
    from auditor.comparing.settings import ComparisonSettings
    from auditor.maintaining.asked import length
    from auditor.maintaining.errors import MaintenanceInvalid

    given = {}
    for each in margins:
        name, _, number = each.partition("=")
        try:
            given[name] = float(number)
            checked(given)
        except (UnknownMeasure, ValueError) as wrong:
            said = str(wrong) if number else f"{each!r} is not like hit_rate=0.5"
            raise typer.BadParameter(said, param_hint="--margin") from None
    minutes: int | None = None
    if warm_up != "auto":
        try:
            minutes = 0 if warm_up == "0" else int(length(warm_up).total_seconds()) // 60
        except MaintenanceInvalid as wrong:
            raise typer.BadParameter(f"{wrong}; or 0, or auto", param_hint="--warm-up") from None
    return ComparisonSettings(risk, given, minutes, zone, pairs)
