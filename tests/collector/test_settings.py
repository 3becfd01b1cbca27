"""Settings from the environment: the reference's names, and no exception for bad values."""

import pytest

from collector.settings import Settings, from_environment


def test_nothing_set_is_the_reference_default() -> None:
    """Enabled, 100 events, 60 seconds."""
    found = from_environment({})
    assert found == Settings()
    assert (found.enabled, found.batch_size, found.flush_interval_s) == (True, 100, 60.0)


def test_the_references_variables() -> None:
    """By their names."""
    found = from_environment(
        {
            "CACHE_METRICS_ENABLED": "False",
            "CACHE_METRICS_BATCH_SIZE": "250",
            "CACHE_METRICS_FLUSH_INTERVAL": "5",
            "DATABASE_URL": "postgresql://db/x",
        }
    )
    assert (found.enabled, found.batch_size, found.flush_interval_s) == (False, 250, 5.0)
    assert found.dsn == "postgresql://db/x"


def test_our_own_dsn_comes_first() -> None:
    """Metrics may go to another database than the application's."""
    found = from_environment({"DATABASE_URL": "a", "CACHE_AUDITOR_DSN": "b"})
    assert found.dsn == "b"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CACHE_METRICS_ENABLED", "perhaps"),
        ("CACHE_METRICS_BATCH_SIZE", "many"),
        ("CACHE_METRICS_BATCH_SIZE", "0"),
        ("CACHE_METRICS_BATCH_SIZE", "nan"),
        ("CACHE_METRICS_FLUSH_INTERVAL", "-1"),
        ("CACHE_AUDITOR_SPOOL_DAYS", "30"),
    ],
)
def test_a_bad_value_is_the_default_and_one_warning(
    name: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names the variable; the host goes on."""
    assert from_environment({name: value}) == Settings()
    (record,) = caplog.records
    assert name in record.message


@pytest.mark.parametrize(
    ("value", "taken", "warned"),
    [("always", "always", 0), (" Never ", "never", 0), ("", "auto", 0), ("often", "auto", 1)],
)
def test_how_operations_are_added_up(
    value: str, taken: str, warned: int, caplog: pytest.LogCaptureFixture
) -> None:
    """One of three words; another is said once, and the default is taken."""
    assert from_environment({"CACHE_AUDITOR_AGGREGATE": value}).aggregate == taken
    assert len([r for r in caplog.records if "CACHE_AUDITOR_AGGREGATE" in r.message]) == warned
    above = from_environment({"CACHE_AUDITOR_AGGREGATE_ABOVE": "250"}).aggregate_above
    assert above == 250
