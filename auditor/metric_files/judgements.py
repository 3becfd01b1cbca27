"""The rows of a table as they came, each with its judgement: as CSV, or as lines of JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from auditor.metric_files.metric_table import MetricTable
from auditor.metric_series.scoring import Scored

JUDGEMENT: Final = (
    "score", "surprise", "expected", "lower", "upper", "episode_opened", "episode",
)  # fmt: skip
LEADING: Final = "leading_column"
PREFIX: Final = "auditor_"
"""Goes before every name of ours when the table has one of them itself."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row's. None = not judged, or unknown; expected, lower, upper: of the leading column."""

    score: float | None
    surprise: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    episode_opened: bool
    episode: int | None
    leading_column: str | None
    contributions: Mapping[str, float]
    voices: Mapping[str, float]


def judgements(table: MetricTable, scored: Scored) -> Iterator[Judgement]:
    """One judgement a row of the table, in its order; scored: of the rows table.order."""
    place = np.full(len(table.rows), -1)
    place[table.order] = np.arange(table.order.size)
    columns = [table.names[at] for at in table.columns.values]
    for at in place.tolist():
        yield _NOTHING if at < 0 else _judgement(scored, at, columns)


def headings(table: MetricTable) -> tuple[str, ...]:
    """Names of the columns that are added; with a prefix where the table has such a name."""
    ours = JUDGEMENT if len(table.columns.values) == 1 else (*JUDGEMENT, LEADING)
    clash = set(ours) & set(table.names)
    return tuple(f"{PREFIX}{name}" for name in ours) if clash else ours


def as_csv(table: MetricTable, scored: Scored) -> Iterator[str]:
    """The header and one line a row, each with its line end."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    several = len(table.columns.values) > 1

    def line(cells: Sequence[object]) -> str:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow(cells)
        return buffer.getvalue()

    yield line([*table.names, *headings(table)])
    for row, judgement in zip(table.rows, judgements(table, scored), strict=True):
        numbers = (
            judgement.score,
            judgement.surprise,
            judgement.expected,
            judgement.lower,
            judgement.upper,
        )
        cells: list[object] = ["" if each is None else f"{each:.9g}" for each in numbers]
        cells += [int(judgement.episode_opened), judgement.episode or ""]
        yield line([*row, *cells, *([judgement.leading_column or ""] if several else [])])


def as_objects(table: MetricTable, scored: Scored) -> Iterator[dict[str, object]]:
    """One object a row: its cells by name, then the judgement with what it was made from."""
    names = headings(table)
    prefix = PREFIX if names[0] != JUDGEMENT[0] else ""
    for row, judgement in zip(table.rows, judgements(table, scored), strict=True):
        fields: dict[str, object] = dict(zip(table.names, row, strict=True))
        for name in names:
            fields[name] = getattr(judgement, name.removeprefix(PREFIX))
        if len(table.columns.values) > 1:
            fields[f"{prefix}contributions"] = judgement.contributions
        fields[f"{prefix}voices"] = judgement.voices
        yield fields


def _judgement(scored: Scored, at: int, columns: Sequence[str]) -> Judgement:
    leading = int(scored.leading[at])
    column = max(leading, 0)
    bits = {name: float(scored.contributions[at, k]) for k, name in enumerate(columns)}
    return Judgement(
        score=_known(scored.score[at]),
        surprise=_known(scored.surprise[at]),
        expected=_known(scored.expected[at, column]),
        lower=_known(scored.lower[at, column]),
        upper=_known(scored.upper[at, column]),
        episode_opened=bool(scored.episode_opened[at]),
        episode=int(scored.episode[at]) or None,
        leading_column=columns[leading] if leading >= 0 else None,
        contributions={name: each for name, each in bits.items() if math.isfinite(each)},
        voices={
            name: float(each[at]) for name, each in scored.voices.items() if np.isfinite(each[at])
        },
    )


def _known(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None


_NOTHING: Final = Judgement(None, None, None, None, None, False, None, None, {}, {})
