"""docs/score-series.md names all that score-series looks at and writes, with its figures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from auditor.metric_files.columns import VALUE_NAME
from auditor.metric_files.judgements import JUDGEMENT, LEADING, PREFIX
from auditor.metric_series.episodes import LAW, LAW_ROWS, opening_surprise
from auditor.metric_series.evidence import MEMBERS
from auditor.metric_series.joint import FIRST_FIT, FIT_EVERY, VOICES
from auditor.metric_series.scoring import JUDGED_FROM
from auditor.metric_series.season import PERIODS_ROWS
from auditor.metric_series.views import PAGE_ROWS, SHORT, SPREADS
from auditor.statistics.rarity import BINS, MEMORY

PAGE = (Path(__file__).resolve().parents[2] / "docs/score-series.md").read_text("utf-8")
PROSE = " ".join(PAGE.split())
FIRST_CELLS = re.findall(r"^\| (`[^|]+`) \|", PAGE, re.MULTILINE)
TOLD = set(re.findall(r"`([\w-]+)`", " ".join(FIRST_CELLS)))


def test_every_member_and_every_column_is_told_and_nothing_else() -> None:
    assert {*MEMBERS, *JUDGEMENT, LEADING, "score-series"} == TOLD


@pytest.mark.parametrize("word", [*VOICES, VALUE_NAME, PREFIX])
def test_a_word_that_is_written_or_looked_for_is_told(word: str) -> None:
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize(
    "phrase",
    [
        f"last {MEMORY:,} rows",
        f"half a bin, of {BINS} over",
        f"median of the {SHORT} rows",
        f"last {SPREADS[0]} rows",
        f"over {SPREADS[1]} rows",
        f"last {PAGE_ROWS} rows",
        f"first {JUDGED_FROM} rows",
        f"before row {JUDGED_FROM} ",
        f"10^({LAW[0]} z \N{MINUS SIGN} {-LAW[1]})",
        f"log10(columns) / {LAW[0]} bits",
        f"counts as {LAW_ROWS:,} rows",
        f"learn at {FIRST_FIT},",
        f"every {FIT_EVERY},",
        *(f"{rows:g}" for rows in PERIODS_ROWS),
    ],
)
def test_a_figure_is_as_it_is_in_the_program(phrase: str) -> None:
    assert phrase in PROSE


def test_the_budget_a_week_is_that_of_the_opening() -> None:
    table = dict(re.findall(r"^\| (1 minute|5 minutes|1 hour) \| ([\d.]+) \|", PAGE, re.MULTILINE))
    steps = np.array([60.0, 300.0, 3600.0])
    weekly = 7 * 86_400 / steps * 10 ** -opening_surprise(steps)
    assert [float(each) for each in table.values()] == pytest.approx(weekly.tolist(), rel=0.07)
