"""Real PostgreSQL for the tests: a cluster a version for the whole run, a database a test.

    database           a migrated database of its own, on PostgreSQL 18
    empty_database     the same, not migrated
    cluster            the cluster that they live in
    private_cluster    a cluster of this test alone, which it may kill and start again
    server_folder      where a test may start an embedded PostgreSQL itself

A test marked `every_postgres` runs on each version of ALL_VERSIONS.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from auditor.postgres.account import server_account
from auditor.postgres.embedded import EmbeddedPostgres
from auditor.postgres.programs import Programs, wheel_programs
from tests.fix_run_folder import run_folder
from tests.postgres_clusters import NUMBERS, Cluster, Database, PrivateCluster

DEFAULT_VERSION = 18
ALL_VERSIONS = (15, 16, 18)
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "every_postgres: runs on each supported PostgreSQL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("every_postgres"):
        metafunc.parametrize("postgres_version", ALL_VERSIONS, indirect=True, scope="session")


def programs_of(version: int) -> Programs:
    """The programs of a version; the test is skipped where they are not installed."""
    if version != 15:
        return wheel_programs(version, server_account())
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed; `make system-packages` installs it")
    return Programs(DEBIAN_15, server_account())


@pytest.fixture(scope="session")
def postgres_version(request: pytest.FixtureRequest) -> int:
    version: int = getattr(request, "param", DEFAULT_VERSION)
    return version


@pytest.fixture(scope="session")
def clusters() -> Iterator[Callable[[int], Cluster]]:
    """The cluster of a version, started when first asked for, and kept to the end of the run."""
    started: dict[int, Cluster] = {}
    with ExitStack() as stack:

        def cluster_of(version: int) -> Cluster:
            if version not in started:
                server = EmbeddedPostgres(
                    run_folder() / str(version),
                    version=version,
                    durable=False,
                    programs=programs_of(version),
                )
                dsn = stack.enter_context(server)
                started[version] = Cluster(version, dsn, run_folder() / f"{version}.lock")
            return started[version]

        yield cluster_of


@pytest.fixture(scope="session")
def cluster(clusters: Callable[[int], Cluster], postgres_version: int) -> Cluster:
    return clusters(postgres_version)


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Database]:
    with cluster.migrated_database() as made:
        yield made


@pytest.fixture
def empty_database(cluster: Cluster) -> Iterator[Database]:
    with cluster.empty_database() as made:
        yield made


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for a cluster of the test's own; whatever still runs in it is stopped after it."""
    folder = run_folder() / f"own-{os.getpid()}-{next(NUMBERS)}"
    yield folder
    EmbeddedPostgres(folder).stop_if_unused()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def private_cluster(server_folder: Path, postgres_version: int) -> Iterator[PrivateCluster]:
    with PrivateCluster(server_folder, postgres_version, programs_of(postgres_version)) as private:
        yield private
