"""`backtest` as a person runs it: files, the database, other settings, and what goes wrong."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psycopg
import pytest

from auditor.asking.source import of_database
from auditor.backtesting.lines import line
from auditor.backtesting.replay import replay
from auditor.daemon.settings import replay_settings
from auditor.errors import NothingFound
from auditor.screen import jsonable
from auditor.settings import Settings
from auditor.tables.table import Table
from auditor.windows.minutes import epoch_minute, floor_minute
from auditor.windows.state import write_state
from baselines.series import COLUMNS, Windows
from baselines.store import instant
from tests.auditor.core.planted import DAY, MONDAY, healthy, lost_hits
from tests.auditor.shell.tool import tool
from tests.postgres_clusters import Database

BROKEN = DAY + 200
NAMES = tuple(name for name in COLUMNS if name not in ("gets", "completeness"))


def story(start: int = MONDAY) -> Windows:
    """A day to learn from, and a loss of hits on the next."""
    return lost_hits(healthy(1.2, seed=31, start=start), BROKEN, BROKEN + 15, 0.6)


def write_csv(path: Path, windows: Windows, names: dict[str, str] | None = None) -> Path:
    """The windows as a table; names: ours -> what the file calls it."""
    known = [name for name in NAMES if name in windows.columns]
    header = ["minute_window", "cache_name", "implementation_type", *known]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([(names or {}).get(name, name) for name in header])
        for row, column in np.argwhere(windows.present()):
            key = windows.keys[column]
            numbers = [repr(float(windows.columns[name][row, column])) for name in known]
            at = instant(windows.start + int(row)).isoformat()
            writer.writerow([at, key.cache_name, key.implementation_type, *numbers])
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv(tmp_path_factory.mktemp("backtest") / "windows.csv", story())


@pytest.fixture(scope="module")
def expected(file: Path) -> list[dict[str, object]]:
    """What the replay itself says of the file's windows."""
    told = replay(Table(file).blocks(), replay_settings(Settings()))
    return [jsonable(line(each)) for each in told]


def lines_of(text: str) -> list[dict[str, object]]:
    return [json.loads(each) for each in text.splitlines()]


def test_each_change_is_a_line_and_the_summary_counts_them(
    file: Path, tmp_path: Path, expected: list[dict[str, object]]
) -> None:
    out = tmp_path / "lines.jsonl"
    done = tool("backtest", str(file), "--out", str(out), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = lines_of(out.read_text())
    assert lines == expected
    assert lines[0]["change"] == "opened"
    assert lines[-1]["change"] == "resolved"
    opened = [each for each in lines if each["change"] == "opened"]
    assert f"{len(opened)} observations" in done.stdout
    assert "3,456 windows of 2 series, 2025-12-29 00:00 to" in done.stdout
    assert "sessions/new" in done.stdout


def test_lines_may_go_to_stdout_and_nothing_else_does(
    file: Path, tmp_path: Path, expected: list[dict[str, object]]
) -> None:
    """Small blocks; the columns have other names, some in a file and one on the command line."""
    names = {"hits": "good", "misses": "bad", "minute_window": "at"}
    other = write_csv(tmp_path / "other.csv", story(), names)
    (tmp_path / "map.toml").write_text('good = "hits"\nbad = "misses"\n')
    done = tool("backtest", str(other), "--map", "map.toml", "--map", "at=minute_window",
                "--block-minutes", "97", "--out", "-", folder=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert lines_of(done.stdout) == expected
    assert "3,456 windows of 2 series" in done.stderr


def test_against_other_settings_it_says_what_differs(file: Path, tmp_path: Path) -> None:
    """With a budget of next to nothing the same problem is told later or not at all."""
    (tmp_path / "quiet.toml").write_text("alert_budget_per_week = 0.001\ntime_zone = 'Asia/Tokyo'")
    (tmp_path / "loud.toml").write_text("alert_budget_per_week = 100")
    done = tool("backtest", str(file), "--config", "loud.toml", "--against", "quiet.toml", "--json",
                folder=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["summary"]["budget_per_series_week"] == 100
    assert found["against"]["budget_per_series_week"] == 0.001
    apart = found["difference"]
    here, there = found["summary"]["observations"], found["against"]["observations"]
    assert len(found["observations"]) == here == len(apart["only_here"]) + apart["both"]
    assert there == len(apart["only_there"]) + apart["both"]
    assert here > there


# From the database -------------------------------------------------------------------------------


def store(connection: psycopg.Connection, windows: Windows) -> None:
    known = [name for name in NAMES if name in windows.columns]
    names = ", ".join(("cache_name", "implementation_type", "minute_window", *known))
    statement = f"copy monitoring.cache_metrics_1min ({names}) from stdin"
    with connection.cursor().copy(statement.encode()) as copy:
        for row, column in np.argwhere(windows.present()):
            key = windows.keys[column]
            cells = [float(windows.columns[name][row, column]) for name in known]
            whole = [cell if name.endswith("_ms") else int(cell)
                     for name, cell in zip(known, cells, strict=True)]  # fmt: skip
            at = instant(windows.start + int(row))
            copy.write_row((key.cache_name, key.implementation_type, at, *whole))
    write_state(connection, "settled_until", instant(windows.end))


def test_the_database_and_its_export_give_the_same_lines(
    database: Database, tmp_path: Path
) -> None:
    now = floor_minute(datetime.now(UTC))
    connection = database.connect()
    store(connection, story(epoch_minute(now) - story().shape[0]))
    export = tmp_path / "export.csv"
    with (
        export.open("wb") as to,
        connection.cursor().copy(
            "copy monitoring.cache_metrics_1min to stdout (format csv, header)"
        ) as copy,
    ):
        for part in copy:
            to.write(part)
    first = tool("backtest", "--since", "3d", "--out", "-", dsn=database.dsn)
    second = tool("backtest", str(export), "--out", "-")
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout == second.stdout
    assert len(lines_of(first.stdout)) >= 2
    assert f"{2 * story().shape[0]:,} windows of 2 series" in first.stderr
    untouched = connection.execute(
        "select (select count(*) from monitoring.cache_auditor_observations)"
        " + (select count(*) from monitoring.cache_baseline_metrics)"
    )
    assert untouched.fetchone() == (0,)


def test_only_settled_windows_of_the_span_are_read(database: Database) -> None:
    connection = database.connect()
    store(connection, story())
    write_state(connection, "settled_until", instant(MONDAY + 100))
    now = instant(MONDAY + story().shape[0])
    source = of_database(connection, now, instant(100 * 60) - instant(0))
    blocks = list(source.blocks(30))
    assert (source.until, blocks[0].start, blocks[-1].end) == (MONDAY + 100, MONDAY, MONDAY + 100)
    assert [block.shape[0] for block in blocks][-1] <= 30
    write_state(connection, "settled_until", instant(MONDAY))
    with pytest.raises(NothingFound, match="no window of the last"):
        of_database(connection, now, instant(60) - instant(0))


# What goes wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "name a FILE, or give --since"),
        (("{file}", "--since", "2d"), 2, "not both"),
        (("none.csv",), 2, "there is no file none.csv"),
        (("{file}", "--json", "--out", "-"), 2, "both want stdout"),
        (("--since", "soon"), 2, "'soon' is no length of time"),
        (("--since", "0m"), 2, "from 1m to 3650d"),
        (("{file}", "--map", "a=hit"), 2, "no column is called hit"),
        (("{file}", "--map", "nothing.toml"), 2, "neither COLUMN=NAME nor a file"),
        (("{file}", "--map", "a=hits"), 7, "has no column a; it has minute_window"),
        (("{file}", "--against", "none.toml"), 3, "--against names none.toml"),
        (("{file}", "--out", "no/folder/lines"), 2, "cannot be written"),
    ],
)
def test_a_mistake_is_told_with_its_exit_code(
    file: Path, tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = tool("backtest", *(word.format(file=file) for word in words), folder=tmp_path)
    assert done.returncode == code
    # a terminal breaks long lines where it likes, and draws a frame about usage errors
    assert said.replace(" ", "") in "".join(done.stderr.replace("│", "").split())


def test_a_bad_row_stops_it_or_is_left_out_and_told(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "windows.csv", story().rows(0, 30))
    text = path.read_text().splitlines()
    path.write_text("\n".join([*text[:7], text[7].replace("legacy", ""), *text[8:]]))
    done = tool("backtest", str(path))
    assert done.returncode == 7
    assert f"{path}:8: implementation_type is '', which is empty" in done.stderr
    assert done.stdout == ""
    done = tool("backtest", str(path), "--skip-bad-rows")
    assert done.returncode == 7
    assert "bad rows left out: 1 where implementation_type is empty" in done.stderr
    assert "59 windows of 2 series" in done.stdout
