"""Which values of constants a workload would have chosen, and that each is set wherever it is."""

from __future__ import annotations

import pytest

from auditor.judging import calibration
from auditor.judging import ensemble as ensemble_room
from benchmarks.leave_one_out import CHOICES, best, put


def variants(**better: tuple[float, float]) -> dict[tuple[str, float], dict[str, float]]:
    found = {(name, each): {"event_f1": 0.8} for name, values in CHOICES.items() for each in values}
    for name, (value, f1) in better.items():
        found[name, value] = {"event_f1": f1}
    return found


def test_the_default_stays_unless_another_is_better() -> None:
    assert best(variants(), 0.8) == {}
    assert best(variants(VOTE=(0.5, 0.9), MOST_SHAPE=(0.15, 0.8)), 0.8) == {"VOTE": 0.5}


def test_the_defaults_listed_are_those_in_force() -> None:
    assert CHOICES["VOTE"][0] == ensemble_room.VOTE
    assert CHOICES["TAIL_SHARE"][0] == calibration.TAIL_SHARE
    assert CHOICES["MOST_SHAPE"][0] == calibration.MOST_SHAPE


def test_a_constant_that_nobody_has_is_named() -> None:
    with pytest.raises(LookupError, match="LUCK"):
        put({"LUCK": 1.0})


def test_a_constant_is_set_in_every_module_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble_room, "VOTE", ensemble_room.VOTE)  # put back afterwards
    put({"VOTE": 0.4})
    assert ensemble_room.VOTE == 0.4
