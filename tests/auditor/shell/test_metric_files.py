"""Any CSV of metrics is read: which columns, which times, and every cell that cannot be used."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import InputRefused, NothingFound
from auditor.metric_files.metric_table import MetricTable, read_metrics
from auditor.metric_files.stamps import instants

NOON = 1_767_268_800.0
"""2026-01-01T12:00:00Z"""


def table(tmp_path: Path, text: str, time: str | None = None, *values: str) -> MetricTable:
    path = tmp_path / "metrics.csv"
    path.write_text(text, encoding="utf-8")
    return read_metrics(path, time, values)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-01-01T12:00:00Z",
        "2026-01-01 12:00:00",
        "2026-01-01 14:00:00+02:00",
        " 2026-01-01T12:00 ",
        "1767268800",
        "1767268800.0",
        "1767268800000",
        "1767268800000000",
        "1767268800000000000",
    ],
)
def test_an_instant_is_read_in_every_usual_form(cell: str) -> None:
    assert instants([cell]).tolist() == [NOON]


def test_what_is_no_instant_is_none() -> None:
    assert np.isnan(instants(["", "yesterday", "12:00", "nan", "inf"])).all()


def test_the_columns_are_found_by_themselves(tmp_path: Path) -> None:
    found = table(tmp_path, "host,When,load\nweb1,2026-01-01,2\nweb1,2026-01-02,3\n")
    assert (found.columns.time, found.columns.values) == (1, (2,))
    assert found.values.tolist() == [[2.0], [3.0]]


def test_a_column_called_value_is_the_value(tmp_path: Path) -> None:
    found = table(tmp_path, "timestamp,label,value\n2026-01-01,1,2\n")
    assert found.columns.values == (2,)


def test_of_several_numbers_none_is_guessed(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match=r"--value-column.*cpu, is_anomaly"):
        table(tmp_path, "timestamp,cpu,is_anomaly\n2026-01-01,3,0\n")


def test_columns_that_are_named_are_taken_once_each(tmp_path: Path) -> None:
    text = "a,b,c\n1767268800,1,2\n1767268860,3,4\n"
    found = table(tmp_path, text, "a", "c", "b", "c")
    assert found.values.tolist() == [[2.0, 1.0], [4.0, 3.0]]
    with pytest.raises(NothingFound, match="no column 'd'; it has a, b, c"):
        table(tmp_path, text, "a", "d")


@pytest.mark.parametrize("first", ["2026-01-01T12:00", "1767268800"])
def test_a_bad_cell_makes_a_column_of_times_no_other_column(tmp_path: Path, first: str) -> None:
    """The third of four times says nothing: its line is named, the others are times."""
    more = ["2026-01-01T12:01", "x", "2026-01-01T12:02"]
    if first.isdecimal():
        more = ["1767268860", "x", "1767268920"]
    rows = "".join(f"{cell},{row}\n" for row, cell in enumerate([first, *more]))
    found = table(tmp_path, f"t,value\n{rows}")
    assert found.columns.time == 0
    assert found.times is not None
    assert found.times[found.order].tolist() == [NOON, NOON + 60, NOON + 120]
    assert [(each.line, each.words) for each in found.faults] == [(4, "t is 'x': is no time")]


def test_a_short_name_is_a_time_only_where_it_holds_times(tmp_path: Path) -> None:
    """t may be a temperature, and a column that is judged is no time."""
    assert table(tmp_path, "t\n21.5\n22.5\n").values.tolist() == [[21.5], [22.5]]
    found = table(tmp_path, "t,load\n1767268800,2\n1767268860,1\n", None, "t")
    assert (found.columns.time, found.columns.values) == (None, (0,))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_headers(tmp_path: Path, delimiter: str) -> None:
    found = table(tmp_path, f"\ufefftime{delimiter}value\n2026-01-01{delimiter}1.5\n")
    assert found.names == ("time", "value")
    assert found.values.tolist() == [[1.5]]


def test_a_file_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    found = table(tmp_path, "0.5,1\n0.6,2\n", None, "2")
    assert found.names == ("1", "2")
    assert found.values.tolist() == [[1.0], [2.0]]
    assert found.times is None


def test_a_gzip_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv.gz"
    path.write_bytes(gzip.compress(b"time,value\n2026-01-01,4\n"))
    assert read_metrics(path, None, []).values.tolist() == [[4.0]]


def test_missing_is_no_fault_and_what_is_no_number_is_named_by_its_line(tmp_path: Path) -> None:
    cells = ["1", "", "NaN", "null", "N/A", "many", "inf", " 7 "]
    text = "time,value\n" + "".join(f"{NOON + at},{cell}\n" for at, cell in enumerate(cells))
    found = table(tmp_path, text)
    known = found.values[:, 0]
    assert np.isnan(known[1:7]).all()
    assert known[[0, 7]].tolist() == [1.0, 7.0]
    assert [(each.line, each.cell, each.why) for each in found.faults] == [
        (7, "many", "is no number"),
        (8, "inf", "is not finite"),
    ]


def test_rows_of_another_width_are_named_and_kept(tmp_path: Path) -> None:
    found = table(tmp_path, "time,value\n2026-01-01,1\n2026-01-02\n\n2026-01-03,3,9\n")
    assert [each.line for each in found.faults] == [3, 5]
    assert found.rows == [["2026-01-01", "1"], ["2026-01-02", ""], ["2026-01-03", "3"]]


def test_rows_out_of_order_are_put_in_order_and_one_without_a_time_is_left_out(
    tmp_path: Path,
) -> None:
    text = "time,value\n2026-01-03,3\nsoon,9\n2026-01-01,1\n2026-01-02,2\n2026-01-02,2.5\n"
    found = table(tmp_path, text)
    assert not found.sorted
    assert found.values[found.order, 0].tolist() == [1.0, 2.0, 2.5, 3.0]
    assert [(each.line, each.column) for each in found.faults] == [(3, "time")]


def test_small_numbers_order_rows_and_say_nothing_of_time(tmp_path: Path) -> None:
    found = table(tmp_path, "timestamp,value\n2,20\n1,10\n3,30\n")
    assert found.times is None
    assert found.values[found.order, 0].tolist() == [10.0, 20.0, 30.0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no header line: it is empty. Name the columns"),
        ("\n\n", "no header line: its first line is empty"),
        ("time,value\n", "no rows"),
        ("time,value\n2026-01-01,\n", "no number in value"),
        ("t;value\n2026-01-01;1,5\n", "Line 2: value is '1,5': is no number. .*decimal point"),
        ("time,value\n2026-01-01,inf\n", "Line 2: value is 'inf': is not finite. Leave"),
        ("time,value\nx,1\n", "no time in time; .*--time-column. Line 2: time is 'x'.*ISO 8601"),
        ("time,value\n1e300,1\n", "Line 2: time is '1e300': is no time"),
        ("time,value\n0001-01-01T00:00+14:00,1\n", "is no time"),
        ("t\0i\0m\0e\0,1\n", "no text in UTF-8"),
        ("time,value\n2026-01-01,1\n" + "1" * 200_000, "in line 3: field larger"),
    ],
)
def test_what_holds_nothing_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(InputRefused, match=why):
        table(tmp_path, text)


def test_a_quote_that_is_not_closed_is_named_where_it_opens(tmp_path: Path) -> None:
    rows = [f"2026-01-0{day},1" for day in range(1, 9)]
    rows[2] = '"' + rows[2]
    found = table(tmp_path, "time,value\n" + "\n".join(rows))
    (first, second) = found.faults
    assert (first.line, second.line) == (4, 4)
    assert first.why == (
        "the row has 1 cells, the header 2; it goes on to line 9: is a quote not closed?"
    )
    assert len(first.words) < 200
    assert found.values[found.order, 0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_line_end_is_one(tmp_path: Path, end: str, mark: str) -> None:
    path = tmp_path / "metrics.csv"
    text = mark + end.join(["time;value", "2026-01-01;4", "2026-01-02;x", ""])
    path.write_bytes(text.encode())
    found = read_metrics(path, None, [])
    assert (found.names, found.values[0].tolist()) == (("time", "value"), [4.0])
    assert [each.line for each in found.faults] == [3]


def test_a_file_that_is_not_there_and_one_that_breaks_off(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="there is no file"):
        read_metrics(tmp_path / "none.csv", None, [])
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress(b"time,value\n" + b"2026-01-01,4\n" * 5000)[:-20])
    with pytest.raises(InputRefused, match="cannot be read"):
        read_metrics(broken, None, [])
