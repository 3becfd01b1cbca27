"""All that a kept judgement can be judged again from, as far as the database still has it."""

from __future__ import annotations

from collections.abc import Mapping, Set

import numpy as np
from psycopg import Connection

from auditor.explaining.again import hours_span, span
from auditor.explaining.explanation import Gone, Replay
from auditor.explaining.kept import Kept, ScoreRow
from auditor.judging.calibration import Calibration, from_dict
from auditor.judging.learning import Learned
from auditor.statistics.forest import ForestSample
from auditor.statistics.whole_hours import HOUR
from auditor.stores.hours import read_hours
from auditor.stores.scores import made_with
from baselines.baseline import Baseline
from baselines.series import SeriesKey
from baselines.store import instant, list_baselines, read_baselines, read_windows
from sql import queries


def read_replay(connection: Connection, kept: Kept) -> Replay:
    """Windows, and what was in force then by the ids that the judgement names."""
    _, first = span(kept.since, kept.minute)
    hours = hours_span(kept.since, kept.minute)
    needed = hours[0] * HOUR
    baselines, no_baseline = _baselines(connection, kept)
    calibrations, no_calibration = _calibrations(connection, kept)
    forest = _forest(connection, kept.forest_id)
    gone = [*no_baseline, *no_calibration]
    if forest is None and kept.forest_id is not None:
        gone.append(Gone(f"isolation forest {kept.forest_id}"))
    cache = {"cache_name": kept.key.cache_name}
    since = {"since": instant(needed), "until": instant(kept.minute + 1)}
    remade = connection.execute(
        queries("auditor")["read_remade_minutes"],
        {**cache, **since, "after": kept.recorded_at},
    ).fetchall()
    found = connection.execute(queries("auditor")["read_oldest_window"], cache).fetchone()
    oldest, begun = found or (None, None)
    return Replay(
        windows=read_windows(
            connection, first, kept.minute + 1, also=kept.in_force,
            cache_names=[kept.key.cache_name],
        ),
        hours=read_hours(connection, *hours, kept.key.cache_name),
        learned=Learned(baselines, calibrations, forest, {}),
        needed=needed,
        oldest=oldest,
        begun=begun,
        remade=[minute for (minute,) in remade],
        gone=gone,
        made_with=made_with(),
        score_row=_score_row(connection, kept),
    )  # fmt: skip


def _baselines(connection: Connection, kept: Kept) -> tuple[dict[SeriesKey, Baseline], list[Gone]]:
    """The baselines of then, and those that are gone."""
    wanted = {each.baseline_id: key for key, each in kept.in_force.items() if each.baseline_id}
    every = list_baselines(connection, every=True, cache_name=kept.key.cache_name)
    stored = [each for each in every if each.id in wanted]
    there = {each.id for each in stored}
    return read_baselines(connection, stored), _gone("baseline", wanted, there)


def _calibrations(
    connection: Connection, kept: Kept
) -> tuple[dict[tuple[SeriesKey, str], Calibration], list[Gone]]:
    """The calibrations of then, and those that are gone."""
    ids = kept.in_force.items()
    wanted = {each.calibration_id: key for key, each in ids if each.calibration_id}
    rows = connection.execute(
        queries("auditor")["read_calibrations_then"],
        {"cache_name": kept.key.cache_name, "ids": list(wanted)},
    ).fetchall()
    found = {
        (wanted[id_], channel): from_dict(numbers)
        for id_, tails in rows
        for channel, numbers in tails.items()
    }
    return found, _gone("calibration", wanted, {id_ for id_, _ in rows})


def _gone(what: str, wanted: Mapping[int, SeriesKey], there: Set[int]) -> list[Gone]:
    return [
        Gone(f"{what} {id_} of {key}", key)
        for id_, key in sorted(wanted.items())
        if id_ not in there
    ]


def _forest(connection: Connection, forest_id: int | None) -> ForestSample | None:
    row = connection.execute(
        queries("auditor")["read_forest_then"], {"id": forest_id}
    ).fetchone()  # fmt: skip
    if row is None:
        return None
    seed, features, n_rows, training = row
    matrix = np.frombuffer(training, dtype="<f8").reshape(n_rows, len(features)).copy()
    return ForestSample(tuple(features), matrix, int(seed))


def _score_row(connection: Connection, kept: Kept) -> ScoreRow | None:
    row = connection.execute(
        queries("auditor")["read_score_row"],
        {
            "cache_name": kept.key.cache_name,
            "implementation_type": kept.key.implementation_type,
            "minute": instant(kept.minute),
        },
    ).fetchone()
    if row is None:
        return None
    score, surprise, leading_metric, parts, corrected_at = row
    return ScoreRow(score, surprise, leading_metric, tuple(parts), corrected_at)
