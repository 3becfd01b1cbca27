"""The live table of `observations watch`: what is open, whether it is fresh, and what changed last.

Drawn for the width and height that there are; what does not fit is counted, never cut off unsaid.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.listening.changes import LoggedChange
from auditor.listening.screen import STYLES, change_line, reached
from auditor.screen import plain
from auditor.spans import span
from auditor.stores.observations import ObservationRow
from auditor.windows.lateness import LAG_WARNING, RUN, RUN_LOG, TICK_LATE

MOST_CHANGES: Final = 8
FEWEST_ROWS: Final = 3
BORDER_LINES: Final = 7
"""Of the screen: the heading, the table's head, what says how many more, the status, two blanks."""


@dataclass(slots=True)
class Scene:
    """What the listening thread has heard. since: when it began. state: as `read_state` gives it.

    trouble: why nothing is heard now, and since when; '' when all is well. notes: what is to be
    known of the listener's place.
    """

    since: datetime
    open: Sequence[ObservationRow] = ()
    changes: deque[LoggedChange] = field(default_factory=lambda: deque(maxlen=MOST_CHANGES))
    state: Mapping[str, datetime] = field(default_factory=dict)
    trouble: str = ""
    trouble_since: datetime | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Column:
    """least: it is there when the screen has so many columns."""

    title: str
    least: int
    cell: Callable[[ObservationRow, datetime], Text]


def _text(told: Callable[[ObservationRow, datetime], str]) -> Callable[..., Text]:
    return lambda row, now: Text(plain(told(row, now)))


COLUMNS: Final = (
    Column("id", 120, _text(lambda row, _: row.short_id)),
    Column("severity", 60, lambda row, _: Text(row.severity, _style(row))),
    Column("rank", 100, _text(lambda row, _: f"{row.rank:.0f}")),
    Column("cache", 44, _text(lambda row, _: reached(row))),
    Column("since", 80, _text(lambda row, _: f"{row.first_window.astimezone(UTC):%m-%d %H:%M}")),
    Column("lasting", 0, _text(lambda row, now: span(max(now - row.first_window, timedelta())))),
    Column("cost", 80, _text(lambda row, _: f"{row.cost_ms / 1000:,.1f} s")),
    Column("state", 100, _text(lambda row, _: _state(row))),
    Column("what", 0, lambda row, _: Text(plain(row.title), _style(row))),
)


def draw(scene: Scene, now: datetime, width: int, height: int) -> RenderableType:
    """The whole screen."""
    status = _status(scene, now)
    folded = sum(-(-line.cell_len // width) for line in status)
    room = max(height - BORDER_LINES - folded, FEWEST_ROWS)
    changes = list(scene.changes)[-max(min(MOST_CHANGES, room // 3), 1) :]
    rows = scene.open[: max(room - len(changes), FEWEST_ROWS)]
    parts: list[RenderableType] = [_heading(scene, now), Text("")]
    if rows:
        parts.append(_table(rows, now, width))
    if len(rows) < len(scene.open):
        parts.append(Text(f"and {len(scene.open) - len(rows)} more", "dim"))
    parts += [Text(""), *status]
    parts += [_short(change_line(change), width) for change in reversed(changes)]
    return Group(*parts)


def staleness(state: Mapping[str, datetime], now: datetime) -> str:
    """Why what is shown may be old; '' when it is fresh."""
    ticked, scored = state.get("last_tick_at"), state.get("scored_until")
    if ticked is None:
        return f"the auditor has never run here; {RUN}"
    if now - ticked > TICK_LATE:
        return f"the auditor last ticked {span(now - ticked)} ago; {RUN}"
    if scored is not None and now - scored > LAG_WARNING:
        return f"windows are {span(now - scored)} behind; {RUN_LOG}"
    return ""


def _status(scene: Scene, now: datetime) -> list[Text]:
    scored = scene.state.get("scored_until")
    upto = "nothing is scored yet" if scored is None else (
        f"scored up to {scored.astimezone(UTC):%H:%M} UTC")  # fmt: skip
    lines = [Text(f"listening since {scene.since.astimezone(UTC):%H:%M} UTC, {upto}", "dim")]
    stale = staleness(scene.state, now)
    if scene.trouble and scene.trouble_since is not None:
        away = span(max(now - scene.trouble_since, timedelta()))
        stale = (
            f"connection lost {away} ago ({scene.trouble}); trying again, nothing will be missed"
        )
    if stale:
        lines.append(Text(f"stale: {plain(stale)}", "bold yellow"))
    return lines + [Text(plain(note), "yellow") for note in scene.notes]


def _heading(scene: Scene, now: datetime) -> Text:
    found = Text(f"{now.astimezone(UTC):%H:%M:%S} UTC  ", "dim")
    if not scene.open:
        return found.append("nothing is open", "green")
    found.append(f"{len(scene.open)} open", "bold")
    for severity in ("critical", "warning", "info"):
        count = sum(row.severity == severity for row in scene.open)
        if count:
            found.append(f"  {count} {severity}", STYLES[severity])
    return found


def _table(rows: Sequence[ObservationRow], now: datetime, width: int) -> Table:
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    columns = [column for column in COLUMNS if width >= column.least]
    for column in columns:
        last = column is columns[-1]
        most = None if last else max(width // 4, 8)
        made.add_column(
            column.title, no_wrap=True, overflow="ellipsis", ratio=1 if last else None,
            max_width=most, header_style="dim",
        )  # fmt: skip
    for row in rows:
        made.add_row(*(column.cell(row, now) for column in columns))
    return made


def _short(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    return line


def _style(row: ObservationRow) -> str:
    return "dim" if row.acknowledged else STYLES[row.severity]


def _state(row: ObservationRow) -> str:
    return f"ack {row.acknowledged_by}" if row.acknowledged else row.state
