"""`cache-auditor baselines`: learn what is ordinary, list it, and draw a week of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.invocation import invocation_of

if TYPE_CHECKING:
    from baselines.store import StoredBaseline


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Learn, list and show what is ordinary.")
    app.add_typer(group, name="baselines")
    group.command()(compute)
    group.command("list")(list_)
    group.command()(show)


def compute(
    context: typer.Context,
    days: Annotated[
        int | None, typer.Option(min=1, max=365, help="Learn from so many days; else the setting.")
    ] = None,
) -> None:
    """Learn now from the windows there are. The same windows give the same numbers."""
    from auditor.daemon.learner import refresh
    from auditor.daemon.settings import thresholds
    from auditor.errors import Busy
    from auditor.schema.ready import ready

    invocation = invocation_of(context)
    settings = invocation.settings()
    span = timedelta(days=days or settings.baseline_span_days)
    with ready(invocation) as connection, invocation.screen.progress("learning"):
        done = refresh(
            connection,
            datetime.now(UTC),
            span=span,
            time_zone=settings.time_zone,
            thresholds=thresholds(settings),
        )
    if done.learned is None:
        raise Busy("another worker is learning on this database")
    learned, refused = done.learned.baselines, done.learned.refused
    if invocation.json:
        invocation.screen.document(
            {
                "since": done.since,
                "until": done.until,
                "windows": done.windows,
                "learned": list(learned),
                "not_yet": {str(key): str(why) for key, why in refused.items()},
            }
        )  # fmt: skip
        return
    for key in learned:
        invocation.screen.say(f"learned {key} from {learned[key].sample_size:,} windows")
    for key, why in refused.items():
        invocation.screen.say(f"not judged yet: {key}: {why}")
    if not learned and not refused:
        invocation.screen.say("there are no windows yet; `doctor` says what is missing")


def list_(
    context: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Older versions too.")] = False,
) -> None:
    """What is in force: a line a series."""
    from auditor.schema.ready import ready
    from baselines.store import list_baselines

    invocation = invocation_of(context)
    with ready(invocation) as connection:
        rows = list_baselines(connection, every=every)
    if invocation.json:
        invocation.screen.document(rows)
    elif rows:
        invocation.screen.table(
            ("cache", "version", "until", "windows", "hit %", "mean ms", "p95 ms", "error %"),
            [_cells(row) for row in rows],
        )
    else:
        invocation.screen.say(
            "nothing is learned yet; `baselines compute` learns from what is there"
        )


def show(
    context: typer.Context,
    series: Annotated[str, typer.Argument(metavar="CACHE/IMPLEMENTATION")],
    metric: Annotated[str, typer.Option(help="hit_rate, traffic, miss_latency_ms, …")] = "hit_rate",
) -> None:
    """The week of one series: what is ordinary in each hour of it."""
    from auditor.errors import NothingFound
    from auditor.schema.ready import ready
    from baselines.draw import draw
    from baselines.metrics import BY_NAME
    from baselines.profile_rows import to_rows
    from baselines.store import list_baselines, read_baselines

    invocation = invocation_of(context)
    cache_name, slash, implementation = series.rpartition("/")
    with ready(invocation) as connection:
        rows = list_baselines(
            connection, cache_name=cache_name if slash else None, implementation_type=implementation
        )
        if not rows:
            raise NothingFound(f"nothing is learned of {series!r}; `baselines list` names what is")
        if len(rows) > 1:
            known = ", ".join(str(row.key) for row in rows)
            raise NothingFound(f"{series!r} may be one of {known}; type cache and implementation")
        baseline = read_baselines(connection, rows)[rows[0].key]
    if metric not in baseline.profiles:
        known = ", ".join(name for name in BY_NAME if name in baseline.profiles)
        raise NothingFound(f"{series} has no baseline of {metric!r}; it has {known}")
    if invocation.json:
        invocation.screen.document(
            {"baseline": rows[0], "metric": metric,
             "profile": [r._asdict() for r in to_rows(baseline) if r.metric == metric]}
        )  # fmt: skip
        return
    for line in draw(baseline, metric):
        invocation.screen.say(line)


def _cells(row: StoredBaseline) -> tuple[object, ...]:
    return (
        str(row.key),
        f"{row.version}" if row.is_active else f"{row.version} old",
        f"{row.baseline_period_end:%Y-%m-%d}",
        row.sample_size,
        _figure(row.baseline_hit_rate),
        _figure(row.baseline_avg_response_time_ms),
        _figure(row.baseline_p95_response_time_ms),
        _figure(row.baseline_error_rate),
    )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
