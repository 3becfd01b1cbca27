"""Tables of windows: any order, any names, and what is wrong is said with its line."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import InputRefused, NothingFound
from auditor.tables.columns import ColumnMap, Derived
from auditor.tables.errors import BadRow, TooLargeHole, UnusableColumns
from auditor.tables.grid import ONE_NODE
from auditor.tables.table import Table
from baselines.series import COLUMNS, SeriesKey, Windows
from baselines.store import instant, read_windows
from tests.postgres_clusters import Database

START = 29_449_440  # a Monday, 2025-12-29 00:00 UTC
HEADER = "minute_window,cache_name,implementation_type,hits,misses"
A, B = SeriesKey("shop", "a"), SeriesKey("shop", "b")


def iso(minute: int) -> str:
    return instant(START + minute).isoformat()


def written(folder: Path, text: str, name: str = "windows.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def table(folder: Path, lines: Sequence[str], header: str = HEADER) -> Table:
    return Table(written(folder, "\n".join([header, *lines, ""])))


def whole(found: Table, minutes: int = 1440) -> Windows:
    """All blocks as one, for tables whose series are in every block."""
    blocks = list(found.blocks(minutes))
    keys = tuple(sorted({key for block in blocks for key in block.keys}))
    out = {}
    for name in blocks[0].columns:
        rows = []
        for block in blocks:
            grid = np.full((block.shape[0], len(keys)), np.nan)
            grid[:, [keys.index(key) for key in block.keys]] = block.columns[name]
            rows.append(grid)
        out[name] = np.concatenate(rows)
    return Windows(blocks[0].start, keys, out)


def same(one: Windows, other: Windows) -> None:
    assert (one.start, one.keys) == (other.start, other.keys)
    for name in {*one.columns, *other.columns}:
        assert np.array_equal(one.column(name), other.column(name), equal_nan=True), name


def example(minutes: int = 300) -> list[str]:
    """Two series; the second one has no window in every third minute."""
    return [
        f"{iso(minute)},shop,{name},{100 + minute},{minute % 7}"
        for minute in range(minutes)
        for name in "ab"
        if name == "a" or minute % 3
    ]


# In order, out of order, in blocks ---------------------------------------------------------------


def test_windows_come_on_a_full_grid(tmp_path: Path) -> None:
    found = whole(table(tmp_path, example()))
    assert (found.start, found.shape, found.keys) == (START, (300, 2), (A, B))
    assert found.column("hits")[:, 0].tolist() == [100.0 + minute for minute in range(300)]
    assert np.isnan(found.column("hits")[::3, 1]).all()
    assert np.array_equal(found.present()[:, 1], np.arange(300) % 3 > 0)
    assert np.isnan(found.column("evictions")).all()  # never measured


@pytest.mark.parametrize("minutes", [1, 7, 100, 299, 300, 5000])
def test_blocks_are_of_the_length_asked_for_and_lose_nothing(tmp_path: Path, minutes: int) -> None:
    found = table(tmp_path, example())
    lengths = [block.shape[0] for block in found.blocks(minutes)]
    assert sum(lengths) == 300
    assert set(lengths[:-1]) <= {minutes}
    same(whole(found, minutes), whole(found))


def test_any_order_gives_the_same_windows(tmp_path: Path) -> None:
    """By time, by series, backwards, shuffled; it says which of them were in order."""
    lines = example(3000)
    expected = whole(table(tmp_path, lines))
    shuffled = np.random.default_rng(1).permutation(lines).tolist()
    by_series = sorted(lines, key=lambda line: line.split(",")[2])
    for other in (by_series, lines[::-1], shuffled):
        found = table(tmp_path, other)
        assert not found.survey().ordered
        same(whole(found), expected)
    assert table(tmp_path, lines).survey().ordered


def test_a_long_silence_is_blocks_without_windows(tmp_path: Path) -> None:
    lines = [f"{iso(0)},shop,a,1,1", f"{iso(5000)},shop,a,2,2"]
    blocks = list(table(tmp_path, lines).blocks())
    assert [block.shape for block in blocks] == [(1440, 1), (1440, 0), (1440, 0), (681, 1)]
    assert [block.start - START for block in blocks] == [0, 1440, 2880, 4320]


def test_a_hole_of_years_is_a_mistake(tmp_path: Path) -> None:
    lines = [f"{iso(0)},shop,a,1,1", "2031-01-01T00:00:00Z,shop,a,2,2"]
    with pytest.raises(TooLargeHole, match="days without a row, from 2025-12-30"):
        list(table(tmp_path, lines).blocks())


def test_the_survey_tells_what_there_is(tmp_path: Path) -> None:
    survey = table(tmp_path, example()).survey()
    assert (survey.rows, survey.since, survey.until) == (500, START, START + 300)
    assert survey.series == (A, B)
    assert (survey.zoneless, survey.provisional, survey.skipped) == (False, 0, {})


# Forms -------------------------------------------------------------------------------------------


def test_gzip_and_other_delimiters_are_read(tmp_path: Path) -> None:
    text = "\n".join([HEADER, *example(), ""])
    expected = whole(Table(written(tmp_path, text)))
    zipped = tmp_path / "windows.csv.gz"
    zipped.write_bytes(gzip.compress(text.encode()))
    same(whole(Table(zipped)), expected)
    for delimiter in (";", "\t"):
        other = written(tmp_path, "\ufeff" + text.replace(",", delimiter), "other.csv")
        same(whole(Table(other)), expected)


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    """Instants with and without a zone, whole numbers, nulls; in parts larger than one."""
    import pyarrow as pa
    import pyarrow.parquet

    minutes = np.repeat(np.arange(300), 2)
    times = [datetime.fromtimestamp((START + int(m)) * 60, UTC) for m in minutes]
    names = ["a", "b"] * 300
    here = [name == "a" or bool(m % 3) for m, name in zip(minutes, names, strict=True)]
    columns = {
        "minute_window": pa.array(times, pa.timestamp("ns", "UTC")),
        "cache_name": pa.array(["shop"] * 600).dictionary_encode(),
        "implementation_type": pa.array(names),
        "hits": pa.array((100 + minutes).tolist(), pa.int32()),
        "misses": pa.array([None if m == 5 else int(m) % 7 for m in minutes], pa.int64()),
    }
    whole_table = pa.table(columns).filter(pa.array(here, pa.bool_()))
    path = tmp_path / "windows.parquet"
    pyarrow.parquet.write_table(whole_table, path, row_group_size=100)
    lines = [line if line.split(",")[0] != iso(5) else line[:-1] for line in example()]
    assert sum(line.endswith(",") for line in lines) == 2
    same(whole(Table(path)), whole(table(tmp_path, lines)))
    assert not Table(path).survey().zoneless
    naive = whole_table.set_column(
        0, "minute_window", whole_table["minute_window"].cast(pa.timestamp("ms"))
    )
    pyarrow.parquet.write_table(naive, path)
    assert Table(path).survey().zoneless


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-29T00:00:00Z",
        "2025-12-29 00:00:00+00",
        "2025-12-29T01:00:00+01:00",
        "2025-12-29 00:00",
        f"{START * 60}",
        f"{START * 60}.0",
        f"{START * 60_000}",
    ],
)
def test_an_instant_may_be_written_in_many_ways(tmp_path: Path, text: str) -> None:
    found = table(tmp_path, [f"{text},shop,a,1,1"])
    assert found.survey().since == START
    assert found.survey().zoneless == (text == "2025-12-29 00:00")


# Names -------------------------------------------------------------------------------------------


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    """The file's own `misses` is something else, and gives way to the one that is mapped."""
    lines = [f"{iso(m)},a,{m},7,{m + 1},{2 * m}" for m in range(10)]
    path = written(tmp_path, "\n".join(["at,kind,ok,misses,bad,slow", *lines]))
    names = {"at": "minute_window", "kind": "implementation_type", "ok": "hits", "bad": "misses",
             "slow": "latency_sum_ms"}  # fmt: skip
    found = whole(Table(path, ColumnMap(names)))
    assert found.keys == (SeriesKey("default", "a"),)
    assert found.column("misses")[:, 0].tolist() == [m + 1 for m in range(10)]
    assert found.column("latency_sum_ms")[:, 0].tolist() == [2 * m for m in range(10)]


def test_columns_may_be_made_of_others(tmp_path: Path) -> None:
    """Of mapped ones, of ones that we do not know, and of those made before."""
    lines = [f"{iso(m)},a,{10 * m},{m},{m / 2},{m % 2}" for m in range(10)]
    header = "minute_window,implementation_type,all,misses,half,odd"
    columns = ColumnMap(
        derived={
            "hits": Derived(("all", "misses"), lambda gets, misses: gets - misses),
            "latency_sum_ms": Derived(("hits", "half"), lambda hits, half: hits + half),
            "load_errors": Derived(("odd",), lambda odd: odd),
        }
    )
    found = whole(Table(written(tmp_path, "\n".join([header, *lines])), columns))
    minutes = np.arange(10)
    assert found.column("hits")[:, 0].tolist() == (9 * minutes).tolist()
    assert found.column("latency_sum_ms")[:, 0].tolist() == (9.5 * minutes).tolist()
    assert found.column("errors")[:, 0].tolist() == (minutes % 2).tolist()
    assert "half" not in found.columns


def test_operations_and_errors_are_summed_where_they_are_left_out(tmp_path: Path) -> None:
    header = f"{HEADER},sets,set_errors,get_errors,deletes"
    lines = [f"{iso(0)},shop,a,10,5,4,2,3,1", f"{iso(1)},shop,a,10,5,4,,3,"]
    found = whole(table(tmp_path, lines, header))
    assert found.column("total_operations")[:, 0].tolist() == [25, 22]
    assert found.column("errors")[:, 0].tolist() == [5, 3]
    assert found.column("gets")[:, 0].tolist() == [18, 18]


def test_a_table_without_what_is_needed_says_what_it_has(tmp_path: Path) -> None:
    path = written(tmp_path, f"when,hits,misses\n{iso(0)},1,1\n")
    with pytest.raises(UnusableColumns) as refused:
        Table(path)
    said = str(refused.value)
    assert "lacks minute_window, implementation_type" in said
    assert "it has when, hits, misses" in said
    with pytest.raises(UnusableColumns, match="has no column at; it has when"):
        Table(path, ColumnMap({"at": "minute_window"}))


def test_a_map_to_what_we_do_not_know_is_a_mistake() -> None:
    with pytest.raises(UnusableColumns, match="no column is called hit; there are minute_window"):
        ColumnMap({"h": "hit"})
    with pytest.raises(UnusableColumns, match="hits: mapped from more than one column"):
        ColumnMap({"a": "hits", "b": "hits"})


# Bad rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "column", "why"),
    [
        (f"{iso(4)},shop,a,many,1", "hits", "is not a number"),
        (f"{iso(4)},shop,a,-1,1", "hits", "is below 0"),
        (f"{iso(4)},shop,a,1,inf", "misses", "is not finite"),
        (f"{iso(4)},shop,,1,1", "implementation_type", "is empty"),
        ("2025-12-29T00:04:30Z,shop,a,1,1", "minute_window", "is not the start of a minute"),
        ("yesterday,shop,a,1,1", "minute_window", "is neither ISO 8601"),
        ("20251229,shop,a,1,1", "minute_window", "is neither ISO 8601"),
        (f"{iso(3)},shop,a,1,1", "minute_window", "is there twice"),
    ],
)
def test_a_bad_row_is_named_or_left_out(tmp_path: Path, bad: str, column: str, why: str) -> None:
    """By default nothing is guessed; --skip-bad-rows leaves it out and counts it."""
    good = [f"{iso(m)},shop,a,1,1" for m in range(8) if m != 4]
    lines = [*good[:4], bad, *good[4:]]
    with pytest.raises(BadRow) as refused:
        list(table(tmp_path, lines).blocks())
    assert (refused.value.line, refused.value.column) == (6, column)
    assert why in str(refused.value)
    assert "--skip-bad-rows" in str(refused.value)
    assert isinstance(refused.value, InputRefused)
    lenient = Table(tmp_path / "windows.csv", skip_bad_rows=True)
    found = whole(lenient)
    assert found.present()[:, 0].tolist() == [m != 4 for m in range(8)]
    ((said, count),) = lenient.survey().skipped.items()
    assert count == 1
    assert said.startswith(f"{column} {why}")


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """Blank lines and a quoted line break included."""
    lines = [f"{iso(0)},shop,a,1,1", "", f'{iso(1)},"sh\nop",a,1,1', f"{iso(2)},shop,a,x,1"]
    with pytest.raises(BadRow) as refused:
        table(tmp_path, lines).survey()
    assert refused.value.line == 6


def test_a_file_that_is_none_or_empty_or_broken_off_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="there is no file"):
        Table(tmp_path / "none.csv")
    with pytest.raises(InputRefused, match="is empty"):
        Table(written(tmp_path, ""))
    with pytest.raises(NothingFound, match="no row"):
        Table(written(tmp_path, HEADER)).survey()
    broken = tmp_path / "broken.csv.gz"
    packed = gzip.compress("\n".join([HEADER, *example()]).encode())
    broken.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputRefused, match=r"broken\.csv\.gz cannot be read"):
        Table(broken).survey()
    half = tmp_path / "half.parquet"
    half.write_bytes(b"PAR1 and no more")
    with pytest.raises(InputRefused, match=r"half\.parquet cannot be read"):
        Table(half)


# Nodes, and the database's own tables ------------------------------------------------------------


def test_a_series_sums_its_nodes(tmp_path: Path) -> None:
    """Sums add, completeness is the least; what does not add is known where one node was busy."""
    header = f"{HEADER},node,latency_sum_ms,distinct_keys,completeness,evictions"
    lines = [
        f"{iso(0)},shop,a,10,1,n1,5.5,7,1,3",
        f"{iso(0)},shop,a,20,2,n2,4.5,9,0.5,",
        f"{iso(1)},shop,a,30,3,n1,6.0,8,,",
        f"{iso(1)},shop,a,0,0,n2,0,0,,",
    ]
    found = whole(table(tmp_path, lines, header))
    expected = {
        "hits": [30, 30], "misses": [3, 3], "latency_sum_ms": [10, 6],
        "distinct_keys": [np.nan, 8], "completeness": [0.5, np.nan], "evictions": [3, np.nan],
        "gets": [33, 33], "total_operations": [33, 33],
    }  # fmt: skip
    for name, values in expected.items():
        assert np.array_equal(found.column(name)[:, 0], values, equal_nan=True), name


def test_an_export_of_the_table_gives_what_the_database_gives(
    database: Database, tmp_path: Path
) -> None:
    """`copy … to stdout (format csv, header)`, with nodes, nulls and a minute still open."""
    connection = database.connect()
    connection.execute(
        "insert into monitoring.cache_metrics_1min (cache_name, implementation_type, node,"
        " minute_window, total_operations, hits, misses, sets, errors, get_errors, latency_sum_ms,"
        " hit_latency_sum_ms, p95_response_time_ms, distinct_keys, avg_cache_size, completeness,"
        " provisional)"
        " select 'shop', i, n, to_timestamp(%(start)s * 60) + m * interval '1 minute',"
        "        13 * m + 40, 7 * m + 11, 5 * m, m + 2, m %% 3, m %% 2, m * 1.37, m * 0.11,"
        "        nullif(m %% 4, 0), nullif(m %% 5, 0), m / 3.0, 1, m = 29"
        " from generate_series(0, 29) as m, unnest(array['a', 'b']) as i,"
        "      unnest(array['', 'n1', 'n2']) as n"
        " where i = 'a' or n = 'n1' and m %% 4 > 0",
        {"start": START},
    )
    path = tmp_path / "export.csv"
    with (
        path.open("wb") as file,
        connection.cursor().copy(
            "copy monitoring.cache_metrics_1min to stdout (format csv, header)"
        ) as copy,
    ):
        for part in copy:
            file.write(part)
    found, expected = Table(path), read_windows(connection, START, START + 29)
    assert found.survey().provisional == 4
    read = whole(found)
    assert (read.start, read.keys, read.shape) == (START, expected.keys, (29, 2))
    for name in COLUMNS:
        assert np.array_equal(read.column(name), expected.column(name), equal_nan=True), name
    assert np.isnan(read.column("distinct_keys")[:, 0]).all()
    assert np.isfinite(read.column("p95_response_time_ms")[:, 1]).any()
    assert set(COLUMNS) >= ONE_NODE


def test_a_table_is_read_in_memory_for_a_block_and_not_for_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three times as many days take no more, whether they are sorted already or not."""
    monkeypatch.setattr("auditor.tables.csv_file.CHUNK", 500)
    monkeypatch.setattr("auditor.tables.instants.MOST_KNOWN", 500)

    def peak(days: int, step: int) -> int:
        lines = [f"{iso(minute)},shop,a,{minute},1" for minute in range(days * 1440)]
        found = table(tmp_path, lines[::step])
        del lines
        tracemalloc.start()
        assert sum(block.shape[0] for block in found.blocks()) == days * 1440
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1, 1)  # what is imported on the way does not count
    for step in (1, -1):
        assert peak(9, step) < 1.2 * peak(3, step)
