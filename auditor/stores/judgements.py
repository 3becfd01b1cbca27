"""What an observation was judged by, in and out of the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from psycopg import Connection

from auditor.explaining.again import hours_span
from auditor.explaining.kept import InForceThen, Kept
from auditor.explaining.moments import Moment
from auditor.explaining.whole import Reached
from auditor.maintaining.cover import held_spans, of_spans
from auditor.maintaining.maintenance import Maintenance
from auditor.observing.opening import opening_bar
from auditor.statistics.thresholds import Threshold, Thresholds
from auditor.statistics.whole_hours import HOUR
from auditor.stores.learned import InForce
from auditor.stores.scores import made_with
from auditor.windows.minutes import epoch_minute
from baselines.series import SeriesKey
from baselines.store import instant
from sql import queries


def write_judgements(
    connection: Connection,
    found: Sequence[Moment],
    in_force: InForce,
    thresholds: Thresholds,
    budget: Callable[[SeriesKey], float],
    maintenances: Sequence[Maintenance] = (),
) -> None:
    """Keeps what was found in some windows, and by what; the first opening of an observation stays.

    budget: false observations a week that a series was allowed. maintenances: what held in the
    windows that it was judged with.
    """
    if not found:
        return
    with_what = {"forest_id": in_force.forest_id, "made_with": made_with()}
    bounds = asdict(thresholds)
    rows = [
        _row(each)
        | with_what
        | {
            "in_force": _ids(in_force, each.judgement.key.cache_name),
            "rules": _rules(budget(each.judgement.key))
            | {"thresholds": bounds, "maintenance": _held(each, in_force, maintenances)},
        }
        for each in found
    ]
    connection.execute(queries("auditor")["write_judgements"], {"rows": json.dumps(rows)})


def _rules(budget: float) -> dict[str, Any]:
    return {"alert_budget_per_week": budget, "opening_surprise": opening_bar(budget)}


def _held(
    moment: Moment, in_force: InForce, maintenances: Sequence[Maintenance]
) -> list[dict[str, Any]]:
    """Which windows of the cache's series lay in maintenance, whatever becomes of its row."""
    first = hours_span(moment.judgement.since, moment.judgement.minute)[0] * HOUR
    own = moment.judgement.key
    keys = {key for key in in_force.baseline_ids if key.cache_name == own.cache_name} | {own}
    return [
        {"implementation_type": key.implementation_type, "since": since, "until": until}
        for key, since, until in held_spans(
            sorted(keys), first, moment.judgement.minute + 1, maintenances
        )
    ]


def _row(moment: Moment) -> dict[str, Any]:
    found = moment.judgement.plain()
    return {
        "observation_id": str(moment.observation_id),
        "moment": moment.kind,
        "minute_window": instant(moment.judgement.minute).isoformat(),
        "surprise": found["surprise"],
        "severity": moment.severity.word,
        "verdict": found,
    }


def _ids(in_force: InForce, cache_name: str) -> dict[str, dict[str, int | None]]:
    """By implementation of the cache: what was in force."""
    keys = {*in_force.baseline_ids, *in_force.calibration_ids}
    return {
        key.implementation_type: {
            "baseline_id": in_force.baseline_ids.get(key),
            "calibration_id": in_force.calibration_ids.get(key),
        }
        for key in sorted(keys)
        if key.cache_name == cache_name
    }


def read_judgements(connection: Connection, observation_id: UUID) -> list[Kept]:
    """What is kept of an observation, the opening first."""
    rows = connection.execute(
        queries("auditor")["read_judgements"], {"observation_id": observation_id}
    ).fetchall()
    return [_kept(observation_id, *row) for row in rows]


def _kept(observation_id: UUID, *row: Any) -> Kept:
    cache_name, implementation_type, moment, minute, severity, found, in_force, forest_id = row[:8]
    rules, versions, recorded_at = row[8:]
    return Kept(
        observation_id,
        moment,
        SeriesKey(cache_name, implementation_type),
        epoch_minute(minute),
        severity,
        found,
        {SeriesKey(cache_name, name): InForceThen(**ids) for name, ids in in_force.items()},
        forest_id,
        Thresholds(**{name: Threshold(**each) for name, each in rules["thresholds"].items()}),
        float(rules["alert_budget_per_week"]),
        float(rules["opening_surprise"]),
        versions,
        recorded_at,
        _maintenances(cache_name, rules["maintenance"]),
    )


def _maintenances(cache_name: str, held: Sequence[Mapping[str, Any]]) -> tuple[Maintenance, ...]:
    spans = [
        (SeriesKey(cache_name, each["implementation_type"]), each["since"], each["until"])
        for each in held
    ]
    return tuple(of_spans(spans))


def read_reached(connection: Connection, observation_id: UUID) -> Reached:
    """The most surprise of an observation, by its own state and by its row."""
    row = connection.execute(
        queries("auditor")["read_reached"], {"observation_id": observation_id}
    ).fetchone()
    return Reached(None, None) if row is None else Reached(*row)
