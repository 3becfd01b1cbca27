"""How observations look in a terminal: a table, one in full, and one line a change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.text import Text

from auditor.listening.changes import LoggedChange
from auditor.screen import Screen, plain
from auditor.spans import span
from auditor.stores.observations import SHORT, HistoryRow, ObservationRow

STYLES = {"critical": "bold red", "warning": "yellow", "info": "cyan", "resolved": "green"}


def _series(cache_name: object, implementation_type: object) -> str:
    return f"{cache_name}/{implementation_type}" if implementation_type else str(cache_name)


def reached(row: ObservationRow) -> str:
    """The leading series of a problem, and how many more it has reached."""
    more = len(row.also)
    found = _series(row.cache_name, row.implementation_type)
    return f"{found} and {more} more series" if more else found


def _lasting(row: ObservationRow, now: datetime) -> str:
    end = row.resolved_at or now
    return span(max(end - row.first_window, timedelta()))


def show_table(screen: Screen, rows: Sequence[ObservationRow], now: datetime) -> None:
    """Observations as a table, as they come."""
    screen.table(
        ("id", "severity", "rank", "cache", "since (UTC)", "lasting", "state", "what"),
        [
            (
                row.short_id,
                Text(row.severity, STYLES[row.severity] if row.state == "open" else "dim"),
                f"{row.rank:.0f}",
                reached(row),
                f"{row.first_window:%m-%d %H:%M}",
                _lasting(row, now),
                row.state + (f", ack {row.acknowledged_by}" if row.acknowledged else ""),
                row.title,
            )
            for row in rows
        ],
    )


def show_one(
    screen: Screen, row: ObservationRow, history: Sequence[HistoryRow], now: datetime
) -> None:
    """One observation in full: what, expected, cost, cause, what to do, what happened."""
    screen.show(Text(plain(f"{row.severity.upper()}  {row.title}"), STYLES[row.severity]))
    screen.say("")
    screen.say(row.description)
    if row.recommendation:
        screen.say(f"\nWhat to do: {row.recommendation}")
    screen.say("")
    facts = [
        ("id", str(row.id)),
        ("cache", reached(row)),
        *_also(row),
        ("state", row.state + (f" at {plain(row.resolved_at)}" if row.resolved_at else "")),
        ("since", f"{plain(row.first_window)} UTC, {_lasting(row, now)}"),
        ("rank", f"{row.rank:.0f} of 100"),
        ("cost", f"{row.cost_ms / 1000:.1f} s of extra waiting so far"),
        ("category", row.category),
        ("metric", _metric(row)),
        ("cause", row.cause or "unknown"),
        ("acknowledged", f"by {row.acknowledged_by} at {plain(row.acknowledged_at)}"
            if row.acknowledged else "no"),
    ]  # fmt: skip
    screen.table(("", ""), facts)
    if history:
        screen.say("")
        screen.table(
            ("when (UTC)", "what", "severity", "by", "reason", "note"),
            [(h.changed_at, h.kind, h.severity, h.by, h.reason, h.note) for h in history],
        )


def _also(row: ObservationRow) -> list[tuple[str, str]]:
    """The other series by name, when there are any."""
    named = [_series(each["cache_name"], each["implementation_type"]) for each in row.also]
    return [("also", ", ".join(named))] if named else []


def _metric(row: ObservationRow) -> str:
    away = row.deviation_percentage
    return (
        f"{row.metric_name}: {_number(row.metric_value)}, "
        f"ordinarily {_number(row.baseline_value)}{'' if away is None else f' ({away:+.0f} %)'}"
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.4g}"


def change_line(change: LoggedChange) -> Text:
    """One change as one line: when, what happened, how bad, which, and the title."""
    row = change.observation
    word = change.kind
    if change.kind == "acknowledged":
        word = f"acknowledged by {change.by or '?'} ({change.reason or 'no reason'})"
    style = STYLES["resolved"] if change.kind == "resolved" else STYLES.get(row["severity"], "")
    line = Text()
    line.append(f"{change.changed_at:%H:%M:%S}  ", "dim")
    line.append(f"{plain(word):<12} ", style)
    line.append(f"{plain(row['severity']):<8} ", style)
    line.append(f"{str(change.observation_id)[:SHORT]}  ")
    line.append(plain(row["title"]))
    if change.kind == "resolved" and row.get("resolved_at"):
        ends = (datetime.fromisoformat(row[name]) for name in ("resolved_at", "first_window"))
        line.append(f"; over after {span(next(ends) - next(ends))}")
    return line
