"""`cache-auditor compare --file`: the same comparison of windows that lie in a file."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.asking.pairs import pairs_among, windows_of_pairs
from auditor.asking.source import of_table
from auditor.commands.compare import NOT_YET
from auditor.comparing.compare import compare
from auditor.comparing.comparison import Comparison
from auditor.comparing.settings import ComparisonSettings
from auditor.errors import NothingFound
from auditor.windows.minutes import from_epoch_minute
from baselines.series import SeriesKey, Windows
from benchmarks.pairs import BASELINE, CACHE, CANDIDATE, Kind, make_pair
from tests.auditor.shell.tool import tool

NOWHERE = "postgresql://127.0.0.1:1/nothing"
"""No command that has a file needs a database."""
WHOSE = ["minute_window", "cache_name", "implementation_type"]


@pytest.fixture(scope="module")
def windows() -> Windows:
    """Two days of a candidate that is four points better."""
    return make_pair(21, Kind(points=4.0, gets=400.0, mirrored=True, days=2)).windows


@pytest.fixture(scope="module")
def expected(windows: Windows) -> Comparison:
    return compare(windows, CACHE, BASELINE, CANDIDATE, ComparisonSettings())


def rows_of(windows: Windows) -> tuple[list[str], list[list[Any]]]:
    """Header and one row for each window that is there, newest cache last."""
    names = [name for name in windows.columns if name != "gets"]
    rows: list[list[Any]] = []
    for row, side in np.argwhere(windows.present()):
        key = windows.keys[side]
        numbers = [float(windows.column(name)[row, side]) for name in names]
        cells = [None if np.isnan(each) else each for each in numbers]
        minute = from_epoch_minute(windows.start + int(row))
        rows.append([minute, key.cache_name, key.implementation_type, *cells])
    return WHOSE + names, rows


@pytest.fixture(scope="module")
def as_csv(windows: Windows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    header, rows = rows_of(windows)
    path = tmp_path_factory.mktemp("windows") / "windows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([[row[0].isoformat(), *row[1:]] for row in rows])
    return path


def words(path: Path, *more: str, candidate: str = CANDIDATE) -> tuple[str, ...]:
    return ("compare", "--baseline", BASELINE, "--candidate", candidate, "--file", str(path), *more)


def only(done: Any, code: int = 0) -> dict[str, Any]:
    """The one comparison of a command that ended with a code."""
    assert done.returncode == code, done.stderr
    (found,) = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def same(found: dict[str, Any], expected: Comparison) -> None:
    assert (found["verdict"], found["blocks"]) == (expected.verdict, expected.blocks)
    assert found["since"] == f"{from_epoch_minute(expected.since):%Y-%m-%dT%H:%M:%SZ}"
    assert found["until"] == f"{from_epoch_minute(expected.until):%Y-%m-%dT%H:%M:%SZ}"
    for said, one in zip(found["differences"], expected.differences, strict=True):
        assert (said["name"], said["status"]) == (one.name, one.status)
        if np.isfinite(one.estimate):
            assert said["estimate"] == pytest.approx(one.estimate, rel=1e-12)


def test_a_file_is_compared_as_its_windows_are(as_csv: Path, expected: Comparison) -> None:
    """All of it, without a database; it knows no single keys."""
    found = only(tool(*words(as_csv, "--json"), dsn=NOWHERE))
    assert expected.verdict == "better"
    same(found, expected)
    assert found["losing_keys"] is None


def test_parquet_says_the_same(windows: Windows, expected: Comparison, tmp_path: Path) -> None:
    header, rows = rows_of(windows)
    path = tmp_path / "windows.parquet"
    pq.write_table(pa.table(dict(zip(header, zip(*rows, strict=True), strict=True))), path)
    same(only(tool(*words(path, "--json"), dsn=NOWHERE)), expected)


def test_for_people_it_looks_as_ever(as_csv: Path) -> None:
    done = tool(*words(as_csv), dsn=NOWHERE, COLUMNS="160")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("sessions: new is better than legacy: hit rate +")
    assert "A/A check: " in done.stdout


def test_other_names_are_mapped(as_csv: Path, expected: Comparison, tmp_path: Path) -> None:
    """By pairs and by a file of pairs, as for a backtest."""
    lines = as_csv.read_text("utf-8").splitlines()
    lines[0] = lines[0].replace("minute_window", "at").replace(",hits,", ",ok,")
    path, names = tmp_path / "other.csv", tmp_path / "names.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    names.write_text('at = "minute_window"\n', encoding="utf-8")
    same(only(tool(*words(path, "--json", "--map", "ok=hits", "--map", str(names)))), expected)
    done = tool(*words(path, "--map", "ok=hit"))
    assert (done.returncode, "no column is called hit" in done.stderr) == (2, True)


def test_a_part_of_it_is_counted_from_its_end(as_csv: Path, windows: Windows) -> None:
    """Six hours are not enough, and exit code 9 says so."""
    found = only(tool(*words(as_csv, "--json", "--since", "6h"), dsn=NOWHERE), NOT_YET)
    until = windows.end
    part = windows.between(until - 360, until)
    same(found, compare(part, CACHE, BASELINE, CANDIDATE, ComparisonSettings()))
    middle = from_epoch_minute(until - 720)
    earlier = words(as_csv, "--json", "--since", "6h", "--until", f"{middle:%Y-%m-%d %H:%M}")
    found = only(tool(*earlier, dsn=NOWHERE), NOT_YET)
    part = windows.between(until - 1080, until - 720)
    same(found, compare(part, CACHE, BASELINE, CANDIDATE, ComparisonSettings()))


def test_a_bad_row_is_named_or_left_out(as_csv: Path, expected: Comparison, tmp_path: Path) -> None:
    """Left out, the rest is compared, and exit code 7 says that it is not all."""
    path = tmp_path / "bad.csv"
    bad = f"yesterday,{CACHE},{CANDIDATE}"
    path.write_text(f"{as_csv.read_text('utf-8')}{bad}\n", encoding="utf-8")
    line = len(path.read_text("utf-8").splitlines())
    done = tool(*words(path))
    assert (done.returncode, done.stdout) == (7, "")
    assert f"bad.csv:{line}: minute_window is 'yesterday'" in done.stderr
    done = tool(*words(path, "--json", "--skip-bad-rows"))
    same(only(done, 7), expected)
    assert "bad rows left out: 1 where minute_window" in done.stderr


@pytest.mark.parametrize(
    ("more", "candidate", "said"),
    [
        ((), "newest", "no cache has both 'legacy' and 'newest' in "),
        (("--cache", "pages"), CANDIDATE, "there is no cache 'pages' in "),
        (("--since", "never"), CANDIDATE, "14d, 36h"),
        (("--since", "2031-01-01 00:00"), CANDIDATE, "it must begin before it ends"),
        (("--until", "2020-01-01 00:00"), CANDIDATE, "it must begin before it ends"),
    ],
)
def test_what_is_not_in_it_is_said(
    as_csv: Path, more: tuple[str, ...], candidate: str, said: str
) -> None:
    done = tool(*words(as_csv, *more, candidate=candidate), dsn=NOWHERE, COLUMNS="200")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_a_file_that_is_not_there_and_options_without_a_file(tmp_path: Path) -> None:
    done = tool(*words(tmp_path / "none.csv"), dsn=NOWHERE)
    assert (done.returncode, "there is no file" in done.stderr) == (2, True)
    done = tool(
        "compare", "--baseline", "a", "--candidate", "b", "--skip-bad-rows",
        dsn=NOWHERE, COLUMNS="200",
    )  # fmt: skip
    assert (done.returncode, "go with --file" in done.stderr) == (2, True)


def test_series_that_come_and_go_stay_in_their_minutes(tmp_path: Path) -> None:
    """Three days, each with another side: a block without one has it missing, not left out."""
    path = tmp_path / "windows.csv"
    rows = [
        "minute_window,cache_name,implementation_type,hits,misses",
        "2026-01-01T00:00Z,c,old,1,2",
        "2026-01-02T00:00Z,c,new,3,4",
        "2026-01-02T00:01Z,d,old,9,9",
        "2026-01-03T00:00Z,c,old,5,6",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    source, table = of_table(path)
    series = table.survey().series
    (pair,) = pairs_among(series, "old", "new", None, "here")
    assert pair == (SeriesKey("c", "old"), SeriesKey("c", "new"))
    told: list[float] = []
    (found,) = windows_of_pairs(source, [pair], source.since, source.until, told.append)
    assert (found.start, found.end, sum(told)) == (source.since, source.until, 2881)
    hits = found.column("hits")
    assert [(int(row), int(side), hits[row, side]) for row, side in np.argwhere(hits > 0)] == [
        (0, 0, 1.0), (1440, 1, 3.0), (2880, 0, 5.0),
    ]  # fmt: skip
    (later,) = windows_of_pairs(source, [pair], source.since + 1440, source.since + 1500)
    assert (later.start, later.end) == (source.since + 1440, source.since + 1500)
    with pytest.raises(NothingFound, match=r"d does not have both .* here; there is c: new, old"):
        pairs_among(series, "old", "new", "d", "here")
