"""What goes into the database comes out the same, to the bit, NaN included."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.causes.signature import Claim
from auditor.judging.calibration import Calibration
from auditor.judging.contribution import Contribution
from auditor.judging.learning import Learned
from auditor.observing.observation import Escalated, Extended, Observation, Opened, Wording
from auditor.observing.severity import Damage, Severity
from auditor.statistics.forest import ForestSample
from auditor.statistics.residuals import RESIDUALS
from auditor.stores.fold_state import from_json, to_json
from auditor.stores.learned import read_in_force, write_learned
from auditor.stores.scores import apply_changes, read_observations
from baselines.baseline import Baseline, Profile
from baselines.fit import fit
from baselines.series import SeriesKey, Windows
from tests.auditor.shell.past import start_of_story
from tests.postgres_clusters import Database

NOW = start_of_story()
MINUTE = 29_540_000
KEY = SeriesKey("sessions", "new")
NASTY = (0.1 + 0.2, 1 / 3, 1e-320, 5e-324, 1.7976931348623157e308, 1e16, 1e22, 2.0**53 + 2, 7.0)
"""Fractions without an end, denormals, the largest, and whole numbers that lose their point."""


def bits(value: object) -> object:
    """A value taken apart to the bits of its floats, so that NaN equals NaN and 5 is not 5.0."""
    if isinstance(value, float):
        return ("float", "nan" if math.isnan(value) else struct.pack("<d", value))
    if isinstance(value, np.ndarray):
        return (value.shape, str(value.dtype), value.tobytes())
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: bits(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return tuple(bits(each) for each in value)
    if isinstance(value, dict):
        return {key: bits(each) for key, each in value.items()}
    return (type(value), value)


# Observations ------------------------------------------------------------------------------------


def contribution(*figures: float) -> Contribution:
    """statistic, surprise, score, value, expected, lower, upper, count."""
    return Contribution("ratio_tail", "ratio_tail.hit_rate.5", "hit_rate", 5, *figures)


def observation(figure: float = 0.1 + 0.2) -> Observation:
    return Observation(
        id=UUID(int=1), key=KEY, metric="hit_rate", state="open", severity=Severity.WARNING,
        rank=min(figure, 100.0), started=MINUTE - 3, opened=MINUTE, last_strange=MINUTE + 2,
        judged_until=MINUTE + 3, quiet=0, resolved=None, surprise=math.nan, peak_surprise=figure,
        score=math.nan, damage=Damage(figure, figure, figure, figure, figure, figure),
        causes=(Claim("cold_start", "cold start", figure, ("a", "b"), (), ("c",), "wait"),),
        contributions=(contribution(*[figure] * 8), contribution(*[math.nan] * 8)),
        wording=Wording("t", "d", "r", "performance", "hit_rate", figure, None, None),
    )  # fmt: skip


@pytest.mark.parametrize("figure", NASTY)
def test_an_observation_survives_the_database(database: Database, figure: float) -> None:
    """Written by one tick, read by the next: the whole state of the fold."""
    connection = database.connect()
    known = observation(figure)
    apply_changes(connection, [Opened(known, MINUTE)], NOW)
    (found,) = read_observations(connection, NOW, timedelta(hours=1))
    assert bits(found) == bits(known)
    grown = replace(known, quiet=2, surprise=figure, score=0.5)
    apply_changes(connection, [Extended(grown, MINUTE + 1)], NOW)
    (found,) = read_observations(connection, NOW, timedelta(hours=1))
    assert bits(found) == bits(grown)


def test_an_escalation_survives_the_database(database: Database) -> None:
    connection = database.connect()
    known = observation()
    worse = replace(known, severity=Severity.CRITICAL, surprise=12.5, score=0.99, resolved=None)
    changes = [
        Opened(known, MINUTE),
        Escalated(worse, MINUTE + 1, Severity.WARNING, Severity.CRITICAL),
    ]
    apply_changes(connection, changes, NOW)
    (found,) = read_observations(connection, NOW, timedelta(hours=1))
    assert bits(found) == bits(worse)


finite = st.floats(allow_nan=False, allow_infinity=False)
unknown = st.floats(allow_infinity=False)


@given(figure=finite, maybe=unknown, signed=st.one_of(st.none(), finite))
def test_any_observation_survives_json(figure: float, maybe: float, signed: float | None) -> None:
    """Also one that was acknowledged; NaN is null on the way, and nothing else is."""
    severity = None if signed is None else Severity.INFO
    known = replace(
        observation(figure), surprise=maybe, score=maybe, resolved=MINUTE,
        acknowledged=signed is not None, acknowledged_severity=severity,
        acknowledged_intensity=signed, contributions=(contribution(*[maybe] * 8),),
        also=(SeriesKey("a", "new"), SeriesKey("b", "old")), by_rule="low", seconded=True,
    )  # fmt: skip
    text = json.dumps(to_json(known), allow_nan=False)
    assert bits(from_json(json.loads(text))) == bits(known)


def test_what_is_no_observation_is_refused() -> None:
    plain = to_json(observation())
    del plain["damage"]
    with pytest.raises(KeyError):
        from_json(plain)


# What was learned --------------------------------------------------------------------------------


def history(minutes: int = 400) -> Windows:
    """Some hours of one series with missing windows and columns that were never measured."""
    random = np.random.default_rng(3)
    gets = random.poisson(300, (minutes, 1)).astype(float)
    hits = np.floor(gets * random.uniform(0.85, 0.95, (minutes, 1)))
    columns = {
        "gets": gets, "hits": hits, "misses": gets - hits, "total_operations": gets,
        "latency_sum_ms": gets * random.lognormal(0, 0.1, (minutes, 1)),
    }  # fmt: skip
    for values in columns.values():
        values[50:60] = np.nan
    return Windows(MINUTE, (KEY,), columns)


def learned() -> Learned:
    """A baseline that was fitted, and calibrations and a sample of nasty numbers."""
    baseline = fit(history(), KEY, time_zone="Europe/Zurich")
    tails = {
        (KEY, f"channel {number}"): Calibration(
            figure,
            -figure,
            1 / 3,
            figure,
            0.25,
            1440,
            figure,
            (figure, 0.1) * 12,
            (figure, 0.1, 1 / 3, float("-inf")),
        )
        for number, figure in enumerate(NASTY)
    }
    matrix = np.random.default_rng(4).normal(size=(300, len(RESIDUALS)))
    matrix[0] = NASTY[0]
    return Learned({KEY: baseline}, tails, ForestSample(RESIDUALS, matrix, 11), {})


def test_what_was_learned_survives_the_database(database: Database) -> None:
    """Baseline with its week, calibrations, the forest's sample and seed."""
    connection, known = database.connect(), learned()
    write_learned(connection, known, MINUTE, MINUTE + 400, NOW)
    found = read_in_force(connection)
    assert bits(dict(found.learned.baselines)) == bits(dict(known.baselines))
    assert bits(dict(found.learned.calibrations)) == bits(dict(known.calibrations))
    assert bits(found.learned.forest) == bits(known.forest)
    assert set(found.baseline_ids) == set(found.calibration_ids) == {KEY}
    assert found.forest_id is not None


def test_a_profile_of_unknown_hours_survives_the_database(database: Database) -> None:
    """NaN in a slot is NaN again: not measured is not zero."""
    known = learned()
    baseline = known.baselines[KEY]
    profiles = {name: with_gaps(each) for name, each in baseline.profiles.items()}
    gaps: Baseline = replace(baseline, profiles=profiles)
    connection = database.connect()
    write_learned(connection, replace(known, baselines={KEY: gaps}), MINUTE, MINUTE + 400, NOW)
    found = read_in_force(connection).learned.baselines[KEY]
    assert bits(dict(found.profiles)) == bits(profiles)
    assert np.isnan(found.profiles["hit_rate"].centre[5])


def with_gaps(profile: Profile) -> Profile:
    centre, spread = profile.centre.copy(), profile.spread.copy()
    centre[5] = spread[7] = np.nan
    return replace(profile, centre=centre, spread=spread)


def test_nothing_learned_is_nothing_in_force(database: Database) -> None:
    found = read_in_force(database.connect())
    assert (found.learned.baselines, found.learned.forest, found.forest_id) == ({}, None, None)
    assert found.versions == (0, 0, 0)
