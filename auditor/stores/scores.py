"""Scores and changed observations into the database, in the transaction of the tick."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from itertools import zip_longest
from typing import Any

import numpy as np
from psycopg import Connection

from auditor.judging.judgement import Judged
from auditor.judging.materiality import FAMILIES
from auditor.observing.observation import Change, Extended, Observation, Opened, Reopened
from auditor.stores.fold_state import contribution_to_json, from_json, to_json
from auditor.stores.learned import InForce
from baselines.store import instant
from sql import queries

NOTABLE = 2.0
"""Surprise from which a window's score keeps all its parts (one ordinary minute in a hundred)."""


def made_with() -> dict[str, str]:
    """Versions on which the last bit of a score depends."""
    names = ("cache-auditor", "numpy", "scipy", "scikit-learn")
    return {name: version(name) for name in names}


def write_scores(connection: Connection, judged: Judged, in_force: InForce) -> int:
    """One row a judged window; returns how many. Windows that do not exist have none."""
    windows = judged.scene.windows
    statements = queries("auditor")
    run = connection.execute(
        statements["write_score_run"],
        {
            "since": instant(windows.start + judged.first),
            "until": instant(windows.end),
            "forest_id": in_force.forest_id,
            "made_with": json.dumps(made_with()),
        },
    ).fetchone()
    assert run is not None  # insert … returning
    present = windows.present()
    rows = [
        _score_row(judged, in_force, int(row) + judged.first, int(column))
        for row, column in np.argwhere(present[judged.first :])
    ]
    if rows:
        connection.execute(
            statements["write_window_scores"], {"rows": json.dumps(rows), "run_id": run[0]}
        )
    return len(rows)


def _score_row(judged: Judged, in_force: InForce, row: int, column: int) -> dict[str, Any]:
    key = judged.keys[column]
    surprise, score = float(judged.surprise[row, column]), float(judged.score[row, column])
    known = not np.isnan(surprise)
    notable = known and surprise >= NOTABLE
    parts = judged.contributions(row, column) if notable else ()
    leader = int(judged.voices.leader[row, column])
    return {
        "cache_name": key.cache_name,
        "implementation_type": key.implementation_type,
        "minute_window": instant(judged.minute(row)).isoformat(),
        "score": score if known else None,
        "surprise": surprise if known else None,
        "leading_metric": FAMILIES[leader] if leader >= 0 else None,
        "parts": [contribution_to_json(each) for each in parts],
        "not_judged": None if known else _why_not(in_force, judged, column),
        "baseline_id": in_force.baseline_ids.get(key),
        "calibration_id": in_force.calibration_ids.get(key),
    }


def _why_not(in_force: InForce, judged: Judged, column: int) -> str:
    key = judged.keys[column]
    if key not in in_force.baseline_ids:
        return "no baseline yet"
    if key not in in_force.calibration_ids:
        return "no calibration yet"
    return "too little traffic to judge"


def read_observations(
    connection: Connection, now: datetime, reopen_within: timedelta
) -> list[Observation]:
    """Those that are open, and those that resolved so recently that they may reopen."""
    rows = connection.execute(
        queries("auditor")["read_fold_states"], {"reopen_since": now - reopen_within}
    ).fetchall()
    return [_signed(from_json(progress), acknowledged) for _, progress, acknowledged in rows]


def _signed(observation: Observation, acknowledged: bool) -> Observation:
    """The state with what a person did meanwhile; how bad it was then is how bad it was last."""
    if acknowledged == observation.acknowledged:
        return observation
    if not acknowledged:
        return replace(
            observation, acknowledged=False, acknowledged_severity=None, acknowledged_intensity=None
        )
    return replace(
        observation,
        acknowledged=True,
        acknowledged_severity=observation.severity,
        acknowledged_intensity=observation.damage.intensity,
    )


def apply_changes(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    """Carries changes out: observations in rounds of one statement each, then their progress."""
    statements = queries("auditor")
    told: dict[object, list[Change]] = {}
    for change in changes:
        if not isinstance(change, Extended):
            told.setdefault(change.observation.key, []).append(change)
    for round_ in zip_longest(*told.values()):
        opened = [_row(each, now) for each in round_ if isinstance(each, Opened)]
        others = [_row(each, now) for each in round_ if each and not isinstance(each, Opened)]
        if opened:
            connection.execute(statements["insert_observations"], {"rows": json.dumps(opened)})
        if others:
            connection.execute(statements["update_observations"], {"rows": json.dumps(others)})
    last = {change.observation.id: change.observation for change in changes}
    if last:
        progress = [_progress(each) for each in last.values()]
        connection.execute(statements["write_progress"], {"rows": json.dumps(progress)})


def _row(change: Change, now: datetime) -> dict[str, Any]:
    """An observation as the contract's row has it."""
    observation, said = change.observation, change.observation.wording
    causes = [
        {"name": claim.name, "title": claim.title, "weight": claim.weight, "for": claim.for_,
         "against": claim.against, "not_measured": claim.not_measured}
        for claim in observation.causes
    ]  # fmt: skip
    contributions = [contribution_to_json(each) for each in observation.contributions]
    return {
        "id": str(observation.id),
        "cache_name": observation.key.cache_name,
        "implementation_type": observation.key.implementation_type,
        "timestamp": now.isoformat(),
        "severity": observation.severity.word,
        "category": said.category,
        "title": said.title,
        "description": said.description,
        "recommendation": said.recommendation,
        "metric_name": said.metric_name,
        "metric_value": said.metric_value,
        "baseline_value": said.baseline_value,
        "deviation_percentage": said.deviation_percentage,
        "metadata": {
            "causes": causes,
            "contributions": contributions,
            "peak_surprise": observation.peak_surprise,
            "cost": asdict(observation.damage),
            "also": [asdict(key) for key in observation.also],
            # who asks whether a rule opened it asks whether there is one
            **({"rule": observation.by_rule} if observation.by_rule else {}),
        },
        "state": observation.state,
        "rank": observation.rank,
        "cause": observation.causes[0].name if observation.causes else None,
        "first_window": instant(observation.started).isoformat(),
        "resolved_at": None
        if observation.resolved is None
        else instant(observation.resolved).isoformat(),
        "reopened": int(isinstance(change, Reopened)),
        "acknowledged": observation.acknowledged,
    }


def _progress(observation: Observation) -> dict[str, Any]:
    return {
        "id": str(observation.id),
        "last_window": instant(observation.last_strange).isoformat(),
        "progress": to_json(observation),
        "cost_ms": observation.damage.extra_ms,
        "rank": observation.rank,
    }
