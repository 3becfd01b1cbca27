"""What was learned from an ordinary fortnight, once for all tests of the core."""

from __future__ import annotations

import pytest
from planted import healthy

from auditor.judging.learning import Learned, learn
from auditor.statistics.forest import Forest
from baselines.series import Windows


@pytest.fixture(scope="session")
def fortnight() -> Windows:
    return healthy(14, seed=11)


@pytest.fixture(scope="session")
def learned(fortnight: Windows) -> Learned:
    return learn(fortnight, seed=7)


@pytest.fixture(scope="session")
def forest(learned: Learned) -> Forest:
    assert learned.forest is not None
    return Forest(learned.forest)


@pytest.fixture(scope="session")
def next_days(fortnight: Windows) -> Windows:
    """The two days after the fortnight, a Monday and a Tuesday."""
    return healthy(2, seed=12, start=fortnight.end)
