"""The live table: what it shows, by itself and in a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from rich.console import Console

from auditor.listening.changes import LoggedChange
from auditor.listening.live_table import Scene, draw, staleness
from auditor.listening.named import list_listeners
from auditor.schema.migrations import migrate
from auditor.stores.observations import ObservationRow
from auditor.windows.state import write_state
from tests.auditor.telling.problems import ends, opens
from tests.postgres_clusters import Database, PrivateCluster

NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)
PATIENCE_S = 60.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\r")


def row(number: int, **given: Any) -> ObservationRow:
    values: dict[str, Any] = dict.fromkeys(field.name for field in fields(ObservationRow))
    values |= {
        "id": UUID(int=number), "cache_name": "pages", "implementation_type": "new",
        "severity": "warning", "title": f"problem {number}", "acknowledged": False,
        "state": "open", "rank": 50.0, "first_window": NOW - timedelta(minutes=5),
        "cost_ms": 1500.0, "also": [],
    }  # fmt: skip
    return ObservationRow(**{**values, **given})


def change(title: str) -> LoggedChange:
    observation = {"severity": "warning", "title": title}
    return LoggedChange(1, 1, "opened", NOW, UUID(int=1), None, None, None, observation)


def drawn(scene: Scene, width: int = 140, height: int = 30, now: datetime = NOW) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    console.print(draw(scene, now, width, height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


FRESH = {"last_tick_at": NOW, "scored_until": NOW.replace(second=0)}


def scene(*rows: ObservationRow, **given: Any) -> Scene:
    return Scene(NOW - timedelta(minutes=20), open=rows, **{"state": FRESH, **given})


# Drawn by hand -----------------------------------------------------------------------------------


def test_it_says_what_is_open_since_when_how_long_and_what_it_costs() -> None:
    lines = drawn(
        scene(row(1, severity="critical"), row(2, acknowledged=True, acknowledged_by="ada"))
    )
    assert lines[0].split("UTC")[1].split() == ["2", "open", "1", "critical", "1", "warning"]
    heads = " ".join(lines[2].split())
    assert heads == "id severity rank cache since lasting cost state what"
    cells = " ".join(lines[3].split())
    assert cells == "00000000 critical 50 pages/new 03-02 11:55 5 min 1.5 s open problem 1"
    assert "ack ada" in lines[4]
    assert "listening since 11:40 UTC, scored up to 12:00 UTC" in lines
    assert not any("stale" in line for line in lines)


def test_what_lasts_is_seen_to_last() -> None:
    later = drawn(scene(row(1)), now=NOW + timedelta(minutes=7))
    assert any("12 min" in line for line in later)


def test_nothing_open_is_said() -> None:
    assert "nothing is open" in drawn(scene())[0]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140])
def test_every_width_shows_how_long_and_what(width: int) -> None:
    """No line is wider than the screen, and what does not fit is shortened, not wrapped."""
    title = "hit rate of pages/new fell to 41.2 % (expected 85 to 91 %) and a long tail of words"
    lines = drawn(scene(row(1, title=title), changes=deque([change(title)])), width)
    assert max(map(len, lines)) <= width
    (found,) = [line for line in lines if line.startswith(("00000000", "warning", "pages", "5 min"))
                and "5 min" in line]  # fmt: skip
    assert "hit" in found
    assert ("1.5 s" in found) == (width >= 80)
    assert ("pages" in found.split("hit")[0]) == (width >= 44)


def test_what_does_not_fit_is_counted() -> None:
    """On a screen of 20 lines, of 40 problems and 8 changes."""
    full = scene(*(row(number) for number in range(40)), changes=deque(map(change, "abcdefgh")))
    lines = drawn(full, height=20)
    assert len(lines) <= 20
    shown = sum("problem" in line for line in lines)
    assert f"and {40 - shown} more" in lines
    assert shown >= 3
    told = [line.split()[-1] for line in lines if " opened " in line]
    assert told == sorted("abcdefgh", reverse=True)[: len(told)], "the newest change is on top"
    assert told


def test_a_name_cannot_draw_on_the_screen() -> None:
    text = "\n".join(drawn(scene(row(1, title="[red]x[/red]\x1b[2J"))))
    assert "[red]x[/red]" in text
    assert "\x1b" not in text


def test_it_says_when_and_why_it_is_stale() -> None:
    assert staleness(FRESH, NOW) == ""
    assert "has never run" in staleness({}, NOW)
    assert "last ticked 1 h ago" in staleness(
        {**FRESH, "last_tick_at": NOW - timedelta(hours=1)}, NOW
    )
    behind = {**FRESH, "scored_until": NOW - timedelta(minutes=20)}
    assert "windows are 20 min behind" in staleness(behind, NOW)
    lost = scene(trouble="server closed", trouble_since=NOW - timedelta(seconds=9))
    text = " ".join(" ".join(drawn(lost)).split())
    assert "stale: connection lost 9 s ago (server closed); trying again" in text


# In a terminal -----------------------------------------------------------------------------------


class Terminal:
    """A pseudo-terminal with the tool in it. shown: all that was ever written, without escapes."""

    def __init__(self, dsn: str, *words: str, width: int = 120) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, width, 0, 0))
        command = [sys.executable, "-m", "auditor", "--dsn", dsn, "observations", "watch", *words]
        environment = {**os.environ, "TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        os.set_blocking(self.master, False)
        self.raw = b""

    def read(self) -> str:
        """What came since the last look, too."""
        try:
            while piece := os.read(self.master, 65_536):
                self.raw += piece
        except (BlockingIOError, OSError):
            pass
        return ESCAPES.sub("", self.raw.decode("utf-8", "replace"))

    def until(self, text: str, after: int = 0) -> int:
        """Waits until something is shown; where it ends in all that was."""
        deadline = time.monotonic() + PATIENCE_S
        while (at := self.read().find(text, after)) < 0:
            assert time.monotonic() < deadline, f"{text!r} was not shown:\n{self.read()[-3000:]}"
            assert self.process.poll() is None, self.read()[-3000:]
            time.sleep(0.02)  # between two looks at a condition, not a wait for time to pass
        return at + len(text)

    def end(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_S)


@contextmanager
def terminal(dsn: str, *words: str, width: int = 120) -> Iterator[Terminal]:
    made = Terminal(dsn, *words, width=width)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait(PATIENCE_S)
        os.close(made.master)


def test_a_terminal_shows_a_table_that_is_as_things_are(database: Database) -> None:
    """What opens comes, what ends goes; Ctrl-C gives the screen back and ends it with 130."""
    connection = database.connect()
    opens(connection, "was open")
    with terminal(database.dsn, "--name", "wall") as shown:
        at = shown.until("was open")
        assert "stale: the auditor has never run here" in shown.read()
        write_state(connection, "last_tick_at", datetime.now(UTC))
        id_ = opens(connection, "came later", "critical")
        at = shown.until("2 open  1 critical  1 warning", at)
        at = shown.until("opened", at)
        ends(connection, id_)
        at = shown.until("resolved", at)
        shown.until("1 open  1 warning", at)
        assert "stale" not in shown.read()[at:]
        assert shown.end() == 130
        last = shown.read()
        assert "Traceback" not in last
        assert shown.raw.rstrip().endswith((b"\x1b[?25h", b"\x1b[?1049l")), shown.raw[-80:]
        (row,) = list_listeners(connection)
        assert (row.name, row.behind) == ("wall", 0)


def test_a_terminal_says_that_the_connection_is_lost_and_goes_on(
    private_cluster: PrivateCluster,
) -> None:
    with psycopg.connect(private_cluster.dsn, autocommit=True) as connection:
        migrate(connection)
        opens(connection, "before")
    with terminal(private_cluster.dsn, width=70) as shown:
        at = shown.until("before")
        private_cluster.kill()
        at = shown.until("connection lost", at)
        private_cluster.start()
        with psycopg.connect(private_cluster.dsn, autocommit=True) as connection:
            opens(connection, "while away")
        at = shown.until("while away", at)
        shown.until("2 open", at)
        assert shown.end() == 130
