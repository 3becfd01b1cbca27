"""What was learned, in and out of the database: baselines, calibrations, the forest's sample."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from psycopg import Connection

from auditor.judging.calibration import Calibration, from_dict
from auditor.judging.learning import Learned
from auditor.statistics.forest import ForestSample
from baselines.series import SeriesKey
from baselines.store import instant, list_baselines, read_baselines, write_baselines
from sql import queries

RECIPE = 1
"""Version of the fitting code: it is raised when the same windows would give other numbers."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What was learned and is in force, with the ids that scores refer to."""

    learned: Learned
    baseline_ids: Mapping[SeriesKey, int]
    calibration_ids: Mapping[SeriesKey, int]
    forest_id: int | None
    versions: tuple[int, int, int]


def write_learned(
    connection: Connection, learned: Learned, since: int, until: int, now: datetime
) -> None:
    """Puts what was learned from minutes [since, until) in force, all of it or nothing."""
    statements = queries("auditor")
    span = {"fitted_at": now, "fitted_since": instant(since), "fitted_until": instant(until)}
    with connection.transaction():
        connection.execute(statements["lock_learned"])
        write_baselines(connection, learned.baselines.values(), {"version": RECIPE})
        keys = sorted(learned.baselines)
        connection.execute(
            statements["retire_calibrations"],
            {
                "cache_names": [key.cache_name for key in keys],
                "implementation_types": [key.implementation_type for key in keys],
            },
        )
        for key in keys:
            tails = {
                channel: tail.to_dict()
                for (whose, channel), tail in learned.calibrations.items()
                if whose == key
            }
            connection.execute(
                statements["write_calibration"],
                {
                    "cache_name": key.cache_name,
                    "implementation_type": key.implementation_type,
                    "tails": json.dumps(tails),
                    **span,
                },
            )
        if learned.forest is not None:
            connection.execute(statements["retire_forest"])
            connection.execute(statements["write_forest"], {**_forest(learned.forest), **span})


def _forest(sample: ForestSample) -> dict[str, object]:
    matrix = np.ascontiguousarray(sample.matrix, dtype="<f8")
    return {
        "seed": sample.seed,
        "features": list(sample.metrics),
        "n_rows": matrix.shape[0],
        "training": matrix.tobytes(),
    }


def read_versions(connection: Connection) -> tuple[int, int, int]:
    """The newest ids in force; when they are the same, nothing has been learned since."""
    row = connection.execute(queries("auditor")["read_learned_versions"]).fetchone()
    assert row is not None  # a select of coalesces is one row
    return int(row[0]), int(row[1]), int(row[2])


def read_in_force(connection: Connection) -> InForce:
    """Everything that judging needs, as it was learned."""
    statements = queries("auditor")
    with connection.transaction():
        versions = read_versions(connection)
        stored = list_baselines(connection)
        baselines = read_baselines(connection, stored)
        calibration_ids: dict[SeriesKey, int] = {}
        calibrations: dict[tuple[SeriesKey, str], Calibration] = {}
        for id_, cache_name, implementation_type, tails in connection.execute(
            statements["read_calibrations"]
        ):
            key = SeriesKey(cache_name, implementation_type)
            calibration_ids[key] = id_
            calibrations.update(
                ((key, channel), from_dict(numbers)) for channel, numbers in tails.items()
            )
        row = connection.execute(statements["read_forest"]).fetchone()
    forest = None
    if row is not None:
        matrix = np.frombuffer(row[4], dtype="<f8").reshape(row[3], len(row[2])).copy()
        forest = ForestSample(tuple(row[2]), matrix, int(row[1]))
    return InForce(
        Learned(baselines, calibrations, forest, {}),
        {each.key: each.id for each in stored},
        calibration_ids,
        None if row is None else int(row[0]),
        versions,
    )
