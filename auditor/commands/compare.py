"""`cache-auditor compare`: is the candidate better than the baseline, and how sure is that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import invocation_of
from auditor.screen import Screen

if TYPE_CHECKING:
    from psycopg import Connection

    from auditor.asking.compared import Compared
    from auditor.comparing.comparison import Comparison
    from auditor.comparing.settings import ComparisonSettings

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
    since: Annotated[str, typer.Option(help="14d, 36h, or an instant.")] = "14d",
    until: Annotated[str | None, typer.Option(help="An instant; else now.")] = None,
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
) -> None:
    """Compare two implementations: hit rate, miss cost, response times, errors.

    It may be asked again at any time: looking often does not make it wrong more often.
    Exit code 0: better or equivalent; 1: worse in something; 9: not enough evidence yet.
    """
    from auditor.schema.ready import ready

    invocation, now = invocation_of(context), datetime.now(UTC)
    zone = invocation.settings().time_zone
    span = _span(since, until, zone, now)
    settings = _settings(margin or [], warm_up, risk / 100.0, pairs, zone)
    with ready(invocation) as connection:
        found = _compared(
            invocation.screen, connection, (baseline, candidate, cache), span, settings,
            keys=not no_keys,
        )  # fmt: skip
    if invocation.json:
        invocation.screen.document([_document(each) for each in found])
    else:
        for each in found:
            _show(invocation.screen, each)
    if code := _exit_code([each.comparison for each in found]):
        raise typer.Exit(code)


def _compared(
    screen: Screen,
    connection: Connection,
    names: tuple[str, str, str | None],
    span: tuple[datetime, datetime],
    settings: ComparisonSettings,
    *,
    keys: bool,
) -> list[Compared]:
    """Every cache that has both. One without windows of both is noted; NothingFound if all are."""
    from auditor.asking.compared import pairs_of, read_and_compare
    from auditor.errors import NothingFound

    baseline, candidate, cache = names
    since, until = span
    wanted = pairs_of(connection, baseline, candidate, since=since, until=until, cache_name=cache)
    found: list[Compared] = []
    minutes = (until - since).total_seconds() / 60
    with screen.progress("comparing", minutes * len(wanted)) as progress:
        for pair in wanted:
            try:
                one = read_and_compare(
                    connection, pair, settings,
                    since=since, until=until, keys=keys, progress=progress,
                )  # fmt: skip
            except NothingFound as nothing:
                if pair is wanted[-1] and not found:
                    raise
                screen.note(str(nothing))
            else:
                found.append(one)
    return found


def _exit_code(found: Sequence[Comparison]) -> int:
    """0 where every candidate may take over, 1 where one is worse in something, else NOT_YET."""
    verdicts = {each.verdict for each in found}
    if verdicts & {"worse", "mixed"}:
        return 1
    return NOT_YET if "not enough evidence" in verdicts else 0


def _span(since: str, until: str | None, zone: str, now: datetime) -> tuple[datetime, datetime]:
    """Whole minutes [since, until). Raises BadParameter for what is no length and no instant."""
    from auditor.maintaining.asked import length, moment
    from auditor.maintaining.errors import MaintenanceInvalid
    from auditor.windows.minutes import floor_minute

    try:
        last = now if until is None else moment(until, zone, now)
    except MaintenanceInvalid as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--until") from None
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


def _document(found: Compared) -> dict[str, object]:
    """One cache as JSON; minutes become instants."""
    from auditor.comparing.wording import headline
    from baselines.store import instant

    one = found.comparison
    fields = {name: getattr(one, name) for name in one.__dataclass_fields__}
    left_out = [
        {
            "implementation": each.implementation,
            "since": instant(each.since),
            "until": instant(each.until),
            "after": each.after,
        }
        for each in one.left_out
    ]
    spanned = {"since": instant(one.since), "until": instant(one.until), "left_out": left_out}
    keys = None
    if found.keys is not None:
        keys = {name: getattr(found.keys, name) for name in found.keys.__dataclass_fields__}
        keys |= {"since": instant(found.keys.since), "until": instant(found.keys.until)}
    return {**fields, **spanned, "says": headline(one), "losing_keys": keys}


def _show(screen: Screen, found: Compared) -> None:
    """One cache for people: the verdict, a line a measure, what it rests on, where it loses."""
    from auditor.comparing import wording

    one = found.comparison
    screen.say(f"{one.cache_name}: {wording.headline(one)}\n")
    screen.table(
        ("measure", one.baseline, one.candidate, "difference", "between", "margin", "comes to"),
        [
            (
                each.title,
                wording.figure(each.baseline, each.value_unit),
                wording.figure(each.candidate, each.value_unit),
                wording.difference(each.estimate, each.unit),
                wording.between(each),
                f"{each.margin:g}",
                wording.standing(each),
            )
            for each in one.differences
        ],
    )
    screen.say("")
    for sentence in (*wording.basis(one), wording.checked(one.self_check)):
        screen.say(f"- {sentence}")
    for sentence in wording.losing_hours(one):
        screen.say(f"- {sentence}")
    if found.keys is not None:
        for sentence in wording.losing_keys(found.keys):
            screen.say(f"- {sentence}")
    screen.say("")
