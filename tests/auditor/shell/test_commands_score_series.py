"""`cache-auditor score-series`: one row out for each row in, in their order, with a judgement."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from auditor.metric_series.scoring import score_series
from tests.auditor.shell.tool import tool

START = 1_767_225_600
ROWS = 400
SPIKE = slice(300, 304)


def values() -> list[float]:
    made = 50 + np.random.default_rng(4).normal(0, 1, ROWS)
    made[SPIKE] += 25
    return [float(each) for each in made.round(3)]


def written(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def iso(row: int) -> str:
    return f"{datetime.fromtimestamp(START + 300 * row, UTC):%Y-%m-%d %H:%M:%S}"


def one_column(path: Path) -> Path:
    rows: list[list[object]] = [[iso(row), each] for row, each in enumerate(values())]
    return written(path, ["timestamp", "cpu"], rows)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_each_row_comes_out_with_its_cells_and_a_judgement(tmp_path: Path) -> None:
    """The numbers are those of score_series; stderr says from when is judged."""
    done = tool("score-series", str(one_column(tmp_path / "in.csv")))
    assert done.returncode == 0, done.stderr
    found = read(done.stdout)
    assert [row["cpu"] for row in found] == [str(each) for each in values()]
    assert list(found[0]) == [
        "timestamp", "cpu", "score", "surprise", "expected", "lower", "upper", "episode_opened",
        "episode",
    ]  # fmt: skip
    expected = score_series(START + 300.0 * np.arange(ROWS), np.array(values()))
    for name in ("score", "surprise"):
        shown = [float(row[name] or "nan") for row in found]
        assert np.allclose(shown, getattr(expected, name), rtol=1e-8, equal_nan=True)
    opened = [at for at, row in enumerate(found) if row["episode_opened"] == "1"]
    assert opened == np.flatnonzero(expected.episode_opened).tolist()
    assert [SPIKE.start <= at < SPIKE.stop for at in opened] == [True]
    assert found[SPIKE.stop]["episode"] == "1"
    assert float(found[SPIKE.start]["upper"]) < values()[SPIKE.start]
    assert found[99]["score"] == ""
    assert found[100]["score"] != ""
    assert "400 rows, 1 episode; judged from row 101, 2026-01-01 08:20 UTC" in done.stderr


def test_rows_come_out_in_the_files_order_whatever_their_times(tmp_path: Path) -> None:
    """Newest first: the judgements are those of the file in order, turned round."""
    straight = one_column(tmp_path / "in.csv")
    lines = straight.read_text("utf-8").splitlines()
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n", encoding="utf-8")
    first, second = (tool("score-series", str(each)) for each in (straight, turned))
    assert read(second.stdout) == read(first.stdout)[::-1]
    assert "not in order of time" in second.stderr
    assert "not in order of time" not in first.stderr


def test_several_columns_are_judged_together_and_json_says_why(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rows = [
        [START + 300 * row, each, round(float(random.normal()), 3)]
        for row, each in enumerate(values())
    ]
    path = written(tmp_path / "in.csv", ["ts", "cpu", "io"], rows)
    out = tmp_path / "out.jsonl"
    words = ("--value-column", "cpu", "--value-column", "io", "--out", str(out), "--json")
    done = tool("score-series", str(path), *words)
    assert (done.returncode, done.stdout) == (0, "")
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(found) == ROWS
    peak = max(found, key=lambda row: row["surprise"] or 0.0)
    assert SPIKE.start <= found.index(peak) <= SPIKE.stop
    assert peak["leading_column"] == "cpu"
    assert peak["contributions"]["cpu"] > 2 * peak["contributions"]["io"]
    assert set(peak["voices"]) == {"loudest", "all", "residual", "forest"}
    assert found[0]["score"] is None
    assert sum(row["episode_opened"] for row in found) == 1


def test_a_cell_that_cannot_be_used_is_named_and_the_rest_is_judged(tmp_path: Path) -> None:
    rows: list[list[object]] = [[iso(row), each] for row, each in enumerate(values())]
    rows[7][1], rows[200][1], rows[210][0] = "", "n.a", "never"
    done = tool("score-series", str(written(tmp_path / "in.csv", ["timestamp", "cpu"], rows)))
    assert done.returncode == 7
    assert "in.csv:202: cpu is 'n.a': is no number" in done.stderr
    assert "in.csv:212: timestamp is 'never': is no time" in done.stderr
    assert "2 cells" in done.stderr
    assert "the first in line 202: cpu is 'n.a': is no number. Write it with" in done.stderr
    found = read(done.stdout)
    assert len(found) == ROWS
    assert [at for at in range(150, ROWS) if not found[at]["score"]] == [200, 210]
    assert "1" in {row["episode_opened"] for row in found[SPIKE]}


def test_its_own_output_can_be_scored_again(tmp_path: Path) -> None:
    """No column of the input is lost for having one of our names."""
    once = tmp_path / "once.csv"
    tool("score-series", str(one_column(tmp_path / "in.csv")), "--out", str(once))
    done = tool("score-series", str(once), "--value-column", "cpu")
    (row, *_) = read(done.stdout)
    assert {"score", "auditor_score", "auditor_episode"} <= set(row)


def test_wrong_words_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = one_column(tmp_path / "in.csv")
    before = path.read_bytes()
    assert tool("score-series", str(path), "--out", str(path)).returncode == 2
    assert tool("score-series", str(path), "--value-column", "gpu").returncode == 2
    assert tool("score-series", str(tmp_path / "none.csv")).returncode == 2
    missing = str(tmp_path / "no" / "where.csv")
    assert tool("score-series", str(path), "--out", missing).returncode == 2
    assert path.read_bytes() == before


def test_rows_without_times_are_said_to_be_so(tmp_path: Path) -> None:
    path = written(tmp_path / "in.csv", ["cpu"], [[each] for each in values()])
    done = tool("score-series", str(path))
    assert done.returncode == 0
    assert "no times" in done.stderr
    assert len(read(done.stdout)) == ROWS


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        (["t,v"], 7, "no rows"),
        (["t,v", "2026-01-01,1"], 0, "1 row, 0 episodes; none is judged yet"),
        (["t,v", *[f"{iso(row)},5" for row in range(120)]], 0, "120 rows, 0 episodes"),
        (["t,v", *["2026-01-01,5"] * 120], 0, "120 rows, 0 episodes"),
        (["t,v", *[f"{iso(row)},nan" for row in range(120)]], 7, "no number in v"),
        (["t,v", *[f"{iso(row)},{'inf' if row == 7 else row}" for row in range(120)]], 7,
         "line 9: v is 'inf': is not finite"),
        (["t,v", *[f"{'x' if row == 7 else iso(row)},{row}" for row in range(120)]], 7,
         "line 9: t is 'x': is no time. Write ISO 8601"),
        (["t,v", *[f"{iso(row)},{(-1) ** row}e308" for row in range(120)]], 0, "120 rows"),
    ],
)  # fmt: skip
def test_odd_files_are_answered_in_words(
    tmp_path: Path, lines: list[str], code: int, said: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    done = tool("score-series", str(path))
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stdout.splitlines()) in (0, len(lines))
