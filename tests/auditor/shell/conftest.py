"""Fixtures of the shells' tests: databases that have lived."""

from collections.abc import Iterator

import pytest

from tests.auditor.shell.past import learned
from tests.postgres_clusters import Cluster, Database


@pytest.fixture
def learned_database(cluster: Cluster) -> Iterator[Database]:
    """A database of the test's own with three ordinary days, up to the start of the story."""
    with learned(cluster) as made:
        yield made
